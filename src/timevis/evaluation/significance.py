"""How sure a score is: block-bootstrap intervals, paired differences, and the Diebold-Mariano test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.special import stdtr
from torch import Tensor

from timevis.errors import RunFolderError
from timevis.metrics import SUMS, headline

SKILLS = {"mae": "mae_scaled", "wql": "wql"}
LOSSES = ("mae", "wape", "smape", "mase", "wql", "crps", "mse_scaled", "mae_scaled")
"""Metrics that are a mean of window losses, which the Diebold-Mariano test needs."""

ALIKE = ("wql", "mse_scaled", "bias", "coverage_80")
"""Metrics by which the blocks are chosen that all of a model's metrics are resampled with."""


class Interval(NamedTuple):
    """A value and its 95 % interval; the ends are NaN where there are too few windows to tell."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class WindowTable:
    """The rows of windows.parquet as arrays.

    Attributes
    ----------
    origins : int64 [O]
        Ascending rows of the first target.
    channels : tuple of C names
    sums : {name: float64 [O, C]}
        Each of `timevis.metrics.SUMS`.
    std, mase_scale : float64 [C]
    """

    origins: np.ndarray
    channels: tuple[str, ...]
    sums: dict[str, np.ndarray]
    std: Tensor
    mase_scale: Tensor

    @classmethod
    def read(cls, windows: pd.DataFrame) -> WindowTable:
        """From a frame in any row order, one row per origin and channel.

        Raises
        ------
        RunFolderError
            A window stands there twice.
        """
        origins, row = np.unique(windows["origin"].to_numpy(np.int64), return_inverse=True)
        column, channels = pd.factorize(windows["channel"], sort=True)
        if len(np.unique(row * len(channels) + column)) < len(windows):
            raise RunFolderError("windows.parquet holds the same window twice", "score the run again")
        shape = (len(origins), len(channels))
        sums = {name: np.zeros(shape) for name in SUMS}
        for name, table in sums.items():
            table[row, column] = windows[name].to_numpy(np.float64)
        scales = windows.groupby("channel", sort=True)[["std", "mase_scale"]].first()
        std, mase_scale = (torch.from_numpy(scales[k].to_numpy(np.float64, copy=True)) for k in ("std", "mase_scale"))
        return cls(origins, tuple(channels), sums, std, mase_scale)

    def overlap(self, horizon: int) -> int:
        """Consecutive origins that span at least `horizon` rows: as many as share rows of their windows."""
        stride = int(np.diff(self.origins).min()) if len(self.origins) > 1 else horizon
        return max(1, -(-horizon // stride))

    def metrics(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Headline metrics with origins counted `counts` float64 [R, O] times; each float64 [R]."""
        totals = {name: torch.from_numpy(counts @ table) for name, table in self.sums.items()}
        return {name: value.numpy() for name, value in headline(totals, self.std, self.mase_scale).items()}

    def losses(self, names: Sequence[str] = LOSSES) -> dict[str, np.ndarray]:
        """What each origin adds to metrics, float64 [O] each, whose means are the metrics; any but RMSE."""
        sums = {name: torch.from_numpy(table) for name, table in self.sums.items()}
        for name in ("count", "abs_target"):
            sums[name] = sums[name].mean(0, keepdim=True).expand_as(sums[name])
        values = headline(sums, self.std, self.mase_scale)
        return {name: values[name].numpy() for name in names}


