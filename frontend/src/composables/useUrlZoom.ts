import { useDebounceFn } from "@vueuse/core";

import type { ZoomRange } from "@/charts/zoom";

import { useUrlText } from "./useUrlState";

const WHOLE: ZoomRange = { start: 0, end: 100 };

/** The shown part of a chart in the address, in percent, such as `zoom=20-35.5`; the whole is left out. */
export function useUrlZoom(name: string): { first: ZoomRange; keep: (range: ZoomRange) => void } {
  const text = useUrlText<string>(name, "");
  const [, start, end] = /^(\d{1,3}(?:\.\d+)?)-(\d{1,3}(?:\.\d+)?)$/.exec(text.value) ?? [];
  const range = { start: Number(start), end: Number(end) };
  const isValid = start !== undefined && range.start < range.end && range.end <= 100;
  const keep = useDebounceFn((shown: ZoomRange) => {
    const isWhole = shown.start <= 0.01 && shown.end >= 99.99;
    text.value = isWhole ? "" : `${String(round(shown.start))}-${String(round(shown.end))}`;
  }, 250);
  return { first: isValid ? range : WHOLE, keep: (shown) => void keep(shown) };
}

function round(percent: number): number {
  return Math.round(Math.min(100, Math.max(0, percent)) * 100) / 100;
}
