import { describe, expect, it } from "vitest";

import { costOption, differenceOption, linesByStepOption, parallelOption } from "@/charts/comparisonCharts";
import {
  autocorrelationOption,
  calendarOption,
  density,
  horizonOption,
  normalQuantilesOption,
  pitOption,
  residualOption,
} from "@/charts/modelCharts";
import { escapeHtml } from "@/charts/tooltip";
import { curveOf, curvesOption } from "@/charts/trainingCurve";
import { seriesColours } from "@/theme/tokens";

const colours = seriesColours("dark");
const format = (value: number | null | undefined) => (value ?? 0).toFixed(2);

describe("the histogram of residuals", () => {
  it("is a density: its area is one, also where bins have different widths", () => {
    const edges = [-2, -1, 0, 3];
    const bars = density(edges, [1, 2, 5]);
    const area = bars.reduce((sum, [, height], bin) => sum + height * ((edges[bin + 1] ?? 0) - (edges[bin] ?? 0)), 0);
    expect(area).toBeCloseTo(1, 12);
    expect(bars.map(([centre]) => centre)).toEqual([-1.5, -0.5, 1.5]);
  });

  it("has no normal curve where all residuals are equal", () => {
    const residuals = { histogram: { edges: [0, 1], counts: [4] }, mean: 0.5, std: 0 };
    const option = residualOption(residuals, { residual: "r", errors: "e", normal: "n" }, colours, format);
    expect((option.series as { data: unknown[] }[])[1]?.data).toEqual([]);
  });
});

describe("charts of a model", () => {
  const row = { step: 1, mae: 1, wql: 0.1, coverage_80: 0.8, naive_mae: null, naive_wql: 0.2 };

  it("leave seasonal naive out where its error is not known", () => {
    const names = { model: "model", naive: "naive", steps: "steps" };
    expect((horizonOption([row], "mae", names, colours, format).series as unknown[]).length).toBe(1);
    expect((horizonOption([row], "wql", names, colours, format).series as unknown[]).length).toBe(2);
  });

  it("draw the bounds of white noise on both sides of zero", () => {
    const option = autocorrelationOption({ lags: [1], values: [0.3], bound: 0.2 }, { lag: "l", autocorrelation: "a" }, colours, format);
    const [series] = option.series as { markLine: { data: { yAxis: number }[] } }[];
    expect(series?.markLine.data.map((line) => line.yAxis)).toEqual([0.2, -0.2]);
  });

  it("have numbers of the page in their tooltips", () => {
    const options = [
      horizonOption([row], "mae", { model: "model", naive: "naive", steps: "steps" }, colours, format),
      calendarOption([{ key: 0, count: 1, mae: 1, bias: 0 }], String, { error: "e", axis: "a" }, colours, format),
      autocorrelationOption({ lags: [1], values: [0.3], bound: 0.2 }, { lag: "l", autocorrelation: "a" }, colours, format),
      curvesOption([], { step: "s", value: "" }, format),
    ];
    for (const { tooltip } of options) {
      expect((tooltip as { valueFormatter: (value: unknown) => string }).valueFormatter(0.123456789)).toBe("0.12");
    }
    const { tooltip } = normalQuantilesOption({ theoretical: [-1], observed: [-1.23456] }, { theoretical: "t", observed: "o" }, colours, format);
    const text = (tooltip as { formatter: (item: unknown) => string }).formatter({ value: [-1, -1.23456] });
    expect(text).toContain("-1.00");
    expect(text).toContain("-1.23<");
  });

  it("close the last bin of the PIT histogram at its right edge", () => {
    const option = pitOption({ edges: [0, 0.1, 1], counts: [1, 9] }, { probability: "p", density: "d" }, colours);
    const [series] = option.series as { data: [number, number][] }[];
    expect(series?.data[0]?.[1]).toBeCloseTo(1, 9);
    expect(series?.data.at(-1)?.[0]).toBe(1);
  });
});

describe("a training curve", () => {
  const rows = [
    { step: 139, "train/loss": 2, "tuning/wql": 0.5 },
    { step: 199, "train/loss": 1 },
    { step: 279, "tuning/wql": 0.4 },
    { step: 280, "val/wql": 0.6 },
  ];

  it("has every row that has a value of its column, and no other", () => {
    expect(curveOf(rows, "tuning/wql").map((point) => point.step)).toEqual([139, 279]);
    expect(curveOf(rows, "train/loss").map((point) => point.step)).toEqual([139, 199]);
  });
});

describe("charts of a comparison", () => {
  const model = { name: "a", colour: "#000000", accuracy: 0.1 };

  it("have no place for a cost of zero on a logarithmic axis", () => {
    const models = [
      { ...model, cost: 0 },
      { ...model, cost: 5 },
    ];
    const names = { cost: "cost", accuracy: "WQL" };
    expect((costOption(models, names, true, format).series as unknown[]).length).toBe(1);
    expect((costOption(models, names, false, format).series as unknown[]).length).toBe(2);
  });

  it("have names beside few points, and a legend of more only while it can be read", () => {
    const option = (count: number) =>
      costOption(
        Array.from({ length: count }, () => ({ ...model, cost: 5 })),
        { cost: "", accuracy: "" },
        false,
        format,
      );
    const legends = [3, 7, 20].map((count) => (option(count).legend as { show?: boolean }).show !== false);
    expect(legends).toEqual([false, true, false]);
    const labels = [3, 7].map((count) => (option(count).series as { label?: { formatter: string } }[])[0]?.label?.formatter);
    expect(labels).toEqual(["{a}", undefined]);
  });

  it("have names at the ends of few lines, and a legend of more only while it can be read", () => {
    const lines = Array.from({ length: 20 }, (_, position) => ({ name: String(position), colour: "#000000", values: [1, 2] }));
    const legend = (count: number) => linesByStepOption(lines.slice(0, count), { steps: "s", value: "v" }, format).legend as { show?: boolean };
    expect(legend(8).show).not.toBe(false);
    expect(legend(20).show).toBe(false);
    expect(legend(3).show).toBe(false);
    const named = linesByStepOption(lines.slice(0, 3), { steps: "", value: "" }, String).series as { endLabel?: { formatter: string } }[];
    expect(named.map((line) => line.endLabel?.formatter)).toEqual(["{a}", "{a}", "{a}"]);
  });

  it("colour the lines of a sweep by the last axis", () => {
    const option = parallelOption(
      [
        { name: "size", categories: null },
        { name: "WQL", categories: null },
      ],
      [
        { name: "a", values: [16, 0.2] },
        { name: "b", values: [64, null] },
        { name: "c", values: [32, 0.1] },
      ],
      colours,
    );
    expect(option.visualMap).toMatchObject({ dimension: 1, min: 0.1, max: 0.2 });
  });

  it("leave out a difference that is not known", () => {
    const rows = [
      { name: "a", share: null, low: null, high: null },
      { name: "b", share: 0.1, low: 0.05, high: 0.15 },
    ];
    expect(differenceOption(rows, "WQL", colours, format).yAxis).toMatchObject({ data: ["b"] });
  });
});

describe("a tooltip", () => {
  it("shows names as text", () => {
    expect(escapeHtml(`<img src=x onerror="alert('1')">&`)).toBe("&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;");
  });
});
