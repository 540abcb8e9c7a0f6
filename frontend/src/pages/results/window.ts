import { keepPreviousData, useQuery } from "@tanstack/vue-query";
import type { MaybeRefOrGetter } from "vue";
import { computed, toValue } from "vue";

import { api, dataOf } from "@/api/client";

/** One scored window of a model. The window before stays in sight while the next one loads. */
export function useForecastWindow(model: MaybeRefOrGetter<string>, channel: MaybeRefOrGetter<string | undefined>, index: MaybeRefOrGetter<number>) {
  return useQuery({
    queryKey: computed(() => ["models", toValue(model), "forecasts", toValue(channel), toValue(index)]),
    queryFn: async ({ signal }) =>
      dataOf(
        await api.GET("/api/models/{model_id}/forecasts", {
          params: { path: { model_id: toValue(model) }, query: { channel: toValue(channel), index: toValue(index) } },
          signal,
        }),
      ),
    enabled: computed(() => toValue(channel) !== undefined),
    placeholderData: keepPreviousData,
    staleTime: 300_000,
  });
}
