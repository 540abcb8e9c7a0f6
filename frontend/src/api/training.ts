import { useMutation, useQuery, useQueryClient } from "@tanstack/vue-query";
import type { Schemas } from "./client";
import { api, dataOf } from "./client";

export type OfferedModel = Schemas["ModelOptions"];
export type ModelOption = OfferedModel["options"][number];
export type TrainRequest = Schemas["TrainRequest"];
export type Group = Schemas["Group"];

/** The models that the service offers, with their options. */
export function useModelOptions() {
  return useQuery({
    queryKey: ["model-options"],
    queryFn: async () => dataOf(await api.GET("/api/model-options")),
    staleTime: 60_000,
  });
}

export type Estimate = Schemas["DryRun"];

/** Check a training without starting it; the answer has an estimate of its cost and the commands that do the same. */
export async function checkTraining(request: TrainRequest, signal: AbortSignal): Promise<Estimate> {
  const body = { ...request, dry_run: true } as TrainRequest;
  return dataOf(await api.POST("/api/train", { body, signal })) as unknown as Estimate;
}

/** Start one training, or several as a group; none is started if one of them is wrong. */
export function useStartTraining() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (trainings: TrainRequest[]): Promise<{ task: string } | { group: Group }> => {
      const [first] = trainings;
      if (trainings.length === 1 && first !== undefined) {
        const answer = dataOf(await api.POST("/api/train", { body: first }));
        if ("id" in answer) return { task: answer.id };
      }
      return { group: dataOf(await api.POST("/api/groups", { body: { trainings } })) };
    },
    onSuccess: async () => {
      for (const name of ["tasks", "statistics"]) await queries.invalidateQueries({ queryKey: [name] });
    },
  });
}
