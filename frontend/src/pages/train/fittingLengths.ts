import { ApiProblem } from "@/api/problems";

/** Lengths that a series is long enough for. */
export interface Lengths {
  horizon?: number;
  context_length?: number;
}

/** The lengths that the advice of an error names as fitting; empty if it names none. */
export function fittingLengths(error: unknown): Lengths {
  if (!(error instanceof ApiProblem)) return {};
  const settings = settingsOf(error.body.advice_code);
  return Object.fromEntries(
    settings
      .filter(({ key, value }) => ["horizon", "context_length"].includes(key) && typeof value === "number")
      .map(({ key, value }) => [key, value]),
  ) as Lengths;
}

interface Setting {
  key: string;
  value: unknown;
}

/** The settings of the text `lengths-that-fit`, which stands within the text of an advice. */
function settingsOf(text: unknown): Setting[] {
  if (typeof text !== "object" || text === null) return [];
  if ("code" in text && text.code === "lengths-that-fit") return (text as unknown as { params: { settings: Setting[] } }).params.settings;
  return Object.values(text).flatMap(settingsOf);
}
