import type { SplitShares } from "@/api/datasets";

export const DEFAULT_SHARES: SplitShares = { train: 0.7, val: 0.1, test: 0.2 };
export const SMALLEST_SHARE = 0.02;

/** The two borders of a split, as shares of the rows before them. */
export function bordersOf(shares: SplitShares): [number, number] {
  return [shares.train, shares.train + shares.val];
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Move one border; the parts beside it keep at least `SMALLEST_SHARE`, the part behind the other border stays. */
export function moveBorder(shares: SplitShares, border: 0 | 1, position: number): SplitShares {
  const [first, second] = bordersOf(shares);
  if (border === 0) {
    const moved = round(Math.min(second - SMALLEST_SHARE, Math.max(SMALLEST_SHARE, position)));
    return { train: moved, val: round(second - moved), test: round(1 - second) };
  }
  const moved = round(Math.min(1 - SMALLEST_SHARE, Math.max(first + SMALLEST_SHARE, position)));
  return { train: round(first), val: round(moved - first), test: round(1 - moved) };
}
