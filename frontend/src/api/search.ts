import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/vue-query";
import type { MaybeRefOrGetter } from "vue";
import { computed, toValue, watch } from "vue";

import { rememberTask } from "@/composables/useTaskResult";
import { requestKey } from "@/utils/requestKey";

import { api, dataOf } from "./client";
import { forecastOnce, itemOf } from "./forecastOnce";
import { isAbsent } from "./problems";
import type { Task } from "./tasks";
import { isFinal } from "./tasks";
import type { TrainRequest } from "./training";

const POLL_MILLISECONDS = 1_000;
const AUTO = "auto";

/** A member of an ensemble in the progress of its task. */
export interface MemberProgress {
  name: string;
  state: "waiting" | "running" | "completed" | "failed" | "skipped";
  /** Relative WQL on validation; below 1 it is better than seasonal naive. */
  validation?: number | null;
  weight?: number;
  /** Of a finished member. */
  seconds?: number;
  /** Of a member that waits or is fitted, in seconds. */
  estimate?: number;
}

export interface SearchProgress {
  members: MemberProgress[];
  /** Relative WQL on validation of the best combination so far. */
  combination: number | null;
  /** Seconds since 1970. */
  expectedEnd: number | null;
}

/** What a task says of its members; null for a task that is no ensemble, or that has not read its data yet. */
export function searchOf({ progress }: Pick<Task, "progress">): SearchProgress | null {
  if (!Array.isArray(progress.members)) return null;
  const number = (value: unknown): number | null => (typeof value === "number" ? value : null);
  return {
    members: progress.members as MemberProgress[],
    combination: number(progress.combination),
    expectedEnd: number(progress.expected_end),
  };
}

/** The task of the newest search for the best model of a dataset, read again until it ends; null without a search. */
export function useSearch(dataset: MaybeRefOrGetter<string>) {
  const queries = useQueryClient();
  const newest = useQuery({
    queryKey: ["tasks", "search", computed(() => toValue(dataset))],
    queryFn: async ({ signal }) => {
      const query = { dataset: toValue(dataset), kind: "train" as const, per_page: 50 };
      const { items } = dataOf(await api.GET("/api/tasks", { params: { query }, signal }));
      return items.find((task) => task.method === AUTO && task.state !== "failed" && task.state !== "cancelled")?.id ?? null;
    },
  });
  const id = computed(() => newest.data.value ?? null);
  const task = useQuery({
    queryKey: ["tasks", id],
    queryFn: async ({ signal }) => dataOf(await api.GET("/api/tasks/{task_id}", { params: { path: { task_id: id.value ?? "" } }, signal })),
    enabled: computed(() => id.value !== null),
    refetchInterval: ({ state }) => (isAbsent(state.error) || (state.data && isFinal(state.data.state)) ? false : POLL_MILLISECONDS),
  });
  watch(
    () => task.data.value?.state,
    (state, before) => {
      if (state && before && isFinal(state)) for (const name of ["models", "statistics"]) void queries.invalidateQueries({ queryKey: [name] });
    },
  );
  return { task: computed(() => (task.data.value?.id === id.value ? task.data.value : undefined)), isKnown: newest.isSuccess };
}

/** Search for the best model within some minutes. */
export function useStartSearch() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ dataset, minutes }: { dataset: string; minutes: number }): Promise<Task> => {
      const body = { model: AUTO, dataset, minutes } as TrainRequest;
      return dataOf(await api.POST("/api/train", { body })) as unknown as Task;
    },
    onSuccess: async (task) => {
      rememberTask(queries, task);
      queries.setQueryData(["tasks", "search", task.dataset], task.id);
      await queries.invalidateQueries({ queryKey: ["statistics"] });
    },
  });
}

/**
 * The forecast by the best combination so far of a search, again after each member that has brought something; there is
 * none before it is better than seasonal naive.
 */
export function useSearchForecast(task: MaybeRefOrGetter<Task | undefined>, channel: MaybeRefOrGetter<string>) {
  /** Changes with each new forecast of the search; null before the first one. */
  const version = computed(() => {
    const shown = toValue(task);
    if (shown === undefined || shown.state === "failed" || shown.state === "cancelled") return null;
    if (shown.state === "completed") return "completed";
    const search = searchOf(shown);
    if (!search || search.combination === null || search.combination >= 1) return null; // not better than seasonal naive
    return search.members.map((member) => member.weight ?? 0).join(" ");
  });
  const items = useQuery({
    queryKey: ["search-forecast", computed(() => toValue(task)?.id), version],
    queryFn: ({ signal }) => {
      const id = toValue(task)?.id ?? "";
      return forecastOnce({ training: id }, requestKey("search", [id, version.value ?? ""]), signal);
    },
    enabled: computed(() => version.value !== null),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
  const item = computed(() => {
    const found = items.data.value;
    return version.value === null || !found ? undefined : itemOf(found, toValue(channel));
  });
  return { item, error: items.error };
}
