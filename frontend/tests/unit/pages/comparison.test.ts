import { describe, expect, it } from "vitest";

import type { Pair } from "@/pages/compare/comparison";
import { idempotencyKey, judgePair, pairsOf, reversed, sweepAxes } from "@/pages/compare/comparison";
import { colourPlaces, distinctPlaces } from "@/composables/useModelColours";
import { scored, seriesOf } from "@/pages/forecast/result";
import { fileOfText } from "@/pages/forecast/source";
import { distinctNames } from "@/utils/displayNames";

const pair: Pair = {
  ...{ a: "x", b: "y", metric: "wql", difference: -0.004, low: -0.006, high: -0.002 },
  ...{ percent: -4, percent_low: -6, percent_high: -2, p_value: 0.01, p_holm: 0.02 },
};

describe("a paired difference", () => {
  it("is an advantage with the interval that the advantage may have", () => {
    expect(judgePair(pair)).toEqual({ kind: "better", share: 0.04, low: 0.02, high: 0.06 });
  });

  it("is open where the interval includes zero", () => {
    expect(judgePair({ percent: -1, percent_low: -3, percent_high: 1 }).kind).toBe("open");
  });

  it("is not known without an interval, and equal where nothing differs", () => {
    expect(judgePair({ percent: -1, percent_low: null, percent_high: null }).kind).toBe("unknown");
    expect(judgePair({ percent: 0, percent_low: 0, percent_high: 0 }).kind).toBe("equal");
  });

  it("is the opposite from the other model, in percent of the other metric", () => {
    const other = reversed({ ...pair, percent: -20, percent_low: -50, percent_high: -20 });
    expect(judgePair(other)).toMatchObject({ kind: "worse", share: 0.25, high: 1 });
    expect(reversed(other).percent).toBeCloseTo(-20, 9);
  });

  it("names the other model first when one is the reference", () => {
    const found = pairsOf([pair, { ...pair, metric: "mase" }, { ...pair, a: "u", b: "v" }], "wql", "x");
    expect(found).toEqual([reversed(pair)]);
  });

  it("names the better model first when there is no reference", () => {
    const worse = { ...reversed(pair), a: "u", b: "v" };
    expect(pairsOf([pair, worse], "wql", "").map((found) => found.a)).toEqual(["x", "v"]);
  });
});

describe("a comparison", () => {
  it("is found again by the same models in the same order only", () => {
    const [a, b] = ["0".repeat(32), "1".repeat(32)];
    expect(idempotencyKey([a, b])).toBe(idempotencyKey([a, b]));
    expect(idempotencyKey([a, b])).not.toBe(idempotencyKey([b, a]));
    expect(idempotencyKey([a, b], 2)).not.toBe(idempotencyKey([a, b]));
  });

  it("has an axis for each number and each choice that differs, but none for free texts and for keys that some lack", () => {
    const models = Array.from({ length: 14 }, (_, position) => String(position));
    const each = (value: (position: number) => unknown) => Object.fromEntries(models.map((model, position) => [model, value(position)]));
    const axes = sweepAxes(
      [
        { key: "model.hidden_size", values: each((position) => position) },
        { key: "model.fit.eval_batch_size", values: each((position) => 8 + position) },
        { key: "model.num_layers", values: each(() => 2) },
        { key: "model.cell", values: each((position) => (position % 2 ? "lstm" : "gru")) },
        { key: "data.holiday", values: each((position) => `name ${String(position)}`) },
        { key: "model.dropout", values: each((position) => (position > 3 ? 0.1 : null)) },
      ],
      models,
    );
    expect(axes.map((axis) => [axis.key, axis.kind])).toEqual([
      ["model.hidden_size", "number"],
      ["model.cell", "text"],
    ]);
  });
});

describe("the colour of a model", () => {
  const models = Array.from({ length: 10 }, (_, n) => ({ id: `m${String(n)}`, dataset: n === 4 ? "other" : "data", created: 100 - n }));

  it("follows from its age among the models of its dataset, whatever is chosen", () => {
    const places = colourPlaces(models);
    expect([places.get("m9"), places.get("m8"), places.get("m4"), places.get("m0")]).toEqual([0, 1, 0, 8]);
    expect(distinctPlaces(["m8", "m9"], places)).toEqual([1, 0]);
  });

  it("is the next free one where two chosen models have the same", () => {
    expect(distinctPlaces(["m9", "m0", "m8"], colourPlaces(models))).toEqual([0, 1, 2]);
  });
});

describe("the result of a forecast", () => {
  const item = {
    model: "m",
    name: "LSTM",
    channel: "load",
    history: { time: [], value: [] },
    time: ["t1", "t2", "t3"],
    point: [1, 2, 3],
    levels: [0.1, 0.5, 0.9],
    quantiles: [
      [0, 0, 0],
      [1, 2, 3],
      [9, 9, 9],
    ],
    truth: [2, null, 6],
  };

  it("is scored on the steps whose truth has arrived", () => {
    expect(scored(item)).toEqual({ steps: 2, mae: 2 });
    expect(scored({ ...item, truth: null })).toBeNull();
    expect(scored({ ...item, truth: [null, null, null] })).toBeNull();
  });

  it("puts the models of a channel together and leaves failed ones out", () => {
    const found = seriesOf([item, { ...item, model: "n" }, { ...item, model: "o", error: "no data" }, { ...item, channel: "temp" }]);
    expect([...found].map(([channel, items]) => [channel, items.length])).toEqual([
      ["load", 2],
      ["temp", 1],
    ]);
  });

  it("numbers models of the same name", () => {
    const names = distinctNames(["a", "b", "c"].map((id) => ({ id, name: id === "c" ? "other" : "LSTM" })));
    expect([...names.values()]).toEqual(["LSTM", "LSTM (2)", "other"]);
  });
});

describe("pasted rows", () => {
  it("are a file with tabs where they come from a spreadsheet, and with commas otherwise", async () => {
    expect(fileOfText("time\tload\r\n1\t2\r\n", "pasted").name).toBe("pasted.tsv");
    const file = fileOfText("time,load\r\n1,2", "pasted");
    expect(file.name).toBe("pasted.csv");
    expect(await file.text()).toBe("time,load\n1,2\n");
  });
});
