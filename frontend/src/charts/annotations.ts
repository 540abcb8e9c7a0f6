import type { EChartsOption } from "echarts";

import { toMilliseconds } from "@/utils/time";

interface Annotation {
  start: string;
  end: string | null;
  text: string;
}

const SHOWN_CHARACTERS = 28;

/**
 * A chart over time with annotations: a line at one time, an area over a range, each with its text. They belong to a series
 * without points, which keeps its identifier, so that a merged option forgets annotations that were deleted.
 */
export function withAnnotations(option: EChartsOption, annotations: readonly Annotation[], colour: string): EChartsOption {
  const series = Array.isArray(option.series) ? option.series : option.series ? [option.series] : [];
  const short = (text: string): string => (text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS - 1)}…` : text);
  const label = { show: true, color: colour, fontSize: 11, formatter: ({ name }: { name: string }) => short(name) };
  const marks = {
    id: "annotations",
    type: "line",
    data: [],
    symbol: "none",
    markLine: {
      silent: true,
      symbol: "none",
      lineStyle: { color: colour, type: "dashed", width: 1.2 },
      label: { ...label, position: "insideEndTop" },
      data: annotations.filter(({ end }) => end === null).map(({ start, text }) => ({ name: text, xAxis: toMilliseconds(start) })),
    },
    markArea: {
      silent: true,
      itemStyle: { color: colour, opacity: 0.12 },
      label: { ...label, position: "insideTop" },
      data: annotations.flatMap(({ start, end, text }) =>
        end === null ? [] : [[{ name: text, xAxis: toMilliseconds(start) }, { xAxis: toMilliseconds(end) }]],
      ),
    },
  };
  return { ...option, series: [...series, marks] } as EChartsOption;
}
