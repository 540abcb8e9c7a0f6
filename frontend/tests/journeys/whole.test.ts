import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { LanguageName } from "./browser";
import { isCutOff, launch, picture, plantFile, settle, TRAINING_WAIT, visit, WORDS } from "./browser";

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});

afterAll(async () => {
  await browser.close();
});

/** Go to a page by the navigation, which a phone hides behind a button. */
async function go(page: Page, language: LanguageName, name: "models" | "compare"): Promise<void> {
  const words = WORDS[language].common.nav;
  const menu = page.getByRole("button", { name: words.open });
  if (await menu.isVisible()) await menu.click();
  await page.getByRole("navigation", { name: words.label }).getByRole("link", { name: words[name], exact: true }).click();
  await page.waitForURL(new RegExp(`/${name}`));
  await settle(page);
}

/** Wait for the first chart, which is drawn when it is near the window. */
async function drawn(page: Page, chart: string): Promise<void> {
  const figure = page.locator(chart).first();
  await figure.waitFor({ timeout: TRAINING_WAIT });
  await figure.scrollIntoViewIfNeeded();
  await figure.locator("canvas").waitFor({ timeout: TRAINING_WAIT });
}

describe.each([
  { language: "zh", width: 1280, rows: 900 },
  { language: "en", width: 390, rows: 1000 },
] as const)("in $language at $width px", ({ language, width, rows }) => {
  it("a file becomes a comparison and a downloaded forecast, by clicks alone", async () => {
    const words = WORDS[language];
    const { page, context, complaints } = await visit(browser, { language, width });
    const shot = async (name: string): Promise<void> => {
      expect(await isCutOff(page), `${name} is wider than the window`).toBe(false);
      await picture(page, `whole-${name}-${language}-${String(width)}`);
    };

    await page.locator("[data-test=file]").setInputFiles(plantFile(rows));
    await page.waitForURL(/\/data\/[0-9a-f]{32}/);
    await settle(page);
    await page.locator("[data-test=series]").scrollIntoViewIfNeeded(); // on a phone it is below the first forecast
    await page.locator("[data-test=series] canvas").waitFor();
    await shot("data");
    await page.getByRole("button", { name: words.data.split.use }).click();

    await page.waitForURL(/\/train/);
    await page.locator("[data-choose=quick]").click();
    for (const model of ["auto", "lstm", "linear"]) await page.locator(`[data-model=${model}]`).click(); // auto is chosen at first
    await page.locator("[data-test=horizon]").fill("12");
    await page.locator("[data-test=estimate]").waitFor();
    await shot("train");
    await page.locator("[data-test=start]").click();

    await page.waitForURL(/\/tasks\?group=/);
    await page.locator("[data-state=completed]").nth(1).waitFor({ timeout: TRAINING_WAIT });
    await shot("tasks");
    await page.locator(".tasks a").first().click();
    await page.locator("[data-test=results]").click();

    await page.waitForURL(/\/results\//);
    await settle(page);
    await drawn(page, "figure.chart");
    await shot("results");
    await page.locator("main a.el-button--primary", { hasText: words.results.actions.forecast }).click();

    await page.waitForURL(/\/forecast\?models=/);
    await page.locator("[data-test=start-forecast]").click();
    await drawn(page, "figure.chart");
    await shot("forecast");
    const [file] = await Promise.all([page.waitForEvent("download"), page.locator("[data-test=download-csv]").click()]);
    expect(file.suggestedFilename()).toMatch(/\.csv$/);

    await go(page, language, "models");
    for (const row of [0, 1]) await page.locator("[data-test=model-row] input[type=checkbox]").nth(row).check();
    await page.locator("[data-test=compare]").click();
    await page.waitForURL(/\/compare\?/);
    await drawn(page, "#differences figure.chart");
    await shot("compare");
    expect(await page.locator("h1").textContent()).toContain(words.compare.title);
    expect(complaints).toEqual([]);
    await context.close();
  });
});
