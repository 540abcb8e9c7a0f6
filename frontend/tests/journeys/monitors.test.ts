import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";

import { call, isCutOff, launch, open, picture, plantFile, seriousFindings, settle, trained, upload, visit, WORDS } from "./browser";

let browser: Browser;
let page: Page;
let dataset: string;
let monitor: string;

/** Rows of the file of `plantFile` from one hour on, as newer rows of the dataset. */
function newerRows(first: number, count: number): { name: string; mimeType: string; buffer: Buffer } {
  const [header, ...rows] = plantFile(first + count)
    .buffer.toString("utf8")
    .split("\r\n");
  return { name: "newer.csv", mimeType: "text/csv", buffer: Buffer.from([header, ...rows.slice(-count)].join("\n")) };
}

beforeAll(async () => {
  browser = await launch();
  ({ page } = await visit(browser));
  dataset = await upload(page, plantFile(720));
  await trained(page, { model: "seasonal_naive", dataset, horizon: 24, context_length: 48 });
});

afterAll(async () => {
  await browser.close();
});

/** Wait until the monitor has made and scored a number of forecasts. */
async function forecastsAre(count: number): Promise<void> {
  await expect
    .poll(async () => (await call<{ total: number }>(page, `/monitors/${monitor}/forecasts`)).total, { timeout: 180_000, interval: 500 })
    .toBe(count);
}

it("one dialog watches a dataset, and the daily page shows its forecast with the truth that arrives", async () => {
  await open(page, `/data/${dataset}`);
  expect(await page.locator("nav a[href='/monitors']").count()).toBe(0); // nothing of it is seen before
  await page.locator("[data-test=watch]").click();
  await page.locator("[data-test=watch-form]").waitFor();
  await picture(page, "watch-dialog");
  await page.locator("[data-test=start-watching]").click();
  await page.waitForURL(/\/monitors\/[0-9a-f]{32}/);
  monitor = /[0-9a-f]{32}/.exec(page.url())?.[0] ?? "";
  await page.locator("nav a[href='/monitors']").waitFor();
  await forecastsAre(1);
  dataset = await upload(page, newerRows(720, 24), `/api/datasets/${dataset}/rows`);
  await call(page, `/datasets/${dataset}/annotations`, { start: "2026-01-30T12:00", text: "Meter replaced" });
  await forecastsAre(2);
  await expect
    .poll(async () => (await call<{ items: unknown[] }>(page, `/monitors/${monitor}/scores`)).items.length, { timeout: 180_000, interval: 500 })
    .toBe(1);

  await open(page, `/monitors/${monitor}`);
  await page.locator("[data-test=monitor-period] canvas").waitFor();
  await page.locator("[data-test=scores]").scrollIntoViewIfNeeded(); // charts are drawn when they are first near the window
  await page.locator("[data-test=scores] canvas").first().waitFor();
  expect(await page.locator("[data-test=drift]").innerText()).toMatch(/from 14 complete forecasts on; there is|there are 1/);
  await page.getByText("The truth of this forecast has not arrived yet.").waitFor();
  await page.locator("[data-test=earlier]").click();
  await page.waitForURL(/forecast=[0-9a-f]{32}/); // the address has the chosen forecast
  await page.getByText(/Its error was .* times the error of seasonal naive/).waitFor();
  await page.locator("[data-test=annotations] summary").click();
  await page.getByText("Meter replaced").waitFor();
  await picture(page, "daily-page");
});

it("a chart is saved as CSV, and a monitor is paused, listed, deleted and restored", async () => {
  const card = page.locator(".stored");
  await card.locator("[data-test=chart-menu]").click();
  const [download] = await Promise.all([page.waitForEvent("download"), card.locator("[data-test=save-data]").click()]);
  expect(download.suggestedFilename()).toMatch(/^The forecast from .*\.csv$/);
  await page.locator("[data-test=pause]").click();
  await page.locator("[data-test=paused]").waitFor();
  await page.locator("[data-test=delete]").click();
  await page.waitForURL(/\/monitors$/);
  await page.locator(".undo-button").click();
  await page.locator("[data-test=monitors] tbody tr").waitFor();
  await picture(page, "monitors");
});

it("list and daily page are in Chinese, fit a phone, and have no serious finding of axe", async () => {
  const { page: phone, context, complaints } = await visit(browser, { language: "zh", width: 390, theme: "dark" });
  await open(phone, "/monitors");
  await phone.getByRole("heading", { level: 1, name: WORDS.zh.monitors.title }).waitFor();
  expect(await isCutOff(phone)).toBe(false);
  expect(await seriousFindings(phone)).toEqual([]);
  await phone.locator("[data-test=monitors] a").first().click();
  await settle(phone);
  await phone.getByRole("heading", { name: WORDS.zh.monitors.scores.title }).waitFor();
  await phone.locator("[data-test=monitor-period] canvas").waitFor();
  expect(await isCutOff(phone)).toBe(false);
  expect(await seriousFindings(phone)).toEqual([]);
  await picture(phone, "daily-page-zh");
  expect(complaints).toEqual([]);
  await context.close();
});
