import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query";
import { mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { i18n, setLanguage } from "@/i18n";
import { lagStep } from "@/pages/data/seasonLabels";
import SeasonView from "@/pages/data/SeasonView.vue";

interface Axis {
  data: string[];
  axisLabel: { interval?: (row: number) => boolean; formatter?: (text: string) => string };
}

const two = (n: number): string => String(n).padStart(2, "0");
const timesOfDay = (minutes: number, first = 0, last = 24 * 60): string[] =>
  Array.from({ length: (last - first) / minutes }, (_, row) => first + row * minutes).map((at) => `${two(Math.floor(at / 60))}:${two(at % 60)}`);
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const average = (labels: string[] | null) =>
  labels && { labels, ...{ mean: labels.map((_, row) => row), low: labels.map(() => 0) }, high: labels.map(() => 1) };

/** The headings and the labels that the axes of the charts write, for an answer of the service. */
async function shown(answer: { day?: string[]; week?: string[]; year?: string[]; lags?: number[]; season?: number }) {
  const body = {
    ...{ season_rows: answer.season ?? null, average_day: average(answer.day ?? null), average_week: average(answer.week ?? null) },
    ...{
      average_year: average(answer.year ?? null),
      autocorrelation: { lags: answer.lags ?? [1], values: (answer.lags ?? [1]).map(() => 0.5), bound: 0.1 },
    },
  };
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(body))));
  const stubs = { BaseChart: { name: "BaseChart", props: ["option"], template: "<i />" }, SectionCard: { template: "<div><slot /></div>" } };
  const plugins = [createPinia(), i18n, [VueQueryPlugin, { queryClient: new QueryClient() }] as [typeof VueQueryPlugin, object]];
  const page = mount(SeasonView, { props: { dataset: "d", channel: "load" }, global: { plugins, stubs } });
  await vi.waitFor(() => {
    expect(page.findAllComponents({ name: "BaseChart" }).length).toBeGreaterThan(0);
  });
  const labels = page.findAllComponents({ name: "BaseChart" }).map((chart) => {
    const { data, axisLabel } = (chart.props("option") as { xAxis: Axis }).xAxis;
    const { interval = () => true, formatter = (text: string) => text } = axisLabel;
    return data.filter((_, row) => interval(row)).map(formatter);
  });
  const headings = page.findAll("h3").map((heading) => heading.text());
  page.unmount();
  return { headings, labels };
}

beforeEach(async () => {
  await setLanguage("en");
  setActivePinia(createPinia());
});

describe("the labels of the charts of seasons", () => {
  const thirdHours = ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"];

  it.each([1, 5, 15, 30, 60])("are full hours of an average day of steps of %i minutes", async (minutes) => {
    expect((await shown({ day: timesOfDay(minutes) })).labels[0]).toEqual(thirdHours);
  });

  it("are full hours of a day that is not whole", async () => {
    expect((await shown({ day: timesOfDay(1, 9 * 60 + 30, 17 * 60) })).labels[0]).toEqual([
      "10:00",
      "11:00",
      "12:00",
      "13:00",
      "14:00",
      "15:00",
      "16:00",
    ]);
  });

  it("are the weekdays of an average week, in both languages", async () => {
    const week = DAYS.flatMap((day) => timesOfDay(60).map((time) => `${day} ${time}`));
    const open = DAYS.slice(0, 5).flatMap((day) => timesOfDay(60, 8 * 60, 18 * 60).map((time) => `${day} ${time}`));
    expect((await shown({ week })).labels[0]).toEqual(DAYS);
    expect((await shown({ week: open })).labels[0]).toEqual(DAYS.slice(0, 5));
    await setLanguage("zh");
    expect((await shown({ week })).labels[0]).toEqual(["周一", "周二", "周三", "周四", "周五", "周六", "周日"]);
  });

  it("are multiples of a day below the autocorrelation, or of the season of slower data", async () => {
    const lags = Array.from({ length: 336 }, (_, row) => row + 1);
    expect((await shown({ day: timesOfDay(60), lags })).labels[1]).toEqual(["48", "96", "144", "192", "240", "288", "336"]);
    const minutes = Array.from({ length: 288 }, (_, row) => 10 * (row + 1));
    expect((await shown({ day: timesOfDay(1), lags: minutes })).labels[1]).toEqual(["1440", "2880"]);
    expect((await shown({ season: 12, lags: lags.slice(0, 36) })).labels[0]).toEqual(["12", "24", "36"]);
  });

  it("are round lags where no lag is as long as a season", () => {
    expect([lagStep(233, 365), lagStep(40, 1), lagStep(5, 1), lagStep(2_000, 2_500)]).toEqual([50, 10, 1, 500]);
  });
});

describe("an average year", () => {
  it("is one of months or one of quarters, in both languages", async () => {
    const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    expect((await shown({ year: months })).headings[0]).toBe("Average year");
    expect(await shown({ year: ["Q1", "Q2", "Q3", "Q4"] })).toMatchObject({
      headings: ["Average year, by quarter", expect.any(String)],
      labels: [["Q1", "Q2", "Q3", "Q4"], ["1"]],
    });
    await setLanguage("zh");
    expect(await shown({ year: ["Q1", "Q2", "Q3", "Q4"] })).toMatchObject({
      headings: ["典型年（按季度）", expect.any(String)],
      labels: [["第一季度", "第二季度", "第三季度", "第四季度"], ["1"]],
    });
  });
});
