import type { Schemas } from "@/api/client";
import { useWords } from "@/i18n";

export interface VerdictWords {
  text: string;
  tone: "good" | "bad" | "plain";
}

/** The verdict on a model in a few words, by its skill against seasonal naive; an interval that includes zero decides nothing. */
export function verdictOf({ value, low, high }: Schemas["Interval"]): VerdictWords {
  const { t, formatPercent } = useWords();
  if (value === null) return { text: t("models.verdict.none"), tone: "plain" };
  if (value === 0 && low === 0 && high === 0) return { text: t("models.verdict.reference"), tone: "plain" };
  if (low === null || high === null) return { text: t("models.verdict.fewWindows"), tone: "plain" };
  const percent = formatPercent(Math.abs(value));
  if (low > 0) return { text: t("models.verdict.better", { percent }), tone: "good" };
  if (high < 0) return { text: t("models.verdict.worse", { percent }), tone: "bad" };
  return { text: t("models.verdict.open"), tone: "plain" };
}
