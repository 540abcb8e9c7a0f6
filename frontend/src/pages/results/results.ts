import type { Schemas } from "@/api/client";
import type { Metric } from "@/api/metrics";

export type Interval = Schemas["Interval"];
export type Results = Schemas["Results"];

export interface MetricRow {
  metric: Metric;
  model: Interval;
  naive: Interval;
  /** Relative change from seasonal naive; null where it means nothing. */
  change: number | null;
  isBetter: boolean | null;
}

const SMALLEST_CHANGE = 5e-4;

/** A row for each metric that the results have, in the order of the report. */
export function metricRows(metrics: readonly Metric[], results: Pick<Results, "metrics" | "seasonal_naive">): MetricRow[] {
  return metrics.flatMap((metric) => {
    const model = results.metrics[metric.name];
    const naive = results.seasonal_naive[metric.name];
    if (model === undefined || naive === undefined) return [];
    const isComparable = metric.direction !== "nominal" && model.value !== null && naive.value !== null && naive.value !== 0;
    const change = isComparable ? (model.value as number) / (naive.value as number) - 1 : null;
    const isBetter = change === null || Math.abs(change) <= SMALLEST_CHANGE ? null : change < 0 === (metric.direction === "lower");
    return [{ metric, model, naive, change, isBetter }];
  });
}
