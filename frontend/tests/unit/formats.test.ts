import { beforeAll, describe, expect, it } from "vitest";

import { formatBytes, formatDuration, formatNumber, formatRoughDuration, formatSpan, formatTimestamp, initialLanguage, setLanguage } from "@/i18n";
import { lengthText } from "@/i18n/frequency";

beforeAll(() => setLanguage("en"));

describe("formats", () => {
  it("write durations in the two largest units that matter", () => {
    expect(formatDuration(4.23)).toBe("4.2 s");
    expect(formatDuration(59.6)).toBe("1 min");
    expect(formatDuration(200)).toBe("3 min 20 s");
    expect([7500, 7190, 3629].map(formatDuration)).toEqual(["2 h 5 min", "2 h", "1 h"]);
  });

  it("write an estimate without digits that are not known, and a span in whole units", () => {
    expect([3, 98, 600, 8000].map(formatRoughDuration)).toEqual(["5 s", "2 min", "10 min", "2 h"]);
    expect([86_400, 129_600, 900].map(formatSpan)).toEqual(["1 day", "36 hours", "15 minutes"]);
  });

  it("say how long data are in the unit of their steps", () => {
    expect([lengthText(969, "MS"), lengthText(1, "h"), lengthText(1200, "30min"), lengthText(80, "YE-DEC")]).toEqual([
      ...["969 months", "1 hour", "1,200 time steps", "80 years"],
    ]);
  });

  it("write a dash for a number that does not exist", () => {
    expect([formatNumber(null), formatNumber(Number.NaN), formatDuration(undefined)]).toEqual(["–", "–", "–"]);
  });

  it("choose the unit of a size", () => {
    expect([formatBytes(0), formatBytes(999), formatBytes(1_250_000)]).toEqual(["0 B", "999 B", "1.25 MB"]);
  });

  it("leave out midnight and seconds that are zero", () => {
    expect(formatTimestamp("2026-01-01T00:00:00")).toBe("2026-01-01");
    expect(formatTimestamp("2026-01-01T05:30:00+00:00")).toBe("2026-01-01 05:30");
  });

  it("take the stored language before the language of the browser", () => {
    expect(initialLanguage("zh", ["en-US"])).toBe("zh");
    expect(initialLanguage(null, ["de", "zh-TW"])).toBe("zh");
    expect(initialLanguage(null, ["de"])).toBe("en");
  });
});
