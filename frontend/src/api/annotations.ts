import { useMutation, useQuery, useQueryClient } from "@tanstack/vue-query";
import type { MaybeRefOrGetter } from "vue";
import { computed, toValue } from "vue";

import type { Schemas } from "./client";
import { api, dataOf } from "./client";
import { isSharedLink } from "./session";

export type Annotation = Schemas["Annotations"]["items"][number];
export type AnnotationRequest = Schemas["AnnotationRequest"];

/** What happened to a dataset, in the order of time; all its versions have the same annotations. */
export function useAnnotations(dataset: MaybeRefOrGetter<string | null | undefined>) {
  return useQuery({
    queryKey: ["annotations", computed(() => toValue(dataset))],
    queryFn: async () => {
      const params = { path: { dataset_id: toValue(dataset) ?? "" } };
      return dataOf(await api.GET("/api/datasets/{dataset_id}/annotations", { params })).items;
    },
    enabled: computed(() => Boolean(toValue(dataset)) && !isSharedLink),
    staleTime: 60_000,
  });
}

export function useAnnotationActions(dataset: MaybeRefOrGetter<string>) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ["annotations"] });
  const save = useMutation({
    mutationFn: async ({ id, body }: { id?: string; body: AnnotationRequest }) => {
      const dataset_id = toValue(dataset);
      if (id === undefined) return dataOf(await api.POST("/api/datasets/{dataset_id}/annotations", { params: { path: { dataset_id } }, body }));
      const path = { dataset_id, annotation_id: id };
      return dataOf(await api.PATCH("/api/datasets/{dataset_id}/annotations/{annotation_id}", { params: { path }, body }));
    },
    onSuccess,
  });
  const remove = useMutation({
    mutationFn: async (id: string) => {
      const path = { dataset_id: toValue(dataset), annotation_id: id };
      await api.DELETE("/api/datasets/{dataset_id}/annotations/{annotation_id}", { params: { path } });
    },
    onSuccess,
  });
  return { save, remove };
}
