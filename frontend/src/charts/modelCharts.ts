import type { EChartsOption } from "echarts";

import type { ChartColours } from "@/charts/colours";
import { lineNames } from "@/charts/directLabels";
import { tooltipTable } from "@/charts/tooltip";
import { AXIS_NAME, AXIS_NAME_ABOVE, GRID_WITH_NAME, LEGEND } from "@/charts/layout";

type Value = number | null;
type Format = (value: Value) => string;

/** A tooltip of all series at a position, with numbers of the page instead of raw ones. */
function axisTooltip(format: Format) {
  return { trigger: "axis" as const, valueFormatter: (value: unknown) => format(value as Value) };
}

export interface HorizonError {
  step: number;
  mae: Value;
  wql: Value;
  coverage_80: Value;
  naive_mae: Value;
  naive_wql: Value;
}

export interface CalendarError {
  key: number;
  count: number;
  mae: Value;
  bias: Value;
}

/** Error by step ahead of the model, and of seasonal naive where it is known. */
export function horizonOption(
  rows: readonly HorizonError[],
  metric: "mae" | "wql",
  names: { model: string; naive: string; steps: string },
  colours: ChartColours,
  format: Format,
): EChartsOption {
  const naive = rows.map((row) => row[`naive_${metric}`]);
  const hasNaive = naive.some((value) => value !== null);
  const labels = lineNames(hasNaive ? 2 : 1, rows.length);
  return {
    tooltip: axisTooltip(format),
    legend: labels.legend,
    grid: { ...GRID_WITH_NAME, ...labels.grid },
    xAxis: { ...AXIS_NAME, type: "category", name: names.steps, data: rows.map((row) => row.step), boundaryGap: rows.length < 2 },
    yAxis: { type: "value", min: 0 },
    series: [
      { type: "line", name: names.model, data: rows.map((row) => row[metric]), color: colours.model, symbol: symbolOf(rows), ...labels.line },
      ...(hasNaive
        ? [
            {
              type: "line" as const,
              name: names.naive,
              data: naive,
              color: colours.naive,
              symbol: symbolOf(rows),
              lineStyle: { type: "dashed" as const },
              ...labels.line,
            },
          ]
        : []),
    ],
  };
}

function symbolOf(rows: readonly unknown[]): string {
  return rows.length < 2 ? "circle" : "none";
}

/** Mean absolute error by hour or weekday of the target. */
export function calendarOption(
  rows: readonly CalendarError[],
  label: (key: number) => string,
  names: { error: string; axis: string },
  colours: ChartColours,
  format: Format,
): EChartsOption {
  return {
    tooltip: axisTooltip(format),
    grid: GRID_WITH_NAME,
    xAxis: { ...AXIS_NAME, type: "category", name: names.axis, data: rows.map((row) => label(row.key)) },
    yAxis: { type: "value", min: 0 },
    series: [{ type: "bar", name: names.error, data: rows.map((row) => row.mae), color: colours.model }],
  };
}

/** Centre of each bin and the share of values in it, divided by its width. */
export function density(edges: readonly number[], counts: readonly number[]): [number, number][] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count, bin) => {
    const low = edges[bin] ?? 0;
    const high = edges[bin + 1] ?? low;
    return [(low + high) / 2, total > 0 && high > low ? count / total / (high - low) : 0];
  });
}

/** Distribution of the residuals beside the normal distribution with the same mean and standard deviation. */
export function residualOption(
  residuals: { histogram: { edges: number[]; counts: number[] }; mean: Value; std: Value },
  names: { residual: string; errors: string; normal: string },
  colours: ChartColours,
  format: (value: number) => string,
): EChartsOption {
  const bars = density(residuals.histogram.edges, residuals.histogram.counts);
  const { mean, std } = residuals;
  const normal =
    mean !== null && std !== null && std > 0 ? bars.map(([x]) => [x, Math.exp(-0.5 * ((x - mean) / std) ** 2) / std / Math.sqrt(2 * Math.PI)]) : [];
  return {
    tooltip: { trigger: "axis", valueFormatter: (value) => format(Number(value)) },
    legend: LEGEND,
    grid: GRID_WITH_NAME,
    xAxis: { ...AXIS_NAME, type: "value", name: names.residual, scale: true, splitLine: { show: false } },
    yAxis: { type: "value", min: 0, axisLabel: { show: false } },
    series: [
      { type: "bar", name: names.errors, data: bars, color: colours.model, barCategoryGap: "4%", large: true },
      { type: "line", name: names.normal, data: normal, color: colours.truth, symbol: "none", lineStyle: { type: "dashed" } },
    ],
  };
}

