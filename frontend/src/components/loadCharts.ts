/** The code that draws charts, which the first view does not need. */
export const loadCharts = () => import("./ChartCanvas.vue");

/** Load it while a page waits for its data, so that its charts need not wait for it; `BaseChart` reports a failure. */
export function loadChartsAhead(): void {
  loadCharts().catch(() => undefined);
}
