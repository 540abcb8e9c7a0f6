import { describe, expect, it } from "vitest";

import { flatten } from "@/pages/results/config";
import { judgeCoverage } from "@/pages/results/coverage";
import { mostPlaces, placedDigits } from "@/pages/results/digits";
import { metricRows } from "@/pages/results/results";

describe("the digits of a language model", () => {
  it("have the place that they have in their value", () => {
    const values = placedDigits("512 -04");
    expect(values[0]).toEqual([
      { text: "5", place: 1 },
      { text: "1", place: 2 },
      { text: "2", place: 3 },
    ]);
    expect(values[1]).toEqual([
      { text: "-", place: 0 },
      { text: "0", place: 1 },
      { text: "4", place: 2 },
    ]);
    expect(mostPlaces(values)).toBe(3);
    expect(placedDigits("  ")).toEqual([]);
  });
});

describe("a config as a table", () => {
  it("has dotted keys and lists in one line", () => {
    const config = { model: { fit: { batch_size: 8 }, calendar: ["hour", "day"] }, seed: 0, path: null, sets: [{ a: 1 }] };
    expect(flatten(config)).toEqual([
      ["model.fit.batch_size", "8"],
      ["model.calendar", "hour, day"],
      ["seed", "0"],
      ["path", "null"],
      ["sets.0.a", "1"],
    ]);
  });
});

describe("metrics beside seasonal naive", () => {
  const entry = (value: number | null) => ({ value, low: null, high: null });

  it("have a change only where a lower value is better and seasonal naive has an error", () => {
    const results = {
      metrics: { wql: entry(0.08), mae: entry(2), coverage_80: entry(0.7) },
      seasonal_naive: { wql: entry(0.1), mae: entry(0), coverage_80: entry(0.8) },
    };
    const spec = { label: "", label_code: null, description: "", description_code: null, scores: "median", nominal: null, unit: "none" } as const;
    const metrics = [
      { ...spec, name: "wql", direction: "lower" },
      { ...spec, name: "mae", direction: "lower" },
      { ...spec, name: "coverage_80", direction: "nominal" },
      { ...spec, name: "newer_than_the_run", direction: "lower" },
    ] as const;
    const rows = metricRows(metrics, results);
    const changes = new Map(rows.map((row) => [row.metric.name, row.change]));
    expect(rows.map((row) => row.isBetter)).toEqual([true, null, null]);
    expect(changes.get("wql")).toBeCloseTo(-0.2, 9);
    expect(changes.get("mae")).toBeNull();
    expect(changes.get("coverage_80")).toBeNull();
  });
});

describe("the coverage of an interval", () => {
  it("is about right within four percent", () => {
    expect(judgeCoverage(0.77, 0.8)).toBe("right");
    expect(judgeCoverage(0.7, 0.8)).toBe("narrow");
    expect(judgeCoverage(0.9, 0.8)).toBe("wide");
  });
});