/** Autocorrelation by lag, with the bounds that white noise keeps in 95 % of the lags. */
export function autocorrelationOption(
  autocorrelation: { lags: number[]; values: Value[]; bound: Value },
  names: { lag: string; autocorrelation: string },
  colours: ChartColours,
  format: Format,
): EChartsOption {
  const bound = autocorrelation.bound;
  return {
    tooltip: axisTooltip(format),
    grid: GRID_WITH_NAME,
    xAxis: { ...AXIS_NAME, type: "category", name: names.lag, data: autocorrelation.lags },
    yAxis: { type: "value", max: 1, min: (range) => Math.min(-0.2, range.min) },
    series: [
      {
        type: "bar",
        name: names.autocorrelation,
        data: autocorrelation.values,
        color: colours.model,
        markLine: guide(colours, bound === null ? [] : [{ yAxis: bound }, { yAxis: -bound }]),
      },
    ],
  };
}

/** Quantiles of the standardised residuals against the quantiles of the normal distribution. */
export function normalQuantilesOption(
  qq: { theoretical: number[]; observed: number[] },
  names: { theoretical: string; observed: string },
  colours: ChartColours,
  format: Format,
): EChartsOption {
  const ends = [qq.theoretical[0] ?? 0, qq.theoretical.at(-1) ?? 0];
  return {
    tooltip: {
      trigger: "item",
      formatter: (item: unknown) => {
        const [theoretical, observed] = (item as { value: [number, Value] }).value;
        return tooltipTable("", [
          [names.theoretical, format(theoretical)],
          [names.observed, format(observed)],
        ]);
      },
    },
    grid: GRID_WITH_NAME,
    xAxis: { ...AXIS_NAME, type: "value", name: names.theoretical, scale: true, axisLine: { onZero: false } },
    yAxis: { ...AXIS_NAME_ABOVE, type: "value", name: names.observed, scale: true, axisLine: { onZero: false } },
    series: [
      { type: "line", data: ends.map((end) => [end, end]), symbol: "none", silent: true, color: colours.context, lineStyle: { type: "dashed" } },
      {
        type: "scatter",
        name: names.observed,
        data: qq.theoretical.map((value, position) => [value, qq.observed[position] ?? null]),
        symbolSize: 5,
        color: colours.model,
      },
    ],
  };
}

/** Observed against nominal coverage of the central intervals; on the diagonal the model is calibrated. */
export function coverageOption(
  levels: readonly { nominal: number; observed: number }[],
  names: { nominal: string; observed: string; calibrated: string },
  colours: ChartColours,
): EChartsOption {
  const percent = (value: number) => `${Math.round(100 * value)}%`;
  return {
    tooltip: { trigger: "axis", valueFormatter: (value) => `${(100 * Number(value)).toFixed(1)}%` },
    legend: LEGEND,
    grid: GRID_WITH_NAME,
    xAxis: { ...AXIS_NAME, type: "value", name: names.nominal, min: 0, max: 1, axisLabel: { formatter: percent } },
    yAxis: { ...AXIS_NAME_ABOVE, type: "value", name: names.observed, min: 0, max: 1, axisLabel: { formatter: percent } },
    series: [
      {
        type: "line",
        name: names.calibrated,
        data: [
          [0, 0],
          [1, 1],
        ],
        symbol: "none",
        color: colours.context,
        lineStyle: { type: "dashed" },
      },
      {
        type: "line",
        name: names.observed,
        data: levels.map((level) => [level.nominal, level.observed]),
        color: colours.model,
        symbol: "circle",
        symbolSize: 7,
      },
    ],
  };
}

/** Histogram of the probability integral transform: flat at 1 when calibrated. Its bins have different widths. */
export function pitOption(
  pit: { edges: number[]; counts: number[] },
  names: { probability: string; density: string },
  colours: ChartColours,
): EChartsOption {
  const heights = density(pit.edges, pit.counts).map(([, height]) => height);
  const steps: [number, number][] = pit.edges.map((edge, bin) => [edge, heights[Math.min(bin, heights.length - 1)] ?? 0]);
  return {
    tooltip: { trigger: "axis", valueFormatter: (value) => Number(value).toFixed(2) },
    grid: GRID_WITH_NAME,
    xAxis: { ...AXIS_NAME, type: "value", name: names.probability, min: 0, max: 1 },
    yAxis: { ...AXIS_NAME_ABOVE, type: "value", min: 0, name: names.density },
    series: [
      {
        type: "line",
        name: names.density,
        step: "end",
        data: steps,
        symbol: "none",
        color: colours.model,
        areaStyle: { opacity: 0.3 },
        markLine: guide(colours, [{ yAxis: 1 }]),
      },
    ],
  };
}

function guide(colours: ChartColours, data: { yAxis: number }[]) {
  return {
    silent: true,
    symbol: "none",
    label: { show: false },
    lineStyle: { color: colours.context, type: "dashed" as const },
    data,
  };
}
