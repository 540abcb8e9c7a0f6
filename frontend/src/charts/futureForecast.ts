import type { EChartsOption } from "echarts";

import { withSymbols } from "@/charts/isolatedPoints";
import { fanSeries, quantileAt } from "@/charts/fan";
import { tooltipTable } from "@/charts/tooltip";
import type { ChartColours } from "@/charts/colours";
import { LEGEND } from "@/charts/layout";
import { positionOf, timePoints, toTitle } from "@/utils/time";

type Value = number | null;

/** The forecast of one channel by one model. */
export interface FutureForecast {
  name: string;
  colour: string;
  time: string[];
  levels: number[];
  quantiles: Value[][];
  truth: Value[] | null;
}

export interface FutureWords {
  past: string;
  truth: string;
  interval: (percent: number) => string;
}

/** The recent past and the forecasts of several models; one model has three intervals, of several each has one. */
export function futureForecastOption(
  history: { time: string[]; value: Value[] },
  forecasts: readonly FutureForecast[],
  words: FutureWords,
  colours: ChartColours,
  format: (value: Value | undefined) => string,
): EChartsOption {
  const isSingle = forecasts.length === 1;
  const line = { type: "line" as const, symbol: "none", emphasis: { disabled: true } };
  const scored = forecasts.find((forecast) => forecast.truth?.some((value) => value !== null));
  return {
    useUTC: true,
    tooltip: {
      trigger: "axis",
      formatter: (items: unknown) => {
        const first = (Array.isArray(items) ? items[0] : items) as { value?: [number, Value] } | undefined;
        const time = first?.value?.[0];
        if (time === undefined) return "";
        const title = toTitle(time);
        return tooltipTable(title, rowsAt(time, history, forecasts, words, format));
      },
    },
    legend: { ...LEGEND, width: "100%", data: [words.past, ...forecasts.map((forecast) => forecast.name), ...(scored ? [words.truth] : [])] },
    xAxis: { type: "time" },
    yAxis: { type: "value", scale: true },
    series: [
      ...forecasts.flatMap((forecast, position) =>
        fanSeries({
          times: forecast.time,
          levels: forecast.levels,
          quantiles: forecast.quantiles,
          colour: forecast.colour,
          name: isSingle ? undefined : forecast.name,
          stack: `forecast-${position}`,
          percents: isSingle ? [95, 80, 50] : [80],
          opacity: isSingle ? 0.16 : 0.14,
        }),
      ),
      {
        ...line,
        name: words.past,
        data: withSymbols(timePoints(history.time, history.value)),
        lineStyle: { color: colours.context, width: 1.4 },
        itemStyle: { color: colours.context },
        z: 3,
      },
      ...forecasts.map((forecast) => ({
        ...line,
        name: forecast.name,
        data: withSymbols(timePoints(forecast.time, quantileAt(forecast.levels, forecast.quantiles, 0.5))),
        lineStyle: { color: forecast.colour, width: 2.2 },
        itemStyle: { color: forecast.colour },
        z: 5,
      })),
      ...(scored
        ? [
            {
              ...line,
              name: words.truth,
              data: withSymbols(timePoints(scored.time, scored.truth ?? [])),
              lineStyle: { color: colours.truth, width: 1.8 },
              itemStyle: { color: colours.truth },
              z: 4,
            },
          ]
        : []),
    ],
  };
}

function rowsAt(
  time: number,
  history: { time: string[]; value: Value[] },
  forecasts: readonly FutureForecast[],
  words: FutureWords,
  format: (value: Value | undefined) => string,
): [string, string][] {
  const past = positionOf(time, history.time);
  const rows: [string, string][] = past < 0 ? [] : [[words.past, format(history.value[past])]];
  for (const forecast of forecasts) {
    const step = positionOf(time, forecast.time);
    if (step < 0) continue;
    const at = (level: number) => format(quantileAt(forecast.levels, forecast.quantiles, level)[step]);
    rows.push([forecast.name, at(0.5)], [words.interval(80), `${at(0.1)} – ${at(0.9)}`]);
    const truth = forecast.truth?.[step] ?? null;
    if (truth !== null) rows.push([words.truth, format(truth)]);
  }
  return rows;
}
