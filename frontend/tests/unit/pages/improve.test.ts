import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query";
import { flushPromises, mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Component } from "vue";
import { createMemoryHistory, createRouter } from "vue-router";

import { setLanguage, i18n } from "@/i18n";
import BetterForecast from "@/pages/data/BetterForecast.vue";
import type { ForecastItem } from "@/pages/forecast/result";
import { eventsOf, filled, knownOf, meanChange, requestWith, wrongCell } from "@/pages/forecast/whatIf";
import WhatIf from "@/pages/forecast/WhatIf.vue";
import { explainedRows, explanationSeconds } from "@/pages/results/explanation";

let asked: { path: string; body: Record<string, unknown> }[] = [];
let answers: Record<string, unknown> = {};

async function answer(request: Request): Promise<Response> {
  const path = new URL(request.url).pathname;
  if (request.method === "POST") asked.push({ path, body: JSON.parse((await request.text()) || "{}") as Record<string, unknown> });
  return new Response(JSON.stringify(answers[path] ?? []), { status: 200 });
}

async function shown(component: Component, props: Record<string, unknown>) {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: "/:any(.*)", component: { template: "<p />" } }] });
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = mount(component, {
    props,
    global: { plugins: [createPinia(), i18n, router, [VueQueryPlugin, { queryClient }]], stubs: { BaseChart: true } },
  });
  await flushPromises();
  return wrapper;
}

beforeEach(async () => {
  await setLanguage("en");
  setActivePinia(createPinia());
  [asked, answers] = [[], {}];
  vi.stubGlobal("fetch", answer);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the search for a better forecast", () => {
  const members = [
    { name: "seasonal_naive", state: "completed", validation: 1, weight: 0, seconds: 2 },
    { name: "qwen_patch-untuned", state: "completed", validation: 0.8, weight: 0.75, seconds: 4 },
    { name: "lstm", state: "running", estimate: 100 },
    { name: "qwen", state: "waiting", estimate: 300 },
  ];
  const task = {
    ...{ id: "t", state: "running", can_stop: true, stop_requested: false, cancel_requested: false, queue_position: null, result: {} },
    progress: { members, combination: 0.77, expected_end: Date.now() / 1000 + 120 },
  };

  it("starts with one button, within the minutes that are chosen", async () => {
    answers["/api/train"] = { ...task, id: "new" };
    const page = await shown(BetterForecast, { dataset: "d", task: undefined });
    expect(page.get("[data-test=make-better]").text()).toBe("Make it better (10 minutes)");
    await page.get("[data-test=make-better]").trigger("click");
    await flushPromises();
    expect(asked).toEqual([{ path: "/api/train", body: { model: "auto", dataset: "d", minutes: 10 } }]);
  });

  it("says of each member its error in words, its weight and its time, and ends at a click", async () => {
    const page = await shown(BetterForecast, { dataset: "d", task });
    expect(page.find("[data-test=make-better]").exists()).toBe(false);
    expect(page.get("[data-test=search-sentence]").text()).toContain("23% below seasonal naive. Probably done in 2 min");
    const cells = page.findAll("tbody tr").map((row) => row.findAll("td").map((cell) => cell.text()));
    expect(cells).toEqual([
      ["Seasonal naive", "finished", "the reference", "–", "2 s"],
      ["Qwen, patches, as pretrained", "finished", "20% below seasonal naive", "0.75", "4 s"],
      ["LSTM", "being fitted", "–", "–", "about 2 min"],
      ["Qwen, digits", "waiting", "–", "–", "about 5 min"],
    ]);
    await page.get("[data-test=stop-search]").trigger("click");
    await flushPromises();
    expect(asked.map(({ path }) => path)).toEqual(["/api/tasks/t/stop"]);
  });

  it("leads to the results when it has ended", async () => {
    const page = await shown(BetterForecast, { dataset: "d", task: { ...task, state: "completed", can_stop: false, result: { model: "m" } } });
    expect(page.get("[data-test=search-results]").attributes("href")).toBe("/results/m");
    expect(page.get("[data-test=search-sentence]").text()).toContain("Done: the error of the best combination on validation is 23% below");
  });
});

