import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, it } from "vitest";

import { call, launch, open, visit, WORDS } from "./browser";

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});

afterAll(async () => {
  await browser.close();
});

/** The process that answers HTTP. The service starts it again a second after it ended. */
function webProcess(): number {
  const port = new URL(inject("address")).port;
  const listed = execFileSync("pgrep", ["-f", `timevis serve web .*--port ${port}`], { encoding: "utf8" })
    .trim()
    .split("\n");
  const [pid] = listed.map(Number).filter((id) => readFileSync(`/proc/${String(id)}/cmdline`, "utf8").includes("serve"));
  if (pid === undefined) throw new Error("there is no web process");
  return pid;
}

it("the page says that the service is away, keeps what was typed, and recovers by itself", async () => {
  const { page } = await visit(browser);
  await call(page, "/sample-data", { domain: "electricity", source: "synthetic", rows: 1500 });
  await open(page, "/train");
  await page.locator("[data-test=horizon]").fill("17");
  process.kill(webProcess(), "SIGKILL");
  await page.locator("[data-test=away]").waitFor();
  expect(await page.locator("[data-test=away]").textContent()).toContain(WORDS.en.common.away.title);
  await page.locator("[data-test=away]").waitFor({ state: "detached", timeout: 60_000 });
  expect(await page.locator("[data-test=horizon]").inputValue()).toBe("17");
  await page.locator("[data-test=estimate]").waitFor({ timeout: 60_000 });
  await page.reload();
  expect(await page.locator("[data-test=horizon]").inputValue()).toBe("17");
});
