import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query";
import { flushPromises, mount } from "@vue/test-utils";
import { createPinia } from "pinia";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";

import type { Monitor } from "@/api/monitors";
import { i18n, setLanguage } from "@/i18n";
import AlertSection from "@/pages/monitors/AlertSection.vue";
import { driftSentence } from "@/pages/monitors/drift";
import { scoreOption, sparkline } from "@/pages/monitors/monitorCharts";
import MonitorsPage from "@/pages/monitors/MonitorsPage.vue";
import { dailyTime, scheduleText } from "@/pages/monitors/schedule";
import { seriesColours } from "@/theme/tokens";

beforeEach(() => setLanguage("en"));
afterEach(() => {
  vi.unstubAllGlobals();
});

const monitor = {
  ...{ id: "a".repeat(32), name: "Plant", dataset: "d".repeat(32), dataset_name: "Plant", model: "m".repeat(32), model_name: "LSTM" },
  ...{ horizon: 24, schedule: { cron: "30 6 * * *", timezone: "Europe/Berlin" }, enabled: true, open_alerts: 2, forecasts: 3 },
  ...{ relative_wql: 0.8, coverage_80: 0.79, is_drift: null, recent_relative_wql: [0.9, 0.8, 0.7], last_forecast: 1.8e9 },
  ...{ last_origin: "2026-03-01T00:00:00", next_run: null, task: null, task_state: "completed", created: 1.8e9, created_by: "anna", deleted: null },
};

it("the list shows schedule, alerts and the recent errors of each monitor, and keeps the search in the address", async () => {
  const paused = { ...monitor, id: "b".repeat(32), name: "Store", enabled: false, open_alerts: 0, recent_relative_wql: [], created_by: null };
  const answer = { items: [monitor, paused], total: 2, page: 1, per_page: 200 };
  const answers: Record<string, unknown> = {
    ...{ "/api/monitors": answer, "/api/models": { ...answer, items: [], total: 0 }, "/api/session": { role: "owner", users: true } },
  };
  vi.stubGlobal("fetch", (request: Request) => {
    const body = answers[new URL(request.url).pathname] ?? [];
    return Promise.resolve(new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } }));
  });
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: "/:rest(.*)*", component: MonitorsPage }] });
  await router.push("/monitors");
  const plugins = [createPinia(), i18n, router, [VueQueryPlugin, { queryClient: new QueryClient() }]] as never[];
  const page = mount(MonitorsPage, { global: { plugins } });
  await vi.waitFor(async () => {
    await flushPromises();
    expect(page.findAll("[data-test=monitors] tbody tr")).toHaveLength(2);
  });
  const [first, second] = page.findAll("[data-test=monitors] tbody tr");
  expect(first?.text()).toContain("every day at 06:30 (Europe/Berlin)");
  expect(first?.text()).toContain("2 open alerts");
  await vi.waitFor(() => {
    expect(first?.text()).toContain("By anna");
  });
  expect(second?.text()).not.toContain("By ");
  expect(first?.get("svg[role=img]").attributes("aria-label")).toBe("The relative errors of the last 3 forecasts; the last one is 0.7");
  expect(second?.find("[data-test=paused]").exists()).toBe(true);
  await page.get("input").setValue("stor");
  await flushPromises();
  expect(page.findAll("[data-test=monitors] tbody tr")).toHaveLength(1);
  await vi.waitFor(() => {
    expect(router.currentRoute.value.query.search).toBe("stor");
  });
  page.unmount();
}, 20_000);

it("a sparkline has the height of 1, and leaves out missing values", () => {
  expect(sparkline([2, null, 0.5], 100, 24)).toEqual({ points: "0,2 100,22", one: 15.3 });
  expect(sparkline([0.9, null], 100, 24)).toBeUndefined();
});

it("a schedule and a drift are sentences in both languages", async () => {
  const drift = {
    ...{ metric: "wql", ratio: 1.5, low: 1.2, high: 1.9, p: 0.001, recent: 3, test: 2, forecasts: 28, test_windows: 90 },
    is_drift: true,
  };
  expect(dailyTime("*/5 6 * * *")).toBeUndefined();
  expect(scheduleText({ cron: null, timezone: "UTC" })).toBe("whenever rows arrive");
  expect(driftSentence([{ ...drift, metric: "relative_wql", is_drift: false, p: 0.0001 }, drift], 28)).toMatch(
    /^Drift: the error \(WQL\).*1\.5 times/,
  );
  expect(driftSentence([], 3)).toContain("from 14 complete forecasts on; there are 3");
  await setLanguage("zh");
  expect(driftSentence([drift], 28)).toContain("误差（WQL）是模型测试时的 1.5 倍");
  expect(scheduleText({ cron: "0 6 * * *", timezone: "UTC" })).toBe("每天 06:00（UTC）");
});

it("only complete forecasts are points of the errors, and the bounds are lines", () => {
  const scores = [0.7, 0.9].map((value, day) => ({ origin: `2026-03-0${String(day + 1)}`, complete: day === 0, metrics: { coverage_80: value } }));
  const option = scoreOption(scores, "coverage_80", [{ value: 0.95, name: "95 %" }], "Coverage", seriesColours("light"), String);
  const [series] = option.series as { data: unknown[]; markLine: { data: object[] } }[];
  expect(series?.data).toHaveLength(1);
  expect(series?.markLine.data).toEqual([{ name: "95 %", yAxis: 0.95 }]);
});

it("a receiver that fails is named with the time since when it fails, and why", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ items: [], total: 0, page: 1, per_page: 20 })));
  const failing = { kind: "webhook" as const, address: "https://slow.example/hook", since: 1.8e9, error: "the address answered with 503" };
  const detail = {
    ...monitor,
    ...{ bounds: {}, retraining: {}, state: {}, next_training: null, receivers: [{ kind: failing.kind, address: failing.address }] },
    failing_receivers: [failing],
  } as unknown as Monitor;
  const plugins = [i18n, createPinia(), [VueQueryPlugin, { queryClient: new QueryClient() }] as [typeof VueQueryPlugin, object]];
  const section = mount(AlertSection, { props: { monitor: detail }, global: { plugins } });
  await flushPromises();
  const shown = section.find("[data-test=failing-receiver]").text();
  expect(shown).toContain("https://slow.example/hook has accepted no alert since");
  expect(shown).toContain("the address answered with 503");
  await section.setProps({ monitor: { ...detail, failing_receivers: [] } });
  expect(section.find("[data-test=failing-receiver]").exists()).toBe(false);
  section.unmount();
}, 20_000);
