"""Statistics of channels: moments, quantiles, seasonality, autocorrelation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.calendar import season_lengths, steps_per_day
from timevis.data.panel import Panel
from timevis.data.quality.gaps import longest_gap
from timevis.data.split.split import Split
from timevis.utils.progress import with_progress

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
