import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";

import { call, launch, open, picture, plantFile, settle, trained, upload, visit, WORDS } from "./browser";

const words = WORDS.en;
let browser: Browser;
let page: Page;
let dataset: string;
let models: string[];

beforeAll(async () => {
  browser = await launch();
  ({ page } = await visit(browser));
  dataset = await upload(page, plantFile(800));
  models = await Promise.all(["seasonal_naive", "linear"].map((model) => trained(page, { model, dataset, horizon: 24, context_length: 48 })));
});

afterAll(async () => {
  await browser.close();
});

/** The rows of the file that follow its first `from` ones. */
function tail(rows: number, from: number): string {
  const [header, ...lines] = plantFile(rows).buffer.toString("utf8").split("\r\n");
  return [header, ...lines.slice(from)].join("\n");
}

async function forecast(): Promise<void> {
  await page.locator("[data-test=start-forecast]").click();
  await page.locator("[data-test=download-csv]").waitFor({ timeout: 60_000 });
}

it("a back-test of two models has the truth, and its horizon is chosen", async () => {
  await open(page, `/forecast?${models.map((id) => `models=${id}`).join("&")}`);
  await page.locator("[data-test=forecast-horizon]").fill("25");
  await page.locator("[data-test=start-forecast]").click();
  await page.getByText(words.forecast.form.needHorizon).waitFor();
  await page.locator("[data-test=forecast-horizon]").fill("6");
  await page.getByText(words.forecast.form.backtest).click();
  await forecast();
  const scores = await page.locator(".scores li").allTextContents();
  expect(scores).toHaveLength(2);
  for (const score of scores) expect(score).toContain("over 6 steps");
  expect(page.url()).toContain("kind=backtest");
});

it("the picture of a forecast is saved, and its commands are shown", async () => {
  await page.locator("canvas").first().waitFor();
  await page.locator("[data-test=chart-menu]").first().click();
  const [file] = await Promise.all([page.waitForEvent("download"), page.locator("[data-test=save-image]").click()]);
  expect(file.suggestedFilename()).toMatch(/^forecast anlage nord \d{4}-\d\d-\d\d\.png$/);
  await page.locator("[data-test=commands] summary").click();
  const commands = page.locator("[data-test=commands] code");
  expect(await commands.textContent()).toBe("timevis predict RUN --horizon 6 --backtest");
  await page.getByText(words.forecast.form.future).click();
  await expect.poll(() => commands.textContent()).toBe("timevis predict RUN --horizon 6");
});

it("pasted rows are kept until they are forecast, and refused rows stay in the form", async () => {
  await open(page, `/forecast?models=${models[1] ?? ""}`);
  await page.locator("[data-source=paste]").click();
  await page.locator("[data-test=forecast-rows]").fill("a,b\n1,2");
  await page.locator("[data-test=start-forecast]").click();
  await page.locator("[data-test=problem]").waitFor();
  expect(await page.locator("[data-test=forecast-rows]").inputValue()).toBe("a,b\n1,2");
  await page.locator("[data-test=forecast-rows]").fill(tail(860, 700).split("\n").slice(1).join("\n"));
  await forecast();
  expect(await page.locator("h2").allTextContents()).toContainEqual(expect.stringContaining("24 rows, 2026-02-05 20:00 to 2026-02-06 19:00"));
});

it("an uploaded tail is forecast, and the truth is drawn once its rows are added to the data", async () => {
  await open(page, `/forecast?models=${models[0] ?? ""}`);
  expect(await page.locator("[data-source=newest] input").isChecked()).toBe(true); // pasted rows belong to the other model
  await open(page, `/forecast?models=${models[1] ?? ""}`);
  await page.locator("[data-source=newest]").click(); // the form remembers the pasted rows
  await forecast();
  await page.getByText(words.forecast.result.notYet).waitFor();
  const link = page.url();
  await open(page, `/data/${dataset}`);
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.locator("button", { hasText: words.data.detail.append }).click()]);
  await chooser.setFiles({ name: "newer.csv", mimeType: "text/csv", buffer: Buffer.from(tail(812, 797)) });
  await page.waitForURL((url) => /\/data\/[0-9a-f]{32}/.test(url.pathname) && !url.pathname.endsWith(dataset));
  await open(page, link);
  await page.locator(".scores li").waitFor();
  expect(await page.locator(".scores li").textContent()).toContain("for 12 steps");
  await page.locator("[data-source=upload]").click();
  await page.locator("[data-test=forecast-file]").setInputFiles({ name: "tail.csv", mimeType: "text/csv", buffer: Buffer.from(tail(900, 700)) });
  await forecast();
  await picture(page, "forecast-uploaded");
});

