import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query";
import { flushPromises, mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, expect, it, vi } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";

import { i18n, setLanguage } from "@/i18n";
import ForecastForm from "@/pages/forecast/ForecastForm.vue";

/** What the form calls the choice of a dataset. */
async function choiceOfDataset(method: string, chosen: string[]): Promise<string> {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: "/:any(.*)", component: { template: "<p />" } }] });
  const plugins = [createPinia(), i18n, router, [VueQueryPlugin, { queryClient: new QueryClient() }] as [typeof VueQueryPlugin, object]];
  const models = [{ id: "m", name: "LSTM", kind: "lstm", dataset: "d" }];
  const props = { models, datasets: [], methods: ["seasonal_naive"], isRunning: false, isHorizonWrong: false, chosen, dataset: "", method };
  const page = mount(ForecastForm, { props: props as never, global: { plugins } });
  await flushPromises();
  return page.get("[data-source=dataset]").text();
}

beforeEach(async () => {
  await setLanguage("en");
  setActivePinia(createPinia());
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("[]")));
});

it("a dataset is another one only beside the dataset of chosen models", async () => {
  expect(await choiceOfDataset("models", ["m"])).toBe("Another dataset");
  expect(await choiceOfDataset("models", [])).toBe("A dataset");
  expect(await choiceOfDataset("seasonal_naive", ["m"])).toBe("A dataset");
  await setLanguage("zh");
  expect(await choiceOfDataset("models", ["m"])).toBe("其他数据集");
  expect(await choiceOfDataset("models", [])).toBe("数据集");
});
