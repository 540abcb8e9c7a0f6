import type { Schemas } from "@/api/client";
import { useWords } from "@/i18n";

export interface SkillWords {
  text: string;
  tone: "good" | "bad" | "plain";
}

/** How much better than seasonal naive a model is, in words; the colour says whether the interval excludes zero. */
export function skillOf(skill: Schemas["Interval"]): SkillWords {
  const { t, formatPercent } = useWords();
  if (skill.value === null) return { text: "–", tone: "plain" };
  if (skill.value === 0 && skill.low === 0 && skill.high === 0) return { text: t("models.reference"), tone: "plain" };
  const key = skill.value > 0 ? "models.better" : skill.value < 0 ? "models.worse" : "models.equal";
  const text = t(key, { percent: formatPercent(Math.abs(skill.value)) });
  if (skill.low !== null && skill.low > 0) return { text, tone: "good" };
  return { text, tone: skill.high !== null && skill.high < 0 ? "bad" : "plain" };
}
