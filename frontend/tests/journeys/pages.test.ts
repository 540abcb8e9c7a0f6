import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { call, isCutOff, launch, open, picture, seriousFindings, settle, trained, visit, WORDS } from "./browser";

let browser: Browser;
let paths: Record<string, string>;

/** The keys of all words; a page that shows one lacks its text. */
const KEYS = new Set(keysOf(WORDS.en));

function keysOf(tree: object, prefix = ""): string[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "object" && value !== null ? keysOf(value as object, `${prefix}${key}.`) : [prefix + key],
  );
}

beforeAll(async () => {
  browser = await launch();
  const { page, context } = await visit(browser);
  const dataset = await call<{ id: string }>(page, "/sample-data", { domain: "electricity", source: "synthetic", rows: 1500 });
  const model = await trained(page, { model: "seasonal_naive", dataset: dataset.id, horizon: 12, context_length: 48 });
  const [task] = (await call<{ items: { id: string }[] }>(page, `/tasks?dataset=${dataset.id}`)).items;
  paths = {
    data: "/data",
    dataset: `/data/${dataset.id}`,
    train: `/train?dataset=${dataset.id}`,
    tasks: "/tasks",
    task: `/tasks/${task?.id ?? ""}`,
    models: "/models",
    results: "/results",
    result: `/results/${model}`,
    forecast: "/forecast",
    compare: "/compare",
    system: "/system",
    absent: "/no/such/page",
  };
  await context.close();
});

afterAll(async () => {
  await browser.close();
});

describe.each([
  { language: "en", theme: "light", width: 1280 },
  { language: "zh", theme: "dark", width: 1280 },
  { language: "zh", theme: "light", width: 390 },
  { language: "en", theme: "dark", width: 390 },
] as const)("in $language, $theme, at $width px", ({ language, theme, width }) => {
  it("every page has no serious finding of axe, is not cut off and is translated", async () => {
    const { page, context, complaints } = await visit(browser, { language, theme, width });
    const problems: string[] = [];
    for (const [name, path] of Object.entries(paths)) {
      await open(page, path);
      await page.waitForTimeout(250);
      problems.push(...(await seriousFindings(page)).map((text) => `${name}: ${text}`));
      if (await isCutOff(page)) problems.push(`${name}: wider than the window`);
      const text = await page.locator("body").innerText();
      const shownKeys = (text.match(/[a-z]+(?:\.[\w-]+)+/g) ?? []).filter((token) => KEYS.has(token));
      problems.push(...shownKeys.map((key) => `${name}: untranslated ${key}`));
      await picture(page, `${name}-${language}-${theme}-${String(width)}`);
    }
    expect(await page.evaluate(() => document.documentElement.lang)).toBe(language === "zh" ? "zh-CN" : "en");
    expect(problems).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });
});

/** Whether a corner of the first tile and the right edge of each row of tiles have one colour, as in the pixels of a picture. */
function areTilesAlike({ bytes, points }: { bytes: number[]; points: [number, number][] }): Promise<boolean> {
  return createImageBitmap(new Blob([new Uint8Array(bytes)])).then((bitmap) => {
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context?.drawImage(bitmap, 0, 0);
    const colours = points.map(([x, y]) => String(context?.getImageData(x, y, 1, 1).data));
    return colours.length > 1 && new Set(colours).size === 1;
  });
}

