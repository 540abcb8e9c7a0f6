import { useWords } from "@/i18n";

/** One wrong field of a request. */
export interface FieldProblem {
  pointer: string;
  detail: string;
  code?: string | null;
  params?: Record<string, unknown> | null;
}

/** The body of an error of the service (RFC 9457). */
export interface ProblemBody {
  status: number;
  code: string;
  detail: string;
  advice?: string | null;
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
  advice: string | null;
  fields: { name: string; text: string }[];
}

function withoutFullStop(text: string): string {
  return text.replace(/[.。]\s*$/, "");
}

function worded(code: string | null | undefined, params: Record<string, unknown> | null | undefined, detail: string) {
  const { optional } = useWords();
  return code ? optional(`problems.${code}`, { detail: withoutFullStop(detail), ...params }) : undefined;
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

/** Advice of the service as a sentence. */
export function adviceText(advice: string): string {
  const labelled = withLabels(advice);
  const sentence = labelled.charAt(0).toUpperCase() + labelled.slice(1);
  return /[.!?。]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** The text of one field: worded by its code where the page has words for it, else the sentence of the service. */
export function fieldText(field: FieldProblem): string {
  return worded(field.code, field.params, field.detail) ?? field.detail;
}

export function explain(error: unknown): Explanation {
  const { t } = useWords();
  if (error instanceof ServiceAway) return { title: t("common.away.title"), advice: t("common.away.text"), fields: [] };
  if (!(error instanceof ApiProblem)) {
    return { title: t("common.error.page"), advice: error instanceof Error ? error.message : String(error), fields: [] };
  }
  const { body } = error;
  const text = worded(body.code, body.params, body.detail) ?? body.detail;
  const fields = (body.errors ?? [])
    .filter((field) => field.pointer !== "" && field.detail !== body.detail)
    .map((field) => ({ name: field.pointer.slice(1), text: fieldText(field) }));
  // Words of the page that do not quote the service's sentence also say what to do.
  return { title: text, advice: body.advice && text.includes(withoutFullStop(body.detail)) ? adviceText(body.advice) : null, fields };
}
