import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/vue-query";
import type { MaybeRefOrGetter } from "vue";
import { computed, toValue } from "vue";

import { useConnection } from "@/stores/connection";

import { allPages } from "./allPages";
import type { Schemas } from "./client";
import { api, dataOf, serviceUrl } from "./client";
import { useWords } from "@/i18n";

import { PageRefusal, problemOf, ServiceAway } from "./problems";
import { datasetOf } from "./reading";

export type Dataset = Schemas["DatasetDetail"];
export type DatasetSummary = Schemas["DatasetPage"]["items"][number];
export type DatasetChange = Schemas["DatasetChange"];
export type ReadOption = Schemas["OptionView"];
export type Series = Schemas["Series"];

export function useDatasets(
  options: {
    search?: MaybeRefOrGetter<string>;
    page?: MaybeRefOrGetter<number>;
    perPage?: number;
    deleted?: MaybeRefOrGetter<boolean>;
  } = {},
) {
  const query = computed(() => ({
    search: toValue(options.search) || undefined,
    page: toValue(options.page) ?? 1,
    per_page: options.perPage ?? 20,
    deleted: toValue(options.deleted) ?? false,
  }));
  return useQuery({
    queryKey: ["datasets", query],
    queryFn: async () => dataOf(await api.GET("/api/datasets", { params: { query: query.value } })),
    placeholderData: keepPreviousData,
  });
}

/** The options of reading a file, of which the forms of upload and correction make their fields. */
export function useReadOptions() {
  return useQuery({
    queryKey: ["read-options"],
    queryFn: async () => dataOf(await api.GET("/api/read-options")),
    staleTime: 300_000,
  });
}

/** Every dataset, for lists to choose from. */
export async function allDatasets(deleted: boolean, signal?: AbortSignal): Promise<DatasetSummary[]> {
  return allPages(async (page) => dataOf(await api.GET("/api/datasets", { params: { query: { ...page, deleted } }, signal })));
}

export function useAllDatasets() {
  return useQuery({ queryKey: ["datasets", "all"], queryFn: ({ signal }) => allDatasets(false, signal) });
}

/** Names of the datasets by identifier; deleted ones included, because their models remain. */
export function useDatasetNames() {
  const query = useQuery({
    queryKey: ["datasets", "names"],
    queryFn: async ({ signal }) => (await Promise.all([false, true].map((deleted) => allDatasets(deleted, signal)))).flat(),
  });
  const datasets = computed(() => query.data.value ?? []);
  return {
    datasets,
    names: computed<ReadonlyMap<string, string>>(() => new Map(datasets.value.map((dataset) => [dataset.id, dataset.name]))),
  };
}

export function useDataset(id: MaybeRefOrGetter<string | null | undefined>) {
  return useQuery({
    queryKey: ["dataset", computed(() => toValue(id))],
    queryFn: async () => dataOf(await api.GET("/api/datasets/{dataset_id}", { params: { path: { dataset_id: toValue(id) ?? "" } } })),
    enabled: computed(() => Boolean(toValue(id))),
  });
}

export async function readSeries(
  dataset: string,
  query: { channel?: string; start?: string; end?: string; points?: number },
  signal?: AbortSignal,
): Promise<Series> {
  return dataOf(await api.GET("/api/datasets/{dataset_id}/series", { params: { path: { dataset_id: dataset }, query }, signal }));
}

export function useSeries(dataset: MaybeRefOrGetter<string>, channel: MaybeRefOrGetter<string>, points = 2000) {
  return useQuery({
    queryKey: ["series", computed(() => toValue(dataset)), computed(() => toValue(channel)), points],
    queryFn: ({ signal }) => readSeries(toValue(dataset), { channel: toValue(channel), points }, signal),
    staleTime: 60_000,
  });
}

export function useChangeDataset(id: MaybeRefOrGetter<string>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (change: DatasetChange) =>
      datasetOf(dataOf(await api.PATCH("/api/datasets/{dataset_id}", { params: { path: { dataset_id: toValue(id) } }, body: change }))),
    onSuccess: async (dataset) => {
      queries.setQueryData(["dataset", dataset.id], dataset);
      await queries.invalidateQueries({ queryKey: ["datasets"] });
      await queries.invalidateQueries({ queryKey: ["series", dataset.id] });
      await queries.invalidateQueries({ queryKey: ["dataset-view", dataset.id] });
    },
  });
}

