import { useWords } from "@/i18n";
import { frequencyText } from "@/i18n/frequency";
import { settingValue } from "@/i18n/settings";
import { isLoadError } from "@/utils/loading";

/** A text of the service by its code, with the numbers and names in it. */
export interface TextCode {
  code: string;
  params: Record<string, unknown>;
}

/** One wrong field of a request, and what is wrong with it. */
export interface FieldProblem extends TextCode {
  pointer: string;
  detail: string;
}

/** The body of an error of the service (RFC 9457). */
export interface ProblemBody {
  status: number;
  code: string;
  detail: string;
  detail_code?: TextCode | null;
  advice?: string | null;
  advice_code?: TextCode | null;
  errors?: FieldProblem[] | null;
}

/** The service answered with an error. */
export class ApiProblem extends Error {
  constructor(readonly body: ProblemBody) {
    super(body.detail);
    this.name = "ApiProblem";
  }

  /** Texts by JSON pointer, for forms that show them beside their fields. */
  get fields(): ReadonlyMap<string, FieldProblem> {
    return new Map((this.body.errors ?? []).map((field) => [field.pointer, field]));
  }
}

/** No answer arrived at all: the service is stopped, or the network is down. */
export class ServiceAway extends Error {
  constructor() {
    super("the service does not answer");
    this.name = "ServiceAway";
  }
}

/** The page refuses something itself, before the service is asked; the message is in the language of the page. */
export class PageRefusal extends Error {
  override name = "PageRefusal";
}

/** Whether the service answered 404. What was asked for does not exist, so the page stops asking for it. */
export function isAbsent(error: unknown): boolean {
  return error instanceof ApiProblem && error.body.status === 404;
}

function isProblemBody(value: unknown): value is ProblemBody {
  return typeof value === "object" && value !== null && "code" in value && "detail" in value;
}

export async function problemOf(response: Response): Promise<ApiProblem> {
  const body: unknown = await response.json().catch(() => null);
  if (isProblemBody(body)) return new ApiProblem({ ...body, status: response.status });
  const code = response.status >= 500 ? "server-error" : "request-error";
  return new ApiProblem({ status: response.status, code, detail: response.statusText || String(response.status) });
}

/** A sentence in the language of the page, or in English where the page has no words for it. */
export interface Sentence {
  text: string;
  isEnglish: boolean;
}

/** An error as sentences: what happened, what to do, and each field that is wrong. */
export interface Explanation {
  title: Sentence;
  advice: Sentence | null;
  fields: { name: string; text: string }[];
}

const MAX_ENTRIES = 6;

/** The label of the field that sets a config key; the key itself where the page has no such field. */
function labelOf(key: string): string {
  const { optional } = useWords();
  const name = key.split(".").at(-1) ?? key;
  const ofData = key.startsWith("data.") ? (optional(`data.field.${name}`) ?? optional(`train.data.${name}`)) : undefined;
  if (ofData !== undefined) return ofData;
  const areas = ["train.field", "help.label"];
  for (const area of areas) {
    const label = optional(`${area}.${name}`);
    if (label !== undefined) return label;
  }
  return key;
}

/** A parameter of a text in the language of the page: numbers, shares, times, settings, lists, and texts within texts. */
function parameterText(name: string, value: unknown): string {
  const { serviceMessage, formatNumber, formatPercent, formatTimestamp } = useWords();
  const separator = serviceMessage("between-items") ?? ", ";
  const inner = (item: unknown): string => parameterText("", item);
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string" && name === "frequency") return frequencyText(value);
  if (typeof value === "string") return /^\d{4}-\d\d-\d\d[ T]/.test(value) ? formatTimestamp(value) : value;
  if (Array.isArray(value)) return value.map(inner).join(separator);
  if (typeof value !== "object" || value === null) return "";
  const entry = value as Record<string, unknown>;
  if ("code" in entry) return wordsOf(value as TextCode) ?? String(entry.text);
  if ("share" in entry) return formatPercent(entry.share as number);
  if ("key" in entry) return settingText(entry as unknown as SettingParam);
  if ("start" in entry && "rows" in entry) return `${inner(entry.start)} (${inner(entry.rows)})`;
  if ("time" in entry && "value" in entry) return `${inner(entry.time)} (${inner(entry.value)})`;
  const listed = Object.entries(entry);
  const more = listed.length > MAX_ENTRIES ? `${separator}…` : "";
  return (
    listed
      .slice(0, MAX_ENTRIES)
      .map(([key, item]) => `${key} (${inner(item)})`)
      .join(separator) + more
  );
}

