import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query";
import { flushPromises, mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Component } from "vue";

import { i18n, setLanguage } from "@/i18n";
import CurveSection from "@/pages/compare/CurveSection.vue";
import TrainingSection from "@/pages/results/TrainingSection.vue";
import TaskCurves from "@/pages/tasks/TaskCurves.vue";

/** Rows of metrics.csv of a real run: the last epoch ends at step 279, and the val windows are scored at step 280. */
const ROWS = [
  { step: 139, "train/loss": 0.9, "tuning/relative_wql": 0.4, "tuning/wql": 0.04 },
  { step: 279, "train/loss": 0.8, "tuning/relative_wql": 0.343, "tuning/wql": 0.034 },
  { step: 280, "val/relative_wql": 0.318, "val/wql": 0.032 },
];

async function mounted(component: Component, props: Record<string, unknown>, others: Record<string, object> = {}) {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify({ state: "completed", rows: ROWS }))));
  const stubs = {
    BaseChart: { name: "BaseChart", props: ["option"], template: "<i />" },
    SectionCard: { template: "<div><slot /></div>" },
    ...others,
  };
  const plugins = [createPinia(), i18n, [VueQueryPlugin, { queryClient: new QueryClient() }] as [typeof VueQueryPlugin, object]];
  const page = mount(component, { props, global: { plugins, stubs } });
  await flushPromises();
  await vi.waitFor(() => {
    expect(page.findAllComponents({ name: "BaseChart" }).length).toBeGreaterThan(0);
  });
  return page;
}

/** The series of every chart that a component draws, as the points of each. */
async function drawn(component: Component, props: Record<string, unknown>): Promise<unknown[]> {
  return (await mounted(component, props))
    .findAllComponents({ name: "BaseChart" })
    .flatMap((chart) => (chart.props("option") as { series: { data: unknown }[] }).series.map((series) => series.data));
}

beforeEach(async () => {
  await setLanguage("en");
  setActivePinia(createPinia());
});

describe("the curve of a fit ends with its last epoch", () => {
  const loss = [
    [139, 0.9],
    [279, 0.8],
  ];
  const relative = [
    [139, 0.4],
    [279, 0.343],
  ];

  it("on the page of a model", async () => {
    expect(await drawn(TrainingSection, { rows: ROWS })).toEqual([loss, relative]);
  });

  it("on the page of a task", async () => {
    expect(await drawn(TaskCurves, { task: { id: "t", state: "completed" } })).toEqual([loss, relative]);
  });

  it("on the page of a comparison", async () => {
    const curve = ROWS.slice(0, 2).map((row) => ({ step: row.step, train_loss: row["train/loss"] ?? null, tuning: row["tuning/wql"] ?? null }));
    const comparison = { by_horizon: {}, curves: { a: curve } };
    const models = [{ id: "a", name: "a", colour: "#000000", kind: "lstm" }];
    const [, tuning, train] = await drawn(CurveSection, { models, comparison });
    expect(tuning).toEqual([
      [139, 0.04],
      [279, 0.034],
    ]);
    expect(train).toEqual(loss);
  });

  it("on a comparison with a chart of the losses for each kind of model, whose scales differ", async () => {
    const curve = (scale: number) => [139, 279].map((step) => ({ step, train_loss: scale / step, tuning: 0.04 }));
    const comparison = { by_horizon: {}, curves: { a: curve(1), b: curve(50), c: curve(2) } };
    const models = ["a", "b", "c"].map((id) => ({ id, name: id, colour: "#000000", kind: id === "b" ? "qwen" : "lstm" }));
    const cards = { ChartCard: { name: "BaseChart", props: ["option", "title"], template: "<i />" } };
    const charts = (await mounted(CurveSection, { models, comparison }, cards)).findAllComponents({ name: "BaseChart" });
    const shown = charts.map((chart) => ({
      title: chart.props("title") as string,
      models: (chart.props("option") as { series: { name: string }[] }).series.map((series) => series.name),
      axes: [(chart.props("option") as { yAxis: object | object[] }).yAxis].flat().length,
    }));
    expect(shown.slice(1)).toEqual([
      { title: "WQL on the tuning windows", models: ["a", "b", "c"], axes: 1 },
      { title: "Training loss: LSTM", models: ["a", "c"], axes: 1 },
      { title: "Training loss: Qwen, digits", models: ["b"], axes: 1 },
    ]);
  });
});

describe("a comparison of models without training steps", () => {
  const models = ["a", "b"].map((id) => ({ id, name: id, colour: "#000000", kind: "linear" }));

  it("has no card of training curves", async () => {
    const curves = { a: [], b: [{ step: 0, train_loss: 0.3, tuning: null }] };
    const page = await mounted(CurveSection, { models, comparison: { by_horizon: {}, curves } });
    expect(page.find("#horizon").exists()).toBe(true);
    expect(page.find("#training").exists()).toBe(false);
  });
});
