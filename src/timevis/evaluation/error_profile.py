"""Errors by horizon step, channel and time, and the worst events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from timevis.data.calendar import to_local_time
from timevis.metrics.specs import METRICS
from timevis.metrics.step_errors import StepErrors
from timevis.utils.levels import QUANTILE_LEVELS

MEDIAN_INDEX = QUANTILE_LEVELS.index(0.5)
HISTOGRAM_BINS = 61
HISTOGRAM_SHARE = (0.002, 0.998)
"""Quantiles of the errors that `error_histogram` covers."""


@dataclass(frozen=True)
class SavedForecasts:
    """The rows of predictions.parquet as arrays: N windows of H steps.

    Attributes
    ----------
    frame : DataFrame [N]
        origin, timestamp, channel, spread, worst, std, and `scaled_mae`: the mean absolute error of the median over
        the window, in standard deviations of the training part; NaN in a window without observed targets.
    times : list of N DatetimeIndex [H]
        Local times of the targets.
    truth, point : float64 [N, H]
        Truth is NaN where it is missing.
    quantiles : float64 [N, 15, H]
    context : list of N float arrays [L]
    """

    frame: pd.DataFrame
    times: list[pd.DatetimeIndex]
    truth: np.ndarray
    point: np.ndarray
    quantiles: np.ndarray
    context: list[np.ndarray]

    @classmethod
    def from_tables(
        cls, predictions: pd.DataFrame, windows: pd.DataFrame, freq: str, timezone: str | None = None
    ) -> SavedForecasts:
        """The forecasts in predictions.parquet, with the standard deviations of windows.parquet."""
        channel_std = windows.groupby("channel")["std"].first()
        frame = predictions[["origin", "timestamp", "channel", "spread", "worst"]].reset_index(drop=True)
        frame["std"] = channel_std.loc[frame["channel"]].to_numpy()
        truth = np.array(predictions["truth"].tolist(), np.float64)
        quantiles = np.array([np.stack(list(q)) for q in predictions["quantiles"]], np.float64)
        absolute_error = np.abs(quantiles[:, MEDIAN_INDEX] - truth)
        observed = np.isfinite(absolute_error)
        count = np.where(observed.any(1), observed.sum(1), np.nan)
        frame["scaled_mae"] = np.nansum(absolute_error, 1) / count / frame["std"]
        return cls(
            frame=frame,
            times=[timestamps_around(t, 0, truth.shape[1], freq, timezone) for t in frame["timestamp"]],
            truth=truth,
            point=np.array(predictions["point"].tolist(), np.float64),
            quantiles=quantiles,
            context=[np.asarray(c, np.float64) for c in predictions["context"]],
        )

    @property
    def evenly_spaced(self) -> SavedForecasts:
        """The evenly spaced windows, a fair sample of all scored windows."""
        return self.select(np.flatnonzero(self.frame["spread"].to_numpy(bool)))

    def select(self, rows: np.ndarray) -> SavedForecasts:
        """The windows with these row numbers, in this order."""
        return SavedForecasts(
            self.frame.iloc[rows].reset_index(drop=True),
            [self.times[i] for i in rows],
            self.truth[rows],
            self.point[rows],
            self.quantiles[rows],
            [self.context[i] for i in rows],
        )

    @property
    def error(self) -> np.ndarray:
        """Point forecast minus truth, float64 [N, H]; NaN where the truth is missing."""
        return self.point - self.truth

    @property
    def absolute_error(self) -> np.ndarray:
        """Absolute error of the median, float64 [N, H]; NaN where the truth is missing."""
        return np.abs(self.quantiles[:, MEDIAN_INDEX] - self.truth)


def timestamps_around(
    start: pd.Timestamp, before: int, after: int, freq: str, timezone: str | None = None
) -> pd.DatetimeIndex:
    """Local timestamps of a regular grid: `before` of them earlier than `start`, then `after` from `start` on."""
    index = pd.date_range(end=start, periods=before + 1, freq=freq)[:-1]
    index = index.append(pd.date_range(start, periods=after, freq=freq))
    return to_local_time(index, timezone)


def calendar_error_sums(
    forecasts: SavedForecasts, scaled: bool, by: Sequence[str] = ("weekday", "hour")
) -> pd.DataFrame:
    """Sum (`total`) and `count` of the absolute error by calendar fields of the target.

    Parameters
    ----------
    forecasts : SavedForecasts
    scaled : bool
        Whether errors are divided by the standard deviation of their channel.
    by : sequence of {"weekday", "hour", "month"}
    """
    index = pd.DatetimeIndex(np.concatenate([t.tz_localize(None).to_numpy() for t in forecasts.times]))
    error = forecasts.absolute_error / (forecasts.frame["std"].to_numpy()[:, None] if scaled else 1.0)
    fields = {"weekday": index.day_of_week, "hour": index.hour, "month": index.month, "error": error.ravel()}
    return pd.DataFrame(fields).dropna().groupby(list(by))["error"].agg(total="sum", count="count").reset_index()


def mean_error_by(sums: pd.DataFrame, field: str) -> pd.Series:
    """Mean absolute error by one calendar field of `calendar_error_sums`."""
    sums = sums.groupby(field)[["total", "count"]].sum()
    return sums["total"] / sums["count"]


def error_statistics(forecasts: SavedForecasts) -> pd.DataFrame:
    """Bias and std of the error, and quantiles of the absolute error; a row per channel, in the unit of the data."""
    rows = {}
    for channel, group in forecasts.frame.groupby("channel", sort=False):
        error, absolute = (x[group.index].ravel() for x in (forecasts.error, forecasts.absolute_error))
        error, absolute = error[np.isfinite(error)], absolute[np.isfinite(absolute)]
        if not len(error):
            continue
        quantiles = np.quantile(absolute, (0.5, 0.9, 0.95, 0.99))
        rows[channel] = [len(error), error.mean(), error.std(), *quantiles, absolute.max()]
    names = ["values", "bias", "std", "median", "p90", "p95", "p99", "max"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names)


def error_histogram(errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts int64 [61] and edges float64 [62] of finite errors; the end bins also count the most extreme errors."""
    low, high = np.quantile(errors, HISTOGRAM_SHARE)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.histogram(np.clip(errors, low, high), bins=HISTOGRAM_BINS, range=(low, high))


