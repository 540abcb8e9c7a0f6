"""The whole scored period of one channel: truth, median and 80 % interval of windows that follow each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from timevis.evaluation.error_profile import MEDIAN_INDEX, SavedForecasts, timestamps_around
from timevis.runs.record import RunRecord
from timevis.utils.levels import QUANTILE_LEVELS

MAX_EVENTS = 5


@dataclass(frozen=True)
class ScoredPeriod:
    """Rows of the scored period of a channel.

    Attributes
    ----------
    times : DatetimeIndex [T]
        Local times.
    truth, low, median, high : float64 [T]
        NaN where there is no value; `low` and `high` are the 10 % and the 90 % quantile.
    windows : int64 [N]
        Positions, among the saved windows of the channel, of the windows that are drawn.
    starts : int64 [N]
        First row of each of these windows; negative for a window that begins before the first row.
    """

    times: pd.DatetimeIndex
    truth: np.ndarray
    low: np.ndarray
    median: np.ndarray
    high: np.ndarray
    windows: np.ndarray
    starts: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """Absolute error of the median, float64 [T]."""
        return np.abs(self.median - self.truth)

    def largest_errors(self, distance: int) -> list[int]:
        """The rows of the largest errors, at most `MAX_EVENTS`, at least `distance` rows apart; the largest first."""
        rows: list[int] = []
        for row in np.argsort(-np.nan_to_num(self.error, nan=-1.0), kind="stable").tolist():
            if len(rows) == MAX_EVENTS or not self.error[row] > 0:
                break
            if all(abs(row - other) >= distance for other in rows):
                rows.append(row)
        return rows


def scored_period(forecasts: SavedForecasts, channel: str, record: RunRecord, max_rows: int) -> ScoredPeriod:
    """The last `max_rows` rows of the scored period of a channel.

    The drawn windows follow each other: after each one, the last saved window that starts before its end is taken, or
    else the next one. In the latter case there are rows without a forecast between them.
    """
    horizon, freq = forecasts.truth.shape[1], record.results.window_set.freq
    rows = np.flatnonzero((forecasts.frame["channel"] == channel).to_numpy())
    rows = rows[np.argsort(forecasts.frame["origin"].to_numpy()[rows], kind="stable")]
    origins = forecasts.frame["origin"].to_numpy()[rows]
    end = int(origins[-1]) + horizon
    first = max(int(origins[0]), end - max_rows)
    level = QUANTILE_LEVELS.index
    truth, low, median, high = (np.full(end - first, np.nan) for _ in range(4))
    for row, origin in zip(rows.tolist(), origins.tolist(), strict=True):
        _write(truth, forecasts.context[row], origin - len(forecasts.context[row]) - first)
        _write(truth, forecasts.truth[row], origin - first)
    windows = _following(origins, horizon)
    for i in windows:
        for values, index in ((low, level(0.1)), (median, MEDIAN_INDEX), (high, level(0.9))):
            _write(values, forecasts.quantiles[rows[i]][index], int(origins[i]) - first)
    origin_time = forecasts.frame["timestamp"].iloc[rows[0]]
    times = timestamps_around(origin_time, 0, end - int(origins[0]), freq, record.timezone)[first - int(origins[0]) :]
    starts = origins[windows].astype(np.int64) - first
    is_shown = starts + horizon > 0
    return ScoredPeriod(times, truth, low, median, high, np.array(windows)[is_shown], starts[is_shown])


def _following(origins: np.ndarray, horizon: int) -> list[int]:
    """Numbers of windows that follow each other, from increasing origins."""
    taken = [0]
    while taken[-1] < len(origins) - 1:
        last_before_end = int(np.searchsorted(origins, origins[taken[-1]] + horizon, side="right")) - 1
        taken.append(max(taken[-1] + 1, last_before_end))
    return taken


def _write(values: np.ndarray, new: np.ndarray, start: int) -> None:
    """Write `new` into `values` from row `start` on, as far as it fits."""
    skipped = max(0, -start)
    stop = min(len(values), start + len(new))
    if stop > start + skipped:
        values[start + skipped : stop] = new[skipped : stop - start]
