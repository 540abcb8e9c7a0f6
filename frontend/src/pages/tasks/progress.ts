import type { TaskSummary } from "@/api/tasks";

export interface Progress {
  stage: string | null;
  step: number | null;
  total: number | null;
  epoch: number | null;
  /** From 0 to 1; null where the stage does not say. */
  share: number | null;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** How far a task is, from the state that its run writes: batches of a scoring stage, steps of a fit, bytes of a download. */
export function progressOf(task: Pick<TaskSummary, "progress" | "state">): Progress {
  const { progress } = task;
  const step = number(progress.step);
  const total = number(progress.steps_total);
  const batch = number(progress.batch);
  const batches = number(progress.batches_total);
  const stage = typeof progress.stage === "string" ? progress.stage : null;
  const ratio = (done: number | null, all: number | null): number | null =>
    done !== null && all !== null && all > 0 ? Math.min(1, done / all) : null;
  const of = {
    fit: ratio(step, total),
    download: ratio(number(progress.downloaded_bytes), number(progress.bytes_total)),
  };
  const share = task.state === "completed" ? 1 : stage === "fit" || stage === "download" ? of[stage] : ratio(batch, batches);
  return { stage, step, total, epoch: number(progress.epoch), share };
}

/** A row of metrics.csv. */
export type MetricRow = Record<string, number | null>;

/** A point of a training curve; the tuning score is the relative WQL on the tuning windows, which selects the weights. */
export interface CurvePoint {
  step: number;
  trainLoss: number | null;
  tuning: number | null;
}

/** Rows of metrics.csv as points; a row holds a training loss, a tuning score, or both. */
export function curveOf(rows: readonly Record<string, unknown>[]): CurvePoint[] {
  return rows
    .map((row) => ({
      step: number(row.step) ?? 0,
      trainLoss: number(row["train/loss"]),
      tuning: number(row["tuning/relative_wql"]),
    }))
    .filter((point) => point.trainLoss !== null || point.tuning !== null);
}

/** Rows that were read before, with the rows of a later answer; a row that is answered again may have more columns. */
export function addRows(before: readonly MetricRow[], answered: readonly MetricRow[]): MetricRow[] {
  const first = answered[0]?.step;
  if (first === undefined || first === null) return [...before];
  return [...before.filter((row) => (row.step ?? 0) < first), ...answered];
}
