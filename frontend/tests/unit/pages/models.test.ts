import { beforeAll, describe, expect, it } from "vitest";

import { setLanguage } from "@/i18n";
import type { ModelRow } from "@/pages/models/rows";
import { filterRows, modelRow, parseTags, sortRows } from "@/pages/models/rows";
import { verdictOf } from "@/pages/models/verdict";

const base: ModelRow = {
  id: "1",
  name: "LSTM 2",
  kind: "lstm",
  dataset: "d1",
  datasetName: "Traffic",
  notes: "wide context",
  isChampion: false,
  tags: ["sweep"],
  created: 1,
  createdBy: null,
  wql: 0.2,
  mae: 3,
  coverage: 0.7,
  validation: 0.1,
  skill: { value: 0.1, low: 0.05, high: 0.15 },
  forecast: null,
  fit: 10,
  parameters: 100,
  windowSet: "w",
};
const rows: ModelRow[] = [
  base,
  { ...base, id: "2", name: "LSTM 10", wql: 0.1, coverage: 0.95, created: 2, tags: [] },
  { ...base, id: "3", name: "Linear", kind: "linear", wql: null, coverage: 0.81, created: 3, notes: "" },
];
const ids = (found: readonly ModelRow[]) => found.map((row) => row.id).join("");
const anything = { search: "", kind: "", dataset: "", tag: "" };

describe("the list of models", () => {
  beforeAll(() => setLanguage("en"));

  it("has rows without a value last in both directions", () => {
    expect(ids(sortRows(rows, "wql", "asc"))).toBe("213");
    expect(ids(sortRows(rows, "wql", "desc"))).toBe("123");
  });

  it("sorts numbers in names by their value", () => {
    expect(ids(sortRows(rows, "name", "asc"))).toBe("312");
  });

  it("sorts coverage by its distance from the nominal one", () => {
    expect(ids(sortRows(rows, "coverage", "asc"))).toBe("312");
  });

  it("finds every searched word in name, kind, data, notes or tags", () => {
    expect(ids(filterRows(rows, { ...anything, search: "lstm WIDE" }))).toBe("12");
    expect(ids(filterRows(rows, { ...anything, search: "sweep", kind: "lstm" }))).toBe("1");
    expect(filterRows(rows, { ...anything, search: "nothing" })).toEqual([]);
  });

  it("reads tags with the commas of both languages", () => {
    expect(parseTags(" a, b，c、a ,, ")).toEqual(["a", "b", "c"]);
  });

  it("has a verdict in few words, which an interval that includes zero leaves open", async () => {
    expect(verdictOf({ value: 0.12, low: 0.05, high: 0.15 })).toEqual({ text: "error 12% below seasonal naive", tone: "good" });
    expect(verdictOf({ value: 0.1, low: -0.01, high: 0.2 })).toEqual({ text: "not clearly better than seasonal naive", tone: "plain" });
    expect(verdictOf({ value: -0.1, low: -0.2, high: -0.01 })).toEqual({ text: "error 10% above seasonal naive", tone: "bad" });
    expect(verdictOf({ value: 0.1, low: null, high: null }).text).toBe("too few windows for a verdict");
    expect(verdictOf({ value: 0, low: 0, high: 0 }).text).toBe("seasonal naive itself");
    expect(verdictOf({ value: null, low: null, high: null }).text).toBe("no verdict");
    await setLanguage("zh");
    expect(verdictOf({ value: 0.12, low: 0.05, high: 0.15 }).text).toMatch(/^误差比季节朴素法低 ?12%$/);
    await setLanguage("en");
  });

  it("reads a summary that lacks a metric", () => {
    const none = { value: null, low: null, high: null };
    const cost = {
      trainable_parameters: 5,
      parameters: 5,
      fit_seconds: null,
      calibrate_seconds: null,
      test_seconds: 1,
      forecasts_per_second: 1,
      peak_memory_mb: 1,
      device: "cpu",
      threads: 1,
    };
    const window_set = { hash: "w", windows: 1, horizon: 1, context_length: 1 };
    const summary = { metrics: {}, seasonal_naive: {}, validation: {}, skill: { mae: none, wql: none }, cost, window_set, data_hash: "d" };
    expect(modelRow({ ...base, created_by: "anna", summary, champion: false }, new Map())).toMatchObject({
      createdBy: "anna",
      wql: null,
      fit: null,
      skill: { value: null },
    });
  });
});
