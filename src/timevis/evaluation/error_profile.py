"""Where the error sits: saved forecasts as arrays, and what their errors look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from timevis.data.calendar import to_local_time
from timevis.models.forecaster import QUANTILE_LEVELS

MEDIAN = QUANTILE_LEVELS.index(0.5)


@dataclass(frozen=True)
class SavedForecasts:
    """The rows of predictions.parquet as arrays, N windows of H steps.

    Attributes
    ----------
    frame : DataFrame [N]
        origin, timestamp, channel, spread, worst, std and, as `error`, the window's mean absolute error of the
        median in standard deviations of the training part.
    times : object [N] of DatetimeIndex [H]
        Of the targets, as clocks on the wall show them.
    truth, point : float64 [N, H]
        Truth is NaN where missing.
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
    def read(
        cls, predictions: pd.DataFrame, windows: pd.DataFrame, freq: str, timezone: str | None = None
    ) -> SavedForecasts:
        """From predictions.parquet, the windows.parquet beside it, and the frequency of the data."""
        scales = windows.groupby("channel")["std"].first()
        frame = predictions[["origin", "timestamp", "channel", "spread", "worst"]].reset_index(drop=True)
        frame["std"] = scales.loc[frame["channel"]].to_numpy()
        truth = np.array(predictions["truth"].tolist(), np.float64)
        quantiles = np.array([np.stack(list(q)) for q in predictions["quantiles"]], np.float64)
        miss = np.abs(quantiles[:, MEDIAN] - truth)
        seen = np.isfinite(miss)
        count = np.where(seen.any(1), seen.sum(1), np.nan)  # a window without a truth has no error
        frame["error"] = np.nansum(miss, 1) / count / frame["std"]
        return cls(
            frame=frame,
            times=[steps(t, 0, truth.shape[1], freq, timezone) for t in frame["timestamp"]],
            truth=truth,
            point=np.array(predictions["point"].tolist(), np.float64),
            quantiles=quantiles,
            context=[np.asarray(c, np.float64) for c in predictions["context"]],
        )

    @property
    def typical(self) -> SavedForecasts:
        """The evenly spread windows alone, which stand for the whole test part."""
        return self.take(np.flatnonzero(self.frame["spread"].to_numpy(bool)))

    def take(self, rows: np.ndarray) -> SavedForecasts:
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
        """Point less truth, float64 [N, H], NaN where the truth is missing."""
        return self.point - self.truth

    @property
    def miss(self) -> np.ndarray:
        """Absolute error of the median, float64 [N, H]."""
        return np.abs(self.quantiles[:, MEDIAN] - self.truth)


def steps(start: pd.Timestamp, before: int, after: int, freq: str, timezone: str | None = None) -> pd.DatetimeIndex:
    """Timestamps of a regular grid around `start`, local time: `before` rows ahead of it, `after` from it on."""
    index = pd.date_range(end=start, periods=before + 1, freq=freq)[:-1]
    index = index.append(pd.date_range(start, periods=after, freq=freq))
    return to_local_time(index, timezone)


def clock_table(forecasts: SavedForecasts, scaled: bool, by: Sequence[str] = ("weekday", "hour")) -> pd.DataFrame:
    """Mean absolute error by weekday and hour, or month, of the target; these columns and total, count."""
    index = pd.DatetimeIndex(np.concatenate([t.tz_localize(None).to_numpy() for t in forecasts.times]))
    miss = forecasts.miss / (forecasts.frame["std"].to_numpy()[:, None] if scaled else 1.0)
    fields = {"weekday": index.day_of_week, "hour": index.hour, "month": index.month, "miss": miss.ravel()}
    return pd.DataFrame(fields).dropna().groupby(list(by))["miss"].agg(total="sum", count="count").reset_index()


def clock_profile(table: pd.DataFrame, by: str) -> pd.Series:
    """Mean absolute error by one column of a `clock_table`."""
    sums = table.groupby(by)[["total", "count"]].sum()
    return sums["total"] / sums["count"]


def error_statistics(forecasts: SavedForecasts) -> pd.DataFrame:
    """One row per channel, raw units: bias and deviation of the error, and quantiles of its absolute value."""
    rows = {}
    for channel, group in forecasts.frame.groupby("channel", sort=False):
        error, miss = (x[group.index].ravel() for x in (forecasts.error, forecasts.miss))
        error, miss = error[np.isfinite(error)], miss[np.isfinite(miss)]
        if not len(error):
            continue
        quantiles = np.quantile(miss, (0.5, 0.9, 0.95, 0.99))
        rows[channel] = [len(error), error.mean(), error.std(), *quantiles, miss.max()]
    names = ["values", "bias", "deviation", "median", "p90", "p95", "p99", "largest"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names)


def window_bias(windows: pd.DataFrame) -> np.ndarray:
    """Mean error of each window in standard deviations, by channel and origin; float64 [C, O]."""
    error = windows["error"] / windows["count"].where(windows["count"] > 0) / windows["std"]
    return windows.assign(error=error).pivot(index="channel", columns="origin", values="error").to_numpy()


def reliability(forecasts: SavedForecasts) -> np.ndarray:
    """Share of truths at or below each quantile, float64 [15]; equals `QUANTILE_LEVELS` when calibrated.

    A truth that equals several quantiles, as a zero often does, is spread evenly over the levels it covers, from
    halfway to the level below to halfway to the one above: Czado, Gneiting and Held (2009).
    """
    seen = np.isfinite(forecasts.truth)
    truth, quantiles = forecasts.truth[seen][:, None], forecasts.quantiles.transpose(0, 2, 1)[seen]
    share, equal = (truth <= quantiles).astype(float), truth == quantiles
    several = equal.sum(1) > 1
    levels, equal = np.array(QUANTILE_LEVELS), equal[several]
    halfway = (levels[1:] + levels[:-1]) / 2
    low = np.array([0.0, *halfway])[equal.argmax(1)][:, None]
    high = np.array([1.0, *halfway[::-1]])[equal[:, ::-1].argmax(1)][:, None]
    share[several] = np.clip((levels - low) / (high - low), 0, 1)
    return share.sum(0) / max(len(share), 1)


def at_ends(forecasts: SavedForecasts, low: float = 0.1, high: float = 0.9) -> float:
    """How many more of the truths lie in an interval than would if those at its ends were shared out over levels.

    Truths at an end count as inside, so an interval whose end is zero holds more than its share of what is often
    zero, and rightly so. Shared out as in `reliability`; per channel, then averaged.
    """
    first, last = QUANTILE_LEVELS.index(low), QUANTILE_LEVELS.index(high)
    extra = []
    for rows in forecasts.frame.groupby("channel").indices.values():
        some = forecasts.take(rows)
        seen, share = np.isfinite(some.truth), reliability(some)
        inside = (some.truth >= some.quantiles[:, first]) & (some.truth <= some.quantiles[:, last])
        if seen.any():
            extra.append(inside[seen].mean() - (share[last] - share[first]))
    return float(np.mean(extra)) if extra else 0.0


def pit_density(observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probability integral transform histogram from `reliability`: edges [17] and density [16], 1 when calibrated.

    Dawid (1984); the bins lie between the common quantile levels.
    """
    edges = np.array([0.0, *QUANTILE_LEVELS, 1.0])
    share = np.diff(np.array([0.0, *observed, 1.0]))
    return edges, share / np.diff(edges)
