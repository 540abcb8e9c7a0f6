"""How a channel repeats: its average day, week and year, its autocorrelation, and its strongest season."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.calendar import MIN_STEPS_PER_DAY_FOR_WEEKDAYS, season_lengths, steps_per_day
from timevis.data.quality.statistics import autocorrelation
from timevis.utils.json_types import to_json_types

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
