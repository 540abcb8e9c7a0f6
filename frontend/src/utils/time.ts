/**
 * Milliseconds of a timestamp as it is written in the data, whose offset from UTC is left out. Charts show UTC, so each
 * point stands at its local time, in any zone of the reader.
 */
export function toMilliseconds(timestamp: string): number {
  const text = timestamp.trim().replace(" ", "T");
  return Date.parse(text.includes("T") ? `${text.replace(/([+-]\d\d:?\d\d|Z)$/, "")}Z` : `${text}T00:00:00Z`);
}

/** The inverse, in the form that the API reads as a local time of the data. */
export function toTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 19);
}

/** A time in milliseconds as the title of a tooltip, such as 2026-03-29 02:30. */
export function toTitle(milliseconds: number): string {
  return toTimestamp(milliseconds).replace("T", " ").slice(0, 16);
}

/** The points of a chart over time; a value that is missing is null. */
export function timePoints(timestamps: readonly string[], values: readonly (number | null)[]): [time: number, value: number | null][] {
  return timestamps.map((timestamp, step) => [toMilliseconds(timestamp), values[step] ?? null]);
}

/** The index of the timestamp that is equal to a time in milliseconds; -1 if there is no such timestamp. */
export function positionOf(milliseconds: number | undefined, timestamps: readonly string[]): number {
  return timestamps.findIndex((timestamp) => toMilliseconds(timestamp) === milliseconds);
}
