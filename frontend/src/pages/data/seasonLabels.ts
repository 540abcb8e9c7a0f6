/** Most labels below a chart of half the width of the page. */
const MAX_LABELS = 8;
const HOUR_STEPS = [1, 2, 3, 6, 12];

interface LabelOption {
  interval?: (row: number) => boolean;
  formatter?: (text: string) => string;
}

/**
 * Which categories of an average have a label: full hours of a day, and the first row of each weekday, which only its name
 * labels. All others are left to ECharts.
 */
export function averageLabels(labels: readonly string[]): LabelOption {
  const weekday = (row: number): string | undefined => /^([A-Z][a-z]{2}) \d\d:\d\d$/.exec(labels[row] ?? "")?.[1];
  if (weekday(0) !== undefined) return { interval: (row) => weekday(row) !== weekday(row - 1), formatter: (text) => text.replace(/ \d\d:\d\d$/, "") };
  const hours = labels.map((label) => (/^\d\d:00$/.test(label) ? Number(label.slice(0, 2)) : Number.NaN));
  const step = HOUR_STEPS.find((step) => hours.filter((hour) => hour % step === 0).length <= MAX_LABELS);
  return step !== undefined && hours.some((hour) => hour % step === 0) ? { interval: (row) => (hours[row] ?? Number.NaN) % step === 0 } : {};
}

/** Of an average year of quarterly data, whose labels are Q1 to Q4. */
export function isQuarterly(labels: readonly string[]): boolean {
  return labels.every((label) => /^Q[1-4]$/.test(label));
}

/** The lags that have a label are multiples of this: of a season in rows, or where no lag reaches so far, of a round number. */
export function lagStep(longest: number, season: number): number {
  const unit = season <= longest ? season : 1;
  const least = Math.max(1, longest / unit / (MAX_LABELS - 1));
  if (unit > 1) return unit * Math.ceil(least);
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
}
