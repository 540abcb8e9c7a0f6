import { describe, expect, it } from "vitest";

import { setLanguage, useWords } from "@/i18n";
import en from "@/i18n/en";
import zh from "@/i18n/zh";
import service from "../../../src/timevis/messages/zh.json";

interface Tree {
  [key: string]: string | Tree;
}

function texts(tree: Tree, prefix = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") found.set(prefix + key, value);
    else for (const [path, text] of texts(value, `${prefix}${key}.`)) found.set(path, text);
  }
  return found;
}

const english = texts(en);
const chinese = texts(zh);
const sources = Object.values(
  import.meta.glob<string>(["@/**/*.{ts,vue}", "!@/i18n/{en,zh}/*"], { query: "?raw", import: "default", eager: true }),
).join("\n");
/** Beginnings of keys whose end is only known at run time, such as `tasks.state.`. */
const prefixes = [...sources.matchAll(/`([a-z]+\.[\w.]*)\$\{/g)].map((match) => match[1] ?? "");
const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

describe("the words of the page", () => {
  it("exist in both languages under the same keys", () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("are all used", () => {
    const isUsed = (key: string): boolean =>
      sources.includes(`"${key}"`) || sources.includes(`'${key}'`) || prefixes.some((prefix) => key.startsWith(prefix));
    expect(prefixes).toContain("tasks.state.");
    expect([...english.keys()].filter((key) => !isUsed(key))).toEqual([]);
  });

  it("are never empty", () => {
    for (const [key, text] of [...english, ...chinese]) expect(text.trim(), key).not.toBe("");
  });

  it("use the same parameters in both languages", () => {
    for (const [key, text] of english) {
      expect(placeholders(chinese.get(key) ?? ""), key).toEqual(placeholders(text));
    }
  });

  it("are Chinese in the Chinese file, except for names", () => {
    const isName = (text: string): boolean => /^(Python|curl|TimeVis|DoRA|rsLoRA|Nano|Nano-patch|[^a-z]*)$/.test(text.replace(/\{\w+\}/g, ""));
    for (const [key, text] of chinese) if (!isName(text)) expect(text, key).toMatch(/[\u4e00-\u9fff]/);
  });
});

describe("the spaces of Chinese texts", () => {
  /** Texts that name a form of writing, of which the punctuation is a part. */
  const FORMS = [
    "data.field.missing_valuesHelp",
    "--http {given!r} is not HOST:PORT",
    "give the columns from, to and text, for example with the row 2024-05-07 07:00,2024-05-07 15:00,road works",
    "{setting} must be days:hours:minutes:seconds, e.g. 00:00:30:00, or null",
  ];

  it("stand between Chinese characters and Latin letters or digits, and the punctuation has its full width", () => {
    const wrong = /\p{Script=Han}[A-Za-z0-9]|[A-Za-z0-9%]\p{Script=Han}|\p{Script=Han}[,;:?!()]|[,;:?!()]\p{Script=Han}/u;
    const all = [...chinese, ...Object.entries(service)].filter(([key]) => !FORMS.includes(key));
    expect(all.filter(([, text]) => wrong.test(text.replace(/\{\w+\}/g, "　")))).toEqual([]);
  });

  it("are put around values by how they begin and end, and never into a value", async () => {
    await setLanguage("zh");
    const { t, plural } = useWords();
    expect(t("data.drop.sending", { name: "负荷2026.csv" })).toBe("正在上传 负荷2026.csv");
    expect(t("data.split.border", { left: "train", right: "验证" })).toBe("train 与验证之间的边界");
    const pair = { a: "Qwen（数字）", b: "季节朴素法", percent: "28%", low: "16.6", high: "37.9" };
    expect(t("compare.differences.better", pair)).toBe("Qwen（数字）的误差比季节朴素法低 28% [16.6, 37.9]。");
    expect(t("compare.differences.equal", { a: "LSTM", b: "线性模型" })).toBe("LSTM 与线性模型的误差相同。");
    expect(plural("common.series", 3)).toMatch(/^3 \p{Script=Han}/u);
    await setLanguage("en");
  });
});
