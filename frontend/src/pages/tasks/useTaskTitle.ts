import type { Task, TaskSummary } from "@/api/tasks";
import { useDatasets } from "@/api/datasets";
import { useWords } from "@/i18n";

/** What a task is, in a few words: "LSTM on I-94 traffic". */
export function useTaskTitle(): (task: TaskSummary | Task) => string {
  const { t, optional } = useWords();
  const datasets = useDatasets({ perPage: 200 });

  return (task) => {
    const kind = optional(`tasks.kind.${task.kind}`) ?? task.kind;
    const data = datasets.data.value?.items.find((dataset) => dataset.id === task.dataset)?.name;
    const request: Record<string, unknown> = "request" in task ? task.request : {};
    if (typeof request.name === "string" && request.name !== "") return request.name;
    const model = typeof request.model === "string" ? (optional(`train.model.${request.model}.title`) ?? request.model) : kind;
    return data ? t("tasks.on", { what: model, data }) : model;
  };
}
