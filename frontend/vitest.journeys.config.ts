import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** All files use one service, so they run in one order everywhere, and not in the order of their last durations. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve([...files].sort((a, b) => a.moduleId.localeCompare(b.moduleId)));
  }
}

export default defineConfig({
  test: {
    include: ["tests/journeys/**/*.test.ts"],
    globalSetup: "tests/journeys/service.ts",
    setupFiles: "tests/journeys/steps.ts",
    environment: "node",
    fileParallelism: false,
    sequence: { sequencer: ByName },
    testTimeout: 400_000,
    hookTimeout: 400_000,
  },
});
