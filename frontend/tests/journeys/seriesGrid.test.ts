import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";

import { isCutOff, launch, open, picture, seriousFindings, upload, visit } from "./browser";

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
});

/** Daily values of many stores, of which one has a gap. */
function stores(count: number): { name: string; mimeType: string; buffer: Buffer } {
  const names = Array.from({ length: count }, (_, store) => `Store ${String(store)} (pcs)`);
  const lines = Array.from({ length: 120 }, (_, day) => {
    const time = new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10);
    const values = names.map((_, store) =>
      store === 250 && day > 40 && day < 60 ? "" : String(50 + store + 10 * Math.sin((day / 7) * 2 * Math.PI)),
    );
    return [time, ...values].join(",");
  });
  return { name: "stores.csv", mimeType: "text/csv", buffer: Buffer.from([["day", ...names].join(","), ...lines].join("\n")) };
}

it.each([
  { language: "en" as const, width: 1280 },
  { language: "zh" as const, width: 390 },
])("a series with a gap is at the front of hundreds, and a click shows it ($language, $width px)", async ({ language, width }) => {
  const { context, page, complaints } = await visit(browser, { language, width });
  const dataset = await upload(page, stores(300));
  await open(page, `/data/${dataset}?seriesSort=missing&seriesOrder=desc`);
  await page.locator("#all-series").scrollIntoViewIfNeeded();
  const first = page.locator("[data-test=series-cell]").first();
  await first.filter({ hasText: "Store 250" }).waitFor();
  expect(await page.locator("[data-test=series-cell]").count()).toBeLessThan(150);
  await first.click();
  await page.waitForURL(/channel=Store/);
  expect(await isCutOff(page)).toBe(false);
  expect(await seriousFindings(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await picture(page, `all-series-${language}`);
  await context.close();
});
