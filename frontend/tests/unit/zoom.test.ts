import { describe, expect, it } from "vitest";

import { rangeAfterKey } from "@/charts/zoom";
import { newestVersion } from "@/pages/data/versions";

describe("the keys of a chart", () => {
  it("zoom around the middle, move by a quarter, and stay on the axis", () => {
    expect(rangeAfterKey("+", { start: 0, end: 100 })).toEqual({ start: 25, end: 75 });
    expect(rangeAfterKey("-", { start: 10, end: 30 })).toEqual({ start: 0, end: 40 });
    expect(rangeAfterKey("-", { start: 25, end: 95 })).toEqual({ start: 0, end: 100 });
    expect(rangeAfterKey("ArrowRight", { start: 70, end: 90 })).toEqual({ start: 75, end: 95 });
    expect(rangeAfterKey("ArrowLeft", { start: 2, end: 22 })).toEqual({ start: 0, end: 20 });
    expect(rangeAfterKey("0", { start: 2, end: 22 })).toEqual({ start: 0, end: 100 });
    expect(rangeAfterKey("a", { start: 2, end: 22 })).toBeUndefined();
  });
});

describe("the versions of a dataset", () => {
  it("lead to the newest one from every older one, and to none from the newest", () => {
    const version = (id: string, parent: string | null, number: number) => ({ id, parent, version: number });
    const datasets = [version("c", "b", 3), version("a", null, 1), version("x", null, 1), version("b", "a", 2)];
    expect(["a", "b", "c", "x"].map((id) => newestVersion(datasets, id)?.id)).toEqual(["c", "c", undefined, undefined]);
  });
});
