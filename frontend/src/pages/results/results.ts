import type { Schemas } from "@/api/client";

export type Interval = Schemas["Interval"];
export type Results = Schemas["Results"];

export const METRICS = [
  "relative_wql",
  "wql",
  "sql",
  "crps",
  "mase",
  "mae",
  "rmse",
  "wape",
  "smape",
  "mse_scaled",
  "mae_scaled",
  "bias",
  "coverage_50",
  "coverage_80",
  "coverage_95",
] as const;
export type Metric = (typeof METRICS)[number];

const PERCENT: readonly Metric[] = ["wape", "smape", "coverage_50", "coverage_80", "coverage_95"];
const NOT_LOWER_IS_BETTER: readonly Metric[] = ["bias", "coverage_50", "coverage_80", "coverage_95"];

export function isPercent(metric: Metric): boolean {
  return PERCENT.includes(metric);
}

export function lowerIsBetter(metric: Metric): boolean {
  return !NOT_LOWER_IS_BETTER.includes(metric);
}

export interface MetricRow {
  metric: Metric;
  model: Interval;
  naive: Interval;
  /** Relative change from seasonal naive; null where it means nothing. */
  change: number | null;
}

/** A row for each metric that the results have, in the order of the report. */
export function metricRows(results: Pick<Results, "metrics" | "seasonal_naive">): MetricRow[] {
  return METRICS.flatMap((metric) => {
    const model = results.metrics[metric];
    const naive = results.seasonal_naive[metric];
    if (model === undefined || naive === undefined) return [];
    const isComparable = lowerIsBetter(metric) && model.value !== null && naive.value !== null && naive.value !== 0;
    return [{ metric, model, naive, change: isComparable ? (model.value as number) / (naive.value as number) - 1 : null }];
  });
}
