import { useQuery } from "@tanstack/vue-query";
import type { MaybeRefOrGetter } from "vue";
import { computed, toValue } from "vue";

import type { ForecastItem } from "@/pages/forecast/result";
import { requestKey } from "@/utils/requestKey";

import type { Schemas } from "./client";
import type { Dataset } from "./datasets";
import { forecastOnce, itemOf } from "./forecastOnce";

type Method = NonNullable<Schemas["PredictRequest"]["method"]>;

interface Asked {
  dataset: Pick<Dataset, "id" | "options" | "report">;
  channel: string;
  method: string;
  kind: "future" | "backtest";
}

/** Whether a channel is a column of the file. In a file with a row for each value, series are forecast together. */
export function isColumn(dataset: Pick<Dataset, "report">, channel: string): boolean {
  return channel in (dataset.report.roles as Record<string, string>);
}

/** Forecast a channel without a training run. The service forecasts it once, as long as the file is read alike. */
async function forecastUntrained({ dataset, channel, method, kind }: Asked, signal: AbortSignal): Promise<ForecastItem> {
  const target = isColumn(dataset, channel) ? [channel] : null;
  const key = requestKey("untrained", [dataset.id, JSON.stringify(dataset.options), ...(target ?? []), method, kind]);
  return itemOf(await forecastOnce({ method: method as Method, dataset: dataset.id, target, kind }, key, signal), channel);
}

export function useUntrainedForecast(asked: MaybeRefOrGetter<Asked>, isWanted: MaybeRefOrGetter<boolean> = true) {
  return useQuery({
    queryKey: computed(() => {
      const { dataset, ...rest } = toValue(asked);
      return ["untrained", dataset.id, dataset.options, rest];
    }),
    queryFn: ({ signal }) => forecastUntrained(toValue(asked), signal),
    enabled: computed(() => toValue(isWanted)),
    staleTime: 300_000,
    refetchOnWindowFocus: false,
  });
}
