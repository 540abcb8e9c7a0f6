"""Statistics, gaps and seasons of channels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.calendar import MIN_STEPS_PER_DAY_FOR_WEEKDAYS, season_lengths, steps_per_day
from timevis.data.panel import Panel
from timevis.data.split import Split
from timevis.utils.json_types import to_json_types
from timevis.utils.stdout import with_progress


def find_gaps(panel: Panel, max_places: int | None = None) -> dict[str, Any]:
    """Find the runs of rows in which every channel is missing, without the rows of closed hours.

    Parameters
    ----------
    panel : Panel
    max_places : int, optional
        Number of gaps that are listed; all when None.

    Returns
    -------
    dict
        ``count`` of the gaps, number of their ``rows``, rows of the ``longest``, and ``places``, the longest first.
    """
    is_empty = np.ones(len(panel), bool)
    for j in range(len(panel.channels)):
        is_empty &= np.isnan(panel.values[:, j])
        if not is_empty.any():
            return {"count": 0, "rows": 0, "longest": 0, "places": []}
    is_open = ~panel.closed_rows  # a gap may reach over closed hours, whose rows it does not count
    (first, length), index = _runs(is_empty[is_open]), panel.local_index[is_open]
    if not len(first):
        return {"count": 0, "rows": 0, "longest": 0, "places": []}
    longest_first = np.argsort(-length, kind="stable")[:max_places]
    places = [
        {
            "start": str(index[first[i]]),
            "end": str(index[first[i] + length[i] - 1]),
            "rows": int(length[i]),
        }
        for i in longest_first
    ]
    return {"count": len(first), "rows": int(length.sum()), "longest": int(length.max()), "places": places}


def longest_gap(column: np.ndarray, index: pd.DatetimeIndex) -> dict[str, Any] | None:
    """Number of rows and first time of the longest gap of a channel [T]; None if no value is missing."""
    first, length = _runs(np.isnan(column))
    if not len(first):
        return None
    longest = int(length.argmax())
    return {"rows": int(length[longest]), "start": str(index[first[longest]])}


def _runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First rows and lengths of the runs of True in bool [T]."""
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(np.int8), 0]))
    return edges[::2], edges[1::2] - edges[::2]