def block_counts(size: int, block: int, resamples: int, seed: int) -> np.ndarray:
    """How often each of `size` positions falls into each resample of consecutive blocks; float64 [R, size].

    Moving blocks (Kuensch, 1989) that wrap at the end, so that every position is drawn equally often (Politis and
    Romano, 1992). The last block is cut, so that a resample has `size` draws.
    """
    number = -(-size // block)
    starts = np.random.default_rng(seed).integers(0, size, (resamples, number))
    lengths = np.full(number, block)
    lengths[-1] = size - (number - 1) * block
    edges = np.zeros((resamples, 2 * size + 1))
    rows = np.arange(resamples)[:, None]
    np.add.at(edges, (rows, starts), 1.0)
    np.add.at(edges, (rows, starts + lengths), -1.0)
    covered = edges.cumsum(1)
    return covered[:, :size] + covered[:, size : 2 * size]


def optimal_block(series: np.ndarray) -> int:
    """Length of the blocks by which a mean is best resampled.

    The rule of Politis and White (2004, Econometric Reviews 23, as corrected by Patton, Politis and White, 2009) for
    blocks that wrap: the longer the further the autocorrelations reach that are not chance.

    Parameters
    ----------
    series : float [n]

    Returns
    -------
    int
        From 1 to a third of n; 1 for what is constant or not finite.
    """
    n = len(series)
    centred = series - series.mean()
    if n < 4 or not np.isfinite(centred).all() or np.ptp(series) == 0:
        return 1
    quiet = max(5, int(np.log10(n)))
    longest = min(n - 1, int(np.ceil(np.sqrt(n))) + quiet)
    covariance = np.array([centred[k:] @ centred[: n - k] for k in range(longest + 1)]) / n
    small = np.abs(covariance) < 2 * np.sqrt(np.log10(n) / n) * covariance[0]
    # the first lag of `quiet` small ones
    first = next((lag for lag in range(1, longest - quiet + 1) if small[lag : lag + quiet].all()), longest)
    reach = min(2 * first, longest)
    lag = np.arange(-reach, reach + 1)
    flat = np.clip(2 * (1 - np.abs(lag) / reach), 0, 1) * covariance[np.abs(lag)]
    spectrum, slope = flat.sum(), (np.abs(lag) * flat).sum()
    if spectrum <= 0:
        return 1
    best = (1.5 * n * (slope / spectrum) ** 2) ** (1 / 3)
    return max(1, int(np.ceil(min(best, 3 * np.sqrt(n), n / 3))))


def _resample(
    table: WindowTable, horizon: int, series: Iterable[np.ndarray], resamples: int, seed: int
) -> np.ndarray:
    """Counts [1 + R, O] whose first row takes every origin once; without resamples below two blocks.

    Blocks hold windows that overlap together, and are as long as any of the series [O] asks.
    """
    size, block = len(table.origins), max(table.overlap(horizon), *map(optimal_block, series))
    everything = np.ones((1, size))
    if size < 2 * block:
        return everything
    return np.concatenate([everything, block_counts(size, block, resamples, seed)])


def _interval(values: np.ndarray) -> Interval:
    """The first value, and the central 95 % of the others."""
    if len(values) == 1 or not np.isfinite(values).all():
        return Interval(float(values[0]), float("nan"), float("nan"))
    low, high = np.quantile(values[1:], (0.025, 0.975))
    return Interval(float(values[0]), float(low), float(high))


def bootstrap_metrics(
    windows: pd.DataFrame, reference: pd.DataFrame, horizon: int, *, resamples: int = 1000, seed: int = 0
) -> dict[str, dict[str, Interval]]:
    """Headline metrics with 95 % moving-block bootstrap intervals, and the skill against a reference.

    Blocks are consecutive origins, all channels of an origin together: as many as overlap, or more where what they
    add to the metric is alike for longer (`optimal_block`). For the skill model and reference are resampled alike, so
    its interval is a paired one.

    Parameters
    ----------
    windows, reference : data frames
        Rows of windows.parquet, the reference's on the very same windows.
    horizon : int
        H, in rows.
    resamples, seed : int

    Returns
    -------
    dict
        ``metrics`` and ``reference`` {name: Interval}, ``skill`` {"mae", "wql": Interval} with skill = 1 - model /
        reference of mae_scaled and of wql.
    """
    table = WindowTable.read(windows)
    other = _paired(table, reference)

    def alone(one: WindowTable) -> dict[str, Interval]:
        counts = _resample(one, horizon, one.losses(ALIKE).values(), resamples, seed)
        return {name: _interval(values) for name, values in one.metrics(counts).items()}

    with np.errstate(divide="ignore", invalid="ignore"):
        counts = _resample(table, horizon, _relative(table, other), resamples, seed)
        ours, theirs = table.metrics(counts), other.metrics(counts)
        skill = {name: _interval(1 - ours[metric] / theirs[metric]) for name, metric in SKILLS.items()}
    return {"metrics": alone(table), "reference": alone(other), "skill": skill}


def _relative(table: WindowTable, other: WindowTable) -> list[np.ndarray]:
    """What moves the skills: each origin's share of the model's error, less its share of the reference's."""
    ours, theirs = table.losses(), other.losses()
    return [ours[name] / ours[name].mean() - theirs[name] / theirs[name].mean() for name in SKILLS.values()]


def _paired(table: WindowTable, other: pd.DataFrame) -> WindowTable:
    """The other frame's table, which must hold the same windows."""
    theirs = WindowTable.read(other)
    same = np.array_equal(theirs.origins, table.origins) and theirs.channels == table.channels
    if not same or not np.array_equal(theirs.sums["count"], table.sums["count"]):
        raise RunFolderError("the two runs were not scored on the same windows", "score both on one window set")
    return theirs


@dataclass(frozen=True)
class Difference:
    """A metric of run A less that of run B on the same windows; below zero where A's is lower.

    Attributes
    ----------
    difference, low, high : float
        With its 95 % interval.
    percent, percent_low, percent_high : float
        The same in percent of run B's, resample by resample; NaN where run B's is zero.
    p : float
        Two-sided bootstrap p-value of no difference.
    dm_statistic, dm_p : float
        `diebold_mariano` on what each origin adds to the metric, channels together.
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
    """Differences between two runs in metrics of `LOSSES`, both runs resampled with the same blocks.

    The p-value inverts the interval: it is below 0.05 where the interval leaves zero out, but for one resample
    (Efron and Tibshirani, 1993, chapter 15).
    """
    table = WindowTable.read(windows_a)
    other = _paired(table, windows_b)
    lost, their_lost = table.losses(), other.losses()
    counts = _resample(table, horizon, [lost[m] - their_lost[m] for m in metrics], resamples, seed)
    ours, theirs = table.metrics(counts), other.metrics(counts)
    overlap, out = table.overlap(horizon), {}
    for metric in metrics:
        difference, base = ours[metric] - theirs[metric], theirs[metric]
        with np.errstate(divide="ignore", invalid="ignore"):
            percent = _interval(np.where(base != 0, 100 * difference / base, np.nan))
        interval = _interval(difference)
        p = float("nan")
        if np.isfinite(interval.low):
            below, above = (difference[1:] <= 0).sum(), (difference[1:] >= 0).sum()
            p = min(1.0, 2 * (1 + int(min(below, above))) / (1 + resamples))
        test = diebold_mariano(lost[metric], their_lost[metric], overlap)
        out[metric] = Difference(*interval, *percent, p, *test)
    return out


class DieboldMariano(NamedTuple):
    """Result of the Diebold-Mariano test.

    Attributes
    ----------
    statistic : float
        Below zero where the first forecast has the smaller loss.
    p : float
        Two-sided, from Student's t with n - 1 degrees of freedom.
    """

    statistic: float
    p: float


def diebold_mariano(loss_a: np.ndarray, loss_b: np.ndarray, horizon: int) -> DieboldMariano:
    """Test of equal accuracy of two forecasts (Diebold and Mariano, 1995).

    The variance takes `horizon` - 1 autocovariances with equal weight; where that is not positive, Bartlett weights
    (Newey and West, 1987). The statistic has the small-sample correction of Harvey, Leybourne and Newbold (1997).

    Parameters
    ----------
    loss_a, loss_b : float [n]
        Losses at consecutive origins.
    horizon : int
        Steps ahead in units of the distance between origins: ceil(H / stride) for windows.

    Returns
    -------
    DieboldMariano
        NaN with fewer than 2 `horizon` losses; statistic 0 and p 1 where the losses are equal.
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
