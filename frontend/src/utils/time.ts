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

/** The position of a time, in milliseconds, among timestamps; -1 if it is none of them. */
export function positionOf(milliseconds: number | undefined, timestamps: readonly string[]): number {
  return timestamps.findIndex((timestamp) => toMilliseconds(timestamp) === milliseconds);
}
