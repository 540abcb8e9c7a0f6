import type { EChartsOption } from "echarts";

import type { ChartColours } from "@/charts/colours";
import { exported } from "@/charts/exportData";
import { withSymbols } from "@/charts/isolatedPoints";
import { AXIS_NAME_ABOVE, DRAG_TO_ZOOM, LEGEND, ZOOM_INSIDE } from "@/charts/layout";
import { tooltipTable } from "@/charts/tooltip";
import { timePoints, toMilliseconds, toTitle } from "@/utils/time";

type Value = number | null;

export interface ScoredPeriod {
  time: string[];
  truth: Value[];
  low: Value[];
  median: Value[];
  high: Value[];
  largest_errors: { time: string; truth: number; median: number }[];
}

export interface PeriodWords {
  truth: string;
  median: string;
  interval: string;
  error: string;
  unit: string;
}

/** Absolute errors of the median; null where the truth or the forecast is missing. */
export function absoluteErrors(period: Pick<ScoredPeriod, "truth" | "median">): Value[] {
  return period.truth.map((truth, row) => {
    const median = period.median[row] ?? null;
    return truth === null || median === null ? null : Math.abs(median - truth);
  });
}

/** Truth, median and interval over the whole period, the errors below, and numbers at the largest errors. */
export function scoredPeriodOption(
  period: ScoredPeriod,
  words: PeriodWords,
  colours: ChartColours,
  format: (value: Value | undefined) => string,
): EChartsOption {
  const errors = absoluteErrors(period);
  const width = period.high.map((high, row) => {
    const low = period.low[row] ?? null;
    return high === null || low === null ? null : high - low;
  });
  const line = { type: "line" as const, symbol: "none", emphasis: { disabled: true } };
  const band = { ...line, stack: "interval", stackStrategy: "all" as const, silent: true, lineStyle: { opacity: 0 }, tooltip: { show: false } };
  const rowOf = new Map(period.time.map((time, row) => [toMilliseconds(time), row]));
  const axis = { type: "time" as const, axisLabel: { hideOverlap: true } };
  return {
    useUTC: true,
    animation: false,
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: {
      trigger: "axis",
      formatter: (items: unknown) => {
        const first = (Array.isArray(items) ? items[0] : items) as { value?: [number, Value] } | undefined;
        const time = first?.value?.[0];
        const row = time === undefined ? undefined : rowOf.get(time);
        if (time === undefined || row === undefined) return "";
        return tooltipTable(toTitle(time), [
          [words.truth, format(period.truth[row])],
          [words.median, format(period.median[row])],
          [words.interval, `${format(period.low[row])} – ${format(period.high[row])}`],
          [words.error, format(errors[row])],
        ]);
      },
    },
    legend: { ...LEGEND, data: [words.truth, words.median] },
    grid: [
      { left: 8, right: 12, top: 32, height: "50%", containLabel: true },
      { left: 8, right: 12, top: "66%", bottom: 56, containLabel: true },
    ],
    xAxis: [
      { ...axis, gridIndex: 0, axisLabel: { show: false } },
      { ...axis, gridIndex: 1 },
    ],
    yAxis: [
      { ...AXIS_NAME_ABOVE, type: "value", scale: true, gridIndex: 0, name: words.unit },
      { ...AXIS_NAME_ABOVE, type: "value", min: 0, gridIndex: 1, name: words.error, splitNumber: 2 },
    ],
    dataZoom: [
      { type: "inside", xAxisIndex: [0, 1], filterMode: "none", throttle: 30, ...ZOOM_INSIDE },
      { type: "slider", xAxisIndex: [0, 1], filterMode: "none", bottom: 8, height: 30, throttle: 30, showDetail: false },
    ],
    toolbox: DRAG_TO_ZOOM,
    series: [
      { ...band, ...exported("q0.1"), data: timePoints(period.time, period.low), areaStyle: { opacity: 0 } },
      { ...band, ...exported("q0.9"), data: timePoints(period.time, width), areaStyle: { color: colours.model, opacity: 0.24 } },
      {
        ...line,
        name: words.truth,
        data: withSymbols(timePoints(period.time, period.truth)),
        lineStyle: { color: colours.truth, width: 1.4 },
        itemStyle: { color: colours.truth },
        markPoint: {
          silent: true,
          symbolSize: 26,
          itemStyle: { color: colours.fifth },
          label: { fontSize: 11 },
          data: period.largest_errors.map((event, position) => ({
            coord: [toMilliseconds(event.time), event.truth],
            name: String(position + 1),
            value: position + 1,
          })),
        },
      },
      {
        ...line,
        name: words.median,
        data: withSymbols(timePoints(period.time, period.median)),
        lineStyle: { color: colours.model, width: 1.6 },
        itemStyle: { color: colours.model },
      },
      {
        ...line,
        name: words.error,
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: withSymbols(timePoints(period.time, errors)),
        lineStyle: { color: colours.fifth, width: 1.2 },
        itemStyle: { color: colours.fifth },
        areaStyle: { color: colours.fifth, opacity: 0.15 },
      },
    ],
  };
}
