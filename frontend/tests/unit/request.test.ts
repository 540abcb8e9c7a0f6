import { describe, expect, it } from "vitest";

import { ApiProblem } from "@/api/problems";
import { fittingLengths } from "@/pages/train/fittingLengths";
import type { OptionShape } from "@/pages/train/request";
import { chooseDataset, fieldOf, joinCommands, newDraft, parseValue, requestsOf, showValue, stepSeconds, valuesOf } from "@/pages/train/request";

const shape = (name: string, section: string): OptionShape => ({ name, section, default: 1, choices: [], kind: "" });
const shapes = () => [shape("hidden_size", "options"), shape("max_epochs", "fit"), shape("hidden_size", "lora")];

describe("the form of a training", () => {
  it("sends only what differs from the defaults of the service", () => {
    const draft = newDraft("d", ["lstm"]);
    expect(requestsOf(draft, shapes)).toEqual([{ model: "lstm", dataset: "d", seed: 0 }]);
  });

  it("puts options of the fit at the top and others into their sections", () => {
    const draft = { ...newDraft("d", ["lstm"]), options: { lstm: { "options.hidden_size": "64", max_epochs: "5", "lora.hidden_size": "8" } } };
    expect(requestsOf(draft, shapes)[0]).toMatchObject({ max_epochs: 5, options: { hidden_size: 64 }, lora: { hidden_size: 8 } });
  });

  it("makes a request of each model and each combination of values", () => {
    const draft = { ...newDraft("d", ["linear", "lstm"]), horizon: "12, 24", options: { lstm: { "options.hidden_size": "64,128" } } };
    const made = requestsOf(draft, shapes);
    expect(made.map((body) => [body.model, body.horizon, body.options])).toEqual([
      ["linear", 12, undefined],
      ["linear", 24, undefined],
      ["lstm", 12, { hidden_size: 64 }],
      ["lstm", 12, { hidden_size: 128 }],
      ["lstm", 24, { hidden_size: 64 }],
      ["lstm", 24, { hidden_size: 128 }],
    ]);
  });

  it("sends what differs from the data, the preset and the time limit", () => {
    const draft = {
      ...newDraft("d", ["lstm"]),
      preset: "quick" as const,
      minutes: "1.5",
      season: "24",
      missing_values: "-999, none",
      maskOutliers: true,
      covariates: ["a:b:known", "temp:observed", "holiday:DE", "rain"],
    };
    expect(requestsOf(draft, shapes)[0]).toMatchObject({
      preset: "quick",
      minutes: 1.5,
      season: 24,
      cleaning: { outliers: "mask" },
      missing_values: ["-999", "none"],
      covariates: { "a:b": "known", temp: "observed", holiday: "DE", rain: "known" },
    });
  });

  it("knows the time between rows from their frequency, but not of months and workdays", () => {
    expect(["s", "15min", "h", "D", "7D", "W-SUN", "2W-MON"].map(stepSeconds)).toEqual([1, 900, 3_600, 86_400, 604_800, 604_800, 1_209_600]);
    expect(["MS", "ME", "B", "QS-OCT", "YE-DEC", "BMS"].map(stepSeconds)).toEqual(Array(6).fill(null));
  });

  it("does not split a list at its commas", () => {
    expect(valuesOf("[24, 168], [24]")).toEqual(["[24, 168]", "[24]"]);
    expect(valuesOf("64，128")).toEqual(["64", "128"]);
  });

  it("reads typed values as JSON would, and words as words", () => {
    expect(["2e-3", "true", "null", "none", "[hour, 3]", "gru"].map(parseValue)).toEqual([0.002, true, null, "none", ["hour", 3], "gru"]);
    expect(showValue([24, null, "x"])).toBe("[24, , x]");
  });

  it("finds the field that an error names", () => {
    expect(fieldOf("/trainings/1/options/hidden_size")).toEqual({ training: 1, field: "options.hidden_size" });
    expect(fieldOf("/target/0")).toEqual({ training: null, field: "target" });
  });
});

it("another dataset forgets what was said of the columns of the last one", () => {
  const draft = { ...newDraft(), dataset: "a", target: ["load"], covariates: ["price:known"], horizon: "12" };
  chooseDataset(draft, "a");
  expect(draft.target).toEqual(["load"]);
  chooseDataset(draft, "b");
  expect(draft).toMatchObject({ dataset: "b", target: [], covariates: null, horizon: "12" });
});

describe("several training runs", () => {
  it("are all in the commands that do the same elsewhere, with one script", () => {
    const commands = ["lstm", "linear"].map((model) => ({
      ...{
        cli: `timevis train model=${model}`,
        python: `import os\n\nREQUESTS = [\n    {'model': '${model}',\n     'target': ['a']},\n]\n\nrun()\n`,
      },
      curl: `curl ${model}`,
    }));
    const joined = joinCommands(commands);
    expect(joined.cli).toBe("timevis train model=lstm\ntimevis train model=linear");
    const requests = ["lstm", "linear"].map((model) => `    {'model': '${model}',\n     'target': ['a']},\n`);
    expect(joined.python).toBe(`import os\n\nREQUESTS = [\n${requests.join("")}]\n\nrun()\n`);
    expect(joined.curl).toBe("curl lstm\ncurl linear");
  });
});

describe("the advice on a short series", () => {
  it("gives the lengths that fit, and none where it names none", () => {
    const setting = (key: string, value: number) => ({ key, value, text: `${key}=${String(value)}` });
    const fitting = { code: "lengths-that-fit", text: "", params: { settings: [setting("context_length", 12), setting("horizon", 4)] } };
    const body = { status: 422, code: "invalid-data", detail: "" };
    const params = { parts: [{ code: "short-part", params: { part: "test" } }], fitting };
    expect(fittingLengths(new ApiProblem({ ...body, advice_code: { code: "lengthen", params } }))).toEqual({ context_length: 12, horizon: 4 });
    expect(fittingLengths(new ApiProblem({ ...body, advice_code: { code: "lengthen", params: { fitting: "" } } }))).toEqual({});
    expect(fittingLengths(new Error("x"))).toEqual({});
  });
});
