import type { Monitor } from "@/api/monitors";
import { useWords } from "@/i18n";

type Drift = NonNullable<Monitor["state"]["drift"]>[number];

/** Forecasts from which a drift can be detected. */
const MIN_DRIFT_FORECASTS = 14;

/** The clearest drift in a sentence, or that there is none, or that there are too few forecasts to say. */
export function driftSentence(drifts: readonly Drift[], complete: number): string {
  const { t, plural, formatNumber } = useWords();
  const [clearest] = [...drifts].sort((a, b) => Number(b.is_drift) - Number(a.is_drift) || a.p - b.p);
  if (!clearest) return plural("monitors.drift.few", MIN_DRIFT_FORECASTS, { complete: formatNumber(complete) });
  return t(clearest.is_drift ? "monitors.drift.yes" : "monitors.drift.no", {
    forecasts: formatNumber(clearest.forecasts),
    metric: t(clearest.metric === "wql" ? "monitors.drift.wql" : "monitors.drift.relative_wql"),
    ratio: formatNumber(clearest.ratio, 3),
    low: formatNumber(clearest.low, 3),
    high: formatNumber(clearest.high, 3),
  });
}