it("a model is renamed, gets notes and tags, is deleted and comes back", async () => {
  await open(page, "/models");
  const row = page.locator("[data-test=model-row]").first();
  await row.getByRole("button", { name: words.models.edit.open.replace("{name}", "").trim() }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(words.models.edit.name).fill("the best one");
  await dialog.getByLabel(words.models.edit.notes).fill("for Monday");
  await dialog.getByRole("button", { name: words.common.action.save }).click();
  await page.locator("[data-test=model-row]", { hasText: "the best one" }).getByRole("button", { name: words.common.action.delete }).click();
  await page.locator("[data-test=model-row]", { hasText: "the best one" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: words.common.action.undo }).click();
  await page.locator("[data-test=model-row]", { hasText: "the best one" }).waitFor();
});

it("a sweep waits in the queue, and a cancelled training is resumed", async () => {
  await open(page, `/train?dataset=${dataset}&models=lstm`);
  await page.locator("[data-test=horizon]").fill("6, 12");
  await page.getByRole("radio", { name: words.train.effort.quick }).check({ force: true });
  await page.locator("[data-test=minutes]").fill("5");
  await page.locator("[data-test=estimate]").waitFor();
  await page.locator("[data-test=commands] summary").click();
  await page.locator("[data-test=start]").click();
  await page.waitForURL(/group=/);
  await page.locator(".tasks li").nth(1).waitFor();
  for (const name of await page.locator(".tasks li a").all()) await expect.poll(() => name.textContent()).not.toBe("");
  const tasks = await call<{ items: { id: string; state: string; queue_position?: number }[] }>(
    page,
    `/tasks?group=${new URL(page.url()).searchParams.get("group") ?? ""}`,
  );
  const waiting = tasks.items.find((task) => task.state === "queued");
  if (waiting) {
    await open(page, `/tasks/${waiting.id}`);
    await page
      .getByText(/Number \d in the queue|Running/)
      .first()
      .waitFor();
  }
  for (const task of tasks.items) await page.request.post(`/api/tasks/${task.id}/cancel`);
  await open(page, `/tasks/${tasks.items[0]?.id ?? ""}`);
  await page.locator("[data-state=cancelled]").waitFor({ timeout: 60_000 });
  await page.locator("[data-test=retry]").click();
  await page.locator("[data-test=cancel]").click();
  await page.locator("[data-state=cancelled]").waitFor({ timeout: 60_000 });
});

it("the borders of the split are dragged with the mouse", async () => {
  await open(page, `/data/${dataset}`);
  const handle = page.getByRole("slider").first();
  await handle.scrollIntoViewIfNeeded();
  const box = await handle.boundingBox();
  if (!box) throw new Error("the border has no box");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x - 120, box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
  expect(Number(await handle.getAttribute("aria-valuenow"))).toBeLessThan(66);
  await settle(page);
});

it("a comparison of models without training steps links to the sections that it has, and has no empty card", async () => {
  await open(page, `/compare?${models.map((id) => `models=${id}`).join("&")}`);
  await page.locator("#differences canvas").waitFor({ timeout: 60_000 });
  await page.locator("#config").waitFor();
  const targets = await page
    .locator("nav.sections a")
    .evaluateAll((links) => links.map((link) => new URL((link as HTMLAnchorElement).href).hash.slice(1)));
  expect(targets).toContain("horizon");
  expect(targets).not.toContain("training");
  for (const id of targets) expect(await page.locator(`[id="${id}"]`).count(), id).toBe(1);
  expect(await page.locator("#training").count()).toBe(0);
});
