import { expect, it } from "vitest";

import { absoluteErrors, overlaidPeriodsOption, scoredPeriodOption } from "@/charts/scoredPeriod";
import { seriesColours } from "@/theme/tokens";

const period = {
  time: ["2026-01-01T00:00:00", "2026-01-01T01:00:00", "2026-01-01T02:00:00"],
  ...{ truth: [1, null, 5], low: [0, 1, null], median: [2, 2, 2], high: [3, 4, null] },
  largest_errors: [{ time: "2026-01-01T02:00:00", truth: 5, median: 2 }],
};

const words = { truth: "truth", median: "median", interval: "80 %", error: "error", unit: "MW" };

it("has the errors of the median where both are known, the width of the interval, and a number at a large error", () => {
  expect(absoluteErrors(period)).toEqual([1, null, 3]);
  const option = scoredPeriodOption(period, words, seriesColours("light"), String);
  const series = option.series as { name?: string; data: [number, number | null][]; markPoint?: { data: { value: number; coord: number[] }[] } }[];
  expect(series[1]?.data.map(([, value]) => value)).toEqual([3, 3, null]);
  expect(series.find((one) => one.name === "truth")?.markPoint?.data).toMatchObject([{ value: 1, coord: [Date.UTC(2026, 0, 1, 2), 5] }]);
  const tooltip = option.tooltip as { formatter: (items: unknown) => string };
  expect(tooltip.formatter([{ value: [Date.UTC(2026, 0, 1, 2), 5] }])).toContain(">3</td>");
});

it("overlays models whose periods begin at different times, with the interval of the highlighted one", () => {
  const later = { ...period, time: ["2026-01-01T01:00:00", "2026-01-01T02:00:00", "2026-01-01T03:00:00"], truth: [4, 5, 6], median: [1, 1, 1] };
  const models = [
    { name: "a", colour: "#111111", period },
    { name: "b", colour: "#222222", period: later },
  ];
  const option = overlaidPeriodsOption(models, 1, words, seriesColours("light"), String);
  const series = option.series as { name?: string; xAxisIndex?: number; areaStyle?: { color?: string }; data: [number, number | null][] }[];
  const valuesOf = (name: string, axis?: number) => {
    const data = series.find((one) => one.name === name && one.xAxisIndex === axis)?.data ?? [];
    return data.map((point) => ("value" in point ? (point as { value: [number, number] }).value[1] : point[1]));
  };
  expect(valuesOf("truth")).toEqual([1, 4, 5, 6]);
  expect([valuesOf("a"), valuesOf("b")]).toEqual([
    [2, 2, 2, null],
    [null, 1, 1, 1],
  ]);
  expect(valuesOf("b", 1)).toEqual([null, 3, 4, 5]);
  expect(series[1]?.areaStyle?.color).toBe("#222222");
});
