import { beforeEach } from "vitest";

/** The tests of a file are steps of one visit: after the first that fails the others are skipped, not waited for. */
let failed = false;

beforeEach(({ onTestFailed, skip }) => {
  skip(failed, "an earlier step of this file failed");
  onTestFailed(() => {
    failed = true;
  });
});
