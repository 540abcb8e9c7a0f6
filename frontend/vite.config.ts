import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, URL } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import vue from "@vitejs/plugin-vue";
import { ElementPlusResolver } from "unplugin-vue-components/resolvers";
import components from "unplugin-vue-components/vite";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const service = process.env.TIMEVIS_SERVICE ?? "http://127.0.0.1:5000";
const outDir = fileURLToPath(new URL("../src/timevis/service/web/static", import.meta.url));

/** Parts of Element Plus for forms, which the first view does not need. */
const FIELDS =
  /@popperjs|@floating-ui|lodash-es|element-plus\/.*\/(select|option|tooltip|popper|use-popper|focus-trap|form|tag|scrollbar|radio|checkbox)/;

/** The first page and the frame around it. */
const FIRST_VIEW = ["pages/data/DataPage.vue", "layout/AppShell.vue"].map((name) => fileURLToPath(new URL(`./src/${name}`, import.meta.url)));

/**
 * Whether a module of this project belongs to the first view: whether its files import it, directly or not, but not what they
 * load later. Libraries are left to Rolldown, since their index imports far more than is used.
 */
function ofFirstView(): (id: string, imports: (id: string) => readonly string[]) => boolean {
  const found = new Set<string>();
  return (id, imports) => {
    if (found.size === 0) {
      const waiting = [...FIRST_VIEW];
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        if (found.has(next) || next.includes("node_modules")) continue;
        found.add(next);
        waiting.push(...imports(next));
      }
    }
    return found.has(id);
  };
}
const isOfFirstView = ofFirstView();

/** Writes compressed copies beside each text file, which the service sends to browsers that accept them. */
function compressedCopies(): Plugin {
  return {
    name: "compressed-copies",
    apply: "build",
    closeBundle() {
      for (const name of readdirSync(outDir, { recursive: true, encoding: "utf8" })) {
        const file = join(outDir, name);
        if (!/\.(js|css|html|svg)$/.test(name) || statSync(file).size <= 1000) continue;
        const content = readFileSync(file);
        writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
        writeFileSync(`${file}.br`, brotliCompressSync(content));
      }
    },
  };
}

export default defineConfig({
  base: "./", // the service names the folder of the page in <base>, so that the page also works below a path of a proxy
  plugins: [
    vue(),
    // Only Element Plus: components of this project are imported by name, so that a reader sees where they are from.
    components({ dirs: [], dts: "src/element-plus.d.ts", resolvers: [ElementPlusResolver({ importStyle: "css" })] }),
    compressedCopies(),
  ],
  resolve: {
    alias: {
      "@report": fileURLToPath(new URL("../src/timevis/report", import.meta.url)), // holds tokens.json
      "@": fileURLToPath(new URL("./src", import.meta.url)),
    },
  },
  build: {
    outDir,
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // Few files for the first view: a browser fetches six at a time, and each costs a request.
          groups: [
            { name: "vue", priority: 3, test: /node_modules\/(@vue|vue|vue-router|vue-i18n|@intlify|pinia|@tanstack|openapi-fetch|@vueuse)\// },
            { name: "shared", priority: 2, minShareCount: 5, test: (id) => !FIELDS.test(id) },
            // In one file, because each answer has a kilobyte of headers.
            {
              name: (id, graph) => (isOfFirstView(id, (other) => graph.getModuleInfo(other)?.importedIds ?? []) ? "first" : null),
              priority: 1,
            },
          ],
        },
      },
    },
  },
  server: { proxy: { "/api": { target: service, changeOrigin: true } } },
  test: {
    include: ["tests/unit/**/*.test.ts"],
    environment: "happy-dom",
    server: { deps: { inline: ["element-plus"] } },
  },
});
