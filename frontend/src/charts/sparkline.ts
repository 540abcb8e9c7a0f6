export type SparkValue = number | null;

/** The smallest and the largest value of some lines. */
export function rangeOf(...lines: (readonly SparkValue[])[]): [number, number] {
  const known = lines.flat().filter((value) => value !== null);
  return [Math.min(...known), Math.max(...known)];
}

/**
 * The path of a small line in a box that shows a range of values; a gap where values are missing, and a level line in
 * the middle where all are equal. A value between two gaps is a short stroke.
 */
export function sparkPath(values: readonly SparkValue[], width: number, height: number, [low, high] = rangeOf(values)): string {
  const range = high - low;
  const step = width / Math.max(1, values.length - 1);
  const round = (number: number): string => String(Math.round(number * 10) / 10);
  const place = (value: number): string => round(range === 0 ? height / 2 : height * (1 - (value - low) / range));
  return values
    .map((value, position) => {
      if (value === null) return "";
      const starts = position === 0 || values[position - 1] === null;
      const isAlone = starts && (values[position + 1] ?? null) === null;
      return `${starts ? "M" : "L"}${round(position * step)} ${place(value)}${isAlone ? "h0.5" : ""}`;
    })
    .join("");
}
