/** A range of a chart in percent of its axis. */
export interface ZoomRange {
  start: number;
  end: number;
}

const NARROWEST_PERCENT = 0.05;

/** The range that a key leads to from another one; undefined for a key that neither zooms nor moves. */
export function rangeAfterKey(key: string, { start, end }: ZoomRange): ZoomRange | undefined {
  const span = end - start;
  const middle = (start + end) / 2;
  const around = (width: number): ZoomRange => moved(middle - width / 2, Math.min(100, width));
  if (key === "+" || key === "=") return around(Math.max(NARROWEST_PERCENT, span / 2));
  if (key === "-") return around(span * 2);
  if (key === "ArrowLeft") return moved(start - span / 4, span);
  if (key === "ArrowRight") return moved(start + span / 4, span);
  return key === "0" ? { start: 0, end: 100 } : undefined;
}

function moved(start: number, span: number): ZoomRange {
  const first = Math.max(0, Math.min(100 - span, start));
  return { start: first, end: first + span };
}