it("at 200 % no place of the tiles is grey, and every chart is drawn sharply and covered by nothing", async () => {
  const { page, context } = await visit(browser, { width: 640, scale: 2 });
  await page.setViewportSize({ width: 640, height: 400 });
  for (const path of [paths.dataset, paths.result]) {
    await open(page, path ?? "");
    await expect.poll(() => page.locator("figure.chart").count(), { timeout: 30_000 }).toBeGreaterThan(3);
    await settle(page);
    expect(await isCutOff(page)).toBe(false);
    const figures = await page.locator("figure.chart").all();
    for (const figure of figures) {
      await figure.evaluate((element) => {
        element.scrollIntoView({ block: "center" });
      });
      await figure.locator("canvas").waitFor();
      const look = () =>
        figure.evaluate((element) => {
          const canvas = element.querySelector("canvas");
          const box = element.getBoundingClientRect();
          const pixels = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
          const drawn = pixels.filter((value, position) => position % 4 === 3 && value > 0).length;
          const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
          return { isDrawn: drawn > pixels.length / 400, isOnTop: element.contains(top), sharpness: (canvas?.width ?? 0) / box.width };
        });
      await expect.poll(look, { message: `${String(path)}: ${String(await figure.getAttribute("aria-label"))}` }).toMatchObject({
        isDrawn: true,
        isOnTop: true,
        sharpness: expect.closeTo(2, 1) as number,
      });
    }
  }
  const tiles = page.locator("dl.tiles");
  for (const width of [320, 400, 480, 560, 640, 720]) {
    await page.setViewportSize({ width, height: 400 });
    await tiles.scrollIntoViewIfNeeded();
    const points = await tiles.evaluate((list) => {
      const box = list.getBoundingClientRect();
      const rows = Array.from(list.children).map((tile) => tile.getBoundingClientRect());
      const right = rows.map((tile): [number, number] => [box.width - 7, tile.top - box.top + tile.height / 2]);
      return [[7, (rows[0]?.height ?? 0) / 2] as [number, number], ...right].map(
        ([x, y]) => [Math.round(2 * x), Math.round(2 * y)] as [number, number],
      );
    });
    const bytes = [...(await tiles.screenshot())];
    expect(await page.evaluate(areTilesAlike, { bytes, points }), `tiles at ${String(width)} px`).toBe(true);
  }
  await context.close();
});

it.each(["en", "zh"] as const)("the lists of data and models show small lines that are described in words (%s)", async (language) => {
  const { page, context } = await visit(browser, { language });
  for (const [path, name] of [
    ["/data", "newest-values"],
    ["/models", "newest-forecast"],
  ] as const) {
    await open(page, path);
    const line = page.locator(`[data-test=${name}]`).first();
    await line.waitFor();
    expect(await line.getAttribute("aria-label")).toMatch(language === "zh" ? /20\d\d-\d\d-\d\d.* 至 20/ : /20\d\d-\d\d-\d\d.* to 20/);
    const size = await line.boundingBox();
    expect(size && size.width > 60 && size.height > 20).toBe(true);
  }
  await context.close();
});

it("every code of the service has Chinese words", async () => {
  const { page, context } = await visit(browser);
  const codes = Object.keys(await call<Record<string, string>>(page, "/messages"));
  expect(codes.length).toBeGreaterThan(100);
  expect(codes.filter((code) => !(code in WORDS.zh.service))).toEqual([]);
  await context.close();
});

it("every option of a model has a name and help in both languages, and each of its choices a name", async () => {
  const { page, context } = await visit(browser);
  const models = await call<{ options: { name: string; section: string; choices: string[] }[] }[]>(page, "/model-options");
  const names = new Set(
    models
      .flatMap((model) => model.options)
      .filter((option) => !["horizon", "context_length", "seed"].includes(option.name))
      .map((option) => option.name),
  );
  expect([...names].filter((name) => !(name in WORDS.en.help.label) || !(name in WORDS.zh.help.text))).toEqual([]);
  const named = WORDS.zh.help.value as Record<string, Record<string, string>>;
  const choices = models
    .flatMap((model) => model.options)
    .filter((option) => option.name !== "name") // of a language model, which has one in every language
    .flatMap((option) => option.choices.map((choice) => [option.name, choice] as const))
    .filter(([, choice]) => !["auto", "none"].includes(choice));
  expect(choices.length).toBeGreaterThan(20);
  expect(choices.filter(([name, choice]) => !named[name]?.[choice])).toEqual([]);
  await context.close();
});

it("without the token the page asks for it and opens with it", async () => {
  const context = await browser.newContext({ baseURL: inject("address"), locale: "en-GB" });
  const page = await context.newPage();
  await page.goto("/tasks");
  await page.getByLabel(WORDS.en.common.token.label).fill("wrong");
  await page.getByText(WORDS.en.common.token.open).click();
  await page.getByText(WORDS.en.common.token.wrong).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByLabel(WORDS.en.common.token.label).fill(inject("token"));
  await page.getByText(WORDS.en.common.token.open).click();
  await page.getByRole("heading", { name: WORDS.en.tasks.title, level: 1 }).waitFor();
  await context.close();
});
