import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import type { Browser, BrowserContext, Page } from "playwright-core";
import { chromium } from "playwright-core";
import { inject } from "vitest";

import en from "../../src/i18n/en";
import zh from "../../src/i18n/zh";
import service from "../../src/i18n/zh/service";

export const WORDS = { en, zh: { ...zh, service } };
export type LanguageName = keyof typeof WORDS;

const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const WAIT = 60_000;
/** Longest time of a small training on a busy machine, where each run starts a process that loads PyTorch. */
export const TRAINING_WAIT = 200_000;

export function launch(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is absent; install the Debian package chromium`);
  return chromium.launch({ executablePath, args: FLAGS });
}

export interface Visit {
  context: BrowserContext;
  page: Page;
  /** What the browser complained about: errors of scripts and refused resources. */
  complaints: string[];
}

/** A new browser profile that has opened the link that the service printed. */
export async function visit(
  browser: Browser,
  options: { language?: LanguageName; width?: number; theme?: "light" | "dark"; touch?: boolean; scale?: number } = {},
): Promise<Visit> {
  const { language = "en", width = 1280, theme = "light", touch = false, scale = 1 } = options;
  const context = await browser.newContext({
    viewport: { width, height: width < 600 ? 844 : 860 },
    deviceScaleFactor: scale,
    locale: language === "zh" ? "zh-CN" : "en-GB",
    colorScheme: theme,
    baseURL: inject("address"),
    bypassCSP: false,
    hasTouch: touch,
    isMobile: touch,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of (4\d\d|503)|ERR_CONNECTION|Failed to fetch/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(`/?token=${inject("token")}`);
  await page.locator("h1").first().waitFor();
  return { context, page, complaints };
}

/** Go to an address and wait until nothing is loading. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await settle(page);
}

export async function settle(page: Page): Promise<void> {
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => document.querySelector(".loading") === null, undefined, { timeout: WAIT });
}

interface AxeResult {
  violations: { id: string; impact: string | null; nodes: { target: string[]; failureSummary?: string }[] }[];
}

/** Rules of landmarks and of scrolling, which axe calls moderate, but which a keyboard or a screen reader needs. */
const NEEDED_RULES = ["region", "landmark-unique", "scrollable-region-focusable"];

/** The findings of axe that are serious, critical or of one of `NEEDED_RULES`, one line for each element. */
export async function seriousFindings(page: Page): Promise<string[]> {
  // The debugger may evaluate scripts that the policy of the page would refuse to load.
  await page.evaluate(AXE);
  // During a transition a colour has values that are in no theme, so all transitions end first. Endless animations, such as
  // the sign of loading, are not waited for.
  await page.evaluate(async () => {
    const ending = document.getAnimations().filter((animation) => Number.isFinite(animation.effect?.getComputedTiming().endTime));
    await Promise.allSettled(ending.map((animation) => animation.finished));
  });
  const result = await page.evaluate<AxeResult>("axe.run(document, { resultTypes: ['violations'] })");
  return result.violations
    .filter((violation) => violation.impact === "serious" || violation.impact === "critical" || NEEDED_RULES.includes(violation.id))
    .flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`));
}

/** Whether the page is wider than the window. */
export function isCutOff(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth + 1);
}

/** The tables that scroll sideways and whose first column with text takes more than half of what is in sight. */
export function wideNames(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    Array.from(document.querySelectorAll("table")).flatMap((table) => {
      let box: HTMLElement | null = table;
      while (box && !["auto", "scroll"].includes(getComputedStyle(box).overflowX)) box = box.parentElement;
      if (!box || table.offsetWidth <= box.clientWidth) return [];
      const cells = Array.from(table.querySelectorAll<HTMLElement>("tbody tr:first-child > *"));
      const name = cells.find((cell) => cell.innerText.trim() !== "");
      const where = table.closest("[id]")?.id ?? "";
      return name && name.offsetWidth > box.clientWidth / 2 ? [`${where}: ${String(name.offsetWidth)} of ${String(box.clientWidth)} px`] : [];
    }),
  );
}

/** Keep a picture if JOURNEY_SCREENSHOTS names a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.JOURNEY_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** A call of the API with the cookie of the page. */
export async function call<T>(page: Page, path: string, body?: unknown): Promise<T> {
  const options = { headers: { Prefer: "wait=30" }, timeout: WAIT };
  const answer = await page.request.fetch(`/api${path}`, body === undefined ? options : { method: "POST", data: body, ...options });
  if (!answer.ok()) throw new Error(`${path}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

interface TaskAnswer {
  id: string;
  state: string;
  error: string | null;
  result: { model?: string };
}

/** Train a model with few windows; returns its identifier. */
export async function trained(page: Page, request: object): Promise<string> {
  const started = await call<TaskAnswer>(page, "/train", { evaluation: { max_windows: 30, val_windows: 10 }, ...request });
  const deadline = Date.now() + TRAINING_WAIT;
  while (Date.now() < deadline) {
    const task = await call<TaskAnswer>(page, `/tasks/${started.id}`);
    if (task.result.model !== undefined) return task.result.model;
    if (task.error !== null) throw new Error(task.error);
    await page.waitForTimeout(300);
  }
  throw new Error("the training did not complete in time");
}

/** Upload a file, or send it as newer rows of a dataset; returns the identifier of the dataset, also if the reading takes long. */
export async function upload(page: Page, file: { name: string; mimeType: string; buffer: Buffer }, path = "/api/upload"): Promise<string> {
  const answer = await page.request.post(path, { multipart: { file }, headers: { Prefer: "wait=30" }, timeout: WAIT });
  if (!answer.ok()) throw new Error(await answer.text());
  const { id, kind } = (await answer.json()) as { id: string; kind?: string };
  if (kind !== "read") return id;
  const deadline = Date.now() + TRAINING_WAIT;
  while (Date.now() < deadline) {
    const task = await call<{ error: string | null; result: { dataset?: string } }>(page, `/tasks/${id}`);
    if (task.result.dataset !== undefined) return task.result.dataset;
    if (task.error !== null) throw new Error(task.error);
    await page.waitForTimeout(300);
  }
  throw new Error(`${file.name} was not read in time`);
}

/** An hourly series with a daily season, missing hours and one unusual value, as in a file that was not prepared for TimeVis. */
export function plantFile(rows = 1200): { name: string; mimeType: string; buffer: Buffer } {
  const lines = ["Zeit;Last MW;Anlage"];
  for (let hour = 0; hour < rows; hour += 1) {
    if (hour % 331 === 50) continue;
    const time = new Date(Date.UTC(2026, 0, 1, hour)).toISOString().slice(0, 16).replace("T", " ");
    const noise = Math.sin(hour * 12.9898) * 2;
    const value = hour === 700 ? 400 : 50 + 20 * Math.sin((hour / 24) * 2 * Math.PI) + noise;
    lines.push(`${time};${value.toFixed(2).replace(".", ",")};Nord`);
  }
  return { name: "anlage nord.csv", mimeType: "text/csv", buffer: Buffer.from(lines.join("\r\n"), "utf8") };
}
