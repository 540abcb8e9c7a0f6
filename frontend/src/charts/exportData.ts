import type { EChartsOption } from "echarts";

import { toTimestamp } from "@/utils/time";

export interface ExportTable {
  columns: string[];
  rows: (string | number | null)[][];
}

/** Names of the columns that no axis and no series names, in the language of the page. */
export interface ColumnWords {
  time: string;
  place: string;
  series: string;
  name: string;
  value: string;
}

/** The name of the column of a series in an exported file, where the legend does not name it. */
export function exported(exportName: string): { exportName: string } {
  return { exportName };
}

type Cell = string | number | null;
interface Series {
  name?: string;
  /** The name of the column in an exported file, for a series that the legend does not name. */
  exportName?: string;
  type?: string;
  stack?: string;
  xAxisIndex?: number;
  data?: readonly unknown[];
}
interface Axis {
  type?: string;
  name?: string;
  data?: readonly unknown[];
}

const list = <T>(value: T | T[] | undefined): T[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const valueOf = (item: unknown): unknown =>
  item !== null && typeof item === "object" && !Array.isArray(item) && "value" in item ? item.value : item;
const cell = (value: unknown): Cell =>
  typeof value === "number" ? (Number.isFinite(value) ? value : null) : typeof value === "string" ? (value === "-" ? null : value) : null;

/**
 * The numbers of a chart as a table, from its option: a row for each place on the horizontal axis and a column for each
 * series of lines, bars or points with one value at a place. Stacked series, which are the borders of intervals, are summed
 * up. Other charts have a row for each point.
 */
export function exportTable(option: EChartsOption, words: ColumnWords): ExportTable {
  const series = list(option.series as Series | Series[] | undefined);
  const axes = list(option.xAxis as Axis | Axis[] | undefined);
  const isPlain =
    axes.length > 0 && series.every(({ type, data = [] }) => data.length === 0 || type === "line" || type === "bar" || type === "scatter");
  return isPlain ? wide(series, axes, words) : long(series, words);
}

function wide(series: readonly Series[], axes: readonly Axis[], words: ColumnWords): ExportTable {
  const first = axes[0] ?? {};
  const columns: string[] = [];
  const rows = new Map<string | number, Map<string, Cell>>();
  const sums = new Map<string, number>();
  for (const { name, exportName, stack, xAxisIndex = 0, data = [] } of series) {
    const axis = axes[xAxisIndex] ?? first;
    const label = exportName ?? name;
    if (label !== undefined && data.length > 0 && !columns.includes(label)) columns.push(label);
    data.forEach((item, position) => {
      const value = valueOf(item);
      const pair = Array.isArray(value) ? (value as unknown[]) : null;
      const at = cell(axis.type === "category" ? (valueOf(axis.data?.[pair ? Number(pair[0]) : position]) ?? position) : pair?.[0]);
      let number = cell(pair ? pair[1] : value);
      if (at === null) return;
      if (stack !== undefined && typeof number === "number") {
        const key = `${stack} ${String(at)}`;
        number += sums.get(key) ?? 0;
        sums.set(key, number);
      }
      if (label === undefined) return;
      const row = rows.get(at) ?? new Map<string, Cell>();
      row.set(label, number);
      rows.set(at, row);
    });
  }
  const isTime = first.type === "time";
  const places = [...rows.keys()];
  if (first.type !== "category") places.sort((a, b) => Number(a) - Number(b));
  return {
    columns: [isTime ? words.time : first.name !== undefined && first.name !== "" ? first.name : words.place, ...columns],
    rows: places.map((at) => [isTime ? toTimestamp(Number(at)) : at, ...columns.map((name) => rows.get(at)?.get(name) ?? null)]),
  };
}

function long(series: readonly Series[], words: ColumnWords): ExportTable {
  const rows = series.flatMap(({ name, exportName, data = [] }) =>
    data.map((item): Cell[] => {
      const value = valueOf(item);
      const label = item !== null && typeof item === "object" && "name" in item ? cell(item.name) : null;
      return [exportName ?? name ?? "", label, ...(Array.isArray(value) ? value.map(cell) : [cell(value)])];
    }),
  );
  const width = Math.max(2, ...rows.map((row) => row.length));
  const columns = [words.series, words.name, ...Array.from({ length: width - 2 }, (_, position) => `${words.value} ${String(position + 1)}`)];
  return { columns, rows: rows.map((row) => columns.map((_, position) => row[position] ?? null)) };
}

/** RFC 4180; a text that a spreadsheet would take for a formula is preceded by an apostrophe. */
export function toCsv(table: ExportTable): string {
  const written = (value: Cell): string => {
    if (value === null) return "";
    if (typeof value === "number") return String(value);
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [table.columns, ...table.rows].map((row) => row.map(written).join(",")).join("\r\n") + "\r\n";
}
