"""Resample windows with the moving-block bootstrap, and compute metrics and losses of the resamples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from timevis.errors import RunFolderError
from timevis.metrics import SUMS, headline

LOSSES = ("mae", "wape", "smape", "mase", "wql", "crps", "mse_scaled", "mae_scaled")
"""Metrics that are a mean of window losses, as the Diebold-Mariano test requires."""


class Interval(NamedTuple):
    """A value and its 95 % interval, whose ends are NaN if there are too few windows."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class WindowTable:
    """The rows of windows.parquet as arrays.

    Attributes
    ----------
    origins : int64 [O]
        Row of the first target of each origin, ascending.
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
    def from_frame(cls, windows: pd.DataFrame) -> WindowTable:
        """Convert a frame with one row per origin and channel, in any row order.

        Raises
        ------
        RunFolderError
            A window occurs twice.
        """
        origins, row = np.unique(windows["origin"].to_numpy(np.int64), return_inverse=True)
        column, channels = pd.factorize(windows["channel"], sort=True)
        if len(np.unique(row * len(channels) + column)) < len(windows):
            raise RunFolderError("windows.parquet contains the same window twice", "score the run again")
        shape = (len(origins), len(channels))
        sums = {name: np.zeros(shape) for name in SUMS}
        for name, table in sums.items():
            table[row, column] = windows[name].to_numpy(np.float64)
        scales = windows.groupby("channel", sort=True)[["std", "mase_scale"]].first()
        std, mase_scale = (torch.from_numpy(scales[k].to_numpy(np.float64, copy=True)) for k in ("std", "mase_scale"))
        return cls(origins, tuple(channels), sums, std, mase_scale)

    def overlap(self, horizon: int) -> int:
        """Number of consecutive origins whose windows overlap: they span at least `horizon` rows."""
        stride = int(np.diff(self.origins).min()) if len(self.origins) > 1 else horizon
        return max(1, -(-horizon // stride))

    def metrics(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Headline metrics of R resamples, float64 [R] each; `counts` [R, O] says how often each origin occurs."""
        totals = {name: torch.from_numpy(counts @ table) for name, table in self.sums.items()}
        return {name: value.numpy() for name, value in headline(totals, self.std, self.mase_scale).items()}

    def losses(self, names: Sequence[str] = LOSSES) -> dict[str, np.ndarray]:
        """Losses of each origin, float64 [O] each, whose means are the metrics; for any metric but RMSE."""
        sums = {name: torch.from_numpy(table) for name, table in self.sums.items()}
        for name in ("count", "abs_target"):
            sums[name] = sums[name].mean(0, keepdim=True).expand_as(sums[name])
        values = headline(sums, self.std, self.mase_scale)
        return {name: values[name].numpy() for name in names}


def block_counts(size: int, block: int, resamples: int, seed: int) -> np.ndarray:
    """Number of times that each of `size` positions occurs in each resample of the circular block bootstrap.

    Moving blocks (Künsch, 1989) that wrap around the end, so that every position is drawn equally often (Politis and
    Romano, 1992). The last block of a resample is truncated, so that a resample has `size` draws.

    Parameters
    ----------
    size : int
    block : int
        Length of a block.
    resamples, seed : int

    Returns
    -------
    float64 [R, size]
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


def optimal_block_length(series: np.ndarray) -> int:
    """Optimal block length of the circular block bootstrap of a mean.

    The rule of Politis and White (2004, Econometric Reviews 23), as corrected by Patton, Politis and White (2009):
    the length grows with the largest lag at which the autocorrelation is significant.

    Parameters
    ----------
    series : float [n]

    Returns
    -------
    int
        From 1 to n / 3; 1 if the series is constant or not finite.
    """
    n = len(series)
    centred = series - series.mean()
    if n < 4 or not np.isfinite(centred).all() or np.ptp(series) == 0:
        return 1
    num_small = max(5, int(np.log10(n)))
    max_lag = min(n - 1, int(np.ceil(np.sqrt(n))) + num_small)
    covariance = np.array([centred[k:] @ centred[: n - k] for k in range(max_lag + 1)]) / n
    is_small = np.abs(covariance) < 2 * np.sqrt(np.log10(n) / n) * covariance[0]
    # the first lag from which on `num_small` consecutive autocorrelations are small
    starts = range(1, max_lag - num_small + 1)
    first = next((lag for lag in starts if is_small[lag : lag + num_small].all()), max_lag)
    bandwidth = min(2 * first, max_lag)
    lag = np.arange(-bandwidth, bandwidth + 1)
    weighted = np.clip(2 * (1 - np.abs(lag) / bandwidth), 0, 1) * covariance[np.abs(lag)]
    spectrum, slope = weighted.sum(), (np.abs(lag) * weighted).sum()
    if spectrum <= 0:
        return 1
    length = (1.5 * n * (slope / spectrum) ** 2) ** (1 / 3)
    return max(1, int(np.ceil(min(length, 3 * np.sqrt(n), n / 3))))


def resample_counts(
    table: WindowTable, horizon: int, series: Iterable[np.ndarray], resamples: int, seed: int
) -> np.ndarray:
    """Counts [1 + R, O] whose first row takes every origin once; R = 0 if there are fewer than two blocks.

    The block length is the largest of the number of overlapping origins and the optimal lengths of the series [O].
    """
    size, block = len(table.origins), max(table.overlap(horizon), *map(optimal_block_length, series))
    all_once = np.ones((1, size))
    if size < 2 * block:
        return all_once
    return np.concatenate([all_once, block_counts(size, block, resamples, seed)])


def percentile_interval(values: np.ndarray) -> Interval:
    """The first value, and the 2.5 % and 97.5 % quantiles of the other ones."""
    if len(values) == 1 or not np.isfinite(values).all():
        return Interval(float(values[0]), float("nan"), float("nan"))
    low, high = np.quantile(values[1:], (0.025, 0.975))
    return Interval(float(values[0]), float(low), float(high))
