import { useQuery } from "@tanstack/vue-query";
import { computed } from "vue";
import type { Ref } from "vue";

import type { Schemas } from "@/api/client";
import { api, dataOf } from "@/api/client";
import { allDatasets } from "@/api/datasets";

const PAGE_SIZE = 200;
const MAX_PAGES = 25;

/** Every model, so that sorting and filtering need no request. */
export async function allModels(deleted: boolean, signal?: AbortSignal): Promise<Schemas["ModelSummary"][]> {
  const found: Schemas["ModelSummary"][] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const query = { page, per_page: PAGE_SIZE, deleted };
    const { items, total } = dataOf(await api.GET("/api/models", { params: { query }, signal }));
    found.push(...items);
    if (found.length >= total || items.length === 0) break;
  }
  return found;
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
