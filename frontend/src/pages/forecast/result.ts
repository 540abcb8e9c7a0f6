import type { Schemas } from "@/api/client";
import type { TextCode } from "@/api/problems";

type Value = number | null;

/** The forecast of one channel of one item by one model, as the result of a forecast task has it. */
export interface ForecastItem {
  /** null for a method without a training. */
  model: string | null;
  name: string | null;
  /** Position of the item in the request. */
  item_index?: number;
  item?: string | null;
  channel: string | null;
  history: { time: string[]; value: Value[] };
  time: string[];
  point: Value[];
  levels: number[];
  quantiles: Value[][];
  truth: Value[] | null;
  /** The known covariates that the model reads, in the rows of the forecast. */
  known?: Record<string, Value[]>;
  /** The events of the request as the model reads them; null for a model that reads no events. */
  events?: Schemas["ReadEvent"][] | null;
  /** False for a series that was too short for the model to be scored on it. */
  scored?: boolean | null;
  error?: string | null;
  error_code?: TextCode | null;
  advice?: string | null;
  advice_code?: TextCode | null;
}

export interface ForecastResult {
  items: ForecastItem[];
}

/** The series of a result, each with the forecasts of all models; failed items are left out. */
export function seriesOf(items: readonly ForecastItem[]): Map<string, ForecastItem[]> {
  const series = new Map<string, ForecastItem[]>();
  for (const item of items) {
    if (item.error || item.time.length === 0) continue;
    const key = seriesKey(item);
    series.set(key, [...(series.get(key) ?? []), item]);
  }
  return series;
}

export function seriesKey(item: Pick<ForecastItem, "item" | "channel">): string {
  return [...new Set([item.item, item.channel])].filter(Boolean).join(" · ");
}

/** Mean absolute error of the median on the steps whose truth has arrived. */
export function scored(item: ForecastItem): { steps: number; mae: number } | null {
  const median = item.quantiles[item.levels.indexOf(0.5)] ?? item.point;
  const errors = (item.truth ?? []).flatMap((truth, step) => {
    const forecast = median[step];
    return truth === null || forecast === null || forecast === undefined ? [] : [Math.abs(truth - forecast)];
  });
  if (errors.length === 0) return null;
  return { steps: errors.length, mae: errors.reduce((sum, error) => sum + error, 0) / errors.length };
}
