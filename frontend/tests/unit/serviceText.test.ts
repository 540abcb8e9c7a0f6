import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { refuseTooLarge } from "@/api/datasets";
import { ApiProblem, explain, fieldText } from "@/api/problems";
import { setLanguage } from "@/i18n";
import { findingText, isNote, languageOf } from "@/pages/data/findingText";

const refused = new ApiProblem({
  status: 422,
  code: "invalid-data",
  detail: "load.csv: row 2501, column 'MW' holds text (as do 2 more cells): 'aus'",
  detail_code: {
    code: "text-in-number-column",
    params: { source: "load.csv", place: "row 2501", row: 2501, column: "MW", count: 3, more: " (as do 2 more cells)", cell: "'aus'" },
  },
  advice: "write numbers like 1234.5; data.decimal sets whether 1,250 is 1.25 or 1250",
  advice_code: { code: "write-numbers", params: {} },
});
const withoutCode = new ApiProblem({ status: 422, code: "invalid-data", detail: "the table cannot be parsed", advice: "write it again" });

describe("a file above the limit of uploads", () => {
  it("is refused before it is sent, with its name and the limit in the language of the page", async () => {
    const file = new File(["x".repeat(2 ** 20 + 1)], "load.csv");
    const part = { ok: true, detail: "" };
    const health = { version: "0.1.0", ready: true, database: part, broker: part, worker: part, max_upload_megabytes: 1 };
    refuseTooLarge(file, undefined); // the limit is not known yet
    refuseTooLarge(file, { ...health, max_upload_megabytes: 2 });
    for (const [language, title] of [["en", "load.csv has more than 1 MB"], ["zh", "load.csv 超过 1 MB"]] as const) {
      await setLanguage(language);
      let found: unknown;
      try {
        refuseTooLarge(file, health);
      } catch (error) {
        found = error;
      }
      expect(explain(found)).toMatchObject({ title: expect.stringContaining(title) as string, english: null, advice: null });
    }
  });
});

describe("a text of the service", () => {
  beforeAll(() => setLanguage("en")); // loads its words
  beforeEach(() => setLanguage("zh"));
  afterAll(() => setLanguage("en"));

  it("is in Chinese on the Chinese page, with its row and column, and has no English in it", () => {
    const found = explain(refused);
    expect(found.title).toContain("第 2,501 行、列“MW”是文字 'aus'");
    expect(found.title).not.toMatch(/row|holds|more/);
    expect([found.english, found.isAdviceEnglish]).toEqual([null, false]);
    expect(found.advice).toMatch(/^请把数字写成 1234\.5.*。$/);
  });

  it("without a code is shown in English and marked as English", () => {
    const found = explain(withoutCode);
    expect(found.title).toContain("英文");
    expect([found.english, found.advice, found.isAdviceEnglish]).toEqual(["The table cannot be parsed.", "Write it again.", true]);
  });

  it("is the service's own sentence on the English page", async () => {
    await setLanguage("en");
    const found = explain(refused);
    expect(found.title).toContain("row 2501, column 'MW' holds text");
    expect([found.english, found.isAdviceEnglish]).toEqual([null, false]);
    expect(found.advice).toContain("“Decimal mark”");
  });

  it("of a field is worded by its code too", () => {
    const split = { code: "split-part-empty", params: { source: "load", split: "[0.7, 0.1]", part: { code: "part_test", params: {} } } };
    const detail = "load: data.split=[0.7, 0.1] leaves the test part without a row";
    expect(fieldText({ pointer: "/train", code: "impossible-split", params: { detail }, detail, detail_code: split })).toBe(
      "数据不能这样划分：load：按划分 [0.7, 0.1]，测试部分没有任何一行。",
    );
  });

  it("that is a note of reading, or a reason why a column is not used, is in Chinese", () => {
    const note = { code: "note_frequency", channel: null, params: { frequency: "30min" }, text: "The frequency is 30min, the most common step." };
    expect(findingText(note)).toBe("时间步长：每 30 分钟（最常见的步长）。");
    expect([isNote(note), languageOf(note)]).toEqual([true, undefined]);
    const params = { columns: { site: "holds text" }, reasons: { site: { code: "holds_text", params: {} } } };
    expect(findingText({ code: "unused_columns", channel: null, params, text: "Columns not used: site (holds text)." })).toContain("site (是文字)");
    const other = { code: "cleaning_note", channel: null, params: { note: "a rare note" }, text: "A rare note." };
    expect([findingText(other), languageOf(other)]).toEqual(["A rare note.", "en"]);
  });
});
