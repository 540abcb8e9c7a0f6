import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/journeys/**/*.test.ts"],
    globalSetup: "tests/journeys/service.ts",
    environment: "node",
    fileParallelism: false,
    testTimeout: 400_000,
    hookTimeout: 400_000,
  },
});
