import { expect, it } from "vitest";

import { toMilliseconds, toTimestamp } from "@/utils/time";

it("times of the data are read as they are written, in any zone of the reader", () => {
  expect(toMilliseconds("2026-03-29 02:30:00")).toBe(Date.UTC(2026, 2, 29, 2, 30));
  expect(toMilliseconds("2026-03-29T02:30:00+02:00")).toBe(Date.UTC(2026, 2, 29, 2, 30));
  expect(toMilliseconds("2026-03-29T02:30:00Z")).toBe(Date.UTC(2026, 2, 29, 2, 30));
  expect(toMilliseconds("2026-03-29")).toBe(Date.UTC(2026, 2, 29));
  expect(toTimestamp(toMilliseconds("2026-03-29 02:30:00"))).toBe("2026-03-29T02:30:00");
});
