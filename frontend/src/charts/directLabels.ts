import { LEGEND } from "@/charts/layout";

const MAX_LABELLED = 5;
const LABEL_WIDTH = 116;
/** In pixels. In a narrower window the labels would leave too little width for the lines. */
const MIN_WINDOW = 720;

function canLabel(count: number): boolean {
  return count <= MAX_LABELLED && window.innerWidth >= MIN_WINDOW;
}

/** Names beside points, each of which is a series, where they are few and the window is wide, else a legend. */
export function pointNames(points: number) {
  if (!canLabel(points)) return { legend: points <= 8 ? LEGEND : { show: false }, grid: {}, point: {} };
  return {
    legend: { show: false },
    grid: { right: LABEL_WIDTH + 8 },
    point: {
      label: {
        show: true,
        formatter: "{a}",
        color: "inherit" as const,
        position: "right" as const,
        width: LABEL_WIDTH,
        overflow: "truncate" as const,
      },
      labelLayout: { moveOverlap: "shiftY" as const },
    },
  };
}

/** Names at the ends of the lines where they are few and the window is wide, else a legend. `steps` are the points of a line. */
export function lineNames(lines: number, steps: number) {
  if (lines < 2 || !canLabel(lines) || steps < 2) {
    return { legend: lines > 1 && lines <= 12 ? LEGEND : { show: false }, grid: {}, line: {} };
  }
  return {
    legend: { show: false },
    grid: { right: LABEL_WIDTH + 8 },
    line: {
      endLabel: { show: true, formatter: "{a}", color: "inherit" as const, distance: 6, width: LABEL_WIDTH, overflow: "truncate" as const },
      labelLayout: { moveOverlap: "shiftY" as const },
    },
  };
}
