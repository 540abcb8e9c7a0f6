import { readFileSync } from "node:fs";

import type { Browser, Download, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";

import { call, isCutOff, launch, open, picture, settle, TRAINING_WAIT, trained, visit, wideNames, WORDS } from "./browser";

// The Chinese page has no English but names, in its texts and labels, and in what its charts draw, which their pictures keep.
const words = WORDS.zh;
const SERIES = "负荷";
/** Products, models, metrics, files and standards that have one name in every language. */
const NAMES =
  /\b(TimeVis|LightGBM|LSTM|GRU|Qwen[\w.]*|Nano-patch|Nano|nano|WQL|MASE|MAE|MSE|RMSE|SQL|CRPS|WAPE|sMAPE|PIT|MAPE|Holm|Diebold|Mariano|JSON|CSV|TSV|Excel|Parquet|ZIP|zip|PNG|Python|curl|API|UTC|UTF|ISO|HTTP|CPU|GPU|SQLite|Redis|English|Ctrl|LoRA|DoRA|rsLoRA|Git|KB|MB|GB|MiB|cpu|sqlite|https|MW|AdamW|token|PyTorch)\b/g;

/** Columns of files, which the API and the page write alike, and names of users and files. */
const VALUES = /\b(holiday|CN|point|truth|owner|li)\b|\S+\.csv/g;

let browser: Browser;
let page: Page;
let complaints: string[];
let dataset = "";
let model = "";
/** English words that were found, with the page and the text around them. */
const english: string[] = [];

/** The file of the journeys in Chinese, so that no name of the data is Latin. */
function file(rows = 600): { name: string; mimeType: string; buffer: Buffer } {
  const lines = Array.from({ length: rows }, (_, hour) => {
    const time = new Date(Date.UTC(2026, 0, 1, hour)).toISOString().slice(0, 16).replace("T", " ");
    return `${time},${(50 + 20 * Math.sin((hour / 12) * Math.PI) + 2 * Math.sin(hour * 12.9898)).toFixed(2)}`;
  });
  return { name: "厂区负荷.csv", mimeType: "text/csv", buffer: Buffer.from([`时间,${SERIES}`, ...lines].join("\n")) };
}

/** Remember every text that a chart draws. */
function recordDrawnTexts(): void {
  const drawn = new Set<string>();
  Object.assign(window, { drawnTexts: drawn });
  for (const name of ["fillText", "strokeText"] as const) {
    const draw = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (text: string, ...rest) {
      drawn.add(text);
      draw.call(this, text, ...(rest as [number, number]));
    };
  }
}

/** The texts and labels of the page, without commands, config, logs and texts that are marked as English, and those of its charts. */
function shownTexts(): { texts: string[]; drawn: string[] } {
  const texts: string[] = [];
  const isName = (element: Element): boolean =>
    element.closest("code, pre, textarea, script, style, [lang=en], #setup table, #config table, .options input") !== null;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent?.trim() ?? "";
    if (text !== "" && node.parentElement && !isName(node.parentElement)) texts.push(text);
  }
  for (const element of Array.from(document.querySelectorAll("[aria-label], [title], [placeholder], [alt]"))) {
    if (isName(element)) continue;
    for (const attribute of ["aria-label", "title", "placeholder", "alt"]) texts.push(element.getAttribute(attribute) ?? "");
  }
  return { texts, drawn: [...((window as unknown as { drawnTexts?: Set<string> }).drawnTexts ?? [])] };
}

/** Draw every chart of the page, then note its English words. */
async function look(name: string, isWithCharts = false): Promise<void> {
  await settle(page);
  for (const figure of await page.locator("figure.chart").all()) await figure.scrollIntoViewIfNeeded();
  await page.waitForTimeout(400);
  const { texts, drawn } = await page.evaluate(shownTexts);
  expect(texts.length, name).toBeGreaterThan(10);
  if (isWithCharts)
    expect(
      drawn.some((text) => /\p{Script=Han}/u.test(text)),
      `${name}: no Chinese text in a chart`,
    ).toBe(true);
  for (const text of [...texts, ...drawn.map((text) => `drawn: ${text}`)]) {
    const found = text
      .replace(/^drawn: /, "")
      .replace(NAMES, "")
      .replace(VALUES, "")
      .match(/[A-Za-z]{2,}/g);
    if (found) english.push(`${name}: ${text.slice(0, 160)}`);
  }
  expect(await isCutOff(page), `${name} is wider than the window`).toBe(false);
  await picture(page, `chinese-${name}`);
}

async function saved(item: "save-image" | "save-data", within = "main"): Promise<Download> {
  await page.locator(within).locator("[data-test=chart-menu]").first().click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(`[data-test=${item}]`).click()]);
  return download;
}

beforeAll(async () => {
  browser = await launch();
  ({ page, complaints } = await visit(browser, { language: "zh" }));
  await page.addInitScript(recordDrawnTexts);
});

afterAll(async () => {
  await browser.close();
});

