import { useQuery } from "@tanstack/vue-query";
import { computed } from "vue";
import type { Ref } from "vue";

import { allPages } from "@/api/allPages";
import type { Schemas } from "@/api/client";
import { api, dataOf } from "@/api/client";
import { allDatasets } from "@/api/datasets";

/** Every model, so that sorting and filtering need no request. */
export async function allModels(deleted: boolean, signal?: AbortSignal): Promise<Schemas["ModelSummary"][]> {
  return allPages(async (page) => dataOf(await api.GET("/api/models", { params: { query: { ...page, deleted } }, signal })));
}

export function useModels(deleted: Readonly<Ref<boolean>> | false = false) {
  return useQuery({
    queryKey: computed(() => ["models", "all", deleted === false ? false : deleted.value]),
    queryFn: ({ signal }) => allModels(deleted === false ? false : deleted.value, signal),
  });
}

/** Names of the datasets by identifier; deleted ones included, because their models remain. */
export function useDatasetNames() {
  const query = useQuery({
    queryKey: ["datasets", "names"],
    queryFn: async ({ signal }) => (await Promise.all([false, true].map((deleted) => allDatasets(deleted, signal)))).flat(),
  });
  const datasets = computed(() => query.data.value ?? []);
  return {
    datasets,
    names: computed<ReadonlyMap<string, string>>(() => new Map(datasets.value.map((dataset) => [dataset.id, dataset.name]))),
  };
}
