import { useQuery } from "@tanstack/vue-query";
import { computed } from "vue";

import type { Schemas } from "./client";
import { api, dataOf } from "./client";
import { wordsOf } from "./problems";

/** A metric as the service declares it, with its words in the language of the page. */
export type Metric = Schemas["MetricDescription"];

/** The metrics in the order of the tables; empty until the service has answered. */
export function useMetrics() {
  const answer = useQuery({
    queryKey: ["metric-specs"],
    queryFn: async () => dataOf(await api.GET("/api/metric-specs")),
    staleTime: Infinity,
  });
  return computed(() =>
    (answer.data.value ?? []).map((metric): Metric => ({
      ...metric,
      label: (metric.label_code && wordsOf(metric.label_code)) ?? metric.label,
      description: (metric.description_code && wordsOf(metric.description_code)) ?? metric.description,
    })),
  );
}
