/**
 * Milliseconds of a timestamp as it is written in the data. Naive times are read as UTC and charts show UTC, so that
 * no clock change of the reader's zone moves a point.
 */
export function toMilliseconds(timestamp: string): number {
  const text = timestamp.trim().replace(" ", "T");
  const withTime = text.includes("T") ? text : `${text}T00:00:00`;
  return Date.parse(/([+-]\d\d:?\d\d|Z)$/.test(withTime) ? withTime : `${withTime}Z`);
}

/** The inverse, in the form that the API reads. */
export function toTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 19);
}
