// Writes src/api/schema.d.ts from the specification of the service; "npm run" does so before dev, build and check.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import openapi, { astToString } from "openapi-typescript";

const root = fileURLToPath(new URL("../..", import.meta.url));
const target = fileURLToPath(new URL("../src/api/schema.d.ts", import.meta.url));
const python = process.env.PYTHON ?? (existsSync(`${root}.venv/bin/python`) ? `${root}.venv/bin/python` : "python3");

const specification = execFileSync(python, ["-m", "timevis.service.specification"], {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 64 * 2 ** 20,
  stdio: ["ignore", "pipe", "inherit"],
});
const tree = await openapi(JSON.parse(specification), { alphabetize: true, defaultNonNullable: false });
const text = `// Made by "npm run types" from the specification of the service. Do not edit.\n${astToString(tree)}`;

// An equal file keeps its time, so that scripts/build_page.py does not take it for a change of the page.
if (!existsSync(target) || readFileSync(target, "utf8") !== text) writeFileSync(target, text);
