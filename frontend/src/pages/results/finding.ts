import { useKindName } from "@/composables/useKindName";
import { useWords } from "@/i18n";

export interface Finding {
  code: string;
  params: Record<string, unknown>;
  text: string;
}

const SHARES = ["coverage_80", "skill", "low", "high"];

/** Numbers as a reader of the language writes them: shares in percent, without a sign where the sentence has it. */
function worded(finding: Finding): Record<string, unknown> {
  const { t, formatNumber, formatPercent } = useWords();
  const kindName = useKindName();
  const { params } = finding;
  const sign = finding.code === "loses_to_seasonal_naive" ? -1 : 1;
  const texts = Object.entries(params).map(([name, value]) => {
    if (name === "part") return [name, t(value === "validation" ? "results.part.validation" : "results.part.test")];
    if (name === "model") return [name, kindName(String(value))];
    if (typeof value !== "number") return [name, value];
    return [name, SHARES.includes(name) ? formatPercent(value) : formatNumber(value)];
  });
  const [low, high] = sign > 0 ? [params.low, params.high] : [params.high, params.low];
  const percent = (value: unknown) => (typeof value === "number" ? formatPercent(sign * value) : "–");
  const size = typeof params.skill === "number" ? formatPercent(Math.abs(params.skill)) : "–";
  return { ...(Object.fromEntries(texts) as Record<string, unknown>), size, low: percent(low), high: percent(high) };
}

/** A sentence of the verdict: in the words of the page where it has some for the code, else the sentence of the service. */
export function verdictText(finding: Finding): string {
  const { optional } = useWords();
  const code = finding.params.is_certain === false ? `${finding.code}_uncertain` : finding.code;
  return optional(`results.says.${code}`, worded(finding)) ?? finding.text;
}
