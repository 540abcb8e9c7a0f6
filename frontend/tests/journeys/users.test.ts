import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, it } from "vitest";

import { launch, TRAINING_WAIT, visit, WAIT, WORDS } from "./browser";

const { users: words, common, data, train } = WORDS.en;
const PASSWORD = "three quiet words";
const NAMES = { editor: "anna", viewer: "wall" } as const;
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
}, WAIT);

afterAll(async () => {
  await browser.close();
});

interface Answer {
  id: string;
  state: string;
  result: { model: string };
}

async function call(page: Page, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await page.request.fetch(`/api${path}`, { method, data: body, headers: { Prefer: "wait=30" }, timeout: WAIT });
  expect(answer.ok(), `${method} ${path}: ${String(answer.status())}`).toBe(true);
  return (answer.status() === 204 ? {} : await answer.json()) as Answer;
}

/** A browser profile of its own, in which a user signs in. */
async function signedIn(name: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: inject("address"), locale: "en-GB" });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT);
  await page.goto("/data");
  await page.getByLabel(words.signIn.name, { exact: true }).fill(name);
  await page.getByLabel(words.signIn.password, { exact: true }).fill(PASSWORD);
  await page.locator("[data-test=sign-in]").click();
  await page.getByRole("heading", { level: 1, name: data.title }).waitFor();
  return page;
}

it(
  "two users work side by side: an editor trains and shares, a viewer reads; a visitor sees one result",
  async () => {
    const owner = (await visit(browser)).page;
    expect(await owner.locator("[data-test=account]").count()).toBe(0); // as before, without users
    await owner.goto("/system");
    await owner.getByRole("link", { name: words.title }).click();
    for (const [role, name] of Object.entries(NAMES)) {
      await owner.locator("[data-test=new-name]").fill(name);
      await owner.locator("[data-test=new-role]").selectOption(role);
      await owner.locator("[data-test=new-password]").fill(PASSWORD);
      await owner.locator("[data-test=add-user]").click();
      await owner.locator(`[data-test=user-${name}]`).waitFor();
    }

    const [editor, viewer] = [await signedIn(NAMES.editor), await signedIn(NAMES.viewer)];
    await editor.getByText(words.role.editor, { exact: true }).waitFor();
    await viewer.locator("[data-test=viewer-reason]").waitFor();
    const made = await call(editor, "POST", "/sample-data", { domain: "traffic", source: "synthetic", rows: 600 });
    const sizes = { context_length: 48, horizon: 12, evaluation: { max_windows: 10, val_windows: 10 } };
    let task = await call(editor, "POST", "/train", { dataset: made.id, model: "seasonal_naive", ...sizes });
    const deadline = Date.now() + TRAINING_WAIT;
    while (!["completed", "failed"].includes(task.state) && Date.now() < deadline) {
      await editor.waitForTimeout(500);
      task = await call(editor, "GET", `/tasks/${task.id}`);
    }
    expect(task.state).toBe("completed");

    await viewer.reload();
    const row = viewer.getByRole("row").filter({ hasText: NAMES.editor });
    await row.waitFor();
    expect(await row.getByRole("button").first().isDisabled()).toBe(true);
    await viewer.goto("/train");
    await viewer.locator("[data-test=viewer-reason]").waitFor();
    expect(await viewer.getByText(train.title, { exact: true }).count()).toBe(0);
    const refused = await viewer.request.delete(`/api/models/${task.result.model}`);
    expect(refused.status()).toBe(403);

    await editor.goto(`/results/${task.result.model}`);
    await editor.locator("[data-test=share]").click();
    await editor.locator("[data-test=make-link]").click();
    const link = await editor.locator("[data-test=link] code").innerText();
    const visitor = await (await browser.newContext({ locale: "en-GB" })).newPage();
    await visitor.goto(link);
    await visitor.getByRole("heading", { level: 1 }).waitFor();
    expect(await visitor.getByRole("navigation", { name: common.nav.label }).count()).toBe(0);
    await editor.getByRole("button", { name: words.share.revoke }).click();
    await editor.locator("[data-test=link]").waitFor({ state: "detached" });
    await visitor.reload();
    await visitor.locator("[data-test=link-ended]").waitFor();

    await owner.goto("/system/audit");
    const entry = owner.locator("[data-test=audit] tr").filter({ hasText: "DELETE /api/models/{model_id}" });
    expect(await entry.first().innerText()).toContain(NAMES.viewer);
    await viewer.locator("[data-test=sign-out]").click();
    await viewer.locator("[data-test=sign-in]").waitFor();
    for (const name of Object.values(NAMES)) await call(owner, "DELETE", `/users/${name}`);
  },
  WAIT + TRAINING_WAIT,
);
