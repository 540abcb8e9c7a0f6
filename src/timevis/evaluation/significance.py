"""Intervals of scores and of skills, paired differences of two runs, and the Diebold-Mariano test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtr

from timevis.evaluation.bootstrap import AUTOCORRELATED, INDEPENDENT, Interval, MeanInterval, SeedVariance
from timevis.evaluation.window_table import WindowTable, require_same_windows
from timevis.metrics.specs import METRICS


def score_intervals(windows: pd.DataFrame, naive: pd.DataFrame, horizon: int) -> dict[str, Any]:
    """Headline metrics and skills with 95 % intervals.

    An interval treats the errors at successive origins, with all their channels, as an autocorrelated series; or it
    treats whole series as independent, see `WindowTable`. The interval of a skill is a paired one: it comes from the
    influence of each origin on the ratio of model and seasonal naive.

    Parameters
    ----------
    windows, naive : data frames
        Rows of windows.parquet of the model and of seasonal naive on the same windows.
    horizon : int
        H, in rows.

    Returns
    -------
    dict
        ``method``, how the intervals are computed; ``metrics`` and ``seasonal_naive`` {name: Interval}; ``skill``
        {"mae", "wql": Interval}, 1 minus the ratio of mae_scaled to the mae_scaled of seasonal naive, and
        1 - relative_wql.
    """
    table, naive_table = WindowTable.from_frame(windows, naive), WindowTable.from_frame(naive, naive)
    names = list(METRICS)
    model, model_influences = table.influences(names)
    reference, reference_influences = naive_table.influences(names)
    mae = names.index("mae_scaled")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = model[mae] / reference[mae]
        ratio_influence = ratio * (
            model_influences[:, mae] / model[mae] - reference_influences[:, mae] / reference[mae]
        )
    values = np.concatenate([model, reference, [ratio]])
    influences = np.concatenate([model_influences, reference_influences, ratio_influence[:, None]], 1)
    intervals = _intervals(values, influences, [*names, *names, "mae_scaled"], table, horizon)
    metrics = dict(zip(names, intervals, strict=False))
    return {
        "method": INDEPENDENT if table.has_independent_series else AUTOCORRELATED,
        "metrics": metrics,
        "seasonal_naive": dict(zip(names, intervals[len(names) :], strict=False)),
        "skill": {"mae": _skill(intervals[-1]), "wql": _skill(metrics["relative_wql"])},
    }


def _skill(ratio: Interval) -> Interval:
    return Interval(1 - ratio.value, 1 - ratio.high, 1 - ratio.low)


def _intervals(
    values: np.ndarray,
    influences: np.ndarray,
    names: Sequence[str],
    table: WindowTable,
    horizon: int,
    seeds: SeedVariance | None = None,
) -> list[Interval]:
    """Intervals of values [S] from influences [O, S] and the variance of the values over seeds.

    They are NaN where a value is not finite or origins are too few.
    """
    nan = float("nan")
    if not table.has_intervals(horizon):
        return [Interval(float(value), nan, nan) for value in values]
    specs = [METRICS.get(name) for name in names]
    is_log = np.array([spec is not None and spec.has_log_interval for spec in specs]) & (values > 0)
    scale = 1 / np.where(is_log, values, 1.0)
    influences = np.where(np.isfinite(influences), influences, 0.0) * scale
    scaled_seeds = None if seeds is None else seeds.scaled(scale)
    half = MeanInterval(influences, independent=table.has_independent_series, seeds=scaled_seeds).half_widths()
    ratio = np.exp(np.where(is_log, half, 0.0))
    low = np.where(is_log, values / ratio, values - half)
    high = np.where(is_log, values * ratio, values + half)
    limits = [(-np.inf, np.inf) if spec is None or spec.limits is None else spec.limits for spec in specs]
    smallest, largest = np.array(limits).T
    low, high = low.clip(smallest, largest), high.clip(smallest, largest)
    return [
        Interval(float(v), float(a), float(b)) if np.isfinite(v) else Interval(float(v), nan, nan)
        for v, a, b in zip(values, low, high, strict=True)
    ]


@dataclass(frozen=True)
class Difference:
    """A metric of run A minus the metric of run B on the same windows; negative where run A is lower.

    Attributes
    ----------
    difference, low, high : float
        The difference and its 95 % interval.
    percent, percent_low, percent_high : float
        The ratio of the two metrics minus 1, in percent; NaN where either is zero.
    p : float
        Two-sided p-value of the hypothesis that the ratio is 1, below 0.05 where the interval of the percentage
        excludes zero; of the hypothesis of no difference where there is no ratio.
    dm_statistic, dm_p : float
        `diebold_mariano` of the losses of the origins, over all channels.
    """

    difference: float
    low: float
    high: float
    percent: float
    percent_low: float
    percent_high: float
    p: float
    dm_statistic: float
    dm_p: float


@dataclass(frozen=True)
class RunScores:
    """Metrics of a run, or means over the seeds of a model, and the influence of each origin or series on them.

    Attributes
    ----------
    table : WindowTable
    metrics : tuple of M names
    values : float64 [M]
    influences : float64 [O, M]
    by_seed : float64 [R, M]
        The metrics of each seed; R is 1 for a run.
    """

    table: WindowTable
    metrics: tuple[str, ...]
    values: np.ndarray
    influences: np.ndarray
    by_seed: np.ndarray

    @classmethod
    def of(cls, table: WindowTable, metrics: Sequence[str]) -> RunScores:
        values, influences = table.influences(metrics)
        return cls(table, tuple(metrics), values, influences, values[None])

    @classmethod
    def mean_over_seeds(cls, runs: Sequence[RunScores]) -> RunScores:
        """The means of the runs of one model with different seeds; the table is of the first run.

        Raises
        ------
        RunFolderError
            The runs were not scored on the same windows.
        """
        first = runs[0]
        for run in runs[1:]:
            require_same_windows(first.table, run.table)
        by_seed = np.concatenate([run.by_seed for run in runs])
        influences = np.mean([run.influences for run in runs], axis=0)
        return cls(first.table, first.metrics, by_seed.mean(0), influences, by_seed)

    def intervals(self, horizon: int) -> dict[str, Interval]:
        """Each metric with its 95 % interval, which is over windows and seeds if there are several seeds.

        Parameters
        ----------
        horizon : int
            H, in rows. The ends of an interval are NaN where there are too few origins for it.
        """
        seeds = SeedVariance.of([self.by_seed]) if len(self.by_seed) > 1 else None
        intervals = _intervals(self.values, self.influences, self.metrics, self.table, horizon, seeds)
        return dict(zip(self.metrics, intervals, strict=True))


def paired_differences(pairs: Sequence[tuple[RunScores, RunScores]], horizon: int) -> list[dict[str, Difference]]:
    """Differences between the runs of each pair in `tested_metrics`.

    The interval of the difference is the interval of the mean over origins of the difference of the two influences.
    Where scores are means over seeds, the variance over seeds is added; see `MeanInterval`.
    The interval of the percentage and p are computed for the logarithm of the ratio, which varies less where both
    errors rise and fall together. The losses of the Diebold-Mariano test are each metric plus the influence of the
    origin, whose mean is the metric. The columns of all pairs are computed together.

    Parameters
    ----------
    pairs : sequence of pairs of RunScores
        All with the same metrics and windows.
    horizon : int
        H, in rows.

    Returns
    -------
    list of dict
        For each pair, metric to `Difference`.

    Raises
    ------
    RunFolderError
        The runs were not scored on the same windows.
    """
    if not pairs:
        return []
    table, metrics = pairs[0][0].table, pairs[0][0].metrics
    for scores in {id(scores): scores for pair in pairs for scores in pair}.values():
        require_same_windows(table, scores.table)
    values_a, values_b = (np.concatenate([pair[side].values for pair in pairs]) for side in (0, 1))
    influences_a, influences_b = (np.concatenate([pair[side].influences for pair in pairs], 1) for side in (0, 1))
    difference, influence = values_a - values_b, influences_a - influences_b
    seeds = _seed_variance(pairs)
    plain = _intervals(difference, influence, ["difference"] * len(difference), table, horizon, seeds)
    has_ratio = (values_a > 0) & (values_b > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(has_ratio, values_a / values_b, np.nan)
        relative_influence = influences_a / values_a - influences_b / values_b
        relative_seeds = None if seeds is None else seeds.relative_to(np.stack([values_a, values_b]))
        seeds_of_ratio = None if relative_seeds is None else relative_seeds.scaled(ratio)
    ratios = _intervals(ratio, ratio * relative_influence, metrics * len(pairs), table, horizon, seeds_of_ratio)
    p, test = np.full(len(difference), np.nan), DieboldMariano(*np.full((2, len(difference)), np.nan))
    if table.has_intervals(horizon):
        tested = np.where(has_ratio, np.log(np.where(has_ratio, ratio, 1.0)), difference)
        if seeds is not None and relative_seeds is not None:
            seeds = SeedVariance(np.where(has_ratio, relative_seeds.variances, seeds.variances), seeds.degrees)
        distribution = MeanInterval(
            np.where(has_ratio, relative_influence, influence),
            independent=table.has_independent_series,
            seeds=seeds,
        )
        p = np.where(np.isfinite(tested), distribution.p_value(tested), np.nan)
        overlap = 1 if table.has_independent_series else table.overlap(horizon)
        test = diebold_mariano(values_a + influences_a, values_b + influences_b, overlap)
    columns = [
        Difference(*plain[i], *(100 * (bound - 1) for bound in ratios[i]), *map(float, (p[i], *(t[i] for t in test))))
        for i in range(len(difference))
    ]
    return [
        dict(zip(metrics, columns[start : start + len(metrics)], strict=True))
        for start in range(0, len(columns), len(metrics))
    ]


def _seed_variance(pairs: Sequence[tuple[RunScores, RunScores]]) -> SeedVariance | None:
    """How the metrics of both sides of all pairs vary with the seed; None if every one has a single seed."""
    if all(len(scores.by_seed) == 1 for pair in pairs for scores in pair):
        return None
    of_pairs = [SeedVariance.of([scores.by_seed for scores in pair]) for pair in pairs]
    return SeedVariance(*(np.concatenate(parts, 1) for parts in zip(*of_pairs, strict=True)))


class DieboldMariano(NamedTuple):
    """Results of S Diebold-Mariano tests.

    Attributes
    ----------
    statistic : float64 [S]
        Negative where the first forecast has the smaller mean loss.
    p : float64 [S]
        Two-sided p-value from Student's t distribution with n - 1 degrees of freedom.
    """

    statistic: np.ndarray
    p: np.ndarray


def diebold_mariano(loss_a: np.ndarray, loss_b: np.ndarray, horizon: int) -> DieboldMariano:
    """Tests of equal accuracy of two forecasts (Diebold and Mariano, 1995), one for each column.

    The long-run variance sums `horizon` - 1 autocovariances with equal weights, or with Bartlett weights (Newey and
    West, 1987) if the former is not positive. The statistic has the small-sample correction of Harvey, Leybourne and
    Newbold (1997).

    Parameters
    ----------
    loss_a, loss_b : float [n, S]
        Losses at consecutive origins.
    horizon : int
        Steps ahead in units of the distance between origins: ceil(H / stride) for windows.

    Returns
    -------
    DieboldMariano
        NaN with fewer than 2 `horizon` losses; statistic 0 and p 1 where all losses are equal.
    """
    difference = np.asarray(loss_a, np.float64) - np.asarray(loss_b, np.float64)
    n, lags = len(difference), horizon - 1
    if n < max(2 * horizon, 3):
        return DieboldMariano(*np.full((2, difference.shape[1]), np.nan))
    centred = difference - difference.mean(0)
    covariance = np.stack([(centred[k:] * centred[: n - k]).sum(0) for k in range(lags + 1)]) / n
    weights = 1 - np.arange(1, horizon) / horizon
    variance = covariance[0] + 2 * covariance[1:].sum(0)
    variance = np.where(variance > 0, variance, covariance[0] + 2 * weights @ covariance[1:])
    correction = (n + 1 - 2 * horizon + horizon * lags / n) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = difference.mean(0) / np.sqrt(variance / n) * np.sqrt(correction)
    is_equal = ~difference.any(0)
    return DieboldMariano(
        np.where(is_equal, 0.0, statistic), np.where(is_equal, 1.0, 2 * stdtr(n - 1, -np.abs(statistic)))
    )