describe("what if", () => {
  const item = (median: number[], known = {}): ForecastItem => ({
    ...{ model: "m", name: "LSTM", item: "plant", item_index: 0, channel: "load", history: { time: [], value: [] }, truth: null, known },
    ...{ time: ["2026-03-01T00:00", "2026-03-01T01:00", "2026-03-01T02:00"], point: median, levels: [0.1, 0.5, 0.9] },
    quantiles: [median, median, median],
  });

  it("changed values go into the request of the forecast, and the others stay those of the data", () => {
    const edits = filled(filled({}, "price", 1, 2, "3.5"), "price", 1, 1, "");
    expect(knownOf(edits, 3)).toEqual({ price: [null, null, 3.5] });
    expect(wrongCell(edits)).toBeNull();
    expect(wrongCell(filled(edits, "price", 0, 0, "high"))).toEqual({ column: "price", step: 0 });
    const known = knownOf(edits, 3);
    expect(requestWith({ models: ["a", "m"], dataset: "d", horizon: 3 }, item([1, 2, 3]), known)).toEqual({
      ...{ models: ["m"], dataset: "d", values: null, horizon: 3, kind: "future", known, events: null },
    });
    expect(requestWith({ items: [{ model: "m", dataset: "e" }] }, item([1, 2, 3]), known)).toMatchObject({ models: ["m"], dataset: "e" });
    expect(meanChange(item([1, 2, 3]), item([2, 2, 6]))).toBeCloseTo(4 / 3);
  });

  it("a range is filled at once, and the forecast is drawn beside the previous one", async () => {
    answers["/api/predict"] = { id: "p", state: "completed" };
    answers["/api/tasks/p/result"] = { items: [item([3, 4, 5], { price: [2, 2, 2] })] };
    const page = await shown(WhatIf, { request: { models: ["m"] }, items: [item([1, 2, 3], { price: [1, 1, 1] })], label: () => "LSTM" });
    expect(page.get("[data-test=forecast-what-if]").attributes("disabled")).toBeDefined();
    await page.get("[data-test=fill-value]").setValue("2");
    await page.get("[data-test=fill]").trigger("click");
    expect(page.get<HTMLInputElement>('[data-cell="price 2"]').element.value).toBe("2");
    await page.get("form").trigger("submit");
    await vi.waitFor(() => {
      expect(page.get("[data-test=what-if-change]").text()).toBe("With your changes, the forecast is 2 higher on average.");
    });
    expect(asked[0]?.body).toMatchObject({ models: ["m"], known: { price: [2, 2, 2] } });
  });
});

