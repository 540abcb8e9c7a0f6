import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";

import type { Visit } from "./browser";
import { call, isCutOff, launch, open, picture, plantFile, seriousFindings, settle, TRAINING_WAIT, trained, upload, visit, WORDS } from "./browser";

let browser: Browser;
let v: Visit;
let page: Page;
/** The goal is ten seconds on two quiet cores, which the machine of the tests is not. */
const FIRST_FORECAST_SECONDS = 40;

beforeAll(async () => {
  browser = await launch();
  v = await visit(browser);
  page = v.page;
});

afterAll(async () => {
  await browser.close();
});

/** The label of the chart of the first forecast. */
const label = () => page.locator("[data-test=first-forecast] figure").getAttribute("aria-label");

it("two clicks lead from the link to a forecast of an own file", async () => {
  await v.context.close();
  const begin = Date.now();
  v = await visit(browser); // the first click, on the link that the service prints
  page = v.page;
  const choose = page.locator("button", { hasText: WORDS.en.data.drop.choose });
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), choose.click()]);
  await chooser.setFiles({ ...plantFile(500), name: "own file.csv" });
  await page.locator("[data-test=first-forecast] canvas").waitFor();
  const seconds = (Date.now() - begin) / 1000;
  process.stdout.write(`From the link to a forecast of an own file: ${seconds.toFixed(1)} s.\n`);
  expect(seconds).toBeLessThan(FIRST_FORECAST_SECONDS);
  expect(await label()).toContain("Nano-patch");
});

it("one more click searches for a better forecast, which is drawn while models are tried, and kept at a click", async () => {
  await page.locator("[data-test=search-minutes]").click();
  await page.getByRole("option", { name: "2 minutes" }).click();
  await page.locator("[data-test=make-better]").click();
  await page.locator("[data-member=linear][data-member-state=completed]").waitFor({ timeout: TRAINING_WAIT });
  await expect.poll(label, { timeout: 60_000 }).toContain(WORDS.en.search.drawn);
  await picture(page, "better-forecast");
  await page.locator("[data-test=stop-search]").click();
  await page.locator("[data-test=search-results]").waitFor({ timeout: TRAINING_WAIT });
  expect(await page.locator("[data-member=seasonal_naive]").getAttribute("data-member-state")).toBe("completed");
  expect(await page.locator("[data-member=qwen]").getAttribute("data-member-state")).toBe("skipped");
  await expect.poll(label, { timeout: 60_000 }).toContain(`“${WORDS.en.search.drawnAtEnd}”`);
  expect(await seriousFindings(page)).toEqual([]);
});

it("the results explain the forecast at a click, and keep the explanation", async () => {
  await page.locator("[data-test=search-results]").click();
  await page.waitForURL(/\/results\//);
  await settle(page);
  await page.locator("[data-test=explain]").click();
  await page.locator("[data-test=explanation] tbody tr").first().waitFor({ timeout: TRAINING_WAIT });
  expect(await page.locator("[data-test=explanation] tbody tr").count()).toBeGreaterThan(2);
  await picture(page, "explanation");
  await open(page, page.url().split("?")[0] ?? "");
  await page.locator("[data-test=explanation] tbody tr").first().waitFor();
  expect(await seriousFindings(page)).toEqual([]);
});

it("the forecast moves with the values of a column that is known ahead, in both languages", async () => {
  const lines = Array.from({ length: 500 }, (_, hour) => {
    const price = Math.floor(hour / 7) % 2;
    const time = new Date(Date.UTC(2026, 0, 1, hour)).toISOString().slice(0, 16);
    return `${time},${(50 + 10 * Math.sin((hour / 12) * Math.PI) + 20 * price).toFixed(2)},${String(price)}`;
  });
  const dataset = await upload(page, { name: "price.csv", mimeType: "text/csv", buffer: Buffer.from(["time,load,price", ...lines].join("\n")) });
  const model = await trained(page, {
    ...{ model: "lstm", name: "prices", dataset, target: ["load"], covariates: { price: "known" }, horizon: 12, context_length: 24 },
    ...{ max_epochs: 2, steps_per_epoch: 12, min_steps_per_epoch: 1, options: { hidden_size: 8, covariates: "known" } },
  });
  for (const language of ["en", "zh"] as const) {
    const { page: other, context, complaints } = await visit(browser, { language, width: language === "zh" ? 390 : 1280 });
    await open(other, `/forecast?models=${model}`);
    await other.locator("[data-test=start-forecast]").click();
    await other.locator("[data-test=what-if]").waitFor();
    await other.locator("[data-test=fill-value]").fill("1");
    await other.locator("[data-test=fill]").click();
    await other.locator("[data-test=forecast-what-if]").click();
    const change = other.locator("[data-test=what-if-change]");
    await change.waitFor();
    expect(await change.innerText()).toMatch(language === "en" ? /^With your changes, the forecast is [\d.]+ / : /^按您的更改/);
    expect(await isCutOff(other)).toBe(false);
    await picture(other, `what-if-${language}`);
    expect(complaints).toEqual([]);
    await context.close();
  }
});

it("a sentence about an event moves the forecast of nano-patch, in both languages", async () => {
  const hours = Array.from({ length: 600 }, (_, hour) => {
    const time = new Date(Date.UTC(2026, 0, 1, hour)).toISOString().slice(0, 16);
    return `${time},${(50 + 20 * Math.sin((hour / 12) * Math.PI) + (hour % 5)).toFixed(2)}`;
  });
  const dataset = await upload(page, { name: "street.csv", mimeType: "text/csv", buffer: Buffer.from(["time,cars", ...hours].join("\n")) });
  const task = await call<{ id: string }>(page, "/predict", { method: "nano-patch", dataset, horizon: 24 });
  for (const language of ["en", "zh"] as const) {
    const { page: other, context, complaints } = await visit(browser, { language, width: language === "zh" ? 390 : 1280 });
    await open(other, `/forecast?task=${task.id}`);
    await other.locator("[data-test=add-event]").click();
    await other.locator("[data-test=event-text]").fill(language === "en" ? "the road is closed" : "道路封闭");
    await other.locator("[data-test=forecast-what-if]").click();
    await other.locator("[data-test=event-readings] li").waitFor();
    expect(await other.locator("[data-test=event-readings] li").innerText()).toMatch(language === "en" ? /closed \(\d+%\)/ : /：关闭（/);
    expect(await other.locator("[data-test=what-if-change]").innerText()).toMatch(language === "en" ? /lower on average/ : /平均降低/);
    expect(await isCutOff(other)).toBe(false);
    expect(await seriousFindings(other)).toEqual([]);
    await picture(other, `event-${language}`);
    expect(complaints).toEqual([]);
    await context.close();
  }
});

it("the browser had nothing to complain about", () => {
  expect(v.complaints).toEqual([]);
});
