import type { DatasetSummary } from "@/api/datasets";
import { useWords } from "@/i18n";
import { distinctNames } from "@/pages/forecast/result";

/** The labels of datasets in a list to choose from: the name, and where several have it, what tells them apart. */
export function datasetLabels(datasets: readonly Pick<DatasetSummary, "id" | "name" | "version" | "created">[]): Map<string, string> {
  const { t, formatMoment } = useWords();
  const counts = new Map<string, number>();
  for (const { name } of datasets) counts.set(name, (counts.get(name) ?? 0) + 1);
  const labelled = datasets.map(({ id, name, version, created }) => ({
    id,
    name: counts.get(name) === 1 ? name : t("train.datasetLabel", { name, version, uploaded: formatMoment(created) }),
  }));
  return distinctNames(labelled); // two files may have come within one minute
}
