import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/vue-query";
import type { MaybeRefOrGetter } from "vue";
import { computed, shallowRef, toValue, watch } from "vue";

import type { Schemas } from "./client";
import { api, dataOf } from "./client";
import { isAbsent } from "./problems";

export type Task = Schemas["TaskDetail"];
export type TaskSummary = Schemas["TaskPage"]["items"][number];
export type TaskState = TaskSummary["state"];
export type TaskKind = "train" | "predict" | "compare" | "explain";

export const FINAL_STATES: readonly TaskState[] = ["completed", "failed", "cancelled"];

export function isFinal(state: TaskState): boolean {
  return FINAL_STATES.includes(state);
}

export function useTasks(options: {
  state?: MaybeRefOrGetter<TaskState | "">;
  kind?: MaybeRefOrGetter<TaskKind | "">;
  group?: MaybeRefOrGetter<string>;
  page?: MaybeRefOrGetter<number>;
  perPage?: number;
}) {
  const query = computed(() => ({
    state: toValue(options.state) || undefined,
    kind: toValue(options.kind) || undefined,
    group: toValue(options.group) || undefined,
    page: toValue(options.page) ?? 1,
    per_page: options.perPage ?? 20,
  }));
  return useQuery({
    queryKey: ["tasks", query],
    queryFn: async () => dataOf(await api.GET("/api/tasks", { params: { query: query.value } })),
    placeholderData: keepPreviousData,
    refetchInterval: (last) => (last.state.data?.items.some((task) => !isFinal(task.state)) ? 1_500 : 10_000),
  });
}

/**
 * A task that is followed until it has ended. Each request asks only for the part of the log that is new; `log` holds
 * all of it.
 */
export function useTask(id: MaybeRefOrGetter<string>) {
  const log = shallowRef("");
  const position = shallowRef(0);
  const queries = useQueryClient();
  let isLogComplete = false;

  watch(
    () => toValue(id),
    () => {
      log.value = "";
      position.value = 0;
      isLogComplete = false;
    },
    { flush: "sync" }, // before the first request for another task
  );

  const query = useQuery({
    queryKey: ["task", computed(() => toValue(id))],
    queryFn: async ({ signal }) => {
      const since = position.value;
      const params = { path: { task_id: toValue(id) }, query: { since } };
      const task = dataOf(await api.GET("/api/tasks/{task_id}", { params, signal }));
      if (since === position.value && task.log_position > since) {
        log.value += task.log;
        position.value = task.log_position;
      }
      isLogComplete = task.log_position <= since;
      return task;
    },
    refetchInterval: (last) => {
      const task = last.state.data;
      if (isAbsent(last.state.error)) return false;
      if (!task || !isFinal(task.state)) return 1_000;
      return isLogComplete ? false : 50; // a long log comes in parts
    },
    gcTime: 0,
  });

  watch(
    () => query.data.value?.state,
    (state, before) => {
      if (!state || !before || !isFinal(state)) return;
      for (const name of ["tasks", "models", "statistics"]) void queries.invalidateQueries({ queryKey: [name] });
    },
  );
  return { ...query, log };
}

/** Cancelled and retried is any task; stopped is a search for the best model, which keeps what it has. */
export type TaskAction = "cancel" | "retry" | "stop";

export function useTaskAction() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, action }: { id: string; action: TaskAction }) => {
      const params = { params: { path: { task_id: id } } };
      if (action === "cancel") return dataOf(await api.POST("/api/tasks/{task_id}/cancel", params));
      if (action === "stop") return dataOf(await api.POST("/api/tasks/{task_id}/stop", params));
      return dataOf(await api.POST("/api/tasks/{task_id}/retry", params));
    },
    onSuccess: async () => {
      for (const name of ["tasks", "task", "statistics"]) await queries.invalidateQueries({ queryKey: [name] });
    },
  });
}
