/** A config or another nested object as dotted keys with values in one line, sorted as they are written. */
export function flatten(value: unknown, prefix = ""): [string, string][] {
  if (Array.isArray(value)) {
    if (value.every((entry) => typeof entry !== "object" || entry === null)) return [[prefix, value.map(plain).join(", ")]];
    return value.flatMap((entry, position) => flatten(entry, `${prefix}.${String(position)}`));
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, entry]) => flatten(entry, prefix === "" ? key : `${prefix}.${key}`));
  }
  return [[prefix, plain(value)]];
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return "null";
  return typeof value === "object" ? JSON.stringify(value) : String(value as string | number | boolean);
}
