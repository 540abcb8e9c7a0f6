import { useQuery } from "@tanstack/vue-query";

import { api, dataOf } from "./client";

export function useHealth() {
  return useQuery({
    queryKey: ["health"],
    queryFn: async () => dataOf(await api.GET("/api/health")),
    refetchInterval: 15_000,
  });
}

export function useStatistics() {
  return useQuery({
    queryKey: ["statistics"],
    queryFn: async () => dataOf(await api.GET("/api/stats")),
    refetchInterval: (query) => {
      const tasks = query.state.data?.tasks ?? {};
      return (tasks.running ?? 0) + (tasks.queued ?? 0) > 0 ? 3_000 : 15_000;
    },
  });
}
