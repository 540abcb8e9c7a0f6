import { QueryClient } from "@tanstack/vue-query";

import { ServiceAway } from "./problems";

/** Nothing is retried by the cache: the banner of a lost service says so, and its recovery repeats every query. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: false,
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      networkMode: "always",
      throwOnError: false,
    },
    mutations: { retry: false, networkMode: "always" },
  },
});

/** Repeat what failed while the service was away, and what may have changed since. */
export async function repeatQueries(): Promise<void> {
  await queryClient.invalidateQueries({ predicate: (query) => query.state.error instanceof ServiceAway || query.isActive() });
}
