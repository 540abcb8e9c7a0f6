import type { EChartsOption } from "echarts";

import type { ChartColours } from "@/charts/colours";
import { lineNames, pointNames } from "@/charts/directLabels";
import { AXIS_NAME, AXIS_NAME_ABOVE, GRID_WITH_NAME } from "@/charts/layout";
import { tooltipTable } from "@/charts/tooltip";

type Value = number | null;

export interface NamedModel {
  name: string;
  colour: string;
}

/** Accuracy against cost: a point for each model, low and left is better. */
export function costOption(
  models: readonly (NamedModel & { cost: Value; accuracy: Value; isReference?: boolean })[],
  names: { cost: string; accuracy: string },
  isLogarithmic: boolean,
  format: (value: number) => string,
): EChartsOption {
  const points = models.filter((model) => model.cost !== null && model.accuracy !== null && (!isLogarithmic || model.cost > 0));
  const labels = pointNames(points.length);
  return {
    tooltip: {
      trigger: "item",
      formatter: (item: unknown) => {
        const { seriesName, value } = item as { seriesName: string; value: [number, number] };
        return tooltipTable(seriesName, [
          [names.accuracy, format(value[1])],
          [names.cost, format(value[0])],
        ]);
      },
    },
    legend: labels.legend,
    grid: { ...GRID_WITH_NAME, ...labels.grid },
    xAxis: { ...AXIS_NAME, type: isLogarithmic ? "log" : "value", name: names.cost, scale: true },
    yAxis: { ...AXIS_NAME_ABOVE, type: "value", name: names.accuracy, scale: true },
    series: points.map((model) => ({
      type: "scatter",
      name: model.name,
      color: model.colour,
      symbolSize: points.length > 30 ? 9 : 14,
      data: [[model.cost, model.accuracy]],
      ...labels.point,
    })),
  };
}

/** A line of each model over the steps of the forecast. */
export function linesByStepOption(
  lines: readonly (NamedModel & { values: readonly Value[]; isDashed?: boolean })[],
  names: { steps: string; value: string },
  format: (value: number) => string,
): EChartsOption {
  const steps = Math.max(0, ...lines.map((line) => line.values.length));
  const labels = lineNames(lines.length, steps);
  return {
    tooltip: { trigger: "axis", valueFormatter: (value) => (typeof value === "number" ? format(value) : "–"), confine: true },
    legend: labels.legend,
    grid: { ...GRID_WITH_NAME, ...labels.grid },
    xAxis: {
      ...AXIS_NAME,
      type: "category",
      name: names.steps,
      data: Array.from({ length: steps }, (_, step) => step + 1),
      boundaryGap: steps < 2,
    },
    yAxis: { ...AXIS_NAME_ABOVE, type: "value", name: names.value, min: 0 },
    series: lines.map((line) => ({
      type: "line",
      name: line.name,
      color: line.colour,
      data: [...line.values],
      symbol: steps < 2 ? "circle" : "none",
      lineStyle: { type: line.isDashed ? "dashed" : "solid" },
      ...labels.line,
    })),
  };
}

export interface ParallelAxis {
  name: string;
  categories: readonly string[] | null;
}

/** Parallel coordinates: an axis for each setting and one for the score, which gives the colour of a line. */
export function parallelOption(
  axes: readonly ParallelAxis[],
  lines: readonly { name: string; values: readonly (number | string | null)[] }[],
  colours: ChartColours,
): EChartsOption {
  const last = axes.length - 1;
  const scores = lines.map((line) => line.values[last]).filter((value): value is number => typeof value === "number");
  return {
    tooltip: { trigger: "item" },
    visualMap: {
      right: 0,
      top: "middle",
      itemHeight: 160,
      calculable: false,
      precision: 4,
      text: [axes[last]?.name ?? "", ""],
      dimension: last,
      min: Math.min(...scores),
      max: Math.max(...scores),
      inRange: { color: [colours.model, colours.sixth, colours.eighth, colours.second] },
    },
    parallel: {
      ...{ left: 48, right: 130, top: 48, bottom: 24 },
      parallelAxisDefault: { axisLine: { show: true, lineStyle: { color: colours.context } }, axisTick: { show: true } },
    },
    parallelAxis: axes.map((axis, dim) => ({
      dim,
      name: axis.name,
      nameTextStyle: { width: 96, overflow: "truncate" },
      ...(axis.categories === null ? { type: "value" as const, scale: true } : { type: "category" as const, data: [...axis.categories] }),
    })),
    series: [
      {
        type: "parallel",
        lineStyle: { width: lines.length > 30 ? 1.4 : 2.4, opacity: 0.75 },
        smooth: 0,
        data: lines.map((line) => ({ name: line.name, value: line.values.map((value) => value ?? "-") })),
      },
    ],
  };
}

/** Paired differences from a reference in percent, each with its interval; negative is better. */
export function differenceOption(
  rows: readonly { name: string; share: Value; low: Value; high: Value }[],
  axis: string,
  colours: ChartColours,
  format: (value: number) => string,
): EChartsOption {
  const drawn = rows.filter((row) => row.share !== null);
  const tone = (row: (typeof rows)[number]) =>
    row.high !== null && row.high < 0 ? colours.third : row.low !== null && row.low > 0 ? colours.fifth : colours.naive;
  return {
    tooltip: {
      trigger: "item",
      formatter: (item: unknown) => {
        const row = drawn[(item as { dataIndex: number }).dataIndex];
        if (!row) return "";
        const ends = row.low === null || row.high === null ? "" : ` [${format(row.low)}, ${format(row.high)}]`;
        return tooltipTable(row.name, [[axis, `${format(row.share ?? 0)}${ends}`]]);
      },
    },
    grid: GRID_WITH_NAME,
    xAxis: { ...AXIS_NAME, type: "value", name: axis, axisLabel: { formatter: (value: number) => format(value) } },
    yAxis: {
      type: "category",
      data: drawn.map((row) => row.name),
      inverse: true,
      // The two models of a pair stand below each other, so that neither name is cut off.
      axisLabel: { width: 160, overflow: "truncate", lineHeight: 15, formatter: (name: string) => name.replace(" − ", "\n− ") },
    },
    series: [
      {
        type: "custom",
        data: drawn.map((row, position) => ({ value: [row.low ?? row.share, row.high ?? row.share, position], itemStyle: { color: tone(row) } })),
        encode: { x: [0, 1], y: 2 },
        renderItem: (_, api) => {
          const start = api.coord([api.value(0), api.value(2)]);
          const end = api.coord([api.value(1), api.value(2)]);
          return {
            type: "line",
            shape: { x1: start[0], y1: start[1], x2: end[0], y2: end[1] },
            style: { stroke: String(api.visual("color")), lineWidth: 3 },
          };
        },
      },
      {
        type: "scatter",
        symbolSize: 11,
        data: drawn.map((row, position) => ({ value: [row.share, position], itemStyle: { color: tone(row) } })),
        markLine: {
          silent: true,
          symbol: "none",
          label: { show: false },
          lineStyle: { color: colours.context, type: "dashed" },
          data: [{ xAxis: 0 }],
        },
      },
    ],
  };
}
