import type { ModelName } from "@/api/training";

/** What the form holds. Texts, because a field may hold several values: "64, 128". */
export interface TrainDraft {
  dataset: string;
  models: ModelName[];
  name: string;
  horizon: string;
  contextLength: string;
  seed: string;
  target: string[];
  split: [number, number, number] | null;
  /** By model, then by option: what was typed. An option that is absent keeps its default. */
  options: Partial<Record<ModelName, Record<string, string>>>;
}

export interface OptionShape {
  name: string;
  /** Options of `run` and `fit` stand at the top of a request; other sections are objects in it. */
  section: string;
  default: unknown;
  choices: readonly unknown[];
  kind: string;
}

export const MAX_TRAININGS = 100;

export function newDraft(): TrainDraft {
  return { dataset: "", models: ["lstm"], name: "", horizon: "", contextLength: "", seed: "0", target: [], split: null, options: {} };
}

/** The values of a field; a comma separates several, but not within the brackets of a list. */
export function valuesOf(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let current = "";
  for (const letter of text) {
    if (letter === "[") depth += 1;
    if (letter === "]") depth -= 1;
    if ((letter === "," || letter === "，") && depth === 0) {
      found.push(current);
      current = "";
    } else {
      current += letter;
    }
  }
  return [...found, current].map((value) => value.trim()).filter((value) => value !== "");
}

/** A typed text as JSON: a number, true, false, null or a list where it is one, else the text itself. */
export function parseValue(text: string): unknown {
  const trimmed = text.trim();
  if (/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed);
  if (trimmed === "true") return true;
  if (trimmed === "false") return false;
  if (trimmed === "null" || trimmed === "none" || trimmed === "") return trimmed === "none" ? "none" : null;
  if (trimmed.startsWith("[")) {
    return trimmed
      .replace(/^\[|\]$/g, "")
      .split(",")
      .filter((part) => part.trim() !== "")
      .map(parseValue);
  }
  return trimmed;
}

/** How a value is written in a field. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return `[${value.map(showValue).join(", ")}]`;
  return typeof value === "object" ? JSON.stringify(value) : String(value as string | number | boolean);
}

type Body = Record<string, unknown>;

/** Every combination of the values of several fields. */
export function combinations(fields: Record<string, readonly unknown[]>): Body[] {
  return Object.entries(fields).reduce<Body[]>(
    (all, [name, values]) => all.flatMap((body) => values.map((value) => ({ ...body, [name]: value }))),
    [{}],
  );
}

/** The requests of a form: one for each model and each combination of values. */
export function requestsOf(draft: TrainDraft, shapes: (model: ModelName) => readonly OptionShape[]): Body[] {
  const single = { horizon: draft.horizon, context_length: draft.contextLength, seed: draft.seed };
  return draft.models.flatMap((model) => {
    const typed = draft.options[model] ?? {};
    const sections = new Map(shapes(model).map((shape) => [shape.name, shape.section]));
    const fields: Record<string, readonly unknown[]> = {};
    for (const [name, text] of Object.entries(single)) {
      if (text.trim() !== "") fields[name] = valuesOf(text).map(parseValue);
    }
    for (const [name, text] of Object.entries(typed)) {
      if (sections.has(name) && text.trim() !== "") fields[`option:${name}`] = valuesOf(text).map(parseValue);
    }
    return combinations(fields).map((values) => {
      const body: Body = { model, dataset: draft.dataset };
      for (const [key, value] of Object.entries(values)) {
        if (!key.startsWith("option:")) {
          body[key] = value;
          continue;
        }
        const name = key.slice("option:".length);
        const section = sections.get(name) ?? "options";
        if (section === "fit" || section === "run") body[name] = value;
        else body[section] = { ...(body[section] as Body | undefined), [name]: value };
      }
      if (draft.name.trim() !== "") body.name = draft.name.trim();
      if (draft.target.length > 0) body.target = draft.target;
      if (draft.split) body.split = draft.split;
      return body;
    });
  });
}

/** The field of the form that a pointer of the service names, and the position of the training within a group. */
export function fieldOf(pointer: string): { training: number | null; field: string } {
  const [, group, rest] = /^\/trainings\/(\d+)(.*)$/.exec(pointer) ?? [];
  const path = (rest ?? pointer).split("/").filter((part) => part !== "");
  const named = path.filter((part) => !/^\d+$/.test(part));
  return { training: group === undefined ? null : Number(group), field: named.at(-1) ?? "" };
}
