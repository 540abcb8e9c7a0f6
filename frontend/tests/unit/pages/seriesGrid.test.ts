import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query";
import type { VueWrapper } from "@vue/test-utils";
import { flushPromises, mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ref } from "vue";
import { createMemoryHistory, createRouter } from "vue-router";

import { sparkPath } from "@/charts/sparkline";
import SeriesGrid from "@/components/SeriesGrid.vue";
import { pagesOf } from "@/components/seriesPages";
import { i18n, setLanguage } from "@/i18n";

const COUNT = 5000;
const COLUMNS = 4;
/** How far the box is scrolled; happy-dom has no layout. */
const top = ref(0);

vi.mock("@vueuse/core", async (original) => ({
  ...(await original<object>()),
  useElementSize: () => ({ width: ref(850), height: ref(520) }),
  useScroll: () => ({ y: top }),
}));

/** The addresses that the page asked for. */
let asked: URL[] = [];
let grid: VueWrapper | undefined;

function item(position: number, model: boolean) {
  return {
    ...{ position, channel: `Store ${String(position)}`, unit: "MW", observed: 9, missing: position % 2, outliers: 0, min: 0, max: 2, mean: 1 },
    ...{ mae: model ? 0.5 : null, naive_mae: model ? 1 : null, wql: null, skill: model ? 0.25 : null, line: [0, 1, null, 2] },
  };
}

function answer(request: Request): Promise<Response> {
  const url = new URL(request.url);
  asked.push(url);
  const [page, length] = ["page", "per_page"].map((name) => Number(url.searchParams.get(name))) as [number, number];
  const count = url.searchParams.has("search") ? 3 : COUNT;
  const items = Array.from({ length: Math.min(length, count - (page - 1) * length) }, (_, place) =>
    item((page - 1) * length + place, url.searchParams.has("model")),
  );
  return Promise.resolve(new Response(JSON.stringify({ items, total: count, page, per_page: length })));
}

async function open(model: string | null) {
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const router = createRouter({
    history: createMemoryHistory(),
    routes: ["/data/:dataset", "/results/:model"].map((path) => ({ path, component: SeriesGrid })),
  });
  await router.push("/data/d");
  grid = mount(SeriesGrid, {
    props: { dataset: "d", count: COUNT, model, title: "All series", text: "", target: "series", hasResults: true },
    global: { plugins: [createPinia(), i18n, router, [VueQueryPlugin, { queryClient }]] },
  });
  await settle();
  return { grid, router };
}

async function settle(): Promise<void> {
  for (let round = 0; round < 4; round += 1) await flushPromises();
}

const names = () => grid?.findAll("[data-test=series-cell]").map((cell) => cell.text()) ?? [];

describe("the grid of all series", { timeout: 20_000 }, () => {
  beforeEach(async () => {
    await setLanguage("en");
    setActivePinia(createPinia());
    vi.stubGlobal("fetch", answer);
    asked = [];
    top.value = 0;
  });

  afterEach(() => {
    grid?.unmount();
    vi.unstubAllGlobals();
  });

  it("draws and loads only the series in sight of five thousand", async () => {
    const shown = await open(null);
    expect(names().slice(0, 3)).toEqual(["Store 0", "Store 1", "Store 2"]);
    expect(shown.grid.findAll("li").length).toBeLessThan(100);
    expect(asked.map((url) => url.searchParams.get("page"))).toEqual(["1"]);
    top.value = (126 * COUNT) / COLUMNS / 2;
    await settle();
    expect(names()).toContain("Store 2500");
    expect(shown.grid.findAll("li").length).toBeLessThan(100);
    expect(asked.length).toBeLessThan(5);
  });

  it("shows errors, skill, units and defects, and leads to the series and to its results", async () => {
    const { grid: shown, router } = await open("m");
    const cell = shown.findAll("li")[1];
    expect(cell?.text().replace(/\s+/g, " ")).toContain("MAE 0.5 MWResults25% better1 missing");
    expect(cell?.findAll("a").map((link) => link.attributes("href"))).toEqual(["/data/d?channel=Store+1#series", "/results/m?channel=Store+1"]);
    await cell?.get("[data-test=series-cell]").trigger("click");
    await settle();
    expect(router.currentRoute.value.query.channel).toBe("Store 1");
  });

  it("asks for another order and for a part of the names", async () => {
    const { grid: shown, router } = await open(null);
    await router.push("/data/d?seriesSort=missing&seriesOrder=desc&seriesSearch=sto");
    await vi.waitFor(() => {
      expect(asked.at(-1)?.search).toContain("search=sto");
    });
    await settle();
    expect(asked.at(-1)?.search).toContain("sort=missing&order=desc");
    expect(shown.findAll("li").length).toBe(3);
  });
});

describe("a small line", () => {
  it("has gaps, a stroke for a lone value and a level line for equal values", () => {
    expect(sparkPath([0, 1, null, 2], 30, 10)).toBe("M0 10L10 5M30 0h0.5");
    expect(sparkPath([3, 3], 30, 10)).toBe("M0 5L30 5");
    expect(sparkPath([], 30, 10)).toBe("");
  });
});

describe("the pages of a long list", () => {
  it("are those in sight and the first one, which has the count", () => {
    expect(pagesOf(0, 60)).toEqual([1]);
    expect(pagesOf(250, 410)).toEqual([1, 3, 4, 5]);
  });
});
