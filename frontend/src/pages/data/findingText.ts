import type { Finding } from "@/api/datasets";
import type { TextCode } from "@/api/problems";
import { asSentence, withLabels, wordsOf } from "@/api/problems";
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

type Told = Pick<Finding, "code" | "channel" | "params" | "text">;

/** Columns that are not used, each with the reason in the language of the page. */
function withReasons({ columns, reasons }: Told["params"]): Record<string, unknown> {
  const coded = reasons as Record<string, TextCode>;
  return Object.fromEntries(Object.entries(columns as Record<string, string>).map(([name, reason]) => [name, wordsOf(coded[name]) ?? reason]));
}

/** Whether a finding tells how the file was read, rather than a defect of the data. */
export function isNote(finding: Pick<Finding, "code">): boolean {
  return finding.code.startsWith("note_") || ["cleaning_note", "card_note", "unused_columns"].includes(finding.code);
}

/** The language of a note for which the page has no words; undefined for texts in the language of the page. */
export function languageOf(finding: Told): "en" | undefined {
  const { language } = useWords();
  const hasWords = finding.code.startsWith("note_") ? wordsOf(finding) !== undefined : finding.code !== "cleaning_note";
  return hasWords || language.value === "en" ? undefined : "en";
}

/** A finding in the language of the page; the service's own English sentence for a code that the page does not know. */
export function findingText(finding: Told): string {
  const { optional } = useWords();
  if (finding.code.startsWith("note_")) return asSentence(wordsOf(finding) ?? withLabels(finding.text));
  if (finding.code === "unused_columns") return optional("findings.unused_columns", { columns: parameterText(withReasons(finding.params)) }) ?? finding.text;
  const values = Object.fromEntries(Object.entries(finding.params).map(([key, value]) => [key, withLabels(parameterText(value))]));
  // Of outliers that are kept, the sentence says what can be done.
  const code = finding.code === "outliers" && finding.params.masked === 0 ? "outliers_kept" : finding.code;
  if (finding.code === "cleaning_note") return withLabels(finding.text);
  return optional(`findings.${code}`, { channel: finding.channel ?? "", ...values }) ?? finding.text;
}
