import { taskOf } from "@/composables/useTaskResult";
import type { ForecastItem, ForecastResult } from "@/pages/forecast/result";

import type { Schemas } from "./client";
import { api, dataOf } from "./client";
import { isAbsent } from "./problems";
import { isFinal } from "./tasks";

const POLL_MILLISECONDS = 500;

export const NO_FORECAST: Schemas["PredictRequest"] = {
  ...{ models: null, method: null, training: null, items: null, dataset: null, values: null, target: null },
  ...{ kind: "future", horizon: null, known: null, events: null, dry_run: false },
};

/** Ask for a forecast and wait for its items. A request with the same key is forecast once. */
export async function forecastOnce(
  request: Partial<Schemas["PredictRequest"]>,
  key: string,
  signal: AbortSignal,
  isRepeated = false,
): Promise<ForecastItem[]> {
  let task = taskOf(
    await api.POST("/api/predict", {
      body: { ...NO_FORECAST, ...request },
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
    return items;
  } catch (error) {
    // The service removes the rows of a forecast some time after it was made, so it is made again, once.
    if (isAbsent(error) && !isRepeated) return forecastOnce(request, key, signal, true);
    throw error;
  }
}

/** The item of a channel; a file with a row for each value has other names for its series. */
export function itemOf(items: readonly ForecastItem[], channel: string): ForecastItem {
  const item = items.find((one) => one.channel === channel) ?? items[0];
  if (item === undefined || item.error) throw new Error(item?.error ?? "the forecast has no item");
  return item;
}
