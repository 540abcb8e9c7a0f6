import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";

import type { Visit } from "./browser";
import { launch, plantFile, seriousFindings, settle, visit, WORDS } from "./browser";

let browser: Browser;
let v: Visit;
const words = WORDS.en.data;

beforeAll(async () => {
  browser = await launch();
  v = await visit(browser);
});

afterAll(async () => {
  await browser.close();
});

/** The input of a form item. */
function field(label: string) {
  return v.page.locator(".el-form-item", { hasText: label }).locator("input").first();
}

it("a refused file names row and column, and is read again after its fields are corrected", async () => {
  const { page } = v;
  const file = plantFile(500);
  const text = file.buffer.toString("utf8").replace(/(\r\n[^;]+);[^;]+;Nord(\r\n[^;]+;[^;]+;Nord)$/, "$1;außer Betrieb;Nord$2");
  await page.locator("[data-test=file]").setInputFiles({ ...file, buffer: Buffer.from(text, "utf8") });
  const problem = page.locator("[data-test=problem]");
  await problem.waitFor();
  expect(await problem.textContent()).toMatch(/row \d+, column 'Last MW' contains text: 'außer Betrieb'/);
  expect(await problem.textContent()).toContain(words.field.missing_values);
  await page.getByRole("button", { name: "中文" }).click();
  await page.getByText("列“Last MW”是文字：'außer Betrieb'").waitFor();
  expect(await problem.textContent()).not.toMatch(/row|contains|column/);
  await page.getByRole("button", { name: "English" }).click();
  await field(words.field.missing_values).fill("außer Betrieb");
  await page.locator("[data-test=read-again]").click();
  await page.waitForURL(/\/data\/[0-9a-f]{32}/);
  await settle(page);
  expect(await page.locator("[data-test=read-as]").textContent()).toMatch(/Zeit.*Last MW.*Anlage/);
});

it("the role of a column is corrected from the top of the page", async () => {
  const { page } = v;
  await page.locator("[data-test=open-correct]").click();
  expect(await seriousFindings(page)).toEqual([]);
  await field(words.field.unit).fill("MW");
  await page.getByText(words.detail.apply, { exact: true }).click();
  await page.getByText(words.detail.applied).waitFor();
  expect(await field(words.field.missing_values).inputValue()).toBe("außer Betrieb");
  expect(v.complaints).toEqual([]);
});

it("a click on a page whose file is gone, because the service was updated, loads the page anew", async () => {
  const { page } = v;
  let isGone = true;
  await page.route(/\/assets\/SystemPage-.*\.js$/, (route) => (isGone ? route.fulfill({ status: 404, body: "" }) : route.continue()));
  page.on("request", (request) => {
    if (request.method() === "HEAD") isGone = false; // the page asks whether the service answers, then it loads anew
  });
  const loaded = page.waitForEvent("load");
  await page.locator("a[href='/system']").first().click();
  await loaded;
  await page.getByRole("heading", { level: 1, name: WORDS.en.system.title }).waitFor();
});
