import { useQuery } from "@tanstack/vue-query";

import type { Schemas } from "./client";
import { api, dataOf } from "./client";

export function useHealth() {
  return useQuery({
    queryKey: ["health"],
    queryFn: async (): Promise<Schemas["Health"]> => {
      // With the status 503 the answer says which part does not work; the client calls it an error.
      const { data, error } = await api.GET("/api/health");
      return data ?? (error as unknown as Schemas["Health"]);
    },
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
