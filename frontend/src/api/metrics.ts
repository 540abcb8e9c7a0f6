import { useQuery } from "@tanstack/vue-query";
import { computed } from "vue";

import { useWords } from "@/i18n";

import type { Schemas } from "./client";
import { api, dataOf } from "./client";

/** A metric as the service declares it, with its words in the language of the page. */
export type Metric = Schemas["MetricDescription"];

/** The metrics in the order of the tables; empty until the service has answered. */
export function useMetrics() {
  const { optional } = useWords();
  const answer = useQuery({
    queryKey: ["metric-specs"],
    queryFn: async () => dataOf(await api.GET("/api/metric-specs")),
    staleTime: Infinity,
  });
  return computed(() =>
    (answer.data.value ?? []).map((metric): Metric => ({
      ...metric,
      label: optional(`metrics.${metric.name}.label`) ?? metric.label,
      description: optional(`metrics.${metric.name}.description`) ?? metric.description,
    })),
  );
}
