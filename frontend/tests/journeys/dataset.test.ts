import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, it } from "vitest";

import { isCutOff, launch, open, picture, plantFile, settle, trained, upload, visit, WORDS } from "./browser";

let browser: Browser;
let page: Page;
let dataset: string;
let model: string;

beforeAll(async () => {
  browser = await launch();
  ({ page } = await visit(browser));
  dataset = await upload(page, plantFile(790));
  model = await trained(page, { model: "seasonal_naive", dataset, horizon: 24, context_length: 48 });
});

afterAll(async () => {
  await browser.close();
});

/** How many rows the chart of the series shows. */
async function shownRows(where = page): Promise<number> {
  const text = await where.locator("[data-test=series] ~ .legend span").first().innerText();
  return Number(/^[\d,]+/.exec(text)?.[0].replaceAll(",", ""));
}

it("the wheel over the chart of a series scrolls the page; Ctrl with the wheel, keys and dragging zoom", async () => {
  await open(page, `/data/${dataset}`);
  const chart = page.locator("[data-test=series]");
  await chart.locator("canvas").waitFor();
  expect(await shownRows()).toBe(790);
  const pointAt = async (share: number): Promise<void> => {
    const box = await chart.boundingBox();
    if (box) await page.mouse.move(box.x + box.width * share, box.y + box.height / 3);
  };
  await pointAt(0.5);
  await page.mouse.wheel(0, 120);
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(120);
  expect(await shownRows()).toBe(790);

  await chart.focus();
  await page.keyboard.press("+");
  await expect.poll(() => shownRows(), { timeout: 10_000 }).toBeLessThan(700);
  await page.keyboard.press("0");
  await expect.poll(() => shownRows(), { timeout: 10_000 }).toBe(790);

  await pointAt(0.5);
  await page.keyboard.down("Control");
  for (let turn = 0; turn < 12; turn += 1) {
    await page.mouse.wheel(0, -240); // the rows beside the visible ones are loaded too, so that a small zoom shows all
    await page.waitForTimeout(100);
  }
  await page.keyboard.up("Control");
  await expect.poll(() => shownRows(), { timeout: 10_000 }).toBeLessThan(790);
  await page.keyboard.press("0");
  await expect.poll(() => shownRows(), { timeout: 10_000 }).toBe(790);

  await pointAt(0.4);
  await page.mouse.down();
  await pointAt(0.5);
  await pointAt(0.6);
  await page.mouse.up();
  await expect.poll(() => shownRows(), { timeout: 10_000 }).toBeLessThan(500);
});

it("the handles below the chart of a series narrow what it shows", async () => {
  await open(page, `/data/${dataset}`);
  const chart = page.locator("[data-test=series]");
  await chart.locator("canvas").waitFor();
  await chart.scrollIntoViewIfNeeded();
  expect(await shownRows()).toBe(790);
  const box = await chart.boundingBox();
  if (!box) throw new Error("the chart has no box");
  const [right, y] = [box.x + box.width - 13, box.y + box.height - 25];
  await page.mouse.move(right, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, y, { steps: 8 });
  await page.mouse.up();
  await expect.poll(() => shownRows(), { timeout: 10_000 }).toBeLessThan(700);
});

it("one finger that moves over the chart of a series scrolls the page, and two fingers zoom", async () => {
  const { page: phone, context } = await visit(browser, { width: 390, touch: true });
  await open(phone, `/data/${dataset}`);
  const chart = phone.locator("[data-test=series]");
  await chart.scrollIntoViewIfNeeded();
  await chart.locator("canvas").waitFor();
  const fingers = await context.newCDPSession(phone);
  const dispatch = (type: "touchStart" | "touchMove" | "touchEnd", touchPoints: { x: number; y: number; id: number }[] = []) =>
    fingers.send("Input.dispatchTouchEvent", { type, touchPoints });
  const middle = async (): Promise<{ x: number; y: number }> => {
    await chart.evaluate((figure) => {
      figure.scrollIntoView({ block: "center" });
    });
    const box = await chart.boundingBox();
    if (!box) throw new Error("the chart has no box");
    return { x: box.x + box.width / 2, y: box.y + box.height / 3 };
  };

  const { x, y } = await middle();
  const before = await phone.evaluate(() => window.scrollY);
  await dispatch("touchStart", [{ x, y, id: 0 }]);
  for (let moved = 20; moved <= 200; moved += 20) {
    await dispatch("touchMove", [{ x, y: y - moved, id: 0 }]);
    await phone.waitForTimeout(20);
  }
  await dispatch("touchEnd");
  await expect.poll(() => phone.evaluate(() => window.scrollY), { timeout: 10_000 }).toBeGreaterThan(before + 100);
  expect(await shownRows(phone)).toBe(790);

  const place = await middle();
  const apart = (half: number) => [-half, half].map((offset, id) => ({ x: place.x + offset, y: place.y, id }));
  await dispatch("touchStart", apart(20));
  for (let half = 25; half <= 120; half += 5) {
    await dispatch("touchMove", apart(half));
    await phone.waitForTimeout(30);
  }
  await dispatch("touchEnd");
  await expect.poll(() => shownRows(phone), { timeout: 10_000 }).toBeLessThan(400);
  expect(await phone.evaluate(() => window.visualViewport?.scale)).toBe(1);
  await context.close();
});

