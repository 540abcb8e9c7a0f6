import { useWords } from "./index";

/** The unit of a frequency of pandas; calendar periods may start or end at any month or weekday. */
const UNITS = { s: "second", min: "minute", h: "hour", D: "day", B: "workday", W: "week", M: "month", Q: "quarter", Y: "year" } as const;

type Unit = (typeof UNITS)[keyof typeof UNITS];

function parse(frequency: string): { unit: Unit; count: number } | undefined {
  const found = /^(\d*)(s|min|h|D|B|W|M|Q|Y)[SE]?(-[A-Z]+)?$/.exec(frequency);
  const unit = UNITS[found?.[2] as keyof typeof UNITS] as Unit | undefined;
  return found && unit ? { unit, count: Number(found[1] === "" ? 1 : found[1]) } : undefined;
}

/** The frequency of data in words: "every 30 minutes" for `30min`; a frequency without words stays as it is. */
export function frequencyText(frequency: string): string {
  const { plural } = useWords();
  const parsed = parse(frequency);
  return parsed ? plural(`common.frequency.${parsed.unit}`, parsed.count) : frequency;
}

/** How long data are, counted in their steps: "969 months"; steps of several units are only counted. */
export function lengthText(rows: number, frequency: string): string {
  const { plural } = useWords();
  const parsed = parse(frequency);
  return plural(`common.length.${parsed?.count === 1 ? parsed.unit : "step"}`, rows);
}
