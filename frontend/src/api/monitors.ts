import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/vue-query";
import type { MaybeRefOrGetter } from "vue";
import { computed, toValue } from "vue";

import type { Schemas } from "./client";
import { api, dataOf } from "./client";
import { isSharedLink } from "./session";

export type MonitorSummary = Schemas["MonitorPage"]["items"][number];
export type Monitor = Schemas["MonitorDetail"];
export type MonitorChange = Schemas["MonitorChange"];
export type Alert = Schemas["AlertPage"]["items"][number];
export type Receiver = NonNullable<Schemas["MonitorRequest"]["receivers"]>[number];

const REFRESH_MILLISECONDS = 20_000;
const pathOf = (id: string) => ({ path: { monitor_id: id } });

export function useMonitors(query: MaybeRefOrGetter<{ deleted?: boolean; dataset?: string; per_page?: number }> = {}) {
  return useQuery({
    queryKey: ["monitors", "list", computed(() => toValue(query))],
    queryFn: async () => dataOf(await api.GET("/api/monitors", { params: { query: { per_page: 200, ...toValue(query) } } })),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MILLISECONDS,
  });
}

/** Whether there is a monitor, so that the navigation shows them. */
export function useHasMonitors() {
  const query = useQuery({
    queryKey: ["monitors", "any"],
    queryFn: async () => dataOf(await api.GET("/api/monitors", { params: { query: { per_page: 1 } } })).total,
    enabled: !isSharedLink,
    staleTime: 300_000,
  });
  return computed(() => (query.data.value ?? 0) > 0);
}

export function useMonitor(id: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ["monitors", computed(() => toValue(id))],
    queryFn: async () => dataOf(await api.GET("/api/monitors/{monitor_id}", { params: pathOf(toValue(id)) })),
    refetchInterval: (query) => (isBusy(query.state.data) ? 1_500 : REFRESH_MILLISECONDS),
  });
}

/** Whether a cycle of the monitor waits or runs. */
export function isBusy(monitor: Pick<MonitorSummary, "task_state"> | undefined): boolean {
  return monitor?.task_state === "queued" || monitor?.task_state === "running";
}

export function useScores(id: MaybeRefOrGetter<string>, channel: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ["monitors", computed(() => toValue(id)), "scores", computed(() => toValue(channel))],
    queryFn: async () => {
      const query = { channel: toValue(channel) || undefined };
      return dataOf(await api.GET("/api/monitors/{monitor_id}/scores", { params: { ...pathOf(toValue(id)), query } })).items;
    },
    placeholderData: keepPreviousData,
  });
}

export function usePeriod(id: MaybeRefOrGetter<string>, channel: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ["monitors", computed(() => toValue(id)), "period", computed(() => toValue(channel))],
    queryFn: async () => {
      const query = { channel: toValue(channel) || undefined };
      return dataOf(await api.GET("/api/monitors/{monitor_id}/period", { params: { ...pathOf(toValue(id)), query } }));
    },
    placeholderData: keepPreviousData,
  });
}

export function useStoredForecast(id: MaybeRefOrGetter<string>, forecast: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ["monitors", computed(() => toValue(id)), "forecast", computed(() => toValue(forecast))],
    queryFn: async () => {
      const path = { monitor_id: toValue(id), forecast_id: toValue(forecast) };
      return dataOf(await api.GET("/api/monitors/{monitor_id}/forecasts/{forecast_id}", { params: { path } }));
    },
    enabled: computed(() => toValue(forecast) !== ""),
    placeholderData: keepPreviousData,
  });
}

export function useChampions(id: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ["monitors", computed(() => toValue(id)), "champions"],
    queryFn: async () => dataOf(await api.GET("/api/monitors/{monitor_id}/champions", { params: pathOf(toValue(id)) })),
  });
}

export function useAlerts(id: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ["monitors", computed(() => toValue(id)), "alerts"],
    queryFn: async () => dataOf(await api.GET("/api/alerts", { params: { query: { monitor: toValue(id), per_page: 20 } } })).items,
  });
}

/** The calls that change a monitor; all queries about monitors are then repeated. */
export function useMonitorActions() {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ["monitors"] });
  const create = useMutation({
    mutationFn: async (body: Schemas["MonitorRequest"]) => dataOf(await api.POST("/api/monitors", { body })),
    onSuccess,
  });
  const change = useMutation({
    mutationFn: async ({ id, body }: { id: string; body: MonitorChange }) =>
      dataOf(await api.PATCH("/api/monitors/{monitor_id}", { params: pathOf(id), body })),
    onSuccess,
  });
  const run = useMutation({
    mutationFn: async ({ id, train }: { id: string; train: boolean }) =>
      dataOf(await api.POST("/api/monitors/{monitor_id}/run", { params: pathOf(id), body: { forecast: true, train } })),
    onSuccess,
  });
  const promote = useMutation({
    mutationFn: async ({ id, model }: { id: string; model: string }) =>
      dataOf(await api.POST("/api/monitors/{monitor_id}/champion", { params: pathOf(id), body: { model } })),
    onSuccess,
  });
  const tryAlert = useMutation({
    mutationFn: async (id: string) => api.POST("/api/monitors/{monitor_id}/trial-alert", { params: pathOf(id) }),
    onSuccess,
  });
  const sendAgain = useMutation({
    mutationFn: async (alert: string) => api.POST("/api/alerts/{alert_id}/send", { params: { path: { alert_id: alert } } }),
    onSuccess,
  });
  const remove = useMutation({
    mutationFn: async ({ id, restore }: { id: string; restore: boolean }) => {
      if (restore) await api.POST("/api/monitors/{monitor_id}/restore", { params: pathOf(id) });
      else await api.DELETE("/api/monitors/{monitor_id}", { params: pathOf(id) });
    },
    onSuccess,
  });
  return { create, change, run, promote, tryAlert, sendAgain, remove };
}
