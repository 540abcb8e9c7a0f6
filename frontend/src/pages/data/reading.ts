import type { DatasetChange } from "@/api/datasets";

/** How the cells of a file are read, as texts of a form; empty means that it is found. */
export interface Reading {
  frequency: string;
  timezone: string;
  decimal: string;
  day_first: string;
  no_value: string;
  encoding: string;
  sheet: string;
  header: string;
}

export const EMPTY_READING: Reading = { frequency: "", timezone: "", decimal: "", day_first: "", no_value: "", encoding: "", sheet: "", header: "" };

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

/** The form of a dataset, from the options with which its file was read. */
export function readingOf(options: Record<string, unknown>): Reading {
  const cleaning = (options.cleaning ?? {}) as Record<string, unknown>;
  return {
    ...{ frequency: text(options.frequency), timezone: text(options.timezone), sheet: text(options.sheet), header: text(options.header) },
    ...{ decimal: text(cleaning.decimal), day_first: text(cleaning.day_first), encoding: text(cleaning.encoding) },
    no_value: Array.isArray(cleaning.missing) ? cleaning.missing.map(text).join("; ") : "",
  };
}

/** The fields of a request; null returns to what is found. */
export function changeOf(reading: Reading): Pick<DatasetChange, keyof Reading> {
  const orNull = (value: string): string | null => (value.trim() === "" ? null : value.trim());
  return {
    ...{ frequency: orNull(reading.frequency), timezone: orNull(reading.timezone), encoding: orNull(reading.encoding) },
    ...{ no_value: orNull(reading.no_value), sheet: orNull(reading.sheet) },
    decimal: orNull(reading.decimal) as DatasetChange["decimal"],
    day_first: reading.day_first === "" ? null : reading.day_first === "true",
    header: reading.header === "" ? null : Number(reading.header),
  };
}

/** Frequencies to choose from; others can be typed. */
export const FREQUENCIES = ["5min", "10min", "15min", "30min", "h", "D", "W", "MS", "QS", "YS"] as const;
export const ENCODINGS = ["utf-8", "cp1252", "cp1250", "gb18030", "big5", "utf-16"] as const;

/** UTC first, which the list of some browsers lacks. */
export function timeZones(): string[] {
  return [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])];
}
