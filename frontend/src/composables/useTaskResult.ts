import type { QueryClient } from "@tanstack/vue-query";
import { useQuery } from "@tanstack/vue-query";
import type { MaybeRefOrGetter } from "vue";
import { computed, toValue } from "vue";

import { api, dataOf } from "@/api/client";
import { isAbsent } from "@/api/problems";
import type { Task } from "@/api/tasks";
import { isFinal } from "@/api/tasks";

const POLL_MILLISECONDS = 500;

/** A short task, which is asked for until it ends, and then its result. An empty identifier asks for nothing. */
export function useTaskResult<T>(id: MaybeRefOrGetter<string>) {
  const task = useQuery({
    queryKey: computed(() => ["tasks", toValue(id)]),
    queryFn: async ({ signal }) => dataOf(await api.GET("/api/tasks/{task_id}", { params: { path: { task_id: toValue(id) } }, signal })),
    enabled: computed(() => toValue(id) !== ""),
    refetchInterval: ({ state }) => (isAbsent(state.error) || (state.data && isFinal(state.data.state)) ? false : POLL_MILLISECONDS),
    staleTime: ({ state }) => (state.data && isFinal(state.data.state) ? 30_000 : 0),
  });
  const result = useQuery({
    queryKey: computed(() => ["tasks", toValue(id), "result"]),
    queryFn: async ({ signal }) =>
      dataOf(await api.GET("/api/tasks/{task_id}/result", { params: { path: { task_id: toValue(id) } }, signal })) as unknown as T,
    enabled: computed(() => task.data.value?.id === toValue(id) && task.data.value.state === "completed"),
    staleTime: 30_000,
  });
  return { task, result };
}

/** A task that has just been answered need not be asked for again. */
export function rememberTask(queries: QueryClient, task: Task): void {
  queries.setQueryData(["tasks", task.id], task);
}

/** The task that a call has made: one that has ended already is answered with 200, any other with 202. */
export function taskOf(answer: { data?: unknown }): Task {
  return answer.data as Task;
}
