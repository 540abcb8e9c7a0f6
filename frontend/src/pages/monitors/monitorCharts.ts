import type { EChartsOption } from "echarts";

import type { ChartColours } from "@/charts/colours";
import { withSymbols } from "@/charts/isolatedPoints";
import { AXIS_NAME_ABOVE } from "@/charts/layout";
import { toMilliseconds, toTitle } from "@/utils/time";

type Value = number | null | undefined;
type Metric = "relative_wql" | "coverage_80";

interface Score {
  origin: string;
  complete: boolean;
  metrics: Record<string, Value>;
}

/** The points of a line in a box, and the height of 1; undefined where there are fewer than two values. */
export function sparkline(values: readonly (number | null)[], width: number, height: number): { points: string; one: number } | undefined {
  const known = values.flatMap((value, position) => (value === null ? [] : [{ value, position }]));
  if (known.length < 2) return undefined;
  const low = Math.min(1, ...known.map(({ value }) => value));
  const high = Math.max(1, ...known.map(({ value }) => value));
  const y = (value: number): number => Math.round(10 * (2 + (height - 4) * (high === low ? 0.5 : (high - value) / (high - low)))) / 10;
  const x = (position: number): number => Math.round((10 * width * position) / (values.length - 1)) / 10;
  return { points: known.map(({ value, position }) => `${String(x(position))},${String(y(value))}`).join(" "), one: y(1) };
}

/** A metric of each complete forecast over time, with horizontal lines: 1 for seasonal naive, or the bounds of the coverage. */
export function scoreOption(
  scores: readonly Score[],
  metric: Metric,
  lines: readonly { value: number; name: string }[],
  name: string,
  colours: ChartColours,
  format: (value: Value) => string,
): EChartsOption {
  const points = scores
    .filter((score) => score.complete)
    .map((score): [number, number | null] => [toMilliseconds(score.origin), score.metrics[metric] ?? null]);
  const isShare = metric === "coverage_80";
  return {
    useUTC: true,
    animation: false,
    tooltip: {
      trigger: "axis",
      formatter: (items: unknown) => {
        const { value } = ((Array.isArray(items) ? items[0] : items) ?? {}) as { value?: [number, number | null] };
        return value ? `${toTitle(value[0])}<br><strong>${format(value[1])}</strong>` : "";
      },
    },
    grid: { left: 8, right: 12, top: 28, bottom: 8, containLabel: true },
    xAxis: { type: "time", axisLabel: { hideOverlap: true } },
    yAxis: {
      ...AXIS_NAME_ABOVE,
      type: "value",
      name,
      ...(isShare ? { min: 0, max: 1 } : { min: 0 }),
      axisLabel: { formatter: (value: number) => format(value) },
    },
    series: [
      {
        type: "line",
        name,
        data: withSymbols(points),
        symbol: "none",
        lineStyle: { color: colours.model, width: 1.6 },
        itemStyle: { color: colours.model },
        markLine: {
          silent: true,
          symbol: "none",
          lineStyle: { color: isShare ? colours.fifth : colours.naive, type: "dashed" },
          label: { position: "insideEndTop", formatter: ({ name: text }: { name: string }) => text },
          data: lines.map((line) => ({ name: line.name, yAxis: line.value })),
        },
      },
    ],
  } as EChartsOption;
}
