import { useWords } from "@/i18n";

export interface Schedule {
  cron?: string | null;
  timezone?: string;
}

/** The time of day of a cron expression that names one time on every day, such as `30 6 * * *`; undefined for others. */
export function dailyTime(cron: string): string | undefined {
  const [, minute, hour] = /^(\d{1,2}) (\d{1,2}) \* \* \*$/.exec(cron.trim()) ?? [];
  return minute === undefined || hour === undefined ? undefined : `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
}

/** When a monitor forecasts, in words. */
export function scheduleText(schedule: Schedule): string {
  const { t } = useWords();
  if (!schedule.cron) return t("monitors.schedule.rows");
  const time = dailyTime(schedule.cron);
  const values = { time: time ?? "", cron: schedule.cron, zone: schedule.timezone ?? "UTC" };
  return t(time === undefined ? "monitors.schedule.cronText" : "monitors.schedule.daily", values);
}

/** The time zone of the browser, for a first suggestion. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}