it("a file is forecast at once, and one button searches for a better forecast", async () => {
  await open(page, "/data");
  await page.locator("[data-test=file]").setInputFiles(file());
  await page.locator("[data-test=backtest]").waitFor();
  dataset = page.url().split("/").at(-1) ?? "";
  await look("dataset", true);
  await page.locator("[data-test=search-minutes]").click();
  await page.getByRole("option", { name: "2 分钟", exact: true }).click();
  await page.locator("[data-test=make-better]").click();
  await page.locator("[data-member=linear][data-member-state=completed]").waitFor({ timeout: TRAINING_WAIT });
  const label = () => page.locator("[data-test=first-forecast] figure").getAttribute("aria-label");
  await expect.poll(label, { timeout: 60_000 }).toContain(words.search.drawn);
  await look("search", true);
  await page.locator("[data-test=stop-search]").click();
  await page.locator("[data-test=search-results]").waitFor({ timeout: TRAINING_WAIT });
});

it("a model is judged: the whole period, its largest error, its explanation, its report and its charts as files", async () => {
  model = await trained(page, {
    ...{ model: "lstm", dataset, horizon: 12, context_length: 24, max_epochs: 2, steps_per_epoch: 12, min_steps_per_epoch: 1 },
    options: { hidden_size: 8 },
  });
  await open(page, `/results/${model}`);
  await page.locator("[data-test=period] canvas").waitFor();
  await page.locator("[data-test=largest-errors] button").first().click();
  await page.waitForURL(/window=\d+/);
  await page.locator("[data-test=explain]").click();
  await page.locator("[data-test=explanation] tbody tr").first().waitFor({ timeout: TRAINING_WAIT });
  await look("results", true);

  const image = await saved("save-image", "#forecasts");
  expect(image.suggestedFilename()).toMatch(/\.png$/); // the canvas as it is, whose texts `look` has read
  const data = readFileSync(await (await saved("save-data", "#period")).path(), "utf8");
  const header = data.split("\r\n")[0] ?? "";
  expect(header).toContain(words.results.window.truth);
  expect(header.replace(/q0\.\d/g, "")).not.toMatch(/[A-Za-z]{2,}/);

  const [report] = await Promise.all([page.context().waitForEvent("page"), page.getByText(words.results.actions.report, { exact: true }).click()]);
  await report.locator("h1").first().waitFor();
  expect(await report.locator("html").getAttribute("lang")).toMatch(/^zh/);
  await report.close();
});

it("forecasts, a comparison and all lists and forms", async () => {
  const naive = await trained(page, { model: "seasonal_naive", dataset, horizon: 12, context_length: 24 });
  await open(page, `/forecast?models=${model}&models=${naive}`);
  await page.locator("[data-test=start-forecast]").click();
  await page.locator("[data-test=download-csv]").waitFor({ timeout: TRAINING_WAIT });
  await look("forecast", true);
  await open(page, `/compare?models=${model}&models=${naive}`);
  await page.locator("#differences canvas").waitFor({ timeout: TRAINING_WAIT });
  await page.locator("[data-test=periods]").scrollIntoViewIfNeeded();
  await page.locator("[data-test=periods] canvas").waitFor();
  await look("compare", true);
  const { page: phone, context } = await visit(browser, { language: "zh", width: 390, touch: true });
  for (const path of ["/data", "/models", `/results/${model}`, `/compare?models=${model}&models=${naive}`]) {
    await open(phone, path);
    await phone
      .locator(path.startsWith("/compare") ? "#config table" : "table:visible")
      .first()
      .waitFor();
    expect(await wideNames(phone), path).toEqual([]);
  }
  await context.close();
  await open(page, `/train?dataset=${dataset}&models=qwen_patch&models=lstm&models=boosted&models=qwen`);
  await page.locator("[data-test=advanced] summary").click();
  await page.locator("[data-test=commands] summary").click();
  await page.locator("[data-test=estimate]").waitFor();
  await look("train");
  for (const list of ["data", "tasks", "models", "system"]) {
    await open(page, `/${list}`);
    await look(list);
  }
  const task = (await call<{ items: { id: string }[] }>(page, `/tasks?dataset=${dataset}&kind=train`)).items[0];
  await open(page, `/tasks/${task?.id ?? ""}`);
  await look("task");
});

it("a dataset is watched from a dialog, and a link shows one result to someone without an account", async () => {
  await open(page, `/data/${dataset}`);
  await page.locator("[data-test=watch]").click();
  await page.locator("[data-test=watch-form]").waitFor();
  await look("watch");
  await page.locator("[data-test=start-watching]").click();
  await page.waitForURL(/\/monitors\/[0-9a-f]{32}/);
  await page.locator("[data-test=monitor-period] canvas").waitFor({ timeout: TRAINING_WAIT });
  await look("monitor", true);
  const monitor = /[0-9a-f]{32}/.exec(page.url())?.[0] ?? "";
  expect((await page.request.delete(`/api/monitors/${monitor}`)).ok()).toBe(true); // other files expect to see none

  await call(page, "/users", { name: "li", role: "viewer", password: "three quiet words" });
  await open(page, "/system/users");
  await look("users");
  await open(page, `/results/${model}`);
  await page.locator("[data-test=share]").click();
  await page.locator("[data-test=make-link]").click();
  const link = await page.locator("[data-test=link] code").innerText();
  await look("share");
  const { page: visitor, context } = await visit(browser, { language: "zh", width: 390 });
  await visitor.goto(link);
  await visitor.getByRole("heading", { level: 2, name: words.results.period.title }).waitFor();
  expect(await isCutOff(visitor)).toBe(false);
  await context.close();
  expect((await page.request.delete("/api/users/li")).ok()).toBe(true);
});

it("no page and no chart had an English word", () => {
  expect([...new Set(english)]).toEqual([]);
  expect(complaints).toEqual([]);
});
