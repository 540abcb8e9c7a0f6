import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";

import type { Visit } from "./browser";
import { call, launch, picture, plantFile, settle, visit, WAIT, WORDS } from "./browser";

let browser: Browser;
let v: Visit;
let dataset = "";
let model = "";

beforeAll(async () => {
  browser = await launch();
  v = await visit(browser);
});

afterAll(async () => {
  await browser.close();
});

it("a file that was not prepared for TimeVis is uploaded, read and described", async () => {
  const { page } = v;
  await page.locator("[data-test=file]").setInputFiles(plantFile());
  await page.waitForURL(/\/data\/[0-9a-f]{32}/);
  dataset = page.url().split("/").at(-1) ?? "";
  await settle(page);
  expect(await page.locator("h1").textContent()).toContain("anlage nord");
  expect(await page.locator("[data-test=findings]").textContent()).toContain("Gaps without a value in any channel: 4");
  const chart = await page.locator("[data-test=series]").getAttribute("aria-label");
  expect(chart).toContain("Last MW from 2026-01-01");
  await page.locator("[data-test=series] canvas").waitFor();
  await picture(page, "data-en");
});

it("zooming loads the visible range in detail", async () => {
  const { page } = v;
  const detail = page.waitForResponse((answer) => answer.url().includes("/series?") && answer.url().includes("start="));
  const canvas = page.locator("[data-test=series] canvas");
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  if (!box) throw new Error("the chart has no box");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 3);
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, -400);
  await page.keyboard.up("Control");
  expect((await detail).status()).toBe(200);
});

it("borders of the split move with the keyboard", async () => {
  const { page } = v;
  const handle = page.getByRole("slider").first();
  await handle.press("PageDown");
  await expect.poll(() => handle.getAttribute("aria-valuenow"), { timeout: 10_000 }).toBe("65");
  await page.getByText(WORDS.en.data.split.use).click();
  await page.waitForURL(/\/train/);
  await expect.poll(() => page.locator("form").textContent(), { timeout: 10_000 }).toContain("65% / 15% / 20%");
});

it("a wrong value is explained before anything starts", async () => {
  const { page } = v;
  await page.locator("[data-test=horizon]").fill("0");
  await page.locator("[data-test=problem]").waitFor();
  expect(await page.locator("[data-test=problem]").textContent()).toContain("horizon");
  await page.locator("[data-test=horizon]").fill("12");
});

it("an LSTM and a baseline are trained, with an estimate before and live progress after", async () => {
  const { page } = v;
  for (const model of ["auto", "lstm", "seasonal_naive"]) await page.locator(`[data-model=${model}]`).click(); // auto is chosen at first
  await page.locator("[data-test=advanced] summary").click();
  for (const [name, value] of [
    ["hidden_size", "8"],
    ["max_epochs", "2"],
    ["steps_per_epoch", "12"],
    ["min_steps_per_epoch", "1"],
  ] as const) {
    await page.locator(`[data-option=${name}] input`).first().fill(value);
  }
  await page.locator("[data-test=estimate]").waitFor();
  await picture(page, "train-en");
  await page.locator("[data-test=start]").click();
  await page.waitForURL(/\/tasks\?group=/);
  await page.locator(".tasks li").nth(1).waitFor();
  await page.locator(".tasks a").first().click();
  await page.waitForURL(/\/tasks\/[0-9a-f]{32}/);
  await page.locator("[data-test=results]").waitFor({ timeout: 90_000 });
  expect(await page.locator("[data-test=log]").textContent()).not.toBe("");
  await picture(page, "task-en");
});

it("a long training is cancelled", async () => {
  const { page } = v;
  const task = await call<{ id: string }>(page, "/train", {
    model: "lstm",
    dataset,
    horizon: 12,
    context_length: 48,
    max_epochs: 100000,
    patience: 100000,
    steps_per_epoch: 20,
    min_steps_per_epoch: 1,
    options: { hidden_size: 8, segment_length: 12 },
  });
  await page.goto(`/tasks/${task.id}`);
  await page.locator("[data-state=running]").waitFor({ timeout: 60_000 });
  await page.locator("[data-test=curve] canvas").waitFor({ timeout: 60_000 });
  await page.locator("[data-test=cancel]").click();
  await page.locator("[data-state=cancelled]").waitFor({ timeout: 60_000 });
  await page.locator("[data-test=retry]").waitFor();
});

it("the results of the LSTM say how good it is", async () => {
  const { page } = v;
  const models = async () => (await call<{ items: { kind: string; id: string }[] }>(page, `/models?dataset=${dataset}`)).items;
  await expect.poll(async () => (await models()).length, { timeout: 90_000 }).toBe(2);
  model = (await models()).find((item) => item.kind === "lstm")?.id ?? "";
  await page.goto(`/results/${model}`);
  await settle(page);
  await page.locator("canvas").first().waitFor();
  expect((await page.locator("main").textContent()) ?? "").toMatch(/seasonal naive/i);
  await picture(page, "results-en");
});

it("the future is forecast and downloaded", async () => {
  const { page } = v;
  await page.goto(`/forecast?models=${model}`);
  await settle(page);
  await page.locator("[data-test=start-forecast]").click();
  await page.locator("canvas").first().waitFor({ timeout: 90_000 });
  await picture(page, "forecast-en");
  const [file] = await Promise.all([page.waitForEvent("download", { timeout: WAIT }), page.locator("[data-test=download-csv]").click()]);
  expect(file.suggestedFilename()).toMatch(/^forecast anlage nord \d{4}-\d\d-\d\d\.csv$/);
  const task = new URL(page.url()).searchParams.get("task") ?? "";
  await page.goto("/tasks?kind=predict");
  await page.getByText(`Forecast of anlage nord with LSTM`).first().click();
  await page.waitForURL(new RegExp(`/tasks/${task}`));
  await page.getByText(WORDS.en.tasks.openForecast).click();
  await page.locator("[data-test=forecast-models]", { hasText: "LSTM" }).waitFor();
});

it("two models are compared", async () => {
  const { page } = v;
  const { items } = await call<{ items: { id: string; dataset: string }[] }>(page, "/models"); // the newest first
  const own = items.filter((item) => item.dataset === items[0]?.dataset);
  await page.goto(`/compare?${own.map((item) => `models=${item.id}`).join("&")}`);
  await settle(page);
  await page.locator("table").first().waitFor({ timeout: 90_000 });
  expect(await page.locator("main").textContent()).toContain("WQL");
  await picture(page, "compare-en");
});

it("the browser had nothing to complain about", () => {
  expect(v.complaints).toEqual([]);
});
