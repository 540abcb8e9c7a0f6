import type { Schemas } from "@/api/client";
import { requestKey } from "@/utils/requestKey";

type Value = number | null;

export type Comparison = Schemas["ComparisonResult"];
type ConfigDifference = Schemas["ConfigDifference"];
/** `difference` is the metric of `a` minus the metric of `b`. */
export type Pair = Schemas["ComparedPair"];

export interface PairWords {
  kind: "better" | "worse" | "open" | "unknown" | "equal";
  /** Size of the difference as a share of the metric of `b`. */
  share: Value;
  low: Value;
  high: Value;
}

type Percents = Pick<Pair, "percent" | "percent_low" | "percent_high">;

/**
 * What a paired difference says. The interval is given in the direction of the sentence: "better by 4 % [2, 6]" has
 * the ends that the advantage of `a` may have.
 */
export function judgePair(pair: Percents): PairWords {
  const shares = [pair.percent, pair.percent_low, pair.percent_high].map((percent) => (percent === null ? null : percent / 100));
  const [share = null, low = null, high = null] = shares;
  if (share === 0 && (low ?? 0) === 0 && (high ?? 0) === 0) return { kind: "equal", share: 0, low: 0, high: 0 };
  if (share === null || low === null || high === null) return { kind: "unknown", share, low: null, high: null };
  if (high < 0) return { kind: "better", share: -share, low: -high, high: -low };
  return { kind: low > 0 ? "worse" : "open", share, low, high };
}

/** Pairs of a metric: those with the reference, which comes second, or without one all pairs, the better model first. */
export function pairsOf(pairs: readonly Pair[], metric: string, reference: string): Pair[] {
  return pairs
    .filter((pair) => pair.metric === metric && (reference === "" || pair.a === reference || pair.b === reference))
    .map((pair) => {
      const betterFirst = reference === "" && (pair.difference ?? 0) > 0;
      return betterFirst || (pair.a === reference && reference !== "") ? reversed(pair) : pair;
    });
}

/** The same pair seen from the other model; its percents belong to the other metric. */
export function reversed(pair: Pair): Pair {
  const negative = (value: Value) => (value === null ? null : -value || 0);
  // a is (1 + p) times b, so b is 1 / (1 + p) times a.
  const inverse = (percent: Value) => (percent === null ? null : 100 * (1 / (1 + percent / 100) - 1) || 0);
  return {
    ...pair,
    a: pair.b,
    b: pair.a,
    difference: negative(pair.difference),
    low: negative(pair.high),
    high: negative(pair.low),
    percent: inverse(pair.percent),
    percent_low: inverse(pair.percent_high),
    percent_high: inverse(pair.percent_low),
  };
}

/** Axes of parallel coordinates: keys whose values differ and are numbers, or few texts. */
export interface Axis {
  key: string;
  kind: "number" | "text";
  categories: string[];
}

/** The models that were trained in steps, which have curves of two points or more. */
export function withCurves<T extends { id: string }>(models: readonly T[], comparison: Comparison | undefined): T[] {
  return models.filter((model) =>
    (["tuning", "train_loss"] as const).some((column) => (comparison?.curves[model.id] ?? []).filter((point) => point[column] !== null).length > 1),
  );
}

const LABELS = ["model._target_", "data.name"];
/** Keys that change the time and the memory of a run, but not its forecasts. */
const OF_COST = /(^|\.)(eval_batch_size|val_batch_size|decode_batch_size|num_workers|threads)$|^(trainer|logger|callbacks)\./;
const MAX_AXES = 7;
const MAX_CATEGORIES = 12;

export function sweepAxes(differences: readonly ConfigDifference[], models: readonly string[]): Axis[] {
  const axes = differences.flatMap<Axis>(({ key, values }) => {
    const cells = models.map((model) => values[model]);
    // A key that some models lack, such as the size of an LSTM, says nothing of the others.
    if (LABELS.includes(key) || OF_COST.test(key) || new Set(cells.map(textOf)).size < 2 || cells.some((cell) => cell === null || cell === undefined))
      return [];
    if (cells.every((cell) => typeof cell === "number")) return [{ key, kind: "number", categories: [] }];
    const categories = [...new Set(cells.map((cell) => textOf(cell)))];
    return categories.length <= MAX_CATEGORIES ? [{ key, kind: "text", categories }] : [];
  });
  return axes.slice(0, MAX_AXES);
}

export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value as string | number | boolean);
}

/** Models of which the service compares all pairs; see `timevis.evaluation.over_seeds`. */
export const MAX_ALL_PAIRS = 8;
export const NAIVE = "seasonal_naive";

/** Changes when a comparison of the same models gives other numbers, so that the page asks for a new one. */
const RULES_OF_COMPARISON = "2";

/** The same models give the same key, so that a link that is opened again finds the comparison instead of a new one. */
export function idempotencyKey(models: readonly string[], attempt = 1): string {
  const key = requestKey(`compare-${String(models.length)}`, [RULES_OF_COMPARISON, ...models]);
  return attempt > 1 ? `${key}-${String(attempt)}` : key;
}
