import { api, dataOf } from "@/api/client";
import { uploadFile } from "@/api/datasets";

/** Where the rows come from that a forecast continues. */
export type Source = { kind: "newest" } | { kind: "dataset"; dataset: string } | { kind: "paste"; text: string } | { kind: "upload"; file: File };

export const SOURCE_KINDS = ["newest", "dataset", "paste", "upload"] as const;

/** Rows that were copied from a spreadsheet are separated by tabs, others by commas or semicolons. */
export function fileOfText(text: string, name: string): File {
  const isTabbed = (text.split("\n")[0] ?? "").includes("\t");
  const lines = `${text.replace(/\r\n?/g, "\n").trim()}\n`;
  return new File([lines], `${name}.${isTabbed ? "tsv" : "csv"}`, { type: "text/plain" });
}

interface Column {
  name: string;
  role: string;
}

/** Rows copied without their header get the names of the columns of the model's data: all of them, or time and targets. */
export function withHeader(text: string, columns: readonly Column[]): string {
  const [line = ""] = text.trim().split(/\r?\n/);
  const separator = ["\t", ";", ","].find((letter) => line.includes(letter)) ?? ",";
  const cells = line.split(separator).map((cell) => cell.trim().replace(/^"|"$/g, ""));
  const isHeader = cells.some((cell) => columns.some((column) => column.name === cell));
  if (isHeader || !/\d/.test(line)) return text;
  const needed = columns.filter((column) => ["time", "id", "target"].includes(column.role));
  const names = [columns, needed].find((list) => list.length === cells.length)?.map((column) => column.name);
  if (names === undefined) return text;
  return `${names.map((name) => (name.includes(separator) ? `"${name}"` : name)).join(separator)}\n${text.trim()}`;
}

/** What the form holds for the request of a forecast that was made before. */
export function askedBy(request: Record<string, unknown>) {
  const items = (Array.isArray(request.items) ? request.items : []) as { model: string }[];
  const models = Array.isArray(request.models) ? (request.models as string[]) : items.map((item) => item.model);
  return {
    models: [...new Set(models)],
    method: typeof request.method === "string" ? request.method : "models",
    dataset: typeof request.dataset === "string" ? request.dataset : "",
    kind: request.kind === "backtest" ? ("backtest" as const) : ("future" as const),
    horizon: typeof request.horizon === "number" ? String(request.horizon) : "",
  };
}

/** A typed number of rows: null if it is empty, undefined if it is not a whole number that every chosen model can forecast. */
export function horizonOf(text: string, longest: number | null): number | null | undefined {
  if (text.trim() === "") return null;
  const rows = Number(text);
  return Number.isInteger(rows) && rows >= 1 && rows <= (longest ?? Infinity) ? rows : undefined;
}

async function fileOfRows(text: string, modelData: string | null | undefined): Promise<File> {
  if (!modelData) return fileOfText(text, "pasted");
  const params = { path: { dataset_id: modelData }, query: { rows: 1 } };
  const { columns } = dataOf(await api.GET("/api/datasets/{dataset_id}/preview", { params }));
  return fileOfText(withHeader(text, columns), "pasted");
}

/** The identifier of the dataset of a source, which is stored first where it is new; empty for the model's own data. */
export async function storeRows(source: Source, modelData: string | null | undefined): Promise<string> {
  if (source.kind === "newest") return "";
  if (source.kind === "dataset") return source.dataset;
  const file = source.kind === "upload" ? source.file : await fileOfRows(source.text, modelData);
  const stored = await uploadFile(file, {}, () => undefined, new AbortController().signal);
  return stored.id;
}
