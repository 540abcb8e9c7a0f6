import { useWords } from "./index";

/** The unit of a frequency of pandas; calendar periods may start or end at any month or weekday. */
const UNITS = { s: "second", min: "minute", h: "hour", D: "day", B: "workday", W: "week", M: "month", Q: "quarter", Y: "year" } as const;

/** The frequency of data in words: "every 30 minutes" for `30min`; a frequency without words stays as it is. */
export function frequencyText(frequency: string): string {
  const { plural } = useWords();
  const found = /^(\d*)(s|min|h|D|B|W|M|Q|Y)[SE]?(-[A-Z]+)?$/.exec(frequency);
  const unit = UNITS[found?.[2] as keyof typeof UNITS] as (typeof UNITS)[keyof typeof UNITS] | undefined;
  return found && unit ? plural(`common.frequency.${unit}`, Number(found[1] === "" ? 1 : found[1])) : frequency;
}
