import type { EChartsOption } from "echarts";

import type { Series } from "@/api/datasets";
import { withSymbols } from "@/charts/isolatedPoints";
import { AXIS_NAME_ABOVE, DRAG_TO_ZOOM, ZOOM_INSIDE } from "@/charts/layout";
import { toMilliseconds } from "@/utils/time";

export type Point = [time: number, value: number | null];

export interface Drawn {
  mean: Point[];
  low: Point[];
  high: Point[];
}

/** Columns of the service as points of a chart. */
export function pointsOf(series: Series): Drawn {
  const times = series.time.map(toMilliseconds);
  const column = (values: readonly (number | null)[]): Point[] => times.map((time, row) => [time, values[row] ?? null]);
  return { mean: column(series.value), low: column(series.low), high: column(series.high) };
}

/** The overview with its middle replaced by the detail of the visible range. */
export function mergeDetail(overview: readonly Point[], detail: readonly Point[]): Point[] {
  const first = detail[0]?.[0];
  const last = detail.at(-1)?.[0];
  if (first === undefined || last === undefined) return [...overview];
  return [...overview.filter(([time]) => time < first), ...detail, ...overview.filter(([time]) => time > last)];
}

/**
 * The range of the axis that the usual values need, where a few unusual ones would make the others a flat line; null
 * where all values fit.
 */
export function usualRange(drawn: Drawn): [number, number] | null {
  const values = (points: readonly Point[]): number[] =>
    points
      .map(([, value]) => value)
      .filter((value) => value !== null)
      .sort((a, b) => a - b);
  const lows = values(drawn.low);
  const highs = values(drawn.high);
  const at = (sorted: readonly number[], share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  const span = at(highs, 0.99) - at(lows, 0.01);
  if (!(span > 0)) return null;
  const low = lows.find((value) => value >= at(lows, 0.01) - span) ?? at(lows, 0.01);
  const high = highs.findLast((value) => value <= at(highs, 0.99) + span) ?? at(highs, 0.99);
  if (at(lows, 0) === low && at(highs, 1) === high) return null;
  const step = 10 ** Math.floor(Math.log10(high - low)) / 2;
  return [Math.floor(low / step) * step, Math.ceil(high / step) * step];
}

export interface SeriesColours {
  line: string;
  band: string;
  missing: string;
  outlier: string;
}

export interface SeriesWords {
  value: string;
  missing: string;
  outlier: string;
  range: string;
}

/** The chart of a channel: its mean, the range of each bucket, missing stretches and outliers. */
export function seriesOption(
  drawn: Drawn,
  series: Pick<Series, "missing" | "outliers">,
  stepMilliseconds: number,
  isReduced: boolean,
  colour: SeriesColours,
  words: SeriesWords,
  format: (value: number | null) => string,
  formatTime: (time: number) => string,
  axis: { unit: string; range: [number, number] | null } = { unit: "", range: null },
): EChartsOption {
  const inRange = (value: number): number => (axis.range ? Math.min(axis.range[1], Math.max(axis.range[0], value)) : value);
  const band = (data: Point[], name: string, isTop: boolean): object => ({
    name,
    type: "line",
    stack: "range",
    stackStrategy: "all",
    data,
    lineStyle: { opacity: 0 },
    areaStyle: { opacity: isTop ? 0.28 : 0, color: colour.band },
    symbol: "none",
    silent: true,
    tooltip: { show: false },
  });
  const width: Point[] = drawn.high.map(([time, high], row) => {
    const low = drawn.low[row]?.[1] ?? null;
    return [time, high === null || low === null ? null : high - low];
  });
  return {
    useUTC: true,
    animation: false,
    legend: { show: false },
    tooltip: {
      trigger: "axis",
      formatter: (items: unknown) => tooltip(items, words, format, formatTime),
    },
    grid: { left: 8, right: 12, top: axis.unit ? 28 : 16, bottom: 64, containLabel: true },
    xAxis: { type: "time", axisLabel: { hideOverlap: true } },
    // Explicit nulls, since options are merged: otherwise the axis would stay cut.
    yAxis: { ...AXIS_NAME_ABOVE, type: "value", scale: true, name: axis.unit, min: axis.range?.[0] ?? null, max: axis.range?.[1] ?? null },
    dataZoom: [
      { type: "inside", filterMode: "none", throttle: 30, ...ZOOM_INSIDE },
      { type: "slider", filterMode: "none", bottom: 8, height: 34, throttle: 30, showDetail: false },
    ],
    toolbox: DRAG_TO_ZOOM,
    series: [
      {
        name: words.value,
        type: "line",
        data: withSymbols(drawn.mean),
        symbol: "none",
        lineStyle: { width: 1.5, color: colour.line },
        itemStyle: { color: colour.line },
        markArea: {
          silent: true,
          itemStyle: { color: colour.missing },
          // Half a step on either side, so that an observed value beside it stays outside.
          data: series.missing.map((stretch) => [
            { xAxis: toMilliseconds(stretch.start) - stepMilliseconds / 2 },
            { xAxis: toMilliseconds(stretch.end) + stepMilliseconds / 2 },
          ]),
        },
      },
      ...(isReduced ? [band(drawn.low, "low", false), band(width, words.range, true)] : []),
      {
        name: words.outlier,
        type: "scatter",
        data: series.outliers.map((point) => [toMilliseconds(point.time), inRange(point.value)]),
        symbolSize: 9,
        itemStyle: { color: "transparent", borderColor: colour.outlier, borderWidth: 2 },
        z: 5,
      },
    ],
  } as EChartsOption;
}

interface TooltipItem {
  seriesName: string;
  value: Point;
}

/** Plain text only: names of channels are not trusted as HTML. */
function tooltip(items: unknown, words: SeriesWords, format: (value: number | null) => string, formatTime: (time: number) => string): string {
  const list = (Array.isArray(items) ? items : [items]) as TooltipItem[];
  const shown = list.find((item) => item.seriesName === words.value) ?? list[0];
  if (!shown) return "";
  const isOutlier = list.some((item) => item.seriesName === words.outlier);
  const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => `&#${String(letter.charCodeAt(0))};`);
  const value = shown.value[1] === null ? words.missing : format(shown.value[1]);
  return `${escaped(formatTime(shown.value[0]))}<br><strong>${escaped(value)}</strong>${isOutlier ? ` ${escaped(words.outlier)}` : ""}`;
}
