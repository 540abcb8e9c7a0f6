import type { EChartsOption } from "echarts";

import type { ChartColours } from "@/charts/colours";
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

/** The scored period of one model, drawn with its name in its colour. */
export interface PeriodOfModel {
  name: string;
  colour: string;
  period: ScoredPeriod;
}

/** Truth, median and interval over the whole period, the errors below, and numbers at the largest errors. */
export function scoredPeriodOption(
  period: ScoredPeriod,
  words: PeriodWords,
  colours: ChartColours,
  format: (value: Value | undefined) => string,
): EChartsOption {
  return overlaidPeriodsOption([{ name: words.median, colour: colours.model, period }], 0, words, colours, format, colours.fifth);
}

/** One value of a model for each time of the whole period; null where the model has none. */
function alignedTo(times: readonly string[], period: ScoredPeriod, values: readonly Value[]): Value[] {
  if (period.time.length === times.length && period.time[0] === times[0]) return [...values];
  const rows = new Map(period.time.map((time, row) => [time, row]));
  return times.map((time) => values[rows.get(time) ?? -1] ?? null);
}

/** All times that any of the models has, in order. */
function allTimes(periods: readonly ScoredPeriod[]): string[] {
  const [first, ...others] = periods.map((period) => period.time);
  if (first === undefined) return [];
  if (others.every((times) => times.length === first.length && times[0] === first[0])) return first;
  return [...new Set([...first, ...others.flat()])].sort((a, b) => toMilliseconds(a) - toMilliseconds(b));
}

/**
 * The truth, the median of each model, and the interval and the largest errors of the highlighted one; the errors of all
 * below. `errorColour` is the colour of the errors where there is only one model.
 */
export function overlaidPeriodsOption(
  models: readonly PeriodOfModel[],
  highlighted: number,
  words: PeriodWords,
  colours: ChartColours,
  format: (value: Value | undefined) => string,
  errorColour?: string,
): EChartsOption {
  const chosen = models[highlighted] ?? models[0];
  if (chosen === undefined) return {};
  const times = allTimes(models.map((model) => model.period));
  const aligned = models.map(({ period }) => ({
    truth: alignedTo(times, period, period.truth),
    median: alignedTo(times, period, period.median),
  }));
  const truth = times.map((_, row) => aligned.map((model) => model.truth[row] ?? null).find((value) => value !== null) ?? null);
  const errors = aligned.map(({ median }) => absoluteErrors({ truth, median }));
  const low = alignedTo(times, chosen.period, chosen.period.low);
  const high = alignedTo(times, chosen.period, chosen.period.high);
  const width = high.map((top, row) => {
    const bottom = low[row] ?? null;
    return top === null || bottom === null ? null : top - bottom;
  });
  const isAlone = models.length === 1;
  const line = { type: "line" as const, symbol: "none", emphasis: { disabled: true } };
  const median = isAlone ? line : { ...line, sampling: "lttb" as const };
  const band = { ...line, stack: "interval", stackStrategy: "all" as const, silent: true, lineStyle: { opacity: 0 }, tooltip: { show: false } };
  const rowOf = new Map(times.map((time, row) => [toMilliseconds(time), row]));
  const axis = { type: "time" as const, axisLabel: { hideOverlap: true } };
  return {
    useUTC: true,
    animation: false,
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: {
      trigger: "axis",
      confine: true,
      formatter: (items: unknown) => {
        const first = (Array.isArray(items) ? items[0] : items) as { value?: [number, Value] } | undefined;
        const time = first?.value?.[0];
        const row = time === undefined ? undefined : rowOf.get(time);
        if (time === undefined || row === undefined) return "";
        return tooltipTable(toTitle(time), [
          [words.truth, format(truth[row])],
          ...models.map(({ name }, position): [string, string] => [
            name,
            isAlone ? format(aligned[position]?.median[row]) : `${format(aligned[position]?.median[row])} (${format(errors[position]?.[row])})`,
          ]),
          [words.interval, `${format(low[row])} – ${format(high[row])}`],
          ...(isAlone ? [[words.error, format(errors[0]?.[row])] as [string, string]] : []),
        ]);
      },
    },
    legend: { ...LEGEND, data: [words.truth, ...models.map((model) => model.name)] },
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
      { ...band, data: timePoints(times, low), areaStyle: { opacity: 0 } },
      { ...band, data: timePoints(times, width), areaStyle: { color: chosen.colour, opacity: 0.24 } },
      {
        ...line,
        name: words.truth,
        data: withSymbols(timePoints(times, truth)),
        lineStyle: { color: colours.truth, width: 1.4 },
        itemStyle: { color: colours.truth },
        markPoint: {
          silent: true,
          symbolSize: 26,
          itemStyle: { color: colours.fifth },
          label: { fontSize: 11 },
          data: chosen.period.largest_errors.map((event, position) => ({
            coord: [toMilliseconds(event.time), event.truth],
            name: String(position + 1),
            value: position + 1,
          })),
        },
      },
      ...models.map((model, position) => ({
        ...median,
        name: model.name,
        data: withSymbols(timePoints(times, aligned[position]?.median ?? [])),
        lineStyle: { color: model.colour, width: model === chosen ? 1.8 : 1.1 },
        itemStyle: { color: model.colour },
        z: model === chosen ? 4 : 3,
      })),
      ...models.map((model, position) => ({
        ...median,
        name: isAlone ? words.error : model.name,
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: withSymbols(timePoints(times, errors[position] ?? [])),
        lineStyle: { color: errorColour ?? model.colour, width: 1.2 },
        itemStyle: { color: errorColour ?? model.colour },
        ...(isAlone ? { areaStyle: { color: errorColour ?? model.colour, opacity: 0.15 } } : {}),
      })),
    ],
  };
}
