import { computed } from "vue";

import { useModels } from "@/api/models";
import type { MonitorSummary } from "@/api/monitors";
import { useModelNames } from "@/composables/useModelNames";
import { useWords } from "@/i18n";

/** The names of models in the language of the page, and of the champion of a monitor, also if it was removed. */
export function useChampionNames() {
  const { t } = useWords();
  const { modelName } = useModelNames();
  const models = useModels();
  const names = computed(() => new Map((models.data.value ?? []).map((model) => [model.id, modelName(model)])));
  return {
    names,
    championName: ({ model, model_name: name }: Pick<MonitorSummary, "model" | "model_name">): string =>
      names.value.get(model) ?? name ?? t("monitors.list.gone"),
  };
}
