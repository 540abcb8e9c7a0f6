import { useElementSize, useScroll } from "@vueuse/core";
import type { MaybeRefOrGetter, Ref } from "vue";
import { computed, toValue } from "vue";

const SPARE_ROWS = 8;
/** A list of this length is drawn whole. */
const FEW_ROWS = 40;

/** Which rows of a long table lie in its scroll box, and the height in pixels of those before and after them. */
export function visibleRows(
  count: number,
  top: number,
  height: number,
  rowHeight: number,
): { first: number; last: number; before: number; after: number } {
  if (count <= FEW_ROWS) return { first: 0, last: count, before: 0, after: 0 };
  const first = Math.min(Math.max(0, Math.floor(top / rowHeight) - SPARE_ROWS), count);
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + SPARE_ROWS);
  return { first, last, before: first * rowHeight, after: (count - last) * rowHeight };
}

/** The same while the box is scrolled; all rows must have the height `rowHeight`. Before it is measured, `atLeast` rows fit. */
export function useVisibleRows(box: Readonly<Ref<HTMLElement | null>>, count: MaybeRefOrGetter<number>, rowHeight: number, atLeast = 20) {
  const { y } = useScroll(box);
  const { height } = useElementSize(box);
  return computed(() => visibleRows(toValue(count), y.value, Math.max(height.value, atLeast * rowHeight), rowHeight));
}
