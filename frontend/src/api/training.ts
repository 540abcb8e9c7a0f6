import { useMutation, useQueries, useQueryClient } from "@tanstack/vue-query";
import type { MaybeRefOrGetter } from "vue";
import { computed, toValue } from "vue";

import type { Schemas } from "./client";
import { api, dataOf } from "./client";

export const MODEL_NAMES = ["seasonal_naive", "linear", "boosted", "lstm", "qwen", "qwen_patch"] as const;
export type ModelName = (typeof MODEL_NAMES)[number];
export type ModelOption = Schemas["ModelOption"];
export type TrainRequest = Schemas["TrainRequest"];
export type Group = Schemas["Group"];

/** The options of several models, in the order of the models. */
export function useModelOptions(models: MaybeRefOrGetter<readonly ModelName[]>) {
  return useQueries({
    queries: computed(() =>
      toValue(models).map((model) => ({
        queryKey: ["model-options", model],
        queryFn: async () => dataOf(await api.GET("/api/model-options/{model}", { params: { path: { model } } })),
        staleTime: Infinity,
      })),
    ),
  });
}

/** Start one training, or several as a group; none is started if one of them is wrong. */
export function useStartTraining() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (trainings: TrainRequest[]): Promise<{ task: string } | { group: Group }> => {
      const [first] = trainings;
      if (trainings.length === 1 && first !== undefined) {
        return { task: dataOf(await api.POST("/api/train", { body: first })).id };
      }
      return { group: dataOf(await api.POST("/api/groups", { body: { trainings } })) };
    },
    onSuccess: async () => {
      for (const name of ["tasks", "statistics"]) await queries.invalidateQueries({ queryKey: [name] });
    },
  });
}
