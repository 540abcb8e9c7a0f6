/** Stands around a value while it is put into a Chinese text; it is in no text of its own. */
const MARK = "\u2060";
const BEFORE_VALUE = new RegExp(`(\\p{Script=Han})${MARK}+(?=[\\p{Script=Latin}\\p{N}])`, "gu");
const AFTER_VALUE = new RegExp(`([\\p{Script=Latin}\\p{N}%])${MARK}+(?=\\p{Script=Han})`, "gu");
/** A bracket of full width brings its own space. */
const AFTER_BRACKET = new RegExp(`）${MARK}+ (?=\\p{Script=Han})`, "gu");

/**
 * A Chinese text with a space between a Chinese character and a value that begins or ends with a Latin letter or a digit, and
 * without the space of the text after a bracket.
 * What stands within a value, such as the name of a file, stays as it is.
 */
export function withSpaces(make: (values: Record<string, unknown>) => string, values: Record<string, unknown>): string {
  const marked = Object.entries(values).map(([name, value]) => {
    const isText = typeof value === "string" || typeof value === "number";
    return [name, isText && value !== "" ? `${MARK}${String(value)}${MARK}` : value] as const;
  });
  return make(Object.fromEntries(marked)).replace(AFTER_BRACKET, "）").replace(BEFORE_VALUE, "$1 ").replace(AFTER_VALUE, "$1 ").replaceAll(MARK, "");
}
