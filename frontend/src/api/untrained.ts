import { useQuery } from "@tanstack/vue-query";
import type { MaybeRefOrGetter } from "vue";
import { computed, toValue } from "vue";

import { taskOf } from "@/composables/useTaskResult";
import type { ForecastItem, ForecastResult } from "@/pages/forecast/result";
import { requestKey } from "@/utils/requestKey";

import type { Schemas } from "./client";
import { api, dataOf } from "./client";
import type { Dataset } from "./datasets";
import { isAbsent } from "./problems";
import { isFinal } from "./tasks";

const POLL_MILLISECONDS = 500;
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
async function forecastUntrained({ dataset, channel, method, kind }: Asked, signal: AbortSignal, isRepeated = false): Promise<ForecastItem> {
  const target = isColumn(dataset, channel) ? [channel] : null;
  const key = requestKey("untrained", [dataset.id, JSON.stringify(dataset.options), ...(target ?? []), method, kind]);
  let task = taskOf(
    await api.POST("/api/predict", {
      body: {
        ...{ method: method as Method, dataset: dataset.id, target, kind, horizon: null },
        ...{ models: null, items: null, values: null, dry_run: false },
      },
      headers: { Prefer: "wait=20", ...(isRepeated ? {} : { "Idempotency-Key": key }) },
      signal,
    }),
  );
  const path = { task_id: task.id };
  while (!isFinal(task.state)) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    task = dataOf(await api.GET("/api/tasks/{task_id}", { params: { path }, signal }));
  }
  try {
    const { items } = dataOf(await api.GET("/api/tasks/{task_id}/result", { params: { path }, signal })) as unknown as ForecastResult;
    const item = items.find((one) => one.channel === channel) ?? items[0];
    if (item === undefined || item.error) throw new Error(item?.error ?? "the forecast has no item");
    return item;
  } catch (error) {
    // After some time the service removes the rows of a forecast that nobody has read.
    if (isAbsent(error) && !isRepeated) return forecastUntrained({ dataset, channel, method, kind }, signal, true);
    throw error;
  }
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
