import type { Schemas } from "./client";
import { api, dataOf } from "./client";
import { ApiProblem } from "./problems";

type Dataset = Schemas["DatasetDetail"];
type Task = Schemas["TaskDetail"];

const POLL_MILLISECONDS = 700;

/** A dataset, and what the task that read its file says of it. */
export type ReadDataset = Dataset & { is_new?: boolean; added?: number };

/**
 * The dataset of an answer. A file that is not read within a second is read by a task, which is followed until it has
 * ended; it is cancelled if `signal` is aborted.
 */
export async function datasetOf(answer: Dataset | Task, signal?: AbortSignal): Promise<ReadDataset> {
  if (!("kind" in answer)) return answer;
  const path = { task_id: answer.id };
  let task: Task = answer;
  while (task.state === "queued" || task.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    if (signal?.aborted) {
      await api.POST("/api/tasks/{task_id}/cancel", { params: { path } });
      throw new DOMException("the upload was cancelled", "AbortError");
    }
    task = dataOf(await api.GET("/api/tasks/{task_id}", { params: { path } }));
  }
  if (task.state !== "completed") throw problemOfTask(task);
  const { dataset, is_new, added } = task.result as { dataset: string; is_new?: boolean; added?: number };
  const detail = dataOf(await api.GET("/api/datasets/{dataset_id}", { params: { path: { dataset_id: dataset } } }));
  return { ...detail, ...(is_new === undefined ? {} : { is_new }), ...(added === undefined ? {} : { added }) };
}

/** The problem with which the request would have been refused if the file had been read at once. */
function problemOfTask(task: Task): ApiProblem {
  const refusal = (task.result as { problem?: { status: number; code: string; pointer: string | null } }).problem;
  const { error: detail, error_code: detail_code, advice, advice_code } = task;
  const field = refusal?.pointer && detail_code ? [{ ...detail_code, pointer: refusal.pointer, detail: detail ?? "" }] : null;
  return new ApiProblem({
    status: refusal?.status ?? 409,
    code: refusal?.code ?? "conflict",
    detail: detail ?? task.state,
    detail_code,
    advice,
    advice_code,
    errors: field,
  });
}
