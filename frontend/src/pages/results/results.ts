import type { Schemas } from "@/api/client";
import type { Metric } from "@/api/metrics";

export type Interval = Schemas["Interval"];
export type Results = Schemas["OverallResults"];

export interface MetricRow {
  metric: Metric;
  model: Interval;
  naive: Interval;
  /** Relative change from seasonal naive; null where it means nothing. */
  change: number | null;
  isBetter: boolean | null;
}

const SMALLEST_CHANGE = 5e-4;

function relativeChange(value: number | null, reference: number | null): number | null {
  return value === null || reference === null || reference === 0 ? null : value / reference - 1;
}

/** A row for each metric that the results have, in the order of the report. */
export function metricRows(metrics: readonly Metric[], results: Pick<Results, "metrics" | "seasonal_naive">): MetricRow[] {
  return metrics.flatMap((metric) => {
    const model = results.metrics[metric.name];
    const naive = results.seasonal_naive[metric.name];
    if (model === undefined || naive === undefined) return [];
    const change = metric.direction === "nominal" ? null : relativeChange(model.value, naive.value);
    const isBetter = change === null || Math.abs(change) <= SMALLEST_CHANGE ? null : change < 0 === (metric.direction === "lower");
    return [{ metric, model, naive, change, isBetter }];
  });
}
