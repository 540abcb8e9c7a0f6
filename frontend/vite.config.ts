import { fileURLToPath, URL } from "node:url";

import vue from "@vitejs/plugin-vue";
import { ElementPlusResolver } from "unplugin-vue-components/resolvers";
import components from "unplugin-vue-components/vite";
import { defineConfig } from "vitest/config";

const service = process.env.TIMEVIS_SERVICE ?? "http://127.0.0.1:5000";

export default defineConfig({
  plugins: [
    vue(),
    // Only Element Plus: components of this project are imported by name, so that a reader sees where they are from.
    components({ dirs: [], dts: "src/element-plus.d.ts", resolvers: [ElementPlusResolver({ importStyle: "css" })] }),
  ],
  resolve: {
    alias: {
      "@report": fileURLToPath(new URL("../src/timevis/evaluation/report", import.meta.url)), // holds tokens.json
      "@": fileURLToPath(new URL("./src", import.meta.url)),
    },
  },
  build: {
    outDir: "../src/timevis/service/web/static",
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/api": { target: service, changeOrigin: true } } },
  test: {
    include: ["tests/unit/**/*.test.ts"],
    environment: "happy-dom",
    server: { deps: { inline: ["element-plus"] } },
  },
});
