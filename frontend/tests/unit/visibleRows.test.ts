import { describe, expect, it } from "vitest";

import { visibleRows } from "@/composables/useVisibleRows";

describe("the rows of a long table", () => {
  it("are all drawn where they are few", () => {
    expect(visibleRows(40, 0, 500, 50)).toEqual({ first: 0, last: 40, before: 0, after: 0 });
  });

  it("are drawn around the scroll box, with the height of the others kept", () => {
    expect(visibleRows(100, 0, 500, 50)).toEqual({ first: 0, last: 18, before: 0, after: 4100 });
    expect(visibleRows(100, 2000, 500, 50)).toEqual({ first: 32, last: 58, before: 1600, after: 2100 });
    expect(visibleRows(100, 4500, 500, 50)).toEqual({ first: 82, last: 100, before: 4100, after: 0 });
  });
});