MAX_ROWS = 200_000
"""The newest rows that are read; more would not change an average day visibly."""
MAX_LAGS = 400
MIN_STEPS_PER_YEAR, MONTHS_PER_YEAR = 3.5, 12
MIN_YEARS = 2
"""Years of data from which an average year is computed."""
MIN_STRENGTH = 0.1
"""Smallest strength of a season, as `seasonal_strength` measures it, that is named."""
LOW, HIGH = 0.1, 0.9
"""Quantiles that enclose 80 % of the values of a time of day."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Z_95 = NormalDist().inv_cdf(0.975)


def describe_seasonality(
    values: np.ndarray, index: pd.DatetimeIndex, freq: str, strengths: list[dict[str, Any]]
) -> dict[str, Any]:
    """Describe how a channel repeats, from its newest `MAX_ROWS` rows.

    Parameters
    ----------
    values : float32 [T]
        NaN where missing.
    index : DatetimeIndex [T]
        Local times.
    freq : str
    strengths : list of dict
        ``seasonality`` of the channel in data_report.json.

    Returns
    -------
    dict
        ``season_rows`` (the strongest season, None if none is strong), ``average_day``, ``average_week`` and
        ``average_year`` with ``labels``, ``mean``, ``low`` and ``high`` (10 % and 90 % quantile), and
        ``autocorrelation`` with ``lags``, ``values`` and the bound of white noise; an average is None if the steps
        are too long or the data too short for it.
    """
    values, index = np.asarray(values[-MAX_ROWS:], np.float64), index[-MAX_ROWS:].tz_localize(None)
    strong = [entry for entry in strengths if (entry["strength"] or 0) >= MIN_STRENGTH]
    strongest = max(strong, key=lambda entry: entry["strength"], default=None)
    per_day = steps_per_day(freq)
    observed = int(np.isfinite(values).sum())
    lags = _lags(freq, len(values))
    return to_json_types(
        {
            "season_rows": None if strongest is None else strongest["period"],
            "average_day": _average_day(values, index) if per_day > 1 else None,
            "average_week": _average_week(values, index, per_day)
            if per_day >= MIN_STEPS_PER_DAY_FOR_WEEKDAYS
            else None,
            "average_year": _average_year(values, index, per_day),
            "autocorrelation": {
                "lags": lags,
                "values": autocorrelation(values, lags),
                "bound": Z_95 / observed**0.5 if observed else None,
            },
        }
    )


def _average_day(values: np.ndarray, index: pd.DatetimeIndex) -> dict[str, Any]:
    """The averages of each time of day; of each hour for steps below one minute."""
    minutes = index.hour * 60 + index.minute
    if not (index.second == 0).all():
        minutes = minutes // 60 * 60
    table = _averages(values, np.asarray(minutes))
    return _columns(table, [f"{key // 60:02d}:{key % 60:02d}" for key in table.index])


def _average_week(values: np.ndarray, index: pd.DatetimeIndex, per_day: float) -> dict[str, Any]:
    """The averages of each hour of each weekday, or of each weekday for daily data."""
    if per_day <= 1:
        table = _averages(values, np.asarray(index.day_of_week))
        return _columns(table, [WEEKDAYS[key] for key in table.index])
    table = _averages(values, np.asarray(index.day_of_week * 24 + index.hour))
    return _columns(table, [f"{WEEKDAYS[key // 24]} {key % 24:02d}:00" for key in table.index])


def _average_year(values: np.ndarray, index: pd.DatetimeIndex, per_day: float) -> dict[str, Any] | None:
    """The averages of each month of the year, or of each quarter for quarterly data."""
    steps_per_year = 365.25 * per_day
    if steps_per_year < MIN_STEPS_PER_YEAR or len(values) < MIN_YEARS * steps_per_year:
        return None
    if steps_per_year < MONTHS_PER_YEAR - 1:
        table = _averages(values, np.asarray(index.quarter))
        return _columns(table, [f"Q{key}" for key in table.index])
    table = _averages(values, np.asarray(index.month))
    return _columns(table, [MONTHS[key - 1] for key in table.index])


def _lags(freq: str, rows: int) -> list[int]:
    """At most `MAX_LAGS` lags, which reach over two days where the steps are shorter than a day."""
    day = season_lengths(freq)[1] if steps_per_day(freq) > 1 else 1
    longest = min(max(MAX_LAGS, 2 * day), 2 * max(season_lengths(freq)), rows // 3)
    step = max(1, math.ceil(longest / MAX_LAGS))
    step = next((divisor for divisor in range(step, day + 1) if day % divisor == 0), step)
    return list(range(step, longest + 1, step))


def _averages(values: np.ndarray, keys: np.ndarray) -> pd.DataFrame:
    groups = pd.Series(values).groupby(keys)
    return pd.DataFrame({"mean": groups.mean(), "low": groups.quantile(LOW), "high": groups.quantile(HIGH)})


def _columns(table: pd.DataFrame, labels: list[str]) -> dict[str, Any]:
    return {"labels": labels, **{name: table[name].tolist() for name in table}}


QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
MIN_ZERO_SHARE = 0.05
"""Smallest share of zeros in a channel that counts as a non-negative quantity."""


def describe_channels(panel: Panel, split: Split) -> dict[str, dict[str, Any]]:
    """Describe every channel: summary statistics, longest gap, seasonality and autocorrelation.

    Rows of the closed hours of a channel are not counted as missing.

    If each series has its own borders, a channel is described within its own span. Seasonality and autocorrelation
    are computed on the training part.
    """
    rows, described, index = split.training_rows, {}, panel.local_index
    open_values = np.broadcast_to(~panel.closed_values, panel.values.shape)
    periods, lags = named_periods(panel.freq, rows), reported_lags(panel.freq, rows)
    starts, ends = panel.spans() if split.by_series else (None, None)
    train_ends = np.broadcast_to(split.borders[..., 0], len(panel.channels))
    channels = with_progress(panel.channels, len(panel.channels), "statistics of the data", "channel")
    for j, channel in enumerate(channels):
        span = slice(None) if starts is None or ends is None else slice(starts[j], ends[j])
        column, is_open = np.ascontiguousarray(panel.values[span, j]), open_values[span, j]
        train = column[: train_ends[j] - (span.start or 0)]
        described[channel] = {
            "unit": panel.card.unit_of(channel),
            "description": panel.card.channel_descriptions.get(channel, ""),
            **summary_statistics(column),
            "missing": int(np.isnan(column[is_open]).sum()),
            "longest_gap": longest_gap(column[is_open], index[span][is_open]),
            "seasonality": [
                {"name": name, "period": period, "strength": seasonal_strength(train, period)}
                for name, period in periods.items()
            ],
            "autocorrelation": {str(k): v for k, v in zip(lags, autocorrelation(train, lags), strict=True)},
        }
    return described


def named_periods(freq: str, rows: int) -> dict[str, int]:
    """Hour, day, week and year in rows; only lengths of at least 2 rows that fit three times into `rows`."""
    per_day = steps_per_day(freq)
    lengths = {"hour": per_day / 24, "day": per_day, "week": 7 * per_day, "year": 365.25 * per_day}
    return {name: round(p) for name, p in lengths.items() if p >= 2 - 1e-9 and 3 * round(p) <= rows}


def reported_lags(freq: str, rows: int) -> list[int]:
    """Lags for which the autocorrelation is reported: one row and the season lengths of the frequency."""
    return [lag for lag in sorted({1, *season_lengths(freq)}) if lag < rows // 2]


def summary_statistics(values: np.ndarray) -> dict[str, float | int | None]:
    """Counts, moments and quantiles of one channel [T], NaN where missing."""
    observed = values[np.isfinite(values)].astype(np.float64)
    out: dict[str, float | int | None] = {"observed": len(observed), "missing": len(values) - len(observed)}
    if not len(observed):
        return out
    mean, std = float(observed.mean()), float(observed.std())
    centred = (observed - mean) / std if std > 0 else np.zeros_like(observed)
    square = centred * centred
    out |= {
        "mean": mean,
        "std": std,
        "skewness": float((square * centred).mean()),
        "excess_kurtosis": float((square * square).mean() - 3) if std > 0 else 0.0,
        "min": float(observed.min()),
        **{f"q{100 * q:02.0f}": float(v) for q, v in zip(QUANTILES, np.quantile(observed, QUANTILES), strict=True)},
        "max": float(observed.max()),
        "zeros": int((observed == 0).sum()),
    }
    return out


def non_negative_channels(values: np.ndarray) -> np.ndarray:
    """Which channels are non-negative quantities, such as solar power, rain or counts.

    No value of such a channel is negative, and at least `MIN_ZERO_SHARE` of its values are zero, or all are whole
    numbers. A temperature that was always above zero is not such a channel, unless it is rounded to whole degrees.

    Parameters
    ----------
    values : [T, C]
        NaN where missing.

    Returns
    -------
    bool [C]
    """
    observed = np.isfinite(values).sum(0)
    often_zero = (values == 0).sum(0) >= MIN_ZERO_SHARE * np.maximum(observed, 1)
    are_whole = (observed > 0) & ((values == np.round(values)).sum(0) == observed)
    return (often_zero | are_whole) & ~(values < 0).any(0)


def moving_average(values: np.ndarray, width: int) -> np.ndarray:
    """Centred mean over `width` rows [T]; NaN where fewer than half of them are observed."""
    rolling = pd.Series(values).rolling(width, center=True, min_periods=-(-width // 2))
    return rolling.mean().to_numpy()


def seasonal_strength(values: np.ndarray, period: int) -> float | None:
    """Strength of seasonality, from 0 to 1: share of the variance of the detrended series that the season explains.

    The measure of Wang, Smith and Hyndman (2006), max(0, 1 - Var(remainder) / Var(detrended)), corrected for the
    degrees of freedom of the seasonal pattern, so that noise scores about 0.

    Parameters
    ----------
    values : [T]
        NaN where missing.
    period : int
        In rows.

    Returns
    -------
    float or None
        None if there are fewer than two periods, too few observations, or no variation.
    """
    rows = len(values) // period * period
    if rows < 2 * period:
        return None
    series = values[len(values) - rows :].astype(np.float64)
    detrended = series - moving_average(series, period)
    detrended[: period // 2] = np.nan  # the moving average does not cover a whole period there
    detrended[rows - (period - period // 2) + 1 :] = np.nan
    observed = np.isfinite(detrended)
    if observed.sum() <= 1.5 * period:
        return None
    phase = np.arange(rows) % period
    count = np.bincount(phase[observed], minlength=period)
    pattern = np.bincount(phase[observed], detrended[observed], minlength=period) / np.maximum(count, 1)
    remainder = (detrended - pattern[phase])[observed]
    total = detrended[observed].var()
    if total <= 0:
        return None
    correction = len(remainder) / max(1, len(remainder) - (count > 0).sum())
    return float(np.clip(1 - correction * remainder.var() / total, 0, 1))


def autocorrelation(values: np.ndarray, lags: Sequence[int]) -> list[float | None]:
    """Autocorrelation of series around their common mean, over the pairs of rows that are both observed.

    Parameters
    ----------
    values : [..., T]
        NaN where missing.
    lags : sequence of int
        In rows.

    Returns
    -------
    list
        One number for each lag; None if the lag has no pair or the values do not vary.
    """
    observed = np.isfinite(values)
    if not observed.any():
        return [None] * len(lags)
    centred = np.where(observed, values - values[observed].mean(dtype=np.float64), 0.0)
    variance = (centred * centred).sum() / observed.sum()  # not `@`, which is slow for small arrays on shared cores
    length = values.shape[-1]
    out: list[float | None] = []
    for lag in lags:
        pairs = int((observed[..., lag:] & observed[..., : length - lag]).sum()) if lag < length else 0
        if not pairs or variance <= 0:
            out.append(None)
            continue
        product = (centred[..., lag:] * centred[..., : length - lag]).sum() / pairs
        out.append(float(np.clip(product / variance, -1, 1)))
    return out
