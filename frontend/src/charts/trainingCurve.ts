import type { EChartsOption } from "echarts";

import { lineNames } from "@/charts/directLabels";
import { AXIS_NAME, AXIS_NAME_ABOVE, GRID_WITH_NAME } from "@/charts/layout";

type Value = number | null | undefined;

export interface CurvePoint {
  step: number;
  value: number;
}

/** The points of a column of metrics.csv by step. */
export function curveOf(rows: readonly Record<string, unknown>[], column: string): CurvePoint[] {
  return rows
    .filter((row) => typeof row.step === "number" && typeof row[column] === "number")
    .map((row) => ({ step: row.step as number, value: row[column] as number }));
}

/** A curve of each run; each keeps its own colour. */
export function curvesOption(
  curves: readonly { name: string; colour: string; points: readonly { step: number; value: Value }[] }[],
  names: { step: string; value: string },
  format: (value: Value) => string,
): EChartsOption {
  const labels = lineNames(curves.length, Math.max(0, ...curves.map((curve) => curve.points.length)));
  return {
    tooltip: { trigger: "axis", valueFormatter: (value) => format(value as Value) },
    legend: labels.legend,
    grid: { ...GRID_WITH_NAME, ...labels.grid },
    xAxis: { ...AXIS_NAME, type: "value", name: names.step, scale: true },
    yAxis: { ...AXIS_NAME_ABOVE, type: "value", name: names.value, scale: true },
    series: curves.map((curve) => ({
      type: "line",
      name: curve.name,
      color: curve.colour,
      data: curve.points.map((point) => [point.step, point.value ?? null]),
      symbol: curve.points.length < 12 ? "circle" : "none",
      symbolSize: 5,
      ...labels.line,
    })),
  };
}
