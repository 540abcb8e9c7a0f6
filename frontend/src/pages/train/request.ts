export const PRESETS = ["quick", "standard", "best"] as const;

/** What the form says of the data beside their names. */
export interface DataDraft {
  split: [number, number, number] | null;
  /** Written "temperature:known"; null keeps the covariates of the dataset. */
  covariates: string[] | null;
  season: string;
  /** Words and numbers that mark a missing value, separated by commas. */
  missing_values: string;
  maskOutliers: boolean;
}

/** What the form holds. Texts, because a field may hold several values: "64, 128". */
export interface TrainDraft extends DataDraft {
  dataset: string;
  models: string[];
  name: string;
  horizon: string;
  contextLength: string;
  seed: string;
  target: string[];
  preset: (typeof PRESETS)[number];
  minutes: string;
  /** By model, then by `optionKey`: what was typed. An option that is absent keeps its default. */
  options: Partial<Record<string, Record<string, string>>>;
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

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3_600, D: 86_400, W: 604_800 };

/** Seconds between two rows of a frequency of pandas; null where they differ, as with months and workdays. */
export function stepSeconds(frequency: string): number | null {
  const [, count, unit] = /^(\d*)(s|min|h|D|W)(?:-[A-Z]+)?$/.exec(frequency) ?? [];
  const seconds = UNIT_SECONDS[unit ?? ""];
  return seconds === undefined ? null : seconds * Number(count || 1);
}

/** Sections may have options of the same name, such as the rank of the adapters and of the network. */
export function optionKey(option: Pick<OptionShape, "name" | "section">): string {
  return option.section === "fit" || option.section === "run" ? option.name : `${option.section}.${option.name}`;
}

/** Choose the dataset of a draft. What was said of the columns of another dataset is forgotten. */
export function chooseDataset(draft: TrainDraft, dataset: string): void {
  if (draft.dataset !== dataset) Object.assign(draft, { dataset, target: [], ...newDataDraft() });
}

export function newDraft(dataset = "", models: string[] = []): TrainDraft {
  return {
    ...{ dataset, models, name: "", horizon: "", contextLength: "", seed: "0", target: [] },
    ...{ preset: "standard", minutes: "", options: {}, ...newDataDraft() },
  };
}

export function newDataDraft(): DataDraft {
  return { split: null, covariates: null, season: "", missing_values: "", maskOutliers: false };
}

/** Covariates as the form writes them: "temperature:known". */
export function covariatesOf(kinds: Readonly<Record<string, string>>): string[] {
  return Object.entries(kinds).map(([column, kind]) => `${column}:${kind}`);
}

/** The fields of a request that describe the data. */
function dataFields(draft: DataDraft): Body {
  const body: Body = {};
  if (draft.split) body.split = draft.split;
  if (draft.covariates) body.covariates = Object.fromEntries(draft.covariates.map((text) => splitAtLastColon(text)));
  if (draft.season.trim() !== "") body.season = parseValue(draft.season);
  if (draft.missing_values.trim() !== "") body.missing_values = valuesOf(draft.missing_values);
  if (draft.maskOutliers) body.cleaning = { outliers: "mask" };
  return body;
}

/** A covariate without a kind is one that is known ahead of time. */
function splitAtLastColon(text: string): [string, string] {
  const at = text.lastIndexOf(":");
  return at < 0 ? [text, "known"] : [text.slice(0, at), text.slice(at + 1)];
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
export function requestsOf(draft: TrainDraft, shapes: (model: string) => readonly OptionShape[]): Body[] {
  const single = { horizon: draft.horizon, context_length: draft.contextLength, seed: draft.seed };
  return draft.models.flatMap((model) => {
    const typed = draft.options[model] ?? {};
    const known = new Map(shapes(model).map((shape) => [optionKey(shape), shape]));
    const fields: Record<string, readonly unknown[]> = {};
    for (const [name, text] of Object.entries(single)) {
      if (text.trim() !== "") fields[name] = valuesOf(text).map(parseValue);
    }
    for (const [key, text] of Object.entries(typed)) {
      if (known.has(key) && text.trim() !== "") fields[key] = valuesOf(text).map(parseValue);
    }
    return combinations(fields).map((values) => {
      const body: Body = { model, dataset: draft.dataset };
      for (const [key, value] of Object.entries(values)) {
        const shape = known.get(key);
        if (shape === undefined || key === shape.name) body[key] = value;
        else body[shape.section] = { ...(body[shape.section] as Body | undefined), [shape.name]: value };
      }
      if (draft.name.trim() !== "") body.name = draft.name.trim();
      if (draft.target.length > 0) body.target = draft.target;
      if (draft.preset !== "standard") body.preset = draft.preset;
      if (draft.minutes.trim() !== "") body.minutes = parseValue(draft.minutes);
      return { ...body, ...dataFields(draft) };
    });
  });
}

type Commands = Partial<Record<"cli" | "python" | "curl", string | null>>;

const REQUESTS = /^REQUESTS = \[\n([^]*?)^\]$/m;

/** The commands of several training runs, one after another; the requests of all are in one Python script. */
export function joinCommands(all: readonly Commands[]): Commands {
  const lines = (kind: keyof Commands): string[] => all.flatMap((commands) => commands[kind]?.split("\n") ?? []);
  const scripts = all.flatMap(({ python }) => python ?? []);
  const requests = scripts.map((script) => REQUESTS.exec(script)?.[1] ?? "").join("");
  return {
    cli: lines("cli").join("\n"),
    python: scripts[0]?.replace(REQUESTS, () => `REQUESTS = [\n${requests}]`) ?? "",
    curl: lines("curl").join("\n"),
  };
}

/** The field of the form that a pointer of the service names, as in `optionKey`, and the position of the training in a group. */
export function fieldOf(pointer: string): { training: number | null; field: string } {
  const [, group, rest] = /^\/trainings\/(\d+)(.*)$/.exec(pointer) ?? [];
  const path = (rest ?? pointer).split("/").filter((part) => part !== "");
  const named = path.filter((part) => !/^\d+$/.test(part));
  return { training: group === undefined ? null : Number(group), field: named.slice(0, 2).join(".") };
}
