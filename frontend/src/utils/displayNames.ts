import type { DatasetSummary } from "@/api/datasets";
import { useWords } from "@/i18n";

/** Names by identifier; a name that occurs several times for one dataset gets a number from its second occurrence on. */
export function distinctNames(models: readonly { id: string; name: string; dataset?: string | null }[]): Map<string, string> {
  const seen = new Map<string, number>();
  return new Map(
    models.map(({ id, name, dataset }) => {
      const key = `${dataset ?? ""} ${name}`;
      const count = (seen.get(key) ?? 0) + 1;
      seen.set(key, count);
      return [id, count === 1 ? name : `${name} (${String(count)})`];
    }),
  );
}

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
