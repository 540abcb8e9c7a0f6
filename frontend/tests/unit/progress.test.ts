import { describe, expect, it } from "vitest";

import { addRows, curveOf, progressOf } from "@/pages/tasks/progress";

describe("the progress of a task", () => {
  it("counts steps in a fit and batches in other stages", () => {
    expect(progressOf({ state: "running", progress: { stage: "fit", step: 30, steps_total: 120 } }).share).toBe(0.25);
    expect(progressOf({ state: "running", progress: { stage: "test", batch: 1, batches_total: 4 } }).share).toBe(0.25);
    expect(progressOf({ state: "running", progress: { stage: "prepare" } }).share).toBeNull();
    expect(progressOf({ state: "completed", progress: {} }).share).toBe(1);
  });

  it("reads a curve from rows that hold a loss, a score, or both", () => {
    const rows = [
      { step: 1, "train/loss": 2 },
      { step: 2, "tuning/relative_wql": 0.1, "tuning/wql": 9 },
      { step: 3, "lr-AdamW": 0.1 },
    ];
    expect(curveOf(rows)).toEqual([
      { step: 1, trainLoss: 2, tuning: null },
      { step: 2, trainLoss: null, tuning: 0.1 },
    ]);
  });

  it("grows by the rows of a later answer, whose first row may have gained columns", () => {
    const before = addRows(
      [],
      [
        { step: 5, "train/loss": 1 },
        { step: 9, "train/loss": 0.9 },
      ],
    );
    const after = addRows(before, [
      { step: 9, "train/loss": 0.9 },
      { step: 9, "tuning/relative_wql": 0.8 },
      { step: 14, "train/loss": 0.7 },
    ]);
    expect(after.map((row) => row.step)).toEqual([5, 9, 9, 14]);
    expect(curveOf(after).filter((point) => point.tuning !== null)).toHaveLength(1);
    expect(addRows(after, [])).toEqual(after);
  });
});
