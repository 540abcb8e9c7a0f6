import type { TaskSummary } from "@/api/tasks";
import { useModelNames } from "@/composables/useModelNames";
import { useWords } from "@/i18n";

type Titled = Pick<TaskSummary, "kind" | "name" | "method" | "models" | "dataset_name">;

/** What a task is, in a few words: "LSTM on I-94 traffic", "Forecast of I-94 traffic with LSTM". */
export function useTaskTitle(): (task: Titled) => string {
  const { t, optional, plural, named } = useWords();
  const { kindName, methodName, modelName } = useModelNames();

  function modelsOf(task: Titled): string {
    const [only] = task.models;
    if (task.models.length > 1) return plural("tasks.named.models", task.models.length);
    if (only !== undefined) return modelName({ name: only });
    return task.method === null ? "" : methodName(task.method);
  }

  return (task) => {
    const kind = optional(`tasks.kind.${task.kind}`) ?? task.kind;
    const data = task.dataset_name;
    if (task.kind === "train") {
      const model = task.name !== null ? modelName({ name: task.name }) : task.method === null ? kind : kindName(task.method);
      return data ? t("tasks.on", { what: model, data }) : model;
    }
    const models = modelsOf(task);
    if (task.kind === "compare") return data ? t("tasks.named.comparison", { models, data }) : named(kind, models);
    if (data && models) return t("tasks.named.forecast", { data, models });
    const rest = data ?? models;
    return rest === "" ? kind : named(kind, rest);
  };
}
