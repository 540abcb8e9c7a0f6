import { describe, expect, it } from "vitest";

import { horizonOf, withHeader } from "@/pages/forecast/source";

const columns = [
  { name: "Zeit", role: "time" },
  { name: "Last; MW", role: "target" },
  { name: "temp", role: "covariate" },
];

describe("rows for a forecast", () => {
  it("get the names of the columns where their header was not copied", () => {
    expect(withHeader("2026-01-01\t5\t1\n2026-01-02\t6\t2", columns)).toBe("Zeit\tLast; MW\ttemp\n2026-01-01\t5\t1\n2026-01-02\t6\t2");
    expect(withHeader("2026-01-01;5", columns)).toBe('Zeit;"Last; MW"\n2026-01-01;5');
  });

  it("stay as they are with a header, or with another number of columns", () => {
    for (const text of ["Zeit,temp\n2026-01-01,5", "1,2,3,4", "a,b,c"]) expect(withHeader(text, columns)).toBe(text);
  });

  it("are as many as every chosen model can forecast", () => {
    expect(["", "12", "25", "0", "1.5", "x"].map((text) => horizonOf(text, 24))).toEqual([null, 12, undefined, undefined, undefined, undefined]);
  });
});
