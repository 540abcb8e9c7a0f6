import { describe, expect, it } from "vitest";

import { withSymbols } from "@/charts/isolatedPoints";
import { fanSeries, quantileAt } from "@/charts/fan";
import { forecastWindowOption } from "@/charts/forecastWindow";
import { futureForecastOption } from "@/charts/futureForecast";
import { seriesColours } from "@/theme/tokens";
import { toMilliseconds } from "@/utils/time";

const LEVELS = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975];
const TIMES = ["2026-01-01T00:00:00", "2026-01-01T01:00:00"];
const QUANTILES = LEVELS.map((level) => [level * 10 - 20, level * 30]);
const colours = seriesColours("light");
const format = (value: number | null | undefined) => (value === null || value === undefined ? "–" : value.toFixed(1));

type Point = [number, number | null];
const MILLISECONDS = TIMES.map(toMilliseconds);

function stackedSums(points: readonly (readonly Point[])[]): number[][] {
  let sums = TIMES.map(() => 0);
  return points.map((row) => (sums = sums.map((sum, step) => sum + (row[step]?.[1] ?? NaN))));
}

describe("a line", () => {
  it("has a symbol at a value whose neighbours are missing, and at no other", () => {
    const line = (values: (number | null)[]) => withSymbols(values.map((value, time): Point => [time, value])).map((point) => !Array.isArray(point));
    expect(line([1, null, 2, null, 3, 4, null])).toEqual([true, false, true, false, false, false, false]);
    expect(line([7])).toEqual([true]);
    expect(line([null, 0])).toEqual([false, true]);
  });
});

describe("the intervals of a forecast", () => {
  const fan = { times: TIMES, levels: LEVELS, quantiles: QUANTILES, colour: "#123456", stack: "a" };

  it("stack up to the quantiles, also where values are negative", () => {
    const sums = stackedSums(fanSeries(fan).map((series) => series.data as Point[]));
    const edges = [0.025, 0.1, 0.25, 0.75, 0.9, 0.975];
    edges.forEach((level, position) => {
      quantileAt(LEVELS, QUANTILES, level).forEach((value, step) => {
        expect(sums[position]?.[step]).toBeCloseTo(value ?? NaN, 9);
      });
    });
  });

  it("are darkest in the middle and invisible below the lowest quantile", () => {
    const opacities = fanSeries(fan).map((series) => series.areaStyle?.opacity ?? NaN);
    expect(opacities[0]).toBe(0);
    expect(opacities.slice(1)).toEqual([...opacities.slice(1)].reverse());
    expect(Math.max(...opacities)).toBe(opacities[3]);
  });

  it("leave a gap where a quantile is missing", () => {
    const broken = QUANTILES.map((row, position) => (position === 1 ? [null, row[1] ?? null] : row));
    const series = fanSeries({ ...fan, quantiles: broken, percents: [80] });
    expect((series[0]?.data as Point[])[0]?.[1]).toBeNull();
    expect((series[1]?.data as Point[])[0]?.[1]).toBeNull();
    expect((series[1]?.data as Point[])[1]?.[1]).not.toBeNull();
  });
});

describe("a forecast against the truth", () => {
  const window = {
    context: { time: ["2025-12-31T23:00:00"], value: [1] },
    future: { time: TIMES, truth: [2, 3], point: [2, 3], levels: LEVELS, quantiles: QUANTILES },
    seasonal_naive: [5, 6],
    samples: [[1, 2]],
  };
  const words = {
    context: "past",
    truth: "<b>truth</b>",
    median: "median",
    naive: "naive",
    samples: "samples",
    interval: (percent: number) => `${String(percent)} %`,
  };
  const names = (shown: { naive: boolean; samples: boolean }) => {
    const series = forecastWindowOption(window, words, colours, shown, format).series;
    return (series as { name?: string; id?: string }[]).map((entry) => entry.name ?? entry.id ?? "");
  };

  it("draws seasonal naive and the sample paths only when they are asked for", () => {
    expect(names({ naive: false, samples: false })).not.toContain("naive");
    expect(names({ naive: true, samples: true })).toEqual(expect.arrayContaining(["naive", "sample-0"]));
  });

  it("joins the past to the first true value", () => {
    const series = forecastWindowOption(window, words, colours, { naive: false, samples: false }, format).series as {
      name?: string;
      data: Point[];
    }[];
    expect(series.find((entry) => entry.name === "past")?.data.at(-1)).toEqual([MILLISECONDS[0], 2]);
  });

  it("stands at the local times of the data, in any zone of the reader", () => {
    const future = { ...window.future, time: ["2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"] };
    const option = forecastWindowOption({ ...window, future }, words, colours, { naive: false, samples: false }, format);
    expect(option.useUTC).toBe(true);
    const truth = (option.series as { name?: string; data: Point[] }[]).find((entry) => entry.name?.includes("truth"));
    expect(truth?.data.map(([time]) => time)).toEqual([Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 2, 29, 3)]);
  });

  it("names every interval in its tooltip and escapes names", () => {
    const { tooltip } = forecastWindowOption(window, words, colours, { naive: true, samples: false }, format);
    const formatter = (tooltip as { formatter: (items: unknown) => string }).formatter;
    const text = formatter([{ value: [MILLISECONDS[0], 2] }]);
    for (const part of ["95 %", "80 %", "50 %", "naive", "&lt;b&gt;truth"]) expect(text).toContain(part);
    expect(text).not.toContain("<b>");
    expect(formatter([{ value: [toMilliseconds("2025-12-31T23:00:00"), 1] }])).toContain("past");
  });
});

describe("the future of several models", () => {
  const forecast = (name: string, truth: (number | null)[] | null) => ({
    name,
    colour: "#000000",
    time: TIMES,
    levels: LEVELS,
    quantiles: QUANTILES,
    truth,
  });
  const words = { past: "past", truth: "truth", interval: (percent: number) => `${String(percent)} %` };
  const history = { time: ["2025-12-31T23:00:00"], value: [1] };
  const seriesOf = (forecasts: ReturnType<typeof forecast>[]) =>
    futureForecastOption(history, forecasts, words, colours, format).series as { name?: string; stack?: string }[];

  it("has three intervals for one model and one for each of several", () => {
    const stacked = (forecasts: ReturnType<typeof forecast>[]) => seriesOf(forecasts).filter((series) => series.stack).length;
    expect(stacked([forecast("a", null)])).toBe(6);
    expect(stacked([forecast("a", null), forecast("b", null)])).toBe(4);
  });

  it("draws the truth only once a value of it has arrived", () => {
    expect(seriesOf([forecast("a", [null, null])]).some((series) => series.name === "truth")).toBe(false);
    expect(seriesOf([forecast("a", [1, null])]).some((series) => series.name === "truth")).toBe(true);
  });
});
