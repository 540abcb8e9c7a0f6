"""Test whether scores differ: bootstrap intervals, paired differences of two runs, and the Diebold-Mariano test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtr

from timevis.errors import RunFolderError
from timevis.evaluation.bootstrap import Interval, WindowTable, percentile_interval, resample_counts

SKILL_METRICS = {"mae": "mae_scaled", "wql": "wql"}
"""Metric that each skill score is computed from."""
BLOCK_LENGTH_METRICS = ("wql", "mse_scaled", "bias", "coverage_80")
"""Metrics whose autocorrelation determines the block length with which all metrics of a model are resampled."""


def bootstrap_metrics(
    windows: pd.DataFrame, reference: pd.DataFrame, horizon: int, *, resamples: int = 1000, seed: int = 0
) -> dict[str, dict[str, Interval]]:
    """Headline metrics with 95 % moving-block bootstrap intervals, and the skill against a reference.

    A block is a run of consecutive origins with all their channels. It is as long as windows overlap, or longer where
    the losses are autocorrelated for longer (`optimal_block_length`). For the skill, model and reference are
    resampled with the same blocks, so its interval is a paired one.

    Parameters
    ----------
    windows, reference : data frames
        Rows of windows.parquet of the model, and of the reference on the same windows.
    horizon : int
        H, in rows.
    resamples, seed : int

    Returns
    -------
    dict
        ``metrics`` and ``reference`` {name: Interval}, ``skill`` {"mae", "wql": Interval} with skill = 1 - model /
        reference of mae_scaled and of wql.
    """
    model_table = WindowTable.from_frame(windows)
    reference_table = _with_same_windows(model_table, reference)

    def unpaired_intervals(table: WindowTable) -> dict[str, Interval]:
        counts = resample_counts(table, horizon, table.losses(BLOCK_LENGTH_METRICS).values(), resamples, seed)
        return {name: percentile_interval(values) for name, values in table.metrics(counts).items()}

    with np.errstate(divide="ignore", invalid="ignore"):
        counts = resample_counts(
            model_table, horizon, _skill_influence(model_table, reference_table), resamples, seed
        )
        model, naive = model_table.metrics(counts), reference_table.metrics(counts)
        skill = {
            name: percentile_interval(1 - model[metric] / naive[metric]) for name, metric in SKILL_METRICS.items()
        }
    return {
        "metrics": unpaired_intervals(model_table),
        "reference": unpaired_intervals(reference_table),
        "skill": skill,
    }


def _skill_influence(model_table: WindowTable, reference_table: WindowTable) -> list[np.ndarray]:
    """Influence of each origin on the skills: its relative loss of the model minus that of the reference."""
    model, reference = model_table.losses(), reference_table.losses()
    return [
        model[name] / model[name].mean() - reference[name] / reference[name].mean() for name in SKILL_METRICS.values()
    ]


def _with_same_windows(table: WindowTable, windows: pd.DataFrame) -> WindowTable:
    """Convert a frame, and raise a RunFolderError if its windows differ from those of `table`."""
    other = WindowTable.from_frame(windows)
    is_same = np.array_equal(other.origins, table.origins) and other.channels == table.channels
    if not is_same or not np.array_equal(other.sums["count"], table.sums["count"]):
        raise RunFolderError("the two runs were not scored on the same windows", "score both on one window set")
    return other


@dataclass(frozen=True)
class Difference:
    """A metric of run A minus that of run B on the same windows; negative where run A is lower.

    Attributes
    ----------
    difference, low, high : float
        The difference and its 95 % interval.
    percent, percent_low, percent_high : float
        The same in percent of the metric of run B, computed in each resample; NaN where the latter is zero.
    p : float
        Two-sided bootstrap p-value of the hypothesis of no difference.
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


def paired_differences(
    windows_a: pd.DataFrame,
    windows_b: pd.DataFrame,
    metrics: Sequence[str],
    horizon: int,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Difference]:
    """Differences between two runs in metrics of `LOSSES`; both runs are resampled with the same blocks.

    The p-value inverts the interval (Efron and Tibshirani, 1993, chapter 15): it is below 0.05 where the interval
    excludes zero, up to one resample.

    Parameters
    ----------
    windows_a, windows_b : data frames
        Rows of windows.parquet of both runs.
    metrics : sequence of str
    horizon : int
        H, in rows.
    resamples, seed : int

    Returns
    -------
    dict
        Metric to `Difference`.
    """
    table_a = WindowTable.from_frame(windows_a)
    table_b = _with_same_windows(table_a, windows_b)
    losses_a, losses_b = table_a.losses(), table_b.losses()
    counts = resample_counts(table_a, horizon, [losses_a[m] - losses_b[m] for m in metrics], resamples, seed)
    metrics_a, metrics_b = table_a.metrics(counts), table_b.metrics(counts)
    overlap, out = table_a.overlap(horizon), {}
    for metric in metrics:
        difference, base = metrics_a[metric] - metrics_b[metric], metrics_b[metric]
        with np.errstate(divide="ignore", invalid="ignore"):
            percent = percentile_interval(np.where(base != 0, 100 * difference / base, np.nan))
        interval = percentile_interval(difference)
        p = float("nan")
        if np.isfinite(interval.low):
            below, above = (difference[1:] <= 0).sum(), (difference[1:] >= 0).sum()
            p = min(1.0, 2 * (1 + int(min(below, above))) / (1 + resamples))
        test = diebold_mariano(losses_a[metric], losses_b[metric], overlap)
        out[metric] = Difference(*interval, *percent, p, *test)
    return out


class DieboldMariano(NamedTuple):
    """Result of the Diebold-Mariano test.

    Attributes
    ----------
    statistic : float
        Negative where the first forecast has the smaller mean loss.
    p : float
        Two-sided p-value from Student's t distribution with n - 1 degrees of freedom.
    """

    statistic: float
    p: float


def diebold_mariano(loss_a: np.ndarray, loss_b: np.ndarray, horizon: int) -> DieboldMariano:
    """Test of equal accuracy of two forecasts (Diebold and Mariano, 1995).

    The long-run variance sums `horizon` - 1 autocovariances with equal weights, or with Bartlett weights (Newey and
    West, 1987) if the former is not positive. The statistic has the small-sample correction of Harvey, Leybourne and
    Newbold (1997).

    Parameters
    ----------
    loss_a, loss_b : float [n]
        Losses at consecutive origins.
    horizon : int
        Steps ahead in units of the distance between origins: ceil(H / stride) for windows.

    Returns
    -------
    DieboldMariano
        NaN with fewer than 2 `horizon` losses; statistic 0 and p 1 if all losses are equal.
    """
    difference = np.asarray(loss_a, np.float64) - np.asarray(loss_b, np.float64)
    n, lags = len(difference), horizon - 1
    if n < max(2 * horizon, 3) or not np.isfinite(difference).all():
        return DieboldMariano(float("nan"), float("nan"))
    if not difference.any():
        return DieboldMariano(0.0, 1.0)
    centred = difference - difference.mean()
    covariance = np.array([centred[k:] @ centred[: n - k] for k in range(lags + 1)]) / n
    variance = covariance[0] + 2 * covariance[1:].sum()
    if variance <= 0:
        variance = covariance[0] + 2 * (covariance[1:] * (1 - np.arange(1, horizon) / horizon)).sum()
    correction = (n + 1 - 2 * horizon + horizon * lags / n) / n
    with np.errstate(divide="ignore"):
        statistic = float(difference.mean() / np.sqrt(variance / n) * np.sqrt(correction))
    return DieboldMariano(statistic, float(2 * stdtr(n - 1, -abs(statistic))))
