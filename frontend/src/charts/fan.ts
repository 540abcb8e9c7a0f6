import type { LineSeriesOption } from "echarts/charts";

import { toMilliseconds } from "@/utils/time";

type Value = number | null;

/** Pairs of quantile levels, from the widest interval to the narrowest. */
export const INTERVALS = [
  { low: 0.025, high: 0.975, percent: 95 },
  { low: 0.1, high: 0.9, percent: 80 },
  { low: 0.25, high: 0.75, percent: 50 },
] as const;

/** The row of `quantiles` at a level; empty where the level was not forecast. */
export function quantileAt(levels: readonly number[], quantiles: readonly Value[][], level: number): Value[] {
  const position = levels.findIndex((candidate) => Math.abs(candidate - level) < 1e-9);
  return position < 0 ? [] : (quantiles[position] ?? []);
}

function difference(high: Value | undefined, low: Value | undefined): Value {
  return high === null || high === undefined || low === null || low === undefined ? null : high - low;
}

export interface Fan {
  times: readonly string[];
  levels: readonly number[];
  quantiles: readonly Value[][];
  colour: string;
  /** Whose forecast it is, in exported files; only needed where a chart has several. */
  name?: string;
  /** Name of the stack; two fans of one chart need different ones. */
  stack: string;
  /** Which intervals are drawn, in percent. */
  percents?: readonly number[];
  opacity?: number;
}

/**
 * The central intervals of a forecast as stacked areas, light outside and dark inside.
 *
 * Areas of one stack do not overlap, so each interval has one shade. The stacked values are differences between
 * neighbouring quantiles, which a tooltip must not show.
 */
export function fanSeries(fan: Fan): LineSeriesOption[] {
  const percents = fan.percents ?? [95, 80, 50];
  const shown = INTERVALS.filter((interval) => percents.includes(interval.percent));
  const levels = [...shown.map((interval) => interval.low), ...shown.map((interval) => interval.high).reverse()];
  const rows = levels.map((level) => quantileAt(fan.levels, fan.quantiles, level));
  const times = fan.times.map(toMilliseconds);
  const opacity = fan.opacity ?? 0.16;
  return rows.map((row, position) => {
    const depth = Math.min(position, rows.length - position);
    const values = position === 0 ? row : row.map((value, step) => difference(value, rows[position - 1]?.[step]));
    const series: LineSeriesOption & { exportName: string } = {
      type: "line",
      id: `${fan.stack}-${position}`,
      exportName: `${fan.name ? `${fan.name} ` : ""}q${String(levels[position])}`,
      stack: fan.stack,
      stackStrategy: "all",
      data: values.map((value, step) => [times[step] ?? Number.NaN, value]),
      symbol: "none",
      silent: true,
      lineStyle: { opacity: 0 },
      areaStyle: { color: fan.colour, opacity: position === 0 ? 0 : opacity * depth },
      tooltip: { show: false },
      emphasis: { disabled: true },
      z: 1,
    };
    return series;
  });
}