/** A config key within a text, with its value where one is named. */
interface SettingParam {
  key: string;
  value: unknown;
  text: string;
}

/** The items of a list, which may be written as JSON, as on the command line. */
function itemsOf(value: unknown): unknown[] | null {
  if (typeof value !== "string" || !value.startsWith("[")) return Array.isArray(value) ? value : null;
  try {
    return JSON.parse(value) as unknown[];
  } catch {
    return null;
  }
}

function settingText({ key, value }: SettingParam): string {
  const { formatPercent, named } = useWords();
  const label = labelOf(key);
  if (value === null || value === undefined) return `“${label}”`;
  const items = itemsOf(value);
  const isShares = key === "data.split" && items?.every((item) => typeof item === "number" && item <= 1);
  const shown = items ? (isShares ? items.map((item) => formatPercent(item as number)).join(" / ") : items.join("; ")) : undefined;
  return `“${named(label, shown ?? settingValue(key, String(value as string | number | boolean)))}”`;
}

/** A text of the service in the language of the page; undefined where the page has no words for it, as in English. */
export function wordsOf({ code, params }: TextCode): string | undefined {
  const values = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, parameterText(name, value)]));
  return useWords().serviceMessage(code, values);
}

/** The English text of the service with the labels of the page instead of config keys. */
function withLabels(text: string, params: unknown): string {
  if (typeof params !== "object" || params === null) return text;
  if ("key" in params && "text" in params) {
    const setting = params as SettingParam;
    const written = text.includes(`'${setting.text}'`) ? `'${setting.text}'` : setting.text; // quoted for a shell
    return text.replace(written, () => settingText(setting));
  }
  return Object.values(params).reduce<string>(withLabels, text);
}

/** A text of the service in the language of the page, or its own English one. */
export function serviceText(text: string, coded: TextCode | null | undefined): Sentence {
  const { language, optional } = useWords();
  const words = coded ? (optional(`common.instead.${coded.code}`) ?? wordsOf(coded)) : undefined;
  return { text: asSentence(words ?? withLabels(text, coded?.params)), isEnglish: words === undefined && language.value !== "en" };
}

/** A clause of the service as a sentence. */
export function asSentence(text: string): string {
  const isChinese = useWords().isChinese.value && /[\u4e00-\u9fff]/.test(text);
  const sentence = isChinese ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?。！？]$/.test(sentence) ? sentence : sentence + (isChinese ? "。" : ".");
}

/** The text of one field. */
export function fieldText(field: FieldProblem): string {
  return serviceText(field.detail, field).text;
}

export function explain(error: unknown): Explanation {
  const { t } = useWords();
  const own = (title: string, advice: string): Explanation => ({
    title: { text: title, isEnglish: false },
    advice: { text: advice, isEnglish: false },
    fields: [],
  });
  if (error instanceof ServiceAway) return own(t("common.away.title"), t("common.away.text"));
  if (isLoadError(error)) return own(t("common.error.part"), t("common.error.partText"));
  if (error instanceof PageRefusal) return { ...own(error.message, ""), advice: null };
  if (!(error instanceof ApiProblem)) {
    const advice = { text: error instanceof Error ? error.message : String(error), isEnglish: true };
    return { ...own(t("common.error.page"), ""), advice };
  }
  const { body } = error;
  if (!body.detail_code) return { ...own(t("common.error.answer"), ""), advice: { text: asSentence(body.detail), isEnglish: true } };
  const fields = (body.errors ?? [])
    .filter((field) => field.pointer !== "" && field.detail !== body.detail)
    .map((field) => ({ name: field.pointer.slice(1), text: fieldText(field) }));
  return {
    title: serviceText(body.detail, body.detail_code),
    advice: body.advice ? serviceText(body.advice, body.advice_code) : null,
    fields,
  };
}
