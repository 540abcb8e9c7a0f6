type Point = [time: number, value: number | null];

/** The points of a line, of which one without a neighbour gets a symbol: no line would show it. */
export function withSymbols(points: readonly Point[]): (Point | { value: Point; symbol: string; symbolSize: number })[] {
  const hasValue = (row: number): boolean => (points[row]?.[1] ?? null) !== null;
  return points.map((point, row) =>
    hasValue(row) && !hasValue(row - 1) && !hasValue(row + 1) ? { value: point, symbol: "circle", symbolSize: 5 } : point,
  );
}
