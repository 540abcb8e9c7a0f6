import type { Schemas } from "@/api/client";
import { quantileAt } from "@/charts/fan";

import type { ForecastItem } from "./result";

type Value = number | null;
type Request = Partial<Schemas["PredictRequest"]>;

/** Typed values by covariate and step; an absent one is the value of the data. */
export type Edits = Record<string, Record<number, string>>;

/** The edits with one value in a range of steps. */
export function filled(edits: Edits, column: string, from: number, to: number, value: string): Edits {
  const changed = { ...edits[column] };
  for (let step = Math.min(from, to); step <= Math.max(from, to); step += 1) changed[step] = value;
  return { ...edits, [column]: changed };
}

/** The value of a cell as it is shown. */
export function shownValue(edits: Edits, column: string, step: number, known: readonly Value[]): string {
  const value = known[step];
  return edits[column]?.[step] ?? (value === null || value === undefined ? "" : String(Number(value.toPrecision(7))));
}

/** The first cell that is not a number; an empty one keeps the value of the data. */
export function wrongCell(edits: Edits): { column: string; step: number } | null {
  for (const [column, steps] of Object.entries(edits)) {
    for (const [step, text] of Object.entries(steps)) {
      if (text.trim() !== "" && !Number.isFinite(Number(text))) return { column, step: Number(step) };
    }
  }
  return null;
}

/** The changed values as the service takes them: a list for each covariate, in which null keeps the value of the data. */
export function knownOf(edits: Edits, rows: number): Record<string, Value[]> {
  return Object.fromEntries(
    Object.entries(edits).flatMap(([column, steps]) => {
      const values = Array.from({ length: rows }, (_, step): Value => {
        const text = steps[step]?.trim() ?? "";
        return text === "" ? null : Number(text);
      });
      return values.every((value) => value === null) ? [] : [[column, values] as const];
    }),
  );
}

/** An event that was added: its first and its last step, and what happens. */
export interface EventRow {
  from: number;
  to: number;
  text: string;
}

export const MAX_EVENT_CHARACTERS = 300;

/** The added events as the service takes them: local times without an offset; one that reaches the last step has no end. */
export function eventsOf(rows: readonly EventRow[], time: readonly string[]): Schemas["ForecastEvent"][] {
  const at = (step: number): string | undefined => time[step]?.slice(0, "2026-03-01T00:00:00".length);
  return rows.map(({ from, to, text }) => ({
    from: at(Math.min(from, to)) ?? "",
    to: at(Math.max(from, to) + 1) ?? null,
    text: text.trim(),
  }));
}

/** The request of one item of a forecast again, with other values of known covariates and with more events. */
export function requestWith(
  request: Record<string, unknown>,
  item: ForecastItem,
  known: Record<string, Value[]>,
  added: readonly Schemas["ForecastEvent"][] = [],
): Request {
  const asked = request as Request;
  const events = [...(item.events ?? []).map(({ from, to, text }) => ({ from, to, text })), ...added];
  const common = {
    ...{ kind: asked.kind ?? "future", horizon: asked.horizon ?? null },
    known: Object.keys(known).length > 0 ? known : null,
    events: events.length > 0 ? events : null,
  };
  const one = asked.items?.[item.item_index ?? 0];
  if (one) return { ...common, models: [one.model], dataset: one.dataset ?? null, values: one.values ?? null };
  const data = { dataset: asked.dataset ?? null, values: asked.values ?? null };
  if (item.model === null) return { ...common, ...data, method: asked.method ?? null, target: asked.target ?? null };
  return { ...common, ...data, models: [item.model] };
}

/** How far the median moves on average from one forecast to another one of the same rows. */
export function meanChange(before: ForecastItem, after: ForecastItem): number {
  const [first, second] = [before, after].map((item) => quantileAt(item.levels, item.quantiles, 0.5)) as [Value[], Value[]];
  const changes = first.flatMap((value, step) => {
    const other = second[step];
    return value === null || other === null || other === undefined ? [] : [other - value];
  });
  return changes.length === 0 ? 0 : changes.reduce((sum, change) => sum + change, 0) / changes.length;
}
