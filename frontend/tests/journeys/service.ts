import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    address: string;
    token: string;
    home: string;
  }
}

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
export const TOKEN = "the-token-of-the-journeys";
export const PYTHON = existsSync(join(ROOT, ".venv/bin/python")) ? join(ROOT, ".venv/bin/python") : "python3";
const START_SECONDS = 180;

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

/** The real service: web, two workers, SQLite and the private Redis, in a home folder of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = mkdtempSync(join(tmpdir(), "timevis-journeys-"));
  const port = await freePort();
  const log = join(home, "serve.log");
  writeFileSync(log, "");
  const environment = { ...process.env, TIMEVIS_HOME: home, TIMEVIS_TOKEN: TOKEN, TIMEVIS_GRACE_SECONDS: "15", OMP_NUM_THREADS: "1" };
  const service: ChildProcess = spawn("sh", ["-c", `exec "$0" -m timevis serve --port ${String(port)} >"$1" 2>&1`, PYTHON, log], {
    cwd: ROOT,
    env: environment,
    detached: true,
  });
  const deadline = Date.now() + START_SECONDS * 1000;
  while (!readFileSync(log, "utf8").includes("is running")) {
    if (service.exitCode !== null || Date.now() > deadline) throw new Error(readFileSync(log, "utf8"));
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  project.provide("address", `http://127.0.0.1:${String(port)}`);
  project.provide("token", TOKEN);
  project.provide("home", home);
  return async () => {
    const ended = new Promise((resolve) => service.once("exit", resolve));
    if (service.exitCode === null) {
      service.kill("SIGTERM");
      await ended;
    }
    rmSync(home, { recursive: true, force: true });
  };
}
