import type { EChartsOption } from "echarts";

import { withSymbols } from "@/charts/isolatedPoints";
import { fanSeries, quantileAt } from "@/charts/fan";
import type { ChartColours } from "@/charts/colours";
import { LEGEND } from "@/charts/layout";
import { tooltipTable } from "@/charts/tooltip";
import { positionOf, timePoints, toTitle } from "@/utils/time";

type Value = number | null;

export interface ForecastWindow {
  context: { time: string[]; value: Value[] };
  future: { time: string[]; truth: Value[]; point: Value[]; levels: number[]; quantiles: Value[][] };
  seasonal_naive: Value[] | null;
  samples: Value[][] | null;
}

export interface ForecastWords {
  context: string;
  truth: string;
  median: string;
  naive: string;
  samples: string;
  /** The name of an interval of so many percent. */
  interval: (percent: number) => string;
}

const MAX_DRAWN_SAMPLES = 20;

/** One scored window: the end of its context, the truth, the median forecast, its intervals and seasonal naive. */
export function forecastWindowOption(
  window: ForecastWindow,
  words: ForecastWords,
  colours: ChartColours,
  shown: { naive: boolean; samples: boolean },
  format: (value: Value | undefined) => string,
): EChartsOption {
  const { future, context } = window;
  const horizon = future.time.length;
  const start = Math.max(0, context.time.length - Math.max(48, 2 * horizon));
  const times = context.time.slice(start);
  const last = timePoints(times, context.value.slice(start));
  const first = timePoints(future.time.slice(0, 1), future.truth);
  const samples = shown.samples ? (window.samples ?? []).slice(0, MAX_DRAWN_SAMPLES) : [];
  const line = { type: "line" as const, symbol: "none", emphasis: { disabled: true } };
  return {
    useUTC: true,
    tooltip: { trigger: "axis", formatter: (items: unknown) => tooltip(items, window, words, shown, format) },
    legend: { ...LEGEND, data: [words.context, words.truth, words.median, ...(shown.naive ? [words.naive] : [])] },
    xAxis: { type: "time" },
    yAxis: { type: "value", scale: true },
    series: [
      ...fanSeries({
        times: future.time,
        levels: future.levels,
        quantiles: future.quantiles,
        colour: colours.model,
        stack: "forecast",
      }),
      ...samples.map((path, position) => ({
        ...line,
        id: `sample-${position}`,
        data: timePoints(future.time, path),
        silent: true,
        lineStyle: { color: colours.model, width: 0.7, opacity: 0.45 },
        z: 2,
      })),
      {
        ...line,
        name: words.context,
        data: withSymbols([...last, ...first]),
        lineStyle: { color: colours.context, width: 1.4 },
        itemStyle: { color: colours.context },
        z: 3,
      },
      ...(shown.naive && window.seasonal_naive
        ? [
            {
              ...line,
              name: words.naive,
              data: withSymbols(timePoints(future.time, window.seasonal_naive)),
              lineStyle: { color: colours.naive, width: 1.4, type: "dashed" as const },
              itemStyle: { color: colours.naive },
              z: 3,
            },
          ]
        : []),
      {
        ...line,
        name: words.truth,
        data: withSymbols(timePoints(future.time, future.truth)),
        lineStyle: { color: colours.truth, width: 1.8 },
        itemStyle: { color: colours.truth },
        z: 4,
      },
      {
        ...line,
        name: words.median,
        data: withSymbols(timePoints(future.time, quantileAt(future.levels, future.quantiles, 0.5))),
        lineStyle: { color: colours.model, width: 2.2 },
        itemStyle: { color: colours.model },
        z: 5,
      },
    ],
  };
}

function tooltip(
  items: unknown,
  window: ForecastWindow,
  words: ForecastWords,
  shown: { naive: boolean },
  format: (value: Value | undefined) => string,
): string {
  const first = (Array.isArray(items) ? items[0] : items) as { value?: [number, Value] } | undefined;
  const time = first?.value?.[0];
  const step = positionOf(time, window.future.time);
  const rows: [string, string][] = [];
  if (step < 0) {
    rows.push([words.context, format(window.context.value[positionOf(time, window.context.time)])]);
  } else {
    const at = (level: number) => quantileAt(window.future.levels, window.future.quantiles, level)[step];
    rows.push([words.truth, format(window.future.truth[step])], [words.median, format(at(0.5))]);
    for (const [percent, low, high] of [
      [50, 0.25, 0.75],
      [80, 0.1, 0.9],
      [95, 0.025, 0.975],
    ] as const) {
      rows.push([words.interval(percent), `${format(at(low))} – ${format(at(high))}`]);
    }
    if (shown.naive && window.seasonal_naive) rows.push([words.naive, format(window.seasonal_naive[step])]);
  }
  return tooltipTable(time === undefined ? "" : toTitle(time), rows);
}
