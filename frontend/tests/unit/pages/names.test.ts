import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query";
import { mount } from "@vue/test-utils";
import { createPinia } from "pinia";
import type { Component } from "vue";
import { defineComponent, h } from "vue";
import { expect, it } from "vitest";

import type { TaskSummary } from "@/api/tasks";
import { i18n, setLanguage } from "@/i18n";
import VerdictCard from "@/pages/results/VerdictCard.vue";
import { useTaskTitle } from "@/pages/tasks/useTaskTitle";

const MODELS = [
  { model: "lstm", title: "LSTM", untrained: null },
  { model: "qwen", title: "Qwen, digits", untrained: null },
  { model: "peer/patchtst", title: "PatchTST", untrained: null },
];

async function shown(component: Component, language: "en" | "zh", props: object = {}): Promise<string> {
  await setLanguage(language);
  const queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } });
  queryClient.setQueryData(["model-options"], MODELS);
  const wrapper = mount(component, { props, global: { plugins: [createPinia(), i18n, [VueQueryPlugin, { queryClient }]] } });
  const text = wrapper.text();
  wrapper.unmount();
  return text;
}

it.each([
  { label: "lstm", en: "LSTM is", zh: "LSTM 优于" },
  { label: "seasonal_naive", en: "Seasonal naive is", zh: "季节朴素法优于" },
  { label: "qwen [nano]", en: "Qwen, digits [nano] is", zh: "Qwen（数字） [nano]优于" },
  { label: "peer/patchtst", en: "PatchTST is", zh: "PatchTST 优于" },
])("a verdict names $label as the other pages do", async ({ label, en, zh }) => {
  const words = { metric: "WQL", scored: "2026" };
  const params = {
    model: label,
    ...words,
    size: { share: 0.1, text: "10 %" },
    low: { share: 0.05, text: "5 %" },
    high: { share: 0.2, text: "20 %" },
  };
  const entry = { code: "beats-seasonal-naive", text: `${label} is better than seasonal naive.`, severity: "good", params };
  expect(await shown(VerdictCard, "en", { verdict: { ...entry, findings: [] } })).toContain(en);
  expect(await shown(VerdictCard, "zh", { verdict: { ...entry, findings: [] } })).toContain(zh);
});

it("a task on the Chinese page names its model in Chinese, unless a user named it", async () => {
  const task: Pick<TaskSummary, "kind" | "name" | "method" | "models" | "dataset_name"> = {
    ...{ kind: "predict", name: null, method: null, models: ["LSTM, hidden size 8, 3 members (2)"], dataset_name: "负荷" },
  };
  const title = (changes: Partial<typeof task>) =>
    defineComponent({
      setup() {
        const titleOf = useTaskTitle();
        return () => h("p", titleOf({ ...task, ...changes }));
      },
    });
  expect(await shown(title({}), "zh")).toBe("用 LSTM，隐藏层宽度 8，网络数 3 (2) 预测 负荷");
  expect(await shown(title({}), "en")).toBe("Forecast of 负荷 with LSTM, hidden size 8, 3 members (2)");
  expect(await shown(title({ kind: "train", name: "LSTM, horizon 12", models: [] }), "zh")).toContain("LSTM，预测步数 12");
  expect(await shown(title({ models: ["LSTM, 2 min"] }), "zh")).toContain("LSTM，2 分钟");
  expect(await shown(title({ kind: "compare", dataset_name: null, models: ["LSTM"] }), "zh")).toBe("比较：LSTM");
  expect(await shown(title({ models: ["my LSTM"] }), "zh")).toContain("my LSTM");
});
