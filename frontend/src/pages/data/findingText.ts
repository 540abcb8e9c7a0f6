import type { Finding } from "@/api/datasets";
import { withLabels } from "@/api/problems";
import { useWords } from "@/i18n";

const MAX_LISTED = 6;

/** A parameter of a finding as text: times, counts and lists in the form of the chosen language. */
export function parameterText(value: unknown): string {
  const { formatNumber, formatTimestamp } = useWords();
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string") return /^\d{4}-\d\d-\d\d[ T]/.test(value) ? formatTimestamp(value) : value;
  if (Array.isArray(value)) return value.slice(0, MAX_LISTED).map(parameterText).join(", ");
  if (typeof value !== "object" || value === null) return "";
  const entry = value as Record<string, unknown>;
  if ("start" in entry && "rows" in entry) return `${parameterText(entry.start)} (${parameterText(entry.rows)})`;
  if ("time" in entry && "value" in entry) return `${parameterText(entry.time)} (${parameterText(entry.value)})`;
  const listed = Object.entries(entry);
  const more = listed.length > MAX_LISTED ? ", …" : "";
  return listed.slice(0, MAX_LISTED).map(([key, inner]) => `${key} (${parameterText(inner)})`).join(", ") + more;
}

/** A finding in the language of the page; the service's own English sentence for a code that the page does not know. */
export function findingText(finding: Pick<Finding, "code" | "channel" | "params" | "text">): string {
  const { optional } = useWords();
  const values = Object.fromEntries(Object.entries(finding.params).map(([key, value]) => [key, withLabels(parameterText(value))]));
  // Of outliers that are kept, the sentence says what can be done.
  const code = finding.code === "outliers" && finding.params.masked === 0 ? "outliers_kept" : finding.code;
  const text = optional(`findings.${code}`, { channel: finding.channel ?? "", ...values }) ?? finding.text;
  // A note is a clause of the service; other texts may begin with the name of a channel, which stays as it is.
  return finding.code === "cleaning_note" ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