it("after an upload the page draws a forecast and says how good it was, without a click", async () => {
  for (const language of ["en", "zh"] as const) {
    const { page: other, context, complaints } = await visit(browser, { language, theme: language === "zh" ? "dark" : "light" });
    const file = plantFile(language === "zh" ? 500 : 600);
    await other.locator("[data-test=file]").setInputFiles({ ...file, name: `load ${language}.csv` });
    await other.locator("[data-test=first-forecast] canvas").waitFor();
    const sentence = await other.locator("[data-test=backtest]").innerText();
    expect(sentence).toMatch(language === "en" ? /last 24 hours: its mean absolute error was \d+% (below|above)/ : /24 小时.*\d+%/);
    await picture(other, `first-forecast-${language}`);
    expect(complaints).toEqual([]);
    await context.close();
  }
});

it("the results show the whole scored period, and its largest error leads to its window", async () => {
  await open(page, `/results/${model}`);
  await page.locator("[data-test=period] canvas").waitFor();
  const errors = page.locator("[data-test=largest-errors] button");
  await expect.poll(() => errors.count(), { timeout: 10_000 }).toBe(5);
  await picture(page, "whole-period");
  const time = (await errors.first().innerText()).slice(0, 10);
  await errors.first().click();
  await page.waitForURL(/window=\d+/);
  await settle(page);
  const daysAway = async (): Promise<number> => {
    const origin = (await page.locator("#forecasts h3").first().innerText()).slice(0, 10);
    return Math.abs(Date.parse(time) - Date.parse(origin)) / 86_400_000;
  };
  await expect.poll(daysAway, { timeout: 10_000 }).toBeLessThanOrEqual(1); // the window before is shown until this one is loaded
});

it("a model becomes the champion of its dataset, and an older version leads to the newest one", async () => {
  await open(page, `/results/${model}`);
  expect(await page.locator("h1").innerText()).toMatch(/^Seasonal naive, context length 48, horizon 24/);
  await page.locator("[data-test=choose-champion]").click();
  await page.locator("[data-test=is-champion]").waitFor();
  const [header, ...rows] = plantFile(850).buffer.toString("utf8").split("\r\n");
  const file = { name: "newer.csv", mimeType: "text/csv", buffer: Buffer.from([header, ...rows.slice(788)].join("\n")) };
  const answer = await page.request.post(`/api/datasets/${dataset}/rows`, { multipart: { file }, headers: { Prefer: "wait=60" } });
  expect(answer.status()).toBe(201);
  await open(page, `/data/${dataset}`);
  expect(await page.locator("[data-test=champion] a").getAttribute("href")).toBe(`/results/${model}`);
  await picture(page, "dataset-with-newer-version");
  await page.locator("[data-test=newer-version] a").click();
  await settle(page);
  await page.getByText("anlage nord.csv and rows that were added, version 2").waitFor();
});

it("a link with a token opens the view that it names", async () => {
  const { page: other, context } = await visit(browser);
  await other.goto(`/train?dataset=${dataset}&models=linear&token=${inject("token")}`);
  await other.locator("[data-model=linear].chosen").waitFor();
  expect(new URL(other.url()).searchParams.get("dataset")).toBe(dataset);
  await context.close();
});

it("lengths that a short series allows are set by a button", async () => {
  const short = await upload(page, { ...plantFile(60), name: "short.csv" });
  await open(page, `/train?dataset=${short}&models=seasonal_naive`);
  await page.locator("[data-test=horizon]").fill("40");
  await page.locator("[data-test=use-lengths]").first().click();
  await page.locator("[data-test=estimate]").waitFor();
  expect(Number(await page.locator("[data-test=horizon]").inputValue())).toBeLessThan(40);
});

it("eighty years of months have an average year, and the length of each of several series", async () => {
  const lines = ["month,site,power (kW)"];
  for (const site of ["north", "south"]) {
    for (let month = 0; month < 960; month += 1) {
      const date = `${String(1946 + Math.floor(month / 12))}-${String((month % 12) + 1).padStart(2, "0")}-01`;
      lines.push(`${date},${site},${(100 + 20 * Math.sin((month / 6) * Math.PI) + (month % 7)).toFixed(2)}`);
    }
  }
  const long = await upload(page, { name: "months.csv", mimeType: "text/csv", buffer: Buffer.from(lines.join("\n")) });
  for (const language of ["en", "zh"] as const) {
    const { page: other, context, complaints } = await visit(browser, { language, width: 390 });
    await open(other, `/data/${long}`);
    await other.getByText(WORDS[language].data.seasonality.year, { exact: true }).waitFor();
    const facts = await other.locator("dl.facts").first().innerText();
    for (const fact of language === "en" ? ["960 months", "1,920"] : ["960 个月", "1,920"]) expect(facts).toContain(fact);
    expect(await isCutOff(other)).toBe(false);
    expect(complaints).toEqual([]);
    await context.close();
  }
});
