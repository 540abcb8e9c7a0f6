import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query";
import type { VueWrapper } from "@vue/test-utils";
import { flushPromises, mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";

import { i18n, setLanguage } from "@/i18n";
import en from "@/i18n/en";
import { datasetLabels } from "@/utils/displayNames";
import { newDraft } from "@/pages/train/request";
import TrainPage from "@/pages/train/TrainPage.vue";

const KEY = "timevis-draft-train";
const summary = (id: string, name = id) => ({
  ...{ id, name, version: 1, created: 1_780_000_000, rows: 9, frequency: "h", channels: ["load"] },
  ...{ start: "2026-03-01T00:00:00", end: "2026-03-02T00:00:00", options: {}, deleted: null },
});

/** What the service answers, by the path; a path that is absent answers with an error. */
let answers: Record<string, unknown> = {};
let page: VueWrapper | undefined;

const listOf = (...ids: string[]) => ({ items: ids.map((id) => summary(id)), total: ids.length, page: 1, per_page: 100 });
const offered = (model: string, values: Record<string, unknown> = {}) => ({
  ...{ model, title: model, help: "", recommended: false, preset_groups: [], untrained: null, seconds_hint: null },
  ...{ options: [{ name: "hidden_size", section: "options", default: 64, choices: [], kind: "integer", help: "", absent: {} }], ...values },
});
const options = [offered("seasonal_naive"), offered("lstm", { recommended: true })];

function answer(request: Request): Promise<Response> {
  const found = answers[new URL(request.url).pathname];
  const body = found ?? { status: 500, code: "server-error", detail: "broken" };
  return Promise.resolve(new Response(JSON.stringify(body), { status: found === undefined ? 500 : 200 }));
}

async function open(path: string, cached?: ReturnType<typeof summary>[]) {
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 5_000 } } });
  if (cached) queryClient.setQueryData(["datasets", "all"], cached, { updatedAt: 1 });
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: "/:any(.*)", component: TrainPage }] });
  await router.push(path);
  page = mount(TrainPage, { global: { plugins: [createPinia(), i18n, router, [VueQueryPlugin, { queryClient }]], stubs: { TrainEstimate: true } } });
  await flushPromises();
  await vi.waitFor(() => {
    expect(queryClient.isFetching()).toBe(0);
  });
  await flushPromises();
  return { page, router };
}

const draft = () => JSON.parse(localStorage.getItem(KEY) ?? "{}") as ReturnType<typeof newDraft>;
const startButton = () => page?.get<HTMLButtonElement>("[data-test=start]").element;

beforeEach(async () => {
  await setLanguage("en");
  setActivePinia(createPinia());
  vi.stubGlobal("fetch", answer);
  answers = { "/api/datasets": listOf("new", "old"), "/api/model-options": options };
  for (const id of ["new", "old"]) answers[`/api/datasets/${id}`] = summary(id);
});

/** The labels of the settings that are shown. */
const shownSettings = () => page?.findAll("[data-option]").map((field) => field.attributes("data-option"));

afterEach(() => {
  page?.unmount();
  localStorage.removeItem(KEY);
  vi.unstubAllGlobals();
});

