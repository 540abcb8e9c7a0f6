import { useQueries } from "@tanstack/vue-query";
import type { MaybeRefOrGetter, Ref } from "vue";
import { computed, toValue, watch } from "vue";

import type { Schemas } from "@/api/client";
import { api, dataOf } from "@/api/client";

export const SERIES_SORTS = ["position", "channel", "skill", "mae", "missing", "outliers", "mean"] as const;
export type SeriesSort = (typeof SERIES_SORTS)[number];
export type SeriesItem = Schemas["SeriesItem"];
export const PAGE_LENGTH = 100;

export interface SeriesOrder {
  sort: SeriesSort;
  order: "asc" | "desc";
  search: string;
}

/** The numbers of the pages that hold the items from `first` up to `last`; the first page tells how many there are. */
export function pagesOf(first: number, last: number): number[] {
  const pages = new Set([1]);
  for (let page = Math.floor(first / PAGE_LENGTH) + 1; (page - 1) * PAGE_LENGTH < last; page += 1) pages.add(page);
  return [...pages];
}

/**
 * The series of a dataset, of which only the pages in sight are loaded. `total` gets the number of all series of the
 * list when the first page arrives.
 */
export function useSeriesPages(
  dataset: MaybeRefOrGetter<string>,
  model: MaybeRefOrGetter<string | null | undefined>,
  order: MaybeRefOrGetter<SeriesOrder>,
  range: MaybeRefOrGetter<{ first: number; last: number }>,
  total: Ref<number | undefined>,
) {
  const pages = computed(() => pagesOf(toValue(range).first, toValue(range).last));
  const key = computed(() => [toValue(dataset), toValue(model) ?? "", toValue(order)] as const);
  const answers = useQueries({
    queries: computed(() =>
      pages.value.map((page) => ({
        queryKey: ["series", key.value[0], "list", key.value[1], key.value[2], page],
        queryFn: async ({ signal }: { signal: AbortSignal }) =>
          dataOf(
            await api.GET("/api/datasets/{dataset_id}/series-list", {
              params: {
                path: { dataset_id: toValue(dataset) },
                query: {
                  ...{ ...toValue(order), search: toValue(order).search || undefined },
                  ...{ model: toValue(model) ?? undefined, page, per_page: PAGE_LENGTH },
                },
              },
              signal,
            }),
          ),
        staleTime: 300_000,
      })),
    ),
  });
  watch(
    () => answers.value[0]?.data?.total,
    (count) => {
      if (count !== undefined) total.value = count;
    },
    { immediate: true },
  );
  const items = computed(() => {
    const byPlace = new Map<number, SeriesItem>();
    for (const { data } of answers.value) {
      data?.items.forEach((item, place) => byPlace.set((data.page - 1) * data.per_page + place, item));
    }
    return byPlace;
  });
  return {
    /** The items that are loaded, by their place in the list. */
    items,
    error: computed(() => answers.value.find((answer) => answer.error)?.error ?? null),
    refetch: () => Promise.all(answers.value.map((answer) => answer.refetch())),
  };
}
