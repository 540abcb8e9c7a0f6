import { mount } from "@vue/test-utils";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { nextTick } from "vue";

import { refuseTooLarge } from "@/api/datasets";
import { ApiProblem, explain, fieldText, serviceText } from "@/api/problems";
import ServiceText from "@/components/ServiceText.vue";
import { i18n, loadServiceWords, setLanguage } from "@/i18n";

const setting = (key: string, value: unknown = null) => ({ key, value, text: value === null ? key : `${key}=${String(value)}` });
const refused = new ApiProblem({
  status: 422,
  code: "invalid-data",
  detail: "load.csv: row 2501, column 'MW' holds text (as do 2 more cells): 'aus'",
  detail_code: { code: "a-text-of-a-test", params: { row: 2501, column: "MW", cell: "'aus'" } },
  advice: "name it in data.missing_values; data.decimal=comma sets whether 1,250 is 1.25 or 1250",
  advice_code: {
    code: "advice-of-a-test",
    params: { missing: setting("data.missing_values"), decimal: setting("data.decimal", "comma") },
  },
});
const withoutWords = new ApiProblem({
  status: 422,
  code: "invalid-data",
  detail: "the table cannot be parsed",
  detail_code: { code: "code-of-a-newer-service", params: {} },
});

vi.mock("@/i18n/zh/service", async (original) => ({
  default: {
    ...(await original<{ default: Record<string, string> }>()).default,
    "a-text-of-a-test": "第 {row} 行、列“{column}”是文字 {cell}",
    "advice-of-a-test": "请在{missing}中写明；{decimal}决定小数点",
    "outer-of-a-test": "{part}部分：误差低 {size}，时间步长为{frequency}",
    "inner-of-a-test": "测试",
    "list-of-a-test": "列：{columns}",
    "formats-of-a-test": "列 {column!r} 的误差为 {wql:.4g}",
  },
}));

it("a text of the service that is shown before its words have arrived becomes Chinese with them", async () => {
  await setLanguage("zh", true);
  const coded = { code: "the task has no search for better models that goes on with a result", params: {} };
  const shown = mount(ServiceText, { props: { text: "the task has no search", coded }, global: { plugins: [i18n] } });
  expect([shown.text(), shown.attributes("lang")]).toEqual(["The task has no search.", "en"]);
  await loadServiceWords();
  await nextTick();
  expect(shown.text()).toMatch(/^\p{Script=Han}+。$/u);
  expect(shown.attributes("lang")).toBeUndefined();
  shown.unmount();
});

describe("a file above the limit of uploads", () => {
  it("is refused before it is sent, with its name and the limit in the language of the page", async () => {
    const file = new File(["x".repeat(2 ** 20 + 1)], "load.csv");
    const part = { ok: true, detail: "" };
    const health = { version: "0.1.0", ready: true, database: part, broker: part, worker: part, disk: part, max_upload_megabytes: 1 };
    refuseTooLarge(file, undefined); // the limit is not known yet
    refuseTooLarge(file, { ...health, max_upload_megabytes: 2 });
    for (const [language, title] of [
      ["en", "load.csv has more than 1 MB"],
      ["zh", "load.csv 超过 1 MB"],
    ] as const) {
      await setLanguage(language);
      let found: unknown;
      try {
        refuseTooLarge(file, health);
      } catch (error) {
        found = error;
      }
      expect(explain(found)).toMatchObject({ title: { text: expect.stringContaining(title) as string, isEnglish: false }, advice: null });
    }
  });
});

describe("a text of the service", () => {
  beforeAll(async () => {
    await setLanguage("en"); // loads its words
    await setLanguage("zh");
  });
  beforeEach(() => setLanguage("zh"));
  afterAll(() => setLanguage("en"));

  it("is in Chinese on the Chinese page, with its row and column, and has no English in it", () => {
    const { title, advice } = explain(refused);
    expect(title).toEqual({ text: "第 2,501 行、列“MW”是文字 'aus'。", isEnglish: false });
    expect(advice).toEqual({ text: "请在“表示缺失值的文字”中写明；“小数点：逗号，如 1250,5”决定小数点。", isEnglish: false });
  });

  it("without words is shown in English and marked as English", () => {
    expect(explain(withoutWords).title).toEqual({ text: "The table cannot be parsed.", isEnglish: true });
  });

  it("is the service's own sentence on the English page, with the labels of fields instead of config keys", async () => {
    await setLanguage("en");
    const { title, advice } = explain(refused);
    expect(title).toEqual({ text: "Load.csv: row 2501, column 'MW' holds text (as do 2 more cells): 'aus'.", isEnglish: false });
    expect(advice?.text).toBe("Name it in “Words for a missing value”; “Decimal mark: comma, as in 1250,5” sets whether 1,250 is 1.25 or 1250.");
  });

  it("shows an example of a list as it is typed into the field, without the quotes of a shell", async () => {
    await setLanguage("en");
    const words = setting("data.missing_values", '["Bad Input",-9999]');
    const text = serviceText(`name it, such as '${words.text}'`, { code: "example-of-a-test", params: { words } }).text;
    expect(text).toBe("Name it, such as “Words for a missing value: Bad Input; -9999”.");
  });

  it("has words for the texts, shares and frequencies within it", () => {
    const part = { code: "inner-of-a-test", params: {}, text: "test" };
    const coded = { code: "outer-of-a-test", params: { part, size: { share: 0.123, text: "12.3 %" }, frequency: "30min" } };
    expect(serviceText("English", coded).text).toBe("测试部分：误差低 12.3%，时间步长为每 30 分钟。");
  });

  it("shows a list as the service cut it, with the number of the items that are left out", () => {
    const columns = ["a", "b", "c", "d", "e", "f", "g", "h", { code: "and {count:,} more", params: { count: 12 }, text: "and 12 more" }];
    expect(serviceText("English", { code: "list-of-a-test", params: { columns } }).text).toBe("列：a、b、c、d、e、f、g、h、以及另外 12 个。");
  });

  it("leaves the formats of Python aside, and stays English where a value is missing", () => {
    const coded = { code: "formats-of-a-test", params: { column: "load", wql: 1234.5678 } };
    expect(serviceText("English", coded).text).toBe("列 'load' 的误差为 1,235。");
    expect(serviceText("English", { ...coded, params: { column: "load" } })).toEqual({ text: "English.", isEnglish: true });
  });

  it("that an earlier version stored keeps its words", () => {
    expect(serviceText("the disk quota is used up", { code: "quota-used-up", params: {} }).isEnglish).toBe(false);
    expect(serviceText("the task has no search", { code: "no-search-to-stop", params: {} }).text).toMatch(/^\p{Script=Han}+。$/u);
  });

  it("of a field is worded by its code too", () => {
    const detail = "must be at least 1";
    expect(fieldText({ pointer: "/horizon", code: "number-too-small", params: { minimum: 1 }, detail })).toContain("1");
    expect(fieldText({ pointer: "/horizon", code: "new-code", params: {}, detail })).toBe("Must be at least 1.");
  });
});
