import { mount } from "@vue/test-utils";
import type { EChartsOption } from "echarts";
import { beforeEach, expect, it, vi } from "vitest";

import { withAnnotations } from "@/charts/annotations";
import { exportTable, toCsv } from "@/charts/exportData";
import { futureForecastOption } from "@/charts/futureForecast";
import ChartMenu from "@/components/ChartMenu.vue";
import { i18n, setLanguage } from "@/i18n";
import en from "@/i18n/en";
import zh from "@/i18n/zh";
import { seriesColours } from "@/theme/tokens";

const time = ["2026-01-01T01:00:00+01:00", "2026-01-01T02:00:00+01:00"];
const levels = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975];
const quantiles = [[0, 1], [1, 2], [2, 3], [3, 4], [5, 6], [7, 9], [8, 11]]; // prettier-ignore
const forecast = { name: "LSTM", colour: "#123456", time, truth: [5, null], levels, quantiles };
const columnWords = en.common.chart;
const words = { past: "Past", truth: "Truth", interval: (percent: number) => `${String(percent)} %` };
const chart = futureForecastOption({ time: ["2026-01-01T00:00:00+01:00"], value: [8] }, [forecast], words, seriesColours("light"), String);

beforeEach(() => setLanguage("en"));

it("the file of a forecast has the quantiles themselves and not the heights of the stacked areas", () => {
  const { columns, rows } = exportTable(chart, columnWords);
  const column = (name: string) => rows.map((row) => row[columns.indexOf(name)]);
  expect(column("time")).toEqual(["2026-01-01T00:00:00", "2026-01-01T01:00:00", "2026-01-01T02:00:00"]);
  expect([column("q0.1"), column("q0.9")]).toEqual([
    [null, 1, 2],
    [null, 7, 9],
  ]);
  expect([column("Past"), column("LSTM"), column("Truth")]).toEqual([
    [8, null, null],
    [null, 3, 4],
    [null, 5, null],
  ]);
});

it("categories and points with names are rows, and no cell is a formula", () => {
  const bars: EChartsOption = { xAxis: { type: "category", name: "Hour", data: ["a", "b"] }, series: [{ type: "bar", name: "MAE", data: [1, 2.5] }] };
  expect(exportTable(bars, columnWords)).toEqual({ columns: ["Hour", "MAE"], rows: [["a", 1], ["b", 2.5]] }); // prettier-ignore
  const map: EChartsOption = { xAxis: { type: "category" }, series: [{ type: "heatmap", name: "p", data: [[0, 1, 0.5]] }] };
  expect(exportTable(map, columnWords).rows).toEqual([["p", null, 0, 1, 0.5]]);
  expect(exportTable(map, zh.common.chart).columns).toEqual(["序列", "名称", "值 1", "值 2", "值 3"]);
  expect(exportTable(chart, zh.common.chart).columns[0]).toBe("时间");
  expect(toCsv({ columns: ["=1+1", 'a "b", c'], rows: [[-1.5, null]] })).toBe(`'=1+1,"a ""b"", c"\r\n-1.5,\r\n`);
});

it("annotations are a line at one time and an area over a range, and add no column", () => {
  const marked = withAnnotations(
    chart,
    [
      { start: "2026-01-01T01:00:00", end: null, text: "Meter replaced" },
      { start: "2026-01-01T00:00:00", end: "2026-01-01T02:00:00", text: "Holiday" },
    ],
    "#000000",
  );
  const marks = (marked.series as { markLine?: { data: object[] }; markArea?: { data: object[][] } }[]).at(-1);
  expect(marks?.markLine?.data).toEqual([{ name: "Meter replaced", xAxis: Date.UTC(2026, 0, 1, 1) }]);
  expect(marks?.markArea?.data).toEqual([[{ name: "Holiday", xAxis: Date.UTC(2026, 0, 1) }, { xAxis: Date.UTC(2026, 0, 1, 2) }]]);
  expect(exportTable(marked, columnWords)).toEqual(exportTable(chart, columnWords));
});

it("the menu of a chart saves its picture and its numbers under the title of the chart", async () => {
  const saved: { name: string; content: Blob }[] = [];
  let content = new Blob();
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    content = blob as Blob;
    return "blob:1";
  });
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    saved.push({ name: this.download, content });
  });
  const saveImage = vi.fn();
  const menu = mount(ChartMenu, { props: { option: chart, title: "Load: 2026/27", saveImage }, global: { plugins: [i18n] } });
  await menu.get("[data-test=chart-menu]").trigger("click");
  await menu.get("[data-test=save-image]").trigger("click");
  expect(saveImage).toHaveBeenCalledWith("Load 2026 27");
  expect(menu.find("[role=menu]").exists()).toBe(false);
  await menu.get("[data-test=chart-menu]").trigger("click");
  await menu.get("[data-test=save-data]").trigger("click");
  expect(saved.map(({ name }) => name)).toEqual(["Load 2026 27.csv"]);
  expect(await saved[0]?.content.text()).toContain("2026-01-01T01:00:00,0,1,2,5,7,8,,3,5\r\n");
  vi.restoreAllMocks();
});
