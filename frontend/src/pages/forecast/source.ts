import { uploadFile } from "@/api/datasets";

/** Where the rows come from that a forecast continues. */
export type Source =
  | { kind: "newest" }
  | { kind: "dataset"; dataset: string }
  | { kind: "paste"; text: string }
  | { kind: "upload"; file: File };

export const SOURCE_KINDS = ["newest", "dataset", "paste", "upload"] as const;

/** Rows that were copied from a spreadsheet are separated by tabs, others by commas or semicolons. */
export function fileOfText(text: string, name: string): File {
  const isTabbed = (text.split("\n")[0] ?? "").includes("\t");
  const lines = `${text.replace(/\r\n?/g, "\n").trim()}\n`;
  return new File([lines], `${name}.${isTabbed ? "tsv" : "csv"}`, { type: "text/plain" });
}

/** A typed number of rows: null if it is empty, undefined if it is not a whole number that every chosen model can forecast. */
export function horizonOf(text: string, longest: number | null): number | null | undefined {
  if (text.trim() === "") return null;
  const rows = Number(text);
  return Number.isInteger(rows) && rows >= 1 && rows <= (longest ?? Infinity) ? rows : undefined;
}

/** The identifier of the dataset of a source, which is stored first where it is new; empty for the model's own data. */
export async function storeRows(source: Source): Promise<string> {
  if (source.kind === "newest") return "";
  if (source.kind === "dataset") return source.dataset;
  const file = source.kind === "upload" ? source.file : fileOfText(source.text, "pasted");
  const stored = await uploadFile(file, {}, () => undefined, new AbortController().signal);
  return stored.id;
}
