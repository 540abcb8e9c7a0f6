import type { FutureWords } from "@/charts/futureForecast";
import type { PeriodWords } from "@/charts/scoredPeriod";
import { useWords } from "@/i18n";

/** Words of the charts that several pages draw, in the language of the page. */
export function useChartWords() {
  const { t } = useWords();

  /** Of a chart of a whole scored period. `interval` names the band; the central 80 % interval if it is absent. */
  function periodWords(unit: string | undefined, interval = t("results.window.interval", { percent: 80 })): PeriodWords {
    return {
      truth: t("results.window.truth"),
      median: t("results.window.median"),
      interval,
      error: t("results.period.error"),
      unit: unit ?? "",
    };
  }

  /** Of a chart of forecasts after the last value. */
  function futureWords(): FutureWords {
    return {
      past: t("forecast.result.past"),
      truth: t("forecast.result.truth"),
      interval: (percent) => t("forecast.result.interval", { percent }),
    };
  }

  return { periodWords, futureWords };
}
