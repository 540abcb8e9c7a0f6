import type { DatasetChange, ReadOption } from "@/api/datasets";

/** How the cells of a file are read: the text of the form for each option that is given; the others are found. */
export type Reading = Partial<Record<string, string>>;

function text(value: unknown): string {
  if (Array.isArray(value)) return value.map(text).join("; ");
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

/** The texts of the form, from the options with which the file of a dataset was read. */
export function readingOf(options: Record<string, unknown>): Reading {
  return Object.fromEntries(
    Object.entries(options)
      .map(([name, value]) => [name, text(value)])
      .filter(([, shown]) => shown !== ""),
  );
}

function valueOf(typed: string, type: ReadOption["type"]): unknown {
  if (type === "int") return Number(typed);
  if (type === "bool") return typed === "true";
  return type === "list"
    ? typed
        .split(";")
        .map((word) => word.trim())
        .filter((word) => word !== "")
    : typed;
}

/** The fields of a request; null returns to what is found. */
export function changeOf(reading: Reading, options: readonly ReadOption[]): DatasetChange {
  const fields = [...options.map(({ name, type }) => ({ name, type })), ...TIME_FIELDS.map((name) => ({ name, type: "text" as const }))];
  const change = fields.map(({ name, type }) => {
    const typed = reading[name]?.trim() ?? "";
    return [name, typed === "" ? null : valueOf(typed, type)];
  });
  return Object.fromEntries(change) as DatasetChange;
}

/** What the form says of the times, beside the options of reading. */
export const TIME_FIELDS = ["frequency", "timezone"] as const;
/** Frequencies to choose from; others can be typed. */
export const FREQUENCIES = ["5min", "10min", "15min", "30min", "h", "D", "W", "MS", "QS", "YS"] as const;
/** Values to choose from for options that also take others. */
export const SUGGESTIONS: Readonly<Partial<Record<string, readonly string[]>>> = {
  encoding: ["utf-8", "cp1252", "cp1250", "gb18030", "big5", "utf-16"],
};

/** UTC first, which the list of some browsers lacks. */
export function timeZones(): string[] {
  return [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])];
}
