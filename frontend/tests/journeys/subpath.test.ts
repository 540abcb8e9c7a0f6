import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";

import { launch, WAIT, WORDS } from "./browser";
import { freePort, PYTHON, ROOT, TOKEN } from "./service";

// A proxy may show the service below a path of its host. Only the web process runs here: nothing is trained.
let browser: Browser;
let web: ChildProcess;
let address: string;
const home = mkdtempSync(join(tmpdir(), "timevis-subpath-"));

beforeAll(async () => {
  const port = await freePort();
  address = `http://127.0.0.1:${String(port)}/timevis`;
  const settings = { TIMEVIS_HOME: home, TIMEVIS_TOKEN: TOKEN, TIMEVIS_ROOT_PATH: "/timevis", TIMEVIS_BROKER_URL: "redis://127.0.0.1:1/0" };
  web = spawn(PYTHON, ["-m", "timevis", "serve", "web", "--port", String(port)], {
    cwd: ROOT,
    env: { ...process.env, ...settings },
    stdio: "ignore",
  });
  const deadline = Date.now() + WAIT;
  while (
    !(await fetch(`${address}/api/live`).then(
      (answer) => answer.ok,
      () => false,
    ))
  ) {
    if (Date.now() > deadline) throw new Error("the web process does not answer");
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  browser = await launch();
}, WAIT);

afterAll(async () => {
  await browser.close();
  web.kill("SIGTERM");
  rmSync(home, { recursive: true, force: true });
});

it(
  "works below a path: links, reloaded addresses, files of the page and of the API",
  async () => {
    const page = await browser.newPage();
    const failed: string[] = [];
    page.on("pageerror", (error) => failed.push(String(error)));
    page.on("response", (answer) => {
      if (answer.status() >= 400 && !answer.url().endsWith("/api/health")) failed.push(`${String(answer.status())} ${answer.url()}`);
    });
    await page.goto(`${address}/?token=${TOKEN}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/timevis/data");

    await page.getByRole("link", { name: WORDS.en.common.nav.models, exact: true }).first().click();
    await page.waitForURL(`${address}/models`);
    await page.reload();
    await page.getByRole("heading", { level: 1, name: WORDS.en.models.title }).waitFor();
    expect(await page.evaluate(() => (document.querySelector(".documentation") as HTMLAnchorElement).href)).toBe(`${address}/api/docs`);
    await page.goto(`${address}/api/docs`);
    await page.getByText("/api/upload").first().waitFor();
    expect(failed).toEqual([]);
  },
  WAIT,
);