describe("the page that starts a training", () => {
  it("takes the newest dataset where none is named", async () => {
    const { router } = await open("/train");
    expect(draft().dataset).toBe("new");
    expect(router.currentRoute.value.query.dataset).toBe("new");
    expect(startButton()?.disabled).toBe(false);
  });

  it("keeps a dataset that the list of the cache does not have yet", async () => {
    const { page, router } = await open("/train?dataset=new", [summary("old")]);
    expect(draft().dataset).toBe("new");
    expect(router.currentRoute.value.query.dataset).toBe("new");
    expect(page.text()).not.toContain(en.train.unknownDataset);
    expect(startButton()?.disabled).toBe(false);
  });

  it("says that a dataset does not exist instead of choosing another one", async () => {
    const { page } = await open("/train?dataset=gone");
    await vi.waitFor(() => {
      expect(page.text()).toContain(en.train.unknownDataset);
    });
    expect(draft().dataset).toBe("gone");
    expect(startButton()?.disabled).toBe(true);
  });

  it("looks for a setting by its label, its key and its help, and says how to get a language model that is absent", async () => {
    const option = (name: string, values: object = {}) => ({
      ...{ name, section: "options", default: 1, choices: [], kind: "", help: "" },
      absent: {},
      ...values,
    });
    const name = option("name", { section: "backbone", choices: ["nano"], absent: { "qwen3-0.6b": "Qwen/Qwen3-0.6B-Base" } });
    answers["/api/model-options"] = [offered("lstm", { recommended: true, options: [option("hidden_size"), option("dropout"), name] })];
    const { page: form } = await open("/train");
    expect(shownSettings()).toEqual(["hidden_size", "dropout", "name"]);
    expect(form.get("[data-option=name]").text()).toContain("hf download Qwen/Qwen3-0.6B-Base");
    for (const [typed, shown] of [
      ["drop", ["dropout"]],
      ["hidden size", ["hidden_size"]],
      ["no such", []],
    ] as const) {
      await form.get("[data-test=search-settings]").setValue(typed);
      expect(shownSettings()).toEqual(shown);
    }
  });

  it("does not start before the options are known, because what was typed for them would be left out", async () => {
    answers["/api/model-options"] = undefined;
    const { page } = await open("/train?dataset=new");
    expect(startButton()?.disabled).toBe(true);
    answers["/api/model-options"] = options;
    await page.get("[data-for=options] button").trigger("click");
    await vi.waitFor(() => {
      expect(startButton()?.disabled).toBe(false);
    });
    expect(page.find("[data-for=options]").exists()).toBe(false);
  });

  it("shows that the list of datasets could not be read", async () => {
    answers["/api/datasets"] = undefined;
    const { page } = await open("/train");
    expect(page.find("[data-for=datasets] button").exists()).toBe(true);
  });

  it("offers datasets of one name under labels that differ", async () => {
    answers["/api/datasets"] = { ...listOf(), items: [summary("new", "plant"), { ...summary("old", "plant"), version: 2 }], total: 2 };
    const { page } = await open("/train");
    const offered = page.findAllComponents({ name: "ElOption" }).map((option) => option.props("label") as string);
    expect(offered.filter((label) => label.startsWith("plant (version "))).toHaveLength(2);
  });

  it("offers a model for which it has no words by the title, the help and the measured time of the service", async () => {
    const toy = { title: "Last value", help: "Repeats the last value.", preset_groups: ["quick"], seconds_hint: 12 };
    answers["/api/model-options"] = [...options, offered("toy", toy)];
    const { page } = await open("/train?models=toy,gone");
    const label = page.get("[data-model=toy]");
    expect(label.text()).toContain("Last value");
    expect(label.text()).toContain("Repeats the last value.");
    expect(label.text()).toContain("15 s");
    expect(page.findAll("[data-test=preset] label").map((button) => button.text())).toEqual(["Quick", "Standard", "Best"]); // the fastest first
    expect(draft().models).toEqual(["toy"]);
    expect(page.findAll("[data-test=advanced] legend").map((legend) => legend.text())).toContain("Last value");
    await page.get("[data-model=lstm] input").setValue(true);
    expect(draft().models).toEqual(["lstm", "toy"]);
    await page.get("[data-choose=quick]").trigger("click");
    expect([draft().models, draft().preset]).toEqual([["toy"], "quick"]);
  });

  it("keeps the dataset when the form goes back to its defaults", async () => {
    localStorage.setItem(KEY, JSON.stringify({ ...newDraft("old", ["seasonal_naive"]), horizon: "17" }));
    const { page } = await open("/train");
    await page.get("[data-test=reset]").trigger("click");
    expect(draft()).toEqual(newDraft("old", ["lstm"]));
    expect(startButton()?.disabled).toBe(false);
    expect(page.find("[data-test=reset]").exists()).toBe(false);
  });
});

it("datasets of one name have labels that differ", () => {
  const labels = datasetLabels([summary("a", "plant"), { ...summary("b", "plant"), version: 2 }, summary("c", "plant"), summary("d", "wind")]);
  const [first, second, third, fourth] = [...labels.values()];
  expect(first).toMatch(/^plant \(version 1, uploaded .*2026/);
  expect(second).toMatch(/^plant \(version 2, uploaded /);
  expect(third).toBe(`${first ?? ""} (2)`);
  expect(fourth).toBe("wind");
});

describe("the choices of a setting", () => {
  const shownChoices = async (language: "en" | "zh") => {
    await setLanguage(language);
    const choice = (name: string, values: object) => ({ ...{ name, section: "options", type: "choice", kind: "", help: "", absent: {} }, ...values });
    const listed = [
      choice("conformal", { section: "run", default: "auto", choices: ["auto", "none", "split", "online"] }),
      choice("bf16", { type: "bool", default: "auto", choices: ["auto"] }),
      choice("name", { section: "backbone", default: "nano", choices: ["nano"] }),
      choice("decode_batch_size", { type: "int", default: "auto", choices: ["auto"] }),
    ];
    answers["/api/model-options"] = [offered("lstm", { recommended: true, options: listed })];
    const { page: form } = await open("/train?dataset=new");
    const field = (name: string) => form.get(`[data-option=${name}]`);
    const labels = (name: string) =>
      field(name)
        .getComponent({ name: "ElSelect" })
        .findAllComponents({ name: "ElOption" })
        .map((option) => [option.props("value"), option.props("label")]);
    const number = field("decode_batch_size").get("input").attributes("placeholder");
    return { form, labels, number };
  };

  it("have names in English, and values that the config has", async () => {
    const { form, labels, number } = await shownChoices("en");
    expect(labels("conformal")).toEqual([
      ["auto", "automatic"],
      ["none", "none"],
      ["split", "validation windows"],
      ["online", "validation and newer windows"],
    ]);
    form.get("[data-option=conformal]").getComponent({ name: "ElSelect" }).vm.$emit("update:modelValue", "split");
    await flushPromises();
    expect(draft().options.lstm).toEqual({ conformal: "split" });
    expect(number).toBe("automatic");
  });

  it("have names in Chinese, except those that are names of products", async () => {
    const { labels, number } = await shownChoices("zh");
    expect(labels("conformal")).toEqual([
      ["auto", "自动"],
      ["none", "无"],
      ["split", "验证窗口"],
      ["online", "验证窗口与更新的窗口"],
    ]);
    expect(labels("bf16").map(([, label]) => label as string)).toEqual(["自动", "是", "否"]);
    expect(labels("name")).toEqual([["nano", "nano"]]);
    expect(number).toBe("自动");
  });
});
