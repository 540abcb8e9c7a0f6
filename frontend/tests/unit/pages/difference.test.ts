import { mount } from "@vue/test-utils";
import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, expect, it, vi } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";

import { i18n, setLanguage } from "@/i18n";
import DifferenceSection from "@/pages/compare/DifferenceSection.vue";
import SweepSection from "@/pages/compare/SweepSection.vue";

const models = [
  { id: "a", name: "Qwen（数字）", kind: "qwen", colour: "#000000", wql: 0.1 },
  { id: "b", name: "LSTM", kind: "lstm", colour: "#000000", wql: 0.2 },
];
const inputs = { code: "inputs-without-covariates", params: { rows: 168, runs: ["Qwen, digits", "LSTM"] }, text: "168 rows" };
const comparison = {
  models: [
    { model: "a", name: "Qwen, digits" },
    { model: "b", name: "LSTM" },
  ],
  notes: [{ code: "inputs-differ", params: { inputs: [inputs] }, text: "The models read different inputs" }],
  pairs: [],
  config_differences: [
    { key: "model.name", values: { a: "qwen", b: "lstm" } },
    { key: "conformal", values: { a: "split", b: "none" } },
  ],
};

function shown(component: typeof DifferenceSection | typeof SweepSection, props: object) {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: "/:any(.*)", component: { template: "<p />" } }] });
  const plugins = [createPinia(), i18n, router, [VueQueryPlugin, { queryClient: new QueryClient() }] as [typeof VueQueryPlugin, object]];
  const stubs = { ChartCard: { name: "ChartCard", props: ["option"], template: "<i />" } };
  return mount(component, { props: { comparison, models, reference: "", ...props } as never, global: { plugins, stubs } });
}

beforeEach(async () => {
  await setLanguage("zh");
  setActivePinia(createPinia());
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("[]")));
});

it("a note on the comparison names the models as the page does", () => {
  const note = shown(DifferenceSection, {}).get("[data-test=notes]").text();
  expect(note).toContain("Qwen（数字）、LSTM");
  expect(note).not.toContain("digits");
});

it("the axes of parallel coordinates have names for kinds of models and for values of settings", () => {
  const axes = [
    { key: "model.name", kind: "text", categories: ["qwen", "lstm"] },
    { key: "conformal", kind: "text", categories: ["split", "none"] },
  ];
  const option = shown(SweepSection, { axes }).getComponent({ name: "ChartCard" }).props("option") as {
    parallelAxis: { name: string; data?: string[] }[];
    series: { data: { value: unknown[] }[] }[];
  };
  expect(option.parallelAxis.map(({ name, data }) => [name, data]).slice(0, 2)).toEqual([
    ["类型", ["Qwen（数字）", "LSTM"]],
    ["区间再校准", ["验证窗口", "无"]],
  ]);
  expect(JSON.stringify(option.series)).toContain("验证窗口");
  expect(JSON.stringify(option.series)).not.toContain("split");
});
