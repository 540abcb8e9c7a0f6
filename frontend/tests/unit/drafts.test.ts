import { describe, expect, it } from "vitest";

import { handedOver, typedFor, withTyped } from "@/pages/forecast/drafts";
import { askedBy } from "@/pages/forecast/source";

const pasted = { kind: "paste", text: "2026-01-01,5" } as const;

describe("rows that are pasted for a forecast", () => {
  it("belong to the model that they were pasted for", () => {
    const rows = withTyped({}, "lstm", pasted);
    expect(typedFor(rows, "lstm")).toEqual(pasted);
    expect(typedFor(rows, "linear")).toEqual({ kind: "newest", text: "" });
  });

  it("that were pasted before a model was chosen belong to the model that is chosen then", () => {
    const rows = handedOver(withTyped({}, "", pasted), "", "lstm");
    expect(rows).toEqual({ lstm: pasted });
  });

  it("never replace rows of the model that is chosen then", () => {
    const own = { kind: "paste", text: "own" } as const;
    const rows = handedOver({ "": pasted, lstm: own }, "", "lstm");
    expect(rows).toEqual({ "": pasted, lstm: own });
  });

  it("are kept of the last few models only", () => {
    let rows = {};
    for (const name of ["a", "b", "c", "d", "e", "f"]) rows = withTyped(rows, name, pasted);
    expect(Object.keys(rows)).toEqual(["b", "c", "d", "e", "f"]);
  });
});

describe("the form of a forecast that was made before", () => {
  it("holds the models, the data and the rows of its request", () => {
    expect(askedBy({ models: ["m"], method: null, dataset: "d", kind: "backtest", horizon: 12 })).toEqual({
      models: ["m"],
      method: "models",
      dataset: "d",
      kind: "backtest",
      horizon: "12",
    });
    expect(askedBy({ items: [{ model: "m" }, { model: "n" }, { model: "m" }] }).models).toEqual(["m", "n"]);
    expect(askedBy({ method: "nano", dataset: "d" })).toMatchObject({ models: [], method: "nano", dataset: "d", kind: "future", horizon: "" });
  });
});
