import { expect, it } from "vitest";

import { DEFAULT_SHARES, moveBorder, SMALLEST_SHARE } from "@/pages/data/split";

it("moving a border changes only the parts beside it, and the shares sum to one", () => {
  const first = moveBorder(DEFAULT_SHARES, 0, 0.6);
  expect(first).toEqual({ train: 0.6, val: 0.2, test: 0.2 });
  const second = moveBorder(first, 1, 0.7);
  expect(second).toEqual({ train: 0.6, val: 0.1, test: 0.3 });
});

it.each([-1, 0, 0.5, 1, 2])("no part becomes empty when a border is dragged to %s", (position) => {
  for (const border of [0, 1] as const) {
    const shares = moveBorder(DEFAULT_SHARES, border, position);
    expect(Math.min(shares.train, shares.val, shares.test)).toBeGreaterThanOrEqual(SMALLEST_SHARE - 1e-9);
    expect(shares.train + shares.val + shares.test).toBeCloseTo(1, 9);
  }
});
