// Takes the screenshots of docs/screenshots from a running service with trained models.
//
//   TIMEVIS_ADDRESS='http://localhost:5000/?token=...' npm run screenshots
//
// Every picture is of the real page in Chromium. CHROMIUM names the program, and OUT another folder.
import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const address = new URL(process.env.TIMEVIS_ADDRESS ?? "http://localhost:5000/");
const token = address.searchParams.get("token") ?? "";
const folder = process.env.OUT ?? fileURLToPath(new URL("../../docs/screenshots", import.meta.url));
const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];
const DESKTOP = { width: 1280, height: 800 };
const TALL = { width: 1280, height: 1130 };
const PHONE = { width: 390, height: 844 };

async function call(path, options = {}) {
  const answer = await fetch(new URL(`/api/${path}`, address), {
    ...options,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", Prefer: "wait=30", ...options.headers },
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** The dataset with the most models, its models from the best to the worst, and a language model if there is one. */
async function subjects() {
  const { items } = await call("models?per_page=200");
  const comparable = new Map();
  for (const model of items) {
    const key = model.summary.window_set.hash;
    comparable.set(key, [...(comparable.get(key) ?? []), model]);
  }
  const [models] = [...comparable.values()].sort((a, b) => b.length - a.length);
  if (models === undefined || models.length < 2) throw new Error("train at least two models on one dataset first");
  models.sort((a, b) => b.summary.skill.wql.value - a.summary.skill.wql.value);
  return { models, language: items.find((model) => model.kind.startsWith("qwen")) ?? models[0], dataset: models[0].dataset };
}

const { models, language, dataset } = await subjects();
const best = models[0];
const compared = models
  .slice(0, 5)
  .map((model) => `models=${model.id}`)
  .join("&");
const forecast = await call("predict", {
  method: "POST",
  body: JSON.stringify({ models: models.slice(0, 2).map((model) => model.id) }),
});
const forecasters = models
  .slice(0, 2)
  .map((model) => `models=${model.id}`)
  .join("&");

/** Name, path, theme, language, size, and what must be in sight before the picture is taken. */
export const PICTURES = [
  ["data", `/data/${dataset}`, "light", "en", DESKTOP, "canvas"],
  ["train", `/train?dataset=${dataset}`, "dark", "zh", DESKTOP, "form"],
  ["results", `/results/${best.id}?window=5`, "light", "en", DESKTOP, "canvas"],
  ["results-dark", `/results/${best.id}?window=5#calibration`, "dark", "zh", DESKTOP, "#calibration canvas"],
  ["forecast", `/forecast?${forecasters}&task=${forecast.id}`, "light", "zh", TALL, "canvas"],
  ["compare", `/compare?${compared}`, "dark", "en", DESKTOP, "#differences canvas"],
  ["models-phone", "/models", "light", "zh", PHONE, "[data-test=model-row]"],
  ["digits-phone", `/results/${language.id}#digits`, "dark", "en", PHONE, "#digits"],
];

const wanted = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
let bytes = 0;
for (const [name, path, theme, tongue, viewport, ready] of PICTURES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  // A phone has no scroll bar beside the page.
  const isPhone = viewport === PHONE;
  const options = { viewport, locale: tongue, colorScheme: theme, isMobile: isPhone, hasTouch: isPhone };
  const context = await browser.newContext({ ...options, reducedMotion: "reduce" });
  await context.addInitScript(
    ([chosenTheme, chosenLanguage]) => {
      localStorage.setItem("timevis-theme", chosenTheme);
      localStorage.setItem("timevis-language", chosenLanguage);
    },
    [theme, tongue],
  );
  const page = await context.newPage();
  page.on("pageerror", (error) => {
    throw error;
  });
  await page.goto(new URL(`/api/stats?token=${token}`, address).href);
  await page.goto(new URL(path, address).href);
  await page.waitForSelector(ready, { timeout: 30_000 });
  await page.waitForLoadState("networkidle");
  await page.waitForTimeout(700);
  const anchor = new URL(path, address).hash;
  if (anchor) {
    await page.evaluate((selector) => document.querySelector(selector)?.scrollIntoView(), anchor);
    await page.waitForTimeout(400);
  }
  const file = `${folder}/${name}.png`;
  await page.screenshot({ path: file });
  bytes += statSync(file).size;
  await context.close();
}
await browser.close();
process.stdout.write(`${folder}: ${Math.round(bytes / 1000)} KB\n`);
