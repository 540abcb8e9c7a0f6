import type { Schemas } from "@/api/client";
import type { TextCode } from "@/api/problems";

type Explanation = NonNullable<Schemas["ModelExplanation"]["explanation"]>;

export interface ExplainedRow {
  label: string;
  labelCode: TextCode;
  /** The rise of the error on validation without the input, and its 95% interval. */
  rise: number | null;
  low: number | null;
  high: number | null;
  /** Whether the interval does not contain 0. */
  isSure: boolean;
  /** How far the forecast moves without the input, in standard deviations of the channel. */
  move: number | null;
  /** Whether the input raises the forecast; null if it moves it in no direction. */
  raises: boolean | null;
  /** Lengths of the bars, from 0 to 1. */
  riseShare: number;
  moveShare: number;
}

/** Windows of one pass, of which there are two for each input and two without a change. */
const WINDOWS = 100;
/** Parts of the context, and the calendar. */
const OTHER_INPUTS = 5;

/** The inputs of an explanation as rows with bars; of a chosen channel, how far its own forecast moves. */
export function explainedRows(inputs: Explanation["inputs"], channel: string | undefined): ExplainedRow[] {
  const rows = inputs.map((input) => {
    const { value, low, high } = input.error_rise;
    const move = (channel === undefined ? undefined : input.by_channel[channel]) ?? input.forecast;
    const { change, contribution } = move;
    return {
      ...{ label: input.label, labelCode: input.label_code as unknown as TextCode },
      ...{ rise: value, low, high, isSure: low !== null && high !== null && (low > 0 || high < 0) },
      move: change,
      raises: contribution === null || change === null || Math.abs(contribution) <= change / 10 ? null : contribution > 0,
    };
  });
  const mostRise = Math.max(...rows.map((row) => row.rise ?? 0), 1e-9);
  const mostMove = Math.max(...rows.map((row) => row.move ?? 0), 1e-9);
  return rows.map((row) => ({ ...row, riseShare: Math.max(0, row.rise ?? 0) / mostRise, moveShare: (row.move ?? 0) / mostMove }));
}

/** About how long an explanation takes, by the speed of the model in its test; null without it. */
export function explanationSeconds(results: Pick<Schemas["OverallResults"], "cost" | "run">): number | null {
  const speed = results.cost.forecasts_per_second;
  if (!speed) return null;
  return (2 * WINDOWS * (1 + OTHER_INPUTS + results.run.covariates_read.length)) / speed;
}