export function useDeleteDataset() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, restore }: { id: string; restore: boolean }) => {
      const params = { params: { path: { dataset_id: id } } };
      if (restore) await api.POST("/api/datasets/{dataset_id}/restore", params);
      else await api.DELETE("/api/datasets/{dataset_id}", params);
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["datasets"] }),
  });
}

/** What a person may say of a file when it is uploaded: texts, also for the options of reading. */
export type UploadFields = Partial<Record<string, string>>;

/** `wasKnown`: the same file was uploaded before. */
type Uploaded = Dataset & { wasKnown: boolean };

/**
 * Refuse a file that is larger than the service accepts. It is not sent, because the service would end the connection
 * meanwhile, so that its answer would not arrive.
 */
export function refuseTooLarge(file: File, health: Schemas["Health"] | undefined): void {
  const megabytes = health?.max_upload_megabytes;
  if (megabytes === undefined || file.size <= megabytes * 2 ** 20) return;
  throw new PageRefusal(useWords().t("data.drop.tooLarge", { name: file.name, megabytes }));
}

/** Upload a file. XMLHttpRequest, because fetch does not report how much was sent. */
export function uploadFile(
  file: File,
  fields: UploadFields,
  onProgress: (share: number) => void,
  signal: AbortSignal,
  path = "api/upload",
): Promise<Uploaded> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file);
    for (const [key, value] of Object.entries(fields)) if (value) body.append(key, value);
    request.open("POST", serviceUrl(path));
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      useConnection().answered();
      if (request.status < 300) {
        const answer = JSON.parse(request.responseText) as Dataset | Schemas["TaskDetail"];
        const isKnown = request.status === 200;
        datasetOf(answer, signal).then((dataset) => {
          resolve({ ...dataset, wasKnown: isKnown || dataset.is_new === false });
        }, reject);
        return;
      }
      void problemOf(new Response(request.responseText, { status: request.status })).then(reject);
    };
    request.onerror = () => {
      useConnection().lost();
      reject(new ServiceAway());
    };
    request.onabort = () => {
      reject(new DOMException("the upload was cancelled", "AbortError"));
    };
    signal.addEventListener("abort", () => {
      request.abort();
    });
    request.send(body);
  });
}

export type Finding = Dataset["findings"][number];

/** Seasons of a channel: average day and week, and autocorrelation. */
export function useSeasonality(dataset: MaybeRefOrGetter<string>, channel: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ["dataset-view", computed(() => toValue(dataset)), "seasonality", computed(() => toValue(channel))],
    queryFn: async ({ signal }) =>
      dataOf(
        await api.GET("/api/datasets/{dataset_id}/seasonality", {
          params: { path: { dataset_id: toValue(dataset) }, query: { channel: toValue(channel) } },
          signal,
        }),
      ),
    staleTime: 300_000,
  });
}

export function usePreview(dataset: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ["dataset-view", computed(() => toValue(dataset)), "preview"],
    queryFn: async () =>
      dataOf(
        await api.GET("/api/datasets/{dataset_id}/preview", {
          params: { path: { dataset_id: toValue(dataset) }, query: { rows: 12 } },
        }),
      ),
    staleTime: 300_000,
  });
}

export interface SplitShares {
  train: number;
  val: number;
  test: number;
}

export function useSplit(
  dataset: MaybeRefOrGetter<string>,
  shares: MaybeRefOrGetter<SplitShares>,
  lengths: MaybeRefOrGetter<{ horizon?: number; context_length?: number }>,
) {
  const query = computed(() => ({ ...toValue(shares), ...toValue(lengths) }));
  return useQuery({
    queryKey: ["dataset-view", computed(() => toValue(dataset)), "split", query],
    queryFn: async ({ signal }) =>
      dataOf(
        await api.GET("/api/datasets/{dataset_id}/split", {
          params: { path: { dataset_id: toValue(dataset) }, query: query.value },
          signal,
        }),
      ),
    enabled: computed(() => toValue(dataset) !== ""),
    placeholderData: keepPreviousData,
    staleTime: 300_000,
  });
}
