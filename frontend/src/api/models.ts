import { useQuery } from "@tanstack/vue-query";
import type { Ref } from "vue";
import { computed } from "vue";

import { allPages } from "./allPages";
import type { Schemas } from "./client";
import { api, dataOf } from "./client";

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