def metrics_by_step(forecasts: SavedForecasts, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Metrics of each step over all saved windows, {name: float64 [H]}; NaN where they are not defined.

    Parameters
    ----------
    forecasts : SavedForecasts
        Of one channel.
    names : sequence of str
        Metrics of `timevis.metrics.specs` without a scale.
    """
    rows = {level: row for row, level in enumerate(QUANTILE_LEVELS)}
    errors = StepErrors(forecasts.point, forecasts.quantiles, forecasts.truth, np.array(QUANTILE_LEVELS), rows)
    observed = np.isfinite(forecasts.truth)
    specs = [METRICS[name] for name in names]
    terms = {term.name: term for spec in specs for term in (spec.term, spec.over)}
    sums = {name: np.where(observed, term.at(errors), 0.0).sum(0) for name, term in terms.items()}
    return {spec.name: spec.of(sums) for spec in specs}


def window_bias(windows: pd.DataFrame) -> np.ndarray:
    """Mean error of each window in standard deviations of its channel; float64 [C, O]."""
    error = windows["error"] / windows["count"].where(windows["count"] > 0) / windows["std"]
    return windows.assign(error=error).pivot(index="channel", columns="origin", values="error").to_numpy()


def reliability(forecasts: SavedForecasts) -> np.ndarray:
    """Share of truths at or below each quantile, float64 [15]; equals `QUANTILE_LEVELS` when calibrated.

    A truth that equals several quantiles, as zeros often do, is distributed uniformly over the levels of these
    quantiles, from halfway to the next lower level to halfway to the next higher one: the nonrandomised probability
    integral transform of Czado, Gneiting and Held (2009).
    """
    observed = np.isfinite(forecasts.truth)
    truth, quantiles = forecasts.truth[observed][:, None], forecasts.quantiles.transpose(0, 2, 1)[observed]
    share, equal = (truth <= quantiles).astype(float), truth == quantiles
    tied = equal.sum(1) > 1
    levels, equal = np.array(QUANTILE_LEVELS), equal[tied]
    halfway = (levels[1:] + levels[:-1]) / 2
    low = np.array([0.0, *halfway])[equal.argmax(1)][:, None]
    high = np.array([1.0, *halfway[::-1]])[equal[:, ::-1].argmax(1)][:, None]
    share[tied] = np.clip((levels - low) / (high - low), 0, 1)
    return share.sum(0) / max(len(share), 1)


def excess_coverage_from_ties(forecasts: SavedForecasts, low: float = 0.1, high: float = 0.9) -> float:
    """Coverage of an interval minus its coverage when tied truths are distributed over levels as in `reliability`.

    A truth that equals an end of the interval counts as inside. Where many truths are zero and an end is zero, the
    coverage therefore exceeds the nominal level although the forecast is calibrated. The excess is computed per
    channel and then averaged.
    """
    first, last = QUANTILE_LEVELS.index(low), QUANTILE_LEVELS.index(high)
    excess = []
    for rows in forecasts.frame.groupby("channel").indices.values():
        channel = forecasts.select(rows)
        observed, share = np.isfinite(channel.truth), reliability(channel)
        inside = (channel.truth >= channel.quantiles[:, first]) & (channel.truth <= channel.quantiles[:, last])
        if observed.any():
            excess.append(inside[observed].mean() - (share[last] - share[first]))
    return float(np.mean(excess)) if excess else 0.0


def pit_density(observed_share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Histogram of the probability integral transform (Dawid, 1984), computed from `reliability`.

    Returns
    -------
    edges : float64 [17]
        The quantile levels, with 0 and 1.
    density : float64 [16]
        1 in every bin when calibrated.
    """
    edges = np.array([0.0, *QUANTILE_LEVELS, 1.0])
    share = np.diff(np.array([0.0, *observed_share, 1.0]))
    return edges, share / np.diff(edges)


MAX_EVENTS = 6
CANDIDATE_SHARE = 0.1
"""Share of the windows, those with the largest errors, that may belong to an event."""


@dataclass(frozen=True)
class Event:
    """A period that the worst windows forecast badly.

    Attributes
    ----------
    rows : int64 [N]
        Rows of windows.parquet that belong to it, the worst window first.
    first, last : int
        First row of the data that one of its windows forecasts, and the row after the last one.
    """

    rows: np.ndarray
    first: int
    last: int


def worst_events(windows: pd.DataFrame, horizon: int) -> list[Event]:
    """Events of the windows with the largest mean absolute errors, the worst event first.

    Windows whose targets overlap with the targets of a worse window, of any channel, belong to its event.

    Parameters
    ----------
    windows : DataFrame
        windows.parquet of a run.
    horizon : int
        Rows that a window forecasts.
    """
    error = scaled_error(windows)
    order = np.argsort(-error.to_numpy(), kind="stable")[: int(error.count())]
    order = order[: max(MAX_EVENTS, round(CANDIDATE_SHARE * len(order)))]
    origins = windows["origin"].to_numpy()
    peaks: list[int] = []
    members: list[list[int]] = []
    for row in order.tolist():
        near = [i for i, peak in enumerate(peaks) if abs(origins[row] - origins[peak]) < horizon]
        if near:
            members[near[0]].append(row)
        elif len(peaks) < MAX_EVENTS:
            peaks.append(row)
            members.append([row])
    return [Event(np.array(rows), int(origins[rows].min()), int(origins[rows].max()) + horizon) for rows in members]


def scaled_error(windows: pd.DataFrame) -> pd.Series:
    """Mean absolute error of the median of each window, in stds of its channel; NaN without a truth."""
    return windows["median_abs_error"] / windows["count"].where(windows["count"] > 0) / windows["std"]
