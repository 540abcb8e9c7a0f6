import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query";
import { flushPromises, mount } from "@vue/test-utils";
import { createPinia } from "pinia";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";

import { i18n, setLanguage } from "@/i18n";
import ComparePage from "@/pages/compare/ComparePage.vue";

beforeEach(() => setLanguage("en"));
afterEach(() => {
  vi.unstubAllGlobals();
});

const summary = { metrics: {}, seasonal_naive: {}, validation: {}, skill: {}, cost: {}, window_set: { hash: "w", horizon: 24 } };
const model = (id: string) => ({
  id,
  name: id,
  kind: "lstm",
  dataset: null,
  summary,
  notes: "",
  tags: [],
  champion: false,
  created: 1,
  created_by: null,
});
const page = (items: unknown[]) => ({ items, total: items.length, page: 1, per_page: 200 });

it("a comparison that is not stored yet is stored first, and then shared", async () => {
  const sent: unknown[][] = [];
  const answers: Record<string, unknown> = {
    "/api/models": page([model("a"), model("b")]),
    "/api/datasets": page([]),
    "/api/session": { role: "editor", users: true },
    "/api/tasks/t": { id: "t", kind: "compare", state: "running" },
    "/api/shares": { id: "s", path: "/shared/SECRET/compared/t" },
  };
  let stores = 0;
  vi.stubGlobal("fetch", async (request: Request) => {
    const path = new URL(request.url).pathname;
    if (request.method === "POST") sent.push([path, await request.json()]);
    if (path === "/api/compare" && (stores += 1) === 1) return new Response("{}", { status: 503 });
    const body = path === "/api/compare" ? answers["/api/tasks/t"] : request.method === "GET" && path === "/api/shares" ? page([]) : answers[path];
    return new Response(JSON.stringify(body ?? []), { headers: { "Content-Type": "application/json" } });
  });
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: "/:rest(.*)*", component: ComparePage }] });
  await router.push("/compare?models=a&models=b");
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const plugins = [createPinia(), i18n, router, [VueQueryPlugin, { queryClient }]] as never[];
  const shown = mount(ComparePage, {
    global: { plugins, stubs: { MetricTable: true, PeriodSection: true, OverlaySection: true, CurveSection: true, CostSection: true } },
  });
  await vi.waitFor(async () => {
    await flushPromises();
    expect(shown.find("[data-test=share]").exists()).toBe(true);
    expect(stores).toBe(1);
  });
  await shown.get("[data-test=share]").trigger("click");
  await flushPromises();
  await shown.get("dialog form").trigger("submit");
  await vi.waitFor(async () => {
    await flushPromises();
    expect(shown.get("[data-test=link]").text()).toContain("/shared/SECRET/compared/t");
  });
  expect(sent.map(([path]) => path)).toEqual(["/api/compare", "/api/compare", "/api/shares"]);
  expect(sent.at(-1)).toEqual(["/api/shares", { kind: "comparison", object: "t", days: 30 }]);
  shown.unmount();
}, 20_000);
