import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query";
import { flushPromises, mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Component } from "vue";
import { createMemoryHistory, createRouter } from "vue-router";

import { rangeOf, sparkPath } from "@/charts/sparkline";
import SparkLine from "@/components/SparkLine.vue";
import { i18n, setLanguage } from "@/i18n";
import DatasetTable from "@/pages/data/DatasetTable.vue";
import ModelTable from "@/pages/models/ModelTable.vue";
import type { ModelRow } from "@/pages/models/rows";
import { modelColour } from "@/theme/tokens";

/** The paths and parameters of the requests that the page sent. */
let asked: string[] = [];

const DATASET = {
  ...{ id: "d", name: "Plant", file_name: "plant.csv", size: 1, rows: 600, channel_count: 2, first_channels: ["load", "price"] },
  ...{ frequency: "h", start: "2026-01-01T00:00:00", end: "2026-01-25T23:00:00", champion: null, version: 1, parent: null },
  ...{ created_by: null, created: 1, deleted: null },
  line: { start: "2026-01-19T00:00:00", end: "2026-01-25T23:00:00", values: [31.25, null, 70, 50.5] },
};
const ROW: ModelRow = {
  ...{ id: "m1", name: "LSTM", kind: "lstm", dataset: "d", datasetName: "Plant", notes: "", tags: [], isChampion: false },
  ...{ created: 1, createdBy: null, wql: 0.1, mae: 3, coverage: 0.8, validation: 0.1, fit: 1, parameters: 5, windowSet: "w" },
  skill: { value: 0.1, low: 0.05, high: 0.15 },
  forecast: { channel: "load", start: "2026-01-24T00:00:00", end: "2026-01-25T12:00:00", truth: [1, 2, 5], median: [null, 3, 2] },
};
const MODELS = ["m0", "m1"].map((id, created) => ({ id, dataset: "d", created }));

function answer(request: Request): Promise<Response> {
  const url = new URL(request.url);
  asked.push(url.pathname);
  const items = url.pathname.endsWith("/models") ? MODELS : [DATASET, { ...DATASET, id: "e", name: "Old", line: null }];
  return Promise.resolve(new Response(JSON.stringify({ items, total: 2, page: 1, per_page: 20 })));
}

async function show(component: Component, props: object = {}) {
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: "/:any(.*)*", component: SparkLine }] });
  await router.push("/list");
  const shown = mount(component, { props, global: { plugins: [createPinia(), i18n, router, [VueQueryPlugin, { queryClient }]] } });
  for (let round = 0; round < 4; round += 1) await flushPromises();
  return shown;
}

describe("small lines in lists", { timeout: 20_000 }, () => {
  beforeEach(async () => {
    await setLanguage("en");
    setActivePinia(createPinia());
    vi.stubGlobal("fetch", answer);
    asked = [];
  });

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("draw truth and forecast on one scale, and say in words what they are", () => {
    const shown = mount(SparkLine, { props: { values: [0, 1], truth: [1, 2], label: "truth and median", colour: "#123456", height: 13 } });
    expect(shown.attributes()).toMatchObject({ role: "img", "aria-label": "truth and median" });
    expect(shown.get("title").text()).toBe("truth and median");
    expect(shown.findAll("path").map((path) => path.attributes("d"))).toEqual(["M0 5L117 0", "M0 10L117 5"]);
    expect(shown.findAll("path")[1]?.attributes("style")).toContain("#123456");
  });

  it("are hidden from screen readers where the words beside them say the same", () => {
    const shown = mount(SparkLine, { props: { values: [0, 1] } });
    expect(shown.attributes("aria-hidden")).toBe("true");
    expect([shown.attributes("role"), shown.find("title").exists(), shown.findAll("path").length]).toEqual([undefined, false, 1]);
  });

  it("keep within a range that is given", () => {
    expect(rangeOf([3, null], [1, 2])).toEqual([1, 3]);
    expect(sparkPath([0, 1], 30, 10, [0, 2])).toBe("M0 10L30 5");
  });

  it("show the newest values of a dataset without a request for each, and none for a dataset without values", async () => {
    const shown = await show(DatasetTable);
    const lines = shown.findAll("[data-test=newest-values]");
    expect(lines.map((line) => line.attributes("aria-label"))).toEqual([
      "Newest values of load, 2026-01-19 to 2026-01-25 23:00: between 31.3 and 70",
    ]);
    expect(shown.findAll("tbody tr").length).toBe(2);
    expect(asked.filter((path) => path.includes("/datasets"))).toEqual(["/api/datasets"]);
    await setLanguage("zh");
    await flushPromises();
    expect(lines[0]?.attributes("aria-label")).toBe("load 的最新值，2026-01-19 至 2026-01-25 23:00：介于 31.3 与 70 之间");
  });

  it("show how the forecast of a model went, in the colour of the model", async () => {
    const rows = [ROW, { ...ROW, id: "m0", name: "Old", forecast: null }];
    const shown = await show(ModelTable, { rows, areDeleted: false, sort: "name", order: "asc", selection: [] });
    const lines = shown.findAll("[data-test=newest-forecast]");
    expect(lines.length).toBe(1);
    expect(lines[0]?.attributes("aria-label")).toContain("load, 2026-01-24 to 2026-01-25 12:00, the end of the scored period");
    const [truth, median] = lines[0]?.findAll("path") ?? [];
    expect(truth?.classes()).toEqual(["truth"]);
    expect(median?.attributes("style")).toContain(modelColour("light", 1));
    await setLanguage("zh");
    await flushPromises();
    expect(lines[0]?.attributes("aria-label")).toContain("评分时段末尾");
  });
});
