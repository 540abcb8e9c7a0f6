import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/vue-query";
import type { MaybeRefOrGetter } from "vue";
import { computed, toValue } from "vue";

import type { Schemas } from "./client";
import { api, dataOf } from "./client";

export type ModelSummary = Schemas["ModelSummary"];
export type ModelDetail = Schemas["ModelDetail"];
export type ModelChange = Schemas["ModelChange"];
export type ModelSort = "created" | "name" | "kind" | "wql" | "skill_wql" | "validation_wql" | "mae" | "fit_seconds";

export interface ModelFilter {
  search?: MaybeRefOrGetter<string>;
  kind?: MaybeRefOrGetter<string>;
  tag?: MaybeRefOrGetter<string>;
  dataset?: MaybeRefOrGetter<string>;
  deleted?: MaybeRefOrGetter<boolean>;
  sort?: MaybeRefOrGetter<ModelSort>;
  order?: MaybeRefOrGetter<"asc" | "desc">;
  page?: MaybeRefOrGetter<number>;
  perPage?: number;
}

export function useModels(filter: ModelFilter = {}) {
  const query = computed(() => ({
    search: toValue(filter.search) || undefined,
    kind: toValue(filter.kind) || undefined,
    tag: toValue(filter.tag) || undefined,
    dataset: toValue(filter.dataset) || undefined,
    deleted: toValue(filter.deleted) ?? false,
    sort: toValue(filter.sort) ?? ("created" as const),
    order: toValue(filter.order) ?? ("desc" as const),
    page: toValue(filter.page) ?? 1,
    per_page: filter.perPage ?? 20,
  }));
  return useQuery({
    queryKey: ["models", query],
    queryFn: async () => dataOf(await api.GET("/api/models", { params: { query: query.value } })),
    placeholderData: keepPreviousData,
  });
}

export function useModel(id: MaybeRefOrGetter<string | null | undefined>) {
  return useQuery({
    queryKey: ["model", computed(() => toValue(id))],
    queryFn: async () =>
      dataOf(await api.GET("/api/models/{model_id}", { params: { path: { model_id: toValue(id) ?? "" } } })),
    enabled: computed(() => Boolean(toValue(id))),
  });
}

export function useChangeModel() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, change }: { id: string; change: ModelChange }) =>
      dataOf(await api.PATCH("/api/models/{model_id}", { params: { path: { model_id: id } }, body: change })),
    onSuccess: async (_, { id }) => {
      await queries.invalidateQueries({ queryKey: ["models"] });
      await queries.invalidateQueries({ queryKey: ["model", id] });
    },
  });
}

export function useDeleteModel() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, restore }: { id: string; restore: boolean }) => {
      const params = { params: { path: { model_id: id } } };
      if (restore) await api.POST("/api/models/{model_id}/restore", params);
      else await api.DELETE("/api/models/{model_id}", params);
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["models"] }),
  });
}

interface Interval {
  value: number | null;
  low: number | null;
  high: number | null;
}

/** The numbers of a model that lists show; null where a score does not exist. */
export function scoresOf(model: Pick<ModelSummary, "summary">) {
  const { metrics = {}, skill = {}, cost = {}, validation = {} } = model.summary as {
    metrics?: Record<string, Interval | undefined>;
    skill?: Record<string, Interval | undefined>;
    cost?: Record<string, number | null | undefined>;
    validation?: Record<string, number | null | undefined>;
  };
  return {
    wql: metrics.wql?.value ?? null,
    mae: metrics.mae?.value ?? null,
    skill: skill.wql?.value ?? null,
    skillLow: skill.wql?.low ?? null,
    skillHigh: skill.wql?.high ?? null,
    validationWql: validation.wql ?? null,
    fitSeconds: cost.fit_seconds ?? null,
  };
}
