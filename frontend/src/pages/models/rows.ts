import type { Schemas } from "@/api/client";

type Model = Pick<
  Schemas["ModelSummary"],
  "id" | "name" | "kind" | "dataset" | "summary" | "forecast" | "notes" | "tags" | "champion" | "created" | "created_by"
>;

/** The summary of a model as the table shows it; numbers that a run lacks are null. */
export interface ModelRow {
  id: string;
  name: string;
  kind: string;
  dataset: string;
  datasetName: string;
  notes: string;
  tags: string[];
  isChampion: boolean;
  created: number;
  createdBy: string | null;
  wql: number | null;
  mae: number | null;
  coverage: number | null;
  validation: number | null;
  skill: Schemas["Interval"];
  forecast: Schemas["NewestForecast"] | null;
  fit: number | null;
  parameters: number | null;
  windowSet: string;
}

export function modelRow(model: Model, datasets: ReadonlyMap<string, string>): ModelRow {
  const { metrics, validation, skill, cost, window_set: windowSet } = model.summary;
  return {
    id: model.id,
    name: model.name,
    kind: model.kind,
    dataset: model.dataset ?? "",
    datasetName: model.dataset === null ? "" : (datasets.get(model.dataset) ?? "…"),
    notes: model.notes,
    tags: model.tags,
    isChampion: model.champion,
    created: model.created,
    createdBy: model.created_by,
    wql: metrics.wql?.value ?? null,
    mae: metrics.mae?.value ?? null,
    coverage: metrics.coverage_80?.value ?? null,
    validation: validation.wql ?? null,
    skill: skill.wql,
    forecast: model.forecast,
    fit: cost.fit_seconds,
    parameters: cost.trainable_parameters,
    windowSet: windowSet.hash,
  };
}

export const SORTS = ["created", "name", "kind", "dataset", "skill", "wql", "mae", "coverage", "validation", "fit", "parameters"] as const;
export type Sort = (typeof SORTS)[number];

function keyOf(row: ModelRow, sort: Sort): string | number | null {
  if (sort === "skill") return row.skill.value;
  if (sort === "dataset") return row.datasetName;
  // A coverage is good where it is near the nominal one.
  if (sort === "coverage") return row.coverage === null ? null : Math.abs(row.coverage - 0.8);
  return row[sort];
}

/** Rows in the order of a column; rows without a value stand last in both directions. */
export function sortRows(rows: readonly ModelRow[], sort: Sort, order: "asc" | "desc"): ModelRow[] {
  const direction = order === "asc" ? 1 : -1;
  const collator = new Intl.Collator(undefined, { numeric: true });
  return [...rows].sort((a, b) => {
    const [x, y] = [keyOf(a, sort), keyOf(b, sort)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const difference = typeof x === "string" ? collator.compare(x, String(y)) : x - Number(y);
    return direction * difference || b.created - a.created;
  });
}

export interface Filter {
  search: string;
  kind: string;
  dataset: string;
  tag: string;
}

export function filterRows(rows: readonly ModelRow[], filter: Filter): ModelRow[] {
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const text = [row.name, row.kind, row.datasetName, row.notes, ...row.tags].join(" ").toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      (filter.kind === "" || row.kind === filter.kind) &&
      (filter.dataset === "" || row.dataset === filter.dataset) &&
      (filter.tag === "" || row.tags.includes(filter.tag))
    );
  });
}

/** Tags as a person types them: separated by commas, without blanks at their ends and without repetition. */
export function parseTags(text: string): string[] {
  const tags = text.split(/[,，、]/).map((tag) => tag.trim());
  return [...new Set(tags.filter((tag) => tag !== ""))];
}
