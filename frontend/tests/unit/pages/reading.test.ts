import { beforeAll, describe, expect, it } from "vitest";

import { setLanguage } from "@/i18n";
import { frequencyText } from "@/i18n/frequency";
import { changeOf, readingOf, timeZones } from "@/pages/data/reading";
import type { Drawn, Point } from "@/pages/data/seriesOption";
import { seriesOption, usualRange } from "@/pages/data/seriesOption";

const OPTIONS = Object.entries({ sheet: "text", header: "int", decimal: "choice", day_first: "bool", missing_values: "list" } as const).map(
  ([name, type]) => ({ name, type, kind: "", nullable: true, default: null, minimum: null, maximum: null, choices: [], help: "" }),
);

beforeAll(() => setLanguage("en"));

describe("how a file is read", () => {
  it("an empty form asks for nothing and returns every field to what is found", () => {
    const change = changeOf({}, OPTIONS);
    expect(Object.keys(change).sort()).toEqual(["day_first", "decimal", "frequency", "header", "missing_values", "sheet", "timezone"]);
    expect(new Set(Object.values(change))).toEqual(new Set([null]));
    expect(readingOf({})).toEqual({});
  });

  it("the form shows the options of a dataset, and sends the same back", () => {
    const options = { frequency: "h", header: 2, decimal: "comma", day_first: false, missing_values: ["aus", "-999"] };
    const reading = readingOf(options);
    expect(reading).toEqual({ frequency: "h", header: "2", decimal: "comma", day_first: "false", missing_values: "aus; -999" });
    expect(changeOf(reading, OPTIONS)).toEqual({ ...options, sheet: null, timezone: null });
  });

  it("UTC can be chosen as the time zone", () => {
    expect(timeZones()[0]).toBe("UTC");
    expect(new Set(timeZones()).size).toBe(timeZones().length);
  });

  it("time steps are in words, and one without words stays as it is", () => {
    expect(["30min", "h", "D", "MS", "QE-DEC", "2W-MON", "min"].map(frequencyText)).toEqual([
      ...["every 30 minutes", "hourly", "daily", "monthly", "quarterly", "every 2 weeks", "every minute"],
    ]);
    expect(frequencyText("7ms")).toBe("7ms");
  });
});

describe("the axis of a series", () => {
  const drawn = (values: number[]): Drawn => {
    const points = values.map((value, row): Point => [row, value]);
    return { mean: points, low: points, high: points };
  };
  const wave = Array.from({ length: 400 }, (_, row) => 300 + 100 * Math.sin(row));

  it("is cut to the usual values where one value would make the others a flat line", () => {
    expect(usualRange(drawn([...wave, 9999]))).toEqual([200, 400]);
    expect(usualRange(drawn([...wave, -9999]))).toEqual([200, 400]);
  });

  it("shows every value where all are usual or none changes", () => {
    expect([usualRange(drawn(wave)), usualRange(drawn([...wave, 450])), usualRange(drawn([5, 5, 5])), usualRange(drawn([]))]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });
});

describe("the chart of a series", () => {
  it("marks a missing stretch between the values beside it, and shows a value that stands alone", () => {
    const mean: Point[] = [
      [0, 1],
      [3_600_000, null],
      [7_200_000, 3],
      [10_800_000, null],
    ];
    const stretch = { start: "1970-01-01T01:00:00", end: "1970-01-01T01:00:00", rows: 1 };
    const colour = { line: "", band: "", missing: "", outlier: "" };
    const words = { value: "v", missing: "m", outlier: "o", range: "r" };
    const option = seriesOption(
      { mean, low: mean, high: mean },
      { missing: [stretch], outliers: [] },
      3_600_000,
      false,
      colour,
      words,
      String,
      String,
    );
    const [line] = option.series as { data: unknown[]; markArea: { data: { xAxis: number }[][] } }[];
    expect(line?.markArea.data[0]?.map((edge) => edge.xAxis)).toEqual([1_800_000, 5_400_000]);
    expect(line?.data[2]).toMatchObject({ value: [7_200_000, 3], symbol: "circle" });
    expect(line?.data[1]).toEqual([3_600_000, null]);
  });
});
