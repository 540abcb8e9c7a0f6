import type { ThemeName } from "./tokens";
import { colours, MODEL_ROLES, seriesColours } from "./tokens";

export const CHART_FONT = '"Inter Variable", system-ui, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

/** The one theme of all charts. Series colours keep their meaning: truth dark, model blue, seasonal naive grey. */
export function chartTheme(theme: ThemeName): object {
  const tone = colours(theme);
  const series = seriesColours(theme);
  const axis = {
    axisLine: { show: false, lineStyle: { color: tone["line-strong"] } },
    axisTick: { show: false },
    axisLabel: { color: tone["text-faint"], fontSize: 12, hideOverlap: true },
    nameTextStyle: { color: tone["text-soft"], fontSize: 12 },
    splitLine: { lineStyle: { color: tone.line } },
    splitArea: { show: false },
  };
  return {
    color: MODEL_ROLES.map((role) => series[role]),
    backgroundColor: "transparent",
    textStyle: { fontFamily: CHART_FONT, color: tone.text },
    line: { symbol: "none", smooth: false, lineStyle: { width: 1.7 } },
    grid: { left: 8, right: 16, top: 28, bottom: 8, containLabel: true },
    categoryAxis: { ...axis, splitLine: { show: false } },
    valueAxis: axis,
    logAxis: axis,
    timeAxis: { ...axis, splitLine: { show: false } },
    legend: {
      textStyle: { color: tone["text-soft"], fontSize: 12.5 },
      inactiveColor: tone["line-strong"],
      icon: "roundRect",
      itemWidth: 14,
      itemHeight: 4,
      itemGap: 18,
    },
    tooltip: {
      backgroundColor: tone["surface-raised"],
      borderColor: tone.line,
      borderWidth: 1,
      padding: [8, 12],
      textStyle: { color: tone.text, fontSize: 12.5 },
      axisPointer: { lineStyle: { color: tone["line-strong"], type: "dashed" }, crossStyle: { color: tone["line-strong"] } },
      extraCssText: "border-radius:8px;box-shadow:var(--shadow)",
    },
    dataZoom: {
      borderColor: "transparent",
      backgroundColor: tone["surface-sunken"],
      fillerColor: `${tone.accent}22`,
      handleStyle: { color: tone.surface, borderColor: tone.accent },
      moveHandleStyle: { color: tone["line-strong"], opacity: 0.5 },
      dataBackground: { lineStyle: { color: tone["line-strong"], width: 1 }, areaStyle: { opacity: 0 } },
      selectedDataBackground: { lineStyle: { color: tone.accent, width: 1 }, areaStyle: { opacity: 0 } },
      textStyle: { color: tone["text-faint"] },
      brushSelect: true,
    },
    visualMap: { textStyle: { color: tone["text-soft"] } },
  };
}