describe("what if something happens", () => {
  const time = ["2026-03-01T00:00:00+01:00", "2026-03-01T01:00:00+01:00", "2026-03-01T02:00:00+01:00"];
  const read = (text: string, more = {}) => ({
    ...{ from: "2026-03-01T01:00:00", to: "2026-03-01T02:00:00", text, kind: "closed", value: null, probability: 0.97 },
    ...{ unknown_words: [] as string[], sure: true, rows: 1, ...more },
  });
  const item = (median: number[], events: unknown): ForecastItem =>
    ({
      ...{ model: null, name: "Nano-patch", item: "plant", item_index: 0, channel: "load", history: { time: [], value: [] }, truth: null },
      ...{ time, point: median, levels: [0.1, 0.5, 0.9], quantiles: [median, median, median], known: {}, events },
    }) as ForecastItem;
  const request = { method: "nano-patch", dataset: "d" };

  it("gives an event its local times, with the end one step after its last row, and keeps the events of the request", () => {
    const rows = [
      { from: 1, to: 0, text: " closed " },
      { from: 2, to: 2, text: "holiday" },
    ];
    const added = [
      { from: "2026-03-01T00:00:00", to: "2026-03-01T02:00:00", text: "closed" },
      { from: "2026-03-01T02:00:00", to: null, text: "holiday" },
    ];
    expect(eventsOf(rows, time)).toEqual(added);
    const { from, to, text } = read("sensor off");
    expect(requestWith(request, item([1, 2, 3], [read("sensor off")]), {}, added)).toMatchObject({
      ...{ method: "nano-patch", dataset: "d", known: null, events: [{ from, to, text }, ...added] },
    });
  });

  it("a sentence is sent with its rows, and the answer says how it was read, in both languages", async () => {
    answers["/api/predict"] = { id: "p", state: "completed" };
    const strange = { kind: "none", probability: 0.5, unknown_words: ["xyzzy"], sure: false, rows: 0 };
    answers["/api/tasks/p/result"] = { items: [item([1, 0, 3], [read("the road is closed"), read("xyzzy", strange)])] };
    const page = await shown(WhatIf, { request, items: [item([1, 2, 3], [])], label: () => "Nano-patch" });
    expect(page.find("[data-test=fill]").exists()).toBe(false);
    expect(page.text()).toContain("experimental");
    await page.get("[data-test=add-event]").trigger("click");
    expect(page.text()).toContain("Say what happens in each event");
    expect(page.get("[data-test=forecast-what-if]").attributes("disabled")).toBeDefined();
    await page.get("[data-test=event-from]").setValue("1");
    await page.get("[data-test=event-to]").setValue("1");
    const words = page.get("[data-event='0'] input");
    await words.setValue("the road is closed");
    expect(page.get("[data-test=forecast-what-if]").attributes("disabled")).toBeUndefined();
    await page.get("form").trigger("submit");
    await vi.waitFor(() => {
      expect(page.get("[data-test=what-if-change]").text()).toContain("lower on average");
    });
    expect(asked[0]?.body).toMatchObject({
      ...{ method: "nano-patch", known: null },
      events: [{ from: "2026-03-01T01:00:00", to: "2026-03-01T02:00:00", text: "the road is closed" }],
    });
    const [sure, unsure] = page.findAll("[data-test=event-readings] li").map((line) => line.text());
    expect(sure).toBe("“the road is closed”: closed (97%).");
    expect(unsure).toContain("The model may have misread it. It does not know these words: xyzzy. No row of the forecast lies in it.");
    await setLanguage("zh");
    await flushPromises();
    expect(page.get("[data-test=event-readings]").text()).toContain("“the road is closed”：关闭（97%）。");
  });

  it("a model that reads no events has no table of them", async () => {
    const page = await shown(WhatIf, { request, items: [{ ...item([1, 2, 3], null), known: { price: [1, 1, 1] } }], label: () => "LSTM" });
    expect(page.find("[data-test=add-event]").exists()).toBe(false);
    expect(page.find("[data-test=fill]").exists()).toBe(true);
  });
});

describe("why this forecast", () => {
  const input = (label: string, value: number, low: number, change: number, contribution: number) => ({
    ...{ kind: "context", label, label_code: {}, changed: "hidden", rows: 24 },
    ...{ error_rise: { value, low, high: value + 0.1 }, forecast: { change, contribution }, by_channel: { b: { change: 2, contribution: -2 } } },
  });

  it("has bars of the rise of the error and of the move of the forecast, of a channel where one is chosen", () => {
    const inputs = [input("last day", 0.8, 0.5, 0.4, 0.3), input("price", 0.2, -0.1, 0.1, 0.001)] as Parameters<typeof explainedRows>[0];
    const rows = explainedRows(inputs, undefined);
    expect(rows.map((row) => [row.riseShare, row.moveShare, row.isSure, row.raises])).toEqual([
      [1, 1, true, true],
      [0.25, 0.25, false, null],
    ]);
    expect(explainedRows(inputs, "b").map((row) => [row.move, row.raises])).toEqual([
      [2, false],
      [2, false],
    ]);
    const results = { cost: { forecasts_per_second: 40 }, run: { covariates_read: ["price"] } } as Parameters<typeof explanationSeconds>[0];
    expect(explanationSeconds(results)).toBe(35);
  });
});
