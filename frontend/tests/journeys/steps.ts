import { beforeEach } from "vitest";

/** Whether a test of this file has failed. Most tests need what earlier ones made, so the later ones are then skipped. */
let failed = false;

beforeEach(({ onTestFailed, skip }) => {
  skip(failed, "an earlier test of this file failed");
  onTestFailed(() => {
    failed = true;
  });
});
