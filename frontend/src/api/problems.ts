import { useWords } from "@/i18n";
import { frequencyText } from "@/i18n/frequency";
import { isLoadError } from "@/utils/loading";

/** A text of the service by its code, with the numbers and names in it. */
export interface TextCode {
  code: string;
  params: Record<string, unknown>;
}

/** One wrong field of a request. */
export interface FieldProblem {
  pointer: string;
  detail: string;
  detail_code?: TextCode | null;
  code?: string | null;
  params?: Record<string, unknown> | null;
}

/** The body of an error of the service (RFC 9457). */
export interface ProblemBody {
  status: number;
  code: string;
  detail: string;
  detail_code?: TextCode | null;
  advice?: string | null;
  advice_code?: TextCode | null;
  params?: Record<string, unknown> | null;
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

/** An error as sentences in the language of the page. */
export interface Explanation {
  title: string;
  /** A sentence of the service for which the page has no words in its language. */
  english: string | null;
  advice: string | null;
  isAdviceEnglish: boolean;
  fields: { name: string; text: string }[];
}

function withoutFullStop(text: string): string {
  return text.replace(/[.。]\s*$/, "");
}

/** A text of the service in the language of the page; undefined where the page has no words for it, as in English. */
export function wordsOf(coded: TextCode | null | undefined): string | undefined {
  const { optional, formatNumber } = useWords();
  if (!coded) return undefined;
  const inWords = (name: string, value: unknown): unknown => {
    if (typeof value === "number") return formatNumber(value);
    if (name === "frequency" && typeof value === "string") return frequencyText(value);
    return typeof value === "object" && value !== null && "code" in value ? wordsOf(value as TextCode) : value;
  };
  const values = Object.fromEntries(Object.entries(coded.params).map(([name, value]) => [name, inWords(name, value)]));
  return optional(`service.${coded.code}`, values);
}

/** A text of the service in the language of the page, or its own English one. */
export function serviceText(text: string, coded: TextCode | null | undefined): { text: string; isEnglish: boolean } {
  const { language } = useWords();
  const found = wordsOf(coded);
  return { text: found ?? withLabels(text), isEnglish: found === undefined && language.value !== "en" };
}

type Coded = Pick<FieldProblem, "code" | "params" | "detail" | "detail_code">;

/** The text of an error or of a field by its code, and the sentence of the service that is only there in English. */
function worded({ code, params, detail, detail_code: coded }: Coded): { text: string; english: string | null } {
  const { t, optional } = useWords();
  const sentence = serviceText(detail, coded);
  const inEnglish = sentence.isEnglish ? t("common.error.inEnglish") : withoutFullStop(sentence.text);
  const text = code ? optional(`problems.${code}`, { ...params, detail: inEnglish }) : undefined;
  if (text === undefined) return { text: sentence.text, english: null };
  return { text, english: sentence.isEnglish && text.includes(inEnglish) ? sentence.text : null };
}

/** A text of the service with the labels of the page instead of keys of the configuration. */
export function withLabels(text: string): string {
  const { optional } = useWords();
  return text.replace(/'?\bdata\.(?:cleaning\.)?(\w+)(?:=("[^"]*"|\[[^\]]*\]|[^\s;,']+))?'?/g, (whole, key: string, value?: string) => {
    const label = optional(`data.field.${key}`);
    if (label === undefined) return whole;
    return value === undefined || value === "..." ? `“${label}”` : `“${label}: ${value.replace(/^\[|\]$/g, "").replaceAll('"', "").replaceAll(",", "; ")}”`;
  });
}

/** A clause of the service as a sentence. */
export function asSentence(text: string): string {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  if (/[.!?。！？]$/.test(sentence)) return sentence;
  return sentence + (/[\u4e00-\u9fff]/.test(sentence) ? "。" : ".");
}

/** The text of one field: worded by its code where the page has words for it, else the sentence of the service. */
export function fieldText(field: FieldProblem): string {
  const { text, english } = worded(field);
  return english === null ? text : `${text} ${asSentence(english)}`;
}

export function explain(error: unknown): Explanation {
  const { t } = useWords();
  const none = { english: null, advice: null, isAdviceEnglish: false, fields: [] };
  if (error instanceof ServiceAway) return { ...none, title: t("common.away.title"), advice: t("common.away.text") };
  if (isLoadError(error)) return { ...none, title: t("common.error.part"), advice: t("common.error.partText") };
  if (!(error instanceof ApiProblem)) {
    return { ...none, title: t("common.error.page"), advice: error instanceof Error ? error.message : String(error), isAdviceEnglish: true };
  }
  const { body } = error;
  const { text, english } = worded(body);
  const quotes = english !== null || text.includes(withoutFullStop(serviceText(body.detail, body.detail_code).text));
  const fields = (body.errors ?? [])
    .filter((field) => field.pointer !== "" && field.detail !== body.detail)
    .map((field) => ({ name: field.pointer.slice(1), text: fieldText(field) }));
  // Words of the page that do not quote the service's sentence also say what to do.
  const advice = body.advice && quotes ? serviceText(body.advice, body.advice_code) : null;
  return {
    title: text,
    english: english === null ? null : asSentence(english),
    advice: advice ? asSentence(advice.text) : null,
    isAdviceEnglish: advice?.isEnglish ?? false,
    fields,
  };
}
