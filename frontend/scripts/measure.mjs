// Measures the page of a running service in Chromium, and prints the numbers as JSON. scripts/benchmark.py page calls it.
//
//   node scripts/measure.mjs first    ADDRESS TOKEN            script of the first view, time to interactive
//   node scripts/measure.mjs slow     ADDRESS TOKEN LANGUAGE   the same on a network of 50 kB/s, with all bytes of the view
//   node scripts/measure.mjs forecast ADDRESS TOKEN FILE       seconds from the link to a forecast of a file, and to a better one
//   node scripts/measure.mjs zoom     ADDRESS TOKEN DATASET    frames per second while the chart is panned and zoomed
//   node scripts/measure.mjs scroll   ADDRESS TOKEN DATASET    the same while the list of its series is scrolled from end to end
//   node scripts/measure.mjs compare  ADDRESS TOKEN ID...      seconds until a comparison is drawn
//   node scripts/measure.mjs open     URL SELECTOR             the same of any page, until a selector is in sight
import { gzipSync } from "node:zlib";

import { chromium } from "playwright-core";

const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];
const MOVE_SECONDS = 4;
const SLOW_NETWORK = { offline: false, latency: 100, downloadThroughput: 50_000, uploadThroughput: 50_000 };
const SEARCH_MILLISECONDS = 200_000;

const [what, address, ...rest] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
const language = what === "slow" ? rest[1] : "en";
const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: language });
const page = await context.newPage();

async function signIn(token) {
  await page.goto(`${address}/api/stats?token=${token}`);
}

/** Milliseconds from the start of the navigation until a selector is in sight and the page answers to input. */
async function openUntil(url, selector) {
  await page.goto(url, { waitUntil: "commit" });
  await page.waitForSelector(selector, { timeout: 60_000 });
  return page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(performance.now()), 0))));
}

async function first(token) {
  await signIn(token);
  let bytes = 0;
  const waiting = [];
  page.on("response", (response) => {
    if (!["script"].includes(response.request().resourceType())) return;
    waiting.push(response.body().then((body) => (bytes += gzipSync(body).length)));
  });
  const milliseconds = await openUntil(`${address}/`, "main h1");
  await page.waitForLoadState("networkidle");
  await Promise.all(waiting);
  return { interactive_seconds: milliseconds / 1000, script_bytes: bytes };
}

async function slow(token) {
  await signIn(token);
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", SLOW_NETWORK);
  let bytes = 0;
  network.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  const milliseconds = await openUntil(`${address}/`, "main h1");
  return { interactive_seconds: milliseconds / 1000, bytes };
}

/** The first click is on the link, the second chooses the file, and the third searches for a better forecast. */
async function forecast(token, file) {
  const figure = page.locator("[data-test=first-forecast] figure");
  let begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  await page.goto(`${address}/?token=${token}`);
  await page.locator("[data-test=file]").setInputFiles(file);
  await figure.locator("canvas").waitFor();
  const forecast_seconds = seconds();
  await page.locator("[data-test=backtest]").waitFor();
  const tested_seconds = seconds();
  const untrained = await figure.getAttribute("aria-label");
  begin = performance.now();
  await page.locator("[data-test=make-better]").click();
  await page.waitForFunction(
    (label) => document.querySelector("[data-test=first-forecast] figure")?.getAttribute("aria-label") !== label,
    untrained,
    { timeout: SEARCH_MILLISECONDS },
  );
  const better_seconds = seconds();
  await page.locator("[data-test=stop-search]").click();
  await page.locator("[data-test=search-results]").waitFor({ timeout: SEARCH_MILLISECONDS });
  return { forecast_seconds, tested_seconds, better_seconds };
}

async function zoom(token, dataset) {
  await signIn(token);
  await openUntil(`${address}/data/${dataset}`, "[data-test=series] canvas");
  await page.waitForTimeout(1000);
  const canvas = page.locator("[data-test=series] canvas");
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 3];
  await page.mouse.move(x, y);
  await countFrames();
  const end = Date.now() + MOVE_SECONDS * 1000;
  for (let step = 0; Date.now() < end; step += 1) {
    await page.keyboard.down("Control"); // without it the wheel scrolls the page
    await page.mouse.wheel(0, step % 40 < 20 ? -120 : 120);
    await page.keyboard.up("Control");
    if (step % 10 === 9) {
      await page.mouse.down();
      await page.mouse.move(x + (step % 20 === 9 ? 120 : -120), y, { steps: 6 });
      await page.mouse.up();
      await page.mouse.move(x, y);
    }
  }
  return frameRate();
}

/** Note the time of every frame from now on. */
async function countFrames() {
  await page.evaluate(() => {
    window.frames_ = [];
    const note = (time) => {
      window.frames_.push(time);
      requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
  });
}

async function frameRate() {
  const times = await page.evaluate(() => window.frames_);
  const gaps = times
    .slice(1)
    .map((time, position) => time - times[position])
    .sort((a, b) => a - b);
  return {
    frames_per_second: (1000 * gaps.length) / gaps.reduce((sum, gap) => sum + gap, 0),
    slowest_frame_of_20: gaps[Math.floor(0.95 * gaps.length)] / 1000,
  };
}

async function scroll(token, dataset) {
  await signIn(token);
  await openUntil(`${address}/data/${dataset}`, "[data-test=series-cell]");
  await page.waitForTimeout(1000);
  const list = page.locator("#all-series .box");
  await list.scrollIntoViewIfNeeded();
  const box = await list.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await countFrames();
  const end = Date.now() + MOVE_SECONDS * 1000;
  for (let step = 0; Date.now() < end; step += 1) {
    await page.mouse.wheel(0, 240);
    await page.waitForTimeout(16);
  }
  const numbers = await frameRate();
  const scrolled = await list.evaluate((element) => element.scrollTop);
  if (scrolled < 1000) throw new Error(`the list was scrolled by ${scrolled} px only`);
  // A place whose series has not arrived holds a block of loading; the last ones in sight arrive after the scrolling ends.
  const stopped = performance.now();
  await page.waitForFunction(() => document.querySelectorAll("#all-series .loading").length === 0, undefined, { timeout: 60_000 });
  return { ...numbers, arrived_seconds: (performance.now() - stopped) / 1000, pixels: scrolled };
}

async function compare(token, ...models) {
  await signIn(token);
  // a new attempt in each round, since the service stores a comparison and would only send it again
  const query = [...models.map((model) => `models=${model}`), `attempt=${Date.now()}`].join("&");
  const table = await openUntil(`${address}/compare?${query}`, "#metrics tbody tr");
  await page.waitForSelector("#differences canvas", { timeout: 120_000 });
  return { table_seconds: table / 1000, differences_seconds: (await page.evaluate(() => performance.now())) / 1000 };
}

async function open(selector) {
  return { seconds: (await openUntil(address, selector)) / 1000 };
}

try {
  process.stdout.write(`${JSON.stringify(await { first, slow, forecast, zoom, scroll, compare, open }[what](...rest))}\n`);
} finally {
  await browser.close();
}
