import { beforeAll, describe, expect, it } from "vitest";

import { asSentence, withLabels } from "@/api/problems";
import { setLanguage } from "@/i18n";
import { frequencyText } from "@/i18n/frequency";
import { changeOf, EMPTY_READING, readingOf } from "@/pages/data/reading";
import type { Drawn, Point } from "@/pages/data/seriesOption";
import { usualRange } from "@/pages/data/seriesOption";

beforeAll(() => setLanguage("en"));

describe("how a file is read", () => {
  it("an empty form asks for nothing and returns every field to what is found", () => {
    expect(new Set(Object.values(changeOf(EMPTY_READING)))).toEqual(new Set([null]));
    expect(readingOf({})).toEqual(EMPTY_READING);
  });

  it("the form shows the options of a dataset, and sends the same back", () => {
    const options = { frequency: "h", header: 2, cleaning: { decimal: "comma", day_first: false, missing: ["aus", "-999"] } };
    const reading = readingOf(options);
    expect(reading).toEqual({ ...EMPTY_READING, frequency: "h", header: "2", decimal: "comma", day_first: "false", no_value: "aus; -999" });
    expect(changeOf(reading)).toMatchObject({ frequency: "h", header: 2, decimal: "comma", day_first: false, no_value: "aus; -999", sheet: null });
  });

  it("time steps are in words, and one without words stays as it is", () => {
    expect(["30min", "h", "D", "MS", "QE-DEC", "2W-MON", "min"].map(frequencyText)).toEqual([
      ...["every 30 minutes", "hourly", "daily", "monthly", "quarterly", "every 2 weeks", "every minute"],
    ]);
    expect(frequencyText("7ms")).toBe("7ms");
  });

  it("advice names the fields of the page instead of keys of the configuration", () => {
    const adviceText = (text: string): string => asSentence(withLabels(text));
    expect(adviceText("save it as UTF-8, or set data.cleaning.encoding=cp1252")).toBe("Save it as UTF-8, or set “Text encoding: cp1252”.");
    expect(adviceText(`name the text that marks it, such as 'data.cleaning.missing=["Bad Input",-9999]'; data.cleaning.decimal sets 1,250`)).toBe(
      "Name the text that marks it, such as “Words for a missing value: Bad Input; -9999”; “Decimal mark” sets 1,250.",
    );
    expect(adviceText("set trainer.devices=1")).toBe("Set trainer.devices=1.");
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
    expect([usualRange(drawn(wave)), usualRange(drawn([...wave, 450])), usualRange(drawn([5, 5, 5])), usualRange(drawn([]))]).toEqual([null, null, null, null]);
  });
});
