"""The windows of a run as forecasts with their truth, alone and over a period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from timevis.errors import DataError
from timevis.evaluation.error_profile import MEDIAN_INDEX, SavedForecasts, timestamps_around
from timevis.messages import Text
from timevis.metrics.specs import METRICS
from timevis.runs.record import RunRecord
from timevis.utils.json_types import to_json_types
from timevis.utils.levels import QUANTILE_LEVELS

MAX_SAMPLE_PATHS = 100


def saved_forecasts(record: RunRecord) -> SavedForecasts:
    """The forecasts in predictions.parquet of a run, in time order and then by channel."""
    freq = record.results.window_set.freq
    return SavedForecasts.from_tables(record.predictions, record.windows, freq, record.timezone)


def forecasts_of_channel(forecasts: SavedForecasts, channel: str | None) -> SavedForecasts:
    """The windows of one channel; all windows when None."""
    if channel is None:
        return forecasts
    return forecasts.select(np.flatnonzero((forecasts.frame["channel"] == channel).to_numpy()))


def forecast_window(record: RunRecord, forecasts: SavedForecasts, channel: str, index: int) -> dict[str, Any]:
    """One saved window of a channel.

    Parameters
    ----------
    record : RunRecord
    forecasts : SavedForecasts
        From `saved_forecasts`.
    channel : str
        One of `record.channels`.
    index : int
        Position among the saved windows of the channel, in time order.

    Returns
    -------
    dict
        ``count`` (saved windows of the channel), ``origin`` (time of the first target), ``context`` and ``future``
        with times and values, ``seasonal_naive`` [H] where the context determines it, ``samples`` [S, H] and, for a
        language model, ``prompt`` and ``digits`` where samples.parquet has them, and ``errors``.

    Raises
    ------
    DataError
        The channel has fewer saved windows.
    """
    own = forecasts_of_channel(forecasts, channel)
    count = len(own.frame)
    if not 0 <= index < count:
        message = Text("there is no window {index} of {channel}", index=index, channel=channel)
        raise DataError(message, Text("give an index from 0 to {last}", last=count - 1))
    window, freq = own.frame.iloc[index], record.results.window_set.freq
    context, times = own.context[index], own.times[index]
    context_times = timestamps_around(window["timestamp"], len(context), 0, freq, record.timezone)
    season = record.results.seasonal_naive_season.get(channel)
    naive = None if season is None else repeat_season(context, season, len(times))
    return to_json_types(
        {
            "count": count,
            "index": index,
            "channel": channel,
            "origin": times[0].isoformat(),
            "worst": bool(window["worst"]),
            "step_seconds": step_seconds(times),
            "context": {"time": _iso(context_times), "value": context.tolist()},
            "future": {
                "time": _iso(times),
                "truth": own.truth[index].tolist(),
                "point": own.point[index].tolist(),
                "levels": list(QUANTILE_LEVELS),
                "quantiles": own.quantiles[index].tolist(),
            },
            "seasonal_naive": None if naive is None else naive.tolist(),
            **_sample_paths(record.samples, int(window["origin"]), channel),
            "errors": _window_errors(record, int(window["origin"]), channel),
        }
    )


def repeat_season(context: np.ndarray, season: int, horizon: int) -> np.ndarray | None:
    """The seasonal naive forecast [H] from a context [L]; None if it needs a value from before the context."""
    if season > len(context):
        return None
    seasons = len(context) // season
    latest = np.full(season, np.nan)
    for values in context[len(context) - seasons * season :].reshape(seasons, season):
        latest = np.where(np.isnan(values), latest, values)
    forecast = latest[np.arange(horizon) % season]
    return None if np.isnan(forecast).any() else forecast


def step_seconds(times: pd.DatetimeIndex) -> float | None:
    """Seconds between two steps; None if there is one step, or if steps differ, as months do."""
    steps = np.unique(np.diff(times.tz_localize(None).to_numpy()))
    return float(steps[0] / np.timedelta64(1, "s")) if len(steps) == 1 else None


def _iso(times: pd.DatetimeIndex) -> list[str]:
    return [time.isoformat() for time in times]


def _sample_paths(samples: pd.DataFrame | None, origin: int, channel: str) -> dict[str, Any]:
    """Sample paths, prompt and digits of a window; None where they were not saved."""
    empty: dict[str, Any] = {"samples": None, "prompt": None, "context_digits": None, "digits": None}
    if samples is None:
        return empty
    rows = samples[(samples["origin"] == origin) & (samples["channel"] == channel)]
    if rows.empty:
        return empty
    row = rows.iloc[0]
    return {
        "samples": [np.asarray(path, float).tolist() for path in row["samples"][:MAX_SAMPLE_PATHS]],
        "prompt": str(row["prompt"]) if "prompt" in row else None,
        "context_digits": str(row["context"]) if "context" in row else None,
        "digits": [str(path) for path in row["digits"]] if "digits" in row else None,
    }


def _window_errors(record: RunRecord, origin: int, channel: str) -> dict[str, Any]:
    """MAE and WQL of a window, and the MAE of seasonal naive on it; NaN where they are not defined."""

    def row(table: pd.DataFrame) -> pd.Series:
        return table[(table["origin"] == origin) & (table["channel"] == channel)].iloc[0]

    own, naive = row(record.windows), row(record.naive_windows)
    return {
        "mae": float(METRICS["mae"].of(own)),
        "wql": float(METRICS["wql"].of(own)),
        "naive_mae": float(METRICS["mae"].of(naive)),
    }


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
