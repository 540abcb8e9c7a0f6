"""Calendar fields of timestamps, as integers that embeddings can index."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd

CalendarField: TypeAlias = Literal["minute", "hour", "weekday", "day", "month"]
CALENDAR_FIELDS: tuple[CalendarField, ...] = get_args(CalendarField)
CALENDAR_SIZES = (60, 24, 7, 31, 12)
MIN_STEPS_PER_DAY_FOR_WEEKDAYS = 0.7
"""Rows per day, nearly, of ``"B"``: of slower data the weekday is chance."""


def calendar_fields(index: pd.DatetimeIndex) -> np.ndarray:
    """Zero-based minute, hour, weekday (Monday is 0), day of the month and month.

    Returns
    -------
    int64 [T, 5]
        Columns in the order of `CALENDAR_FIELDS`, each below its entry of `CALENDAR_SIZES`.
    """
    fields = [index.minute, index.hour, index.day_of_week, index.day - 1, index.month - 1]
    return np.stack([np.asarray(f, dtype=np.int64) for f in fields], axis=1)


def to_local_time(index: pd.DatetimeIndex, timezone: str | None) -> pd.DatetimeIndex:
    """The index as clocks of the time zone show it; as it is where there is no zone, or it has none itself."""
    return index.tz_convert(timezone) if timezone and index.tz is not None else index


def seasonal_fields(freq: str) -> tuple[CalendarField, ...]:
    """The fields by which series of a frequency repeat themselves: none of data slower than days."""
    return ("hour", "weekday") if steps_per_day(freq) >= MIN_STEPS_PER_DAY_FOR_WEEKDAYS else ()


def steps_per_day(freq: str) -> float:
    """Rows per day of a regular grid, in the mean of four hundred, e.g. 24 for ``"h"``, 5/7 for ``"B"``."""
    rows = pd.date_range("2001-01-01", periods=401, freq=freq, unit="us")
    return 400 * pd.Timedelta(days=1) / (rows[-1] - rows[0])


def season_lengths(freq: str) -> tuple[int, ...]:
    """Season lengths in rows that a naive forecast may repeat: one step, then a day and a week where they fit.

    The second entry is "the" season of MASE: one day below a day, one week for (business) days, one year above.
    """
    per_day = steps_per_day(freq)
    if per_day > 1:
        return (1, round(per_day), round(7 * per_day))
    if per_day == 1 or freq == "B":
        return (1, round(7 * per_day))
    return (1, max(1, round(365.25 * per_day)))
