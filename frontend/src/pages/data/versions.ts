import type { DatasetSummary } from "@/api/datasets";

type Version = Pick<DatasetSummary, "id" | "parent" | "version">;

/** The newest dataset that extends another one by newer rows; undefined if none does. */
export function newestVersion<T extends Version>(datasets: readonly T[], id: string): T | undefined {
  const versions = new Set([id]);
  // A version has a higher number than the one that it extends.
  const later = [...datasets]
    .sort((a, b) => a.version - b.version)
    .filter((dataset) => {
      const extendsOne = dataset.parent !== null && versions.has(dataset.parent);
      if (extendsOne) versions.add(dataset.id);
      return extendsOne;
    });
  return later.at(-1);
}
