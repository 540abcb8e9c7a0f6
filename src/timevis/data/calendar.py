"""Calendar fields of timestamps, steps per day and season lengths of a frequency."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd

CalendarField: TypeAlias = Literal["minute", "hour", "weekday", "day", "month"]
CALENDAR_FIELDS: tuple[CalendarField, ...] = get_args(CalendarField)
CALENDAR_SIZES = (60, 24, 7, 31, 12)
MIN_STEPS_PER_DAY_FOR_WEEKDAYS = 0.7
"""Slightly less than the 5/7 of business days; in slower data the weekday has no meaning."""


def calendar_fields(index: pd.DatetimeIndex) -> np.ndarray:
    """Minute, hour, weekday (Monday is 0), day of the month and month as integers from 0, for embeddings.

    Returns
    -------
    int64 [T, 5]
        Columns in the order of `CALENDAR_FIELDS`, each less than its entry of `CALENDAR_SIZES`.
    """
    fields = [index.minute, index.hour, index.day_of_week, index.day - 1, index.month - 1]
    return np.stack([np.asarray(f, dtype=np.int64) for f in fields], axis=1)


def to_local_time(index: pd.DatetimeIndex, timezone: str | None) -> pd.DatetimeIndex:
    """The times of an index with the offsets of a time zone; without a zone, the index is returned unchanged.

    A naive index has the times that clocks in the zone show. An hour that occurs twice when clocks are set back is
    the first one; a time that clocks skip becomes the next one.
    """
    if not timezone:
        return index
    if index.tz is not None:
        return index.tz_convert(timezone)
    return index.tz_localize(timezone, ambiguous=np.ones(len(index), bool), nonexistent="shift_forward")


def seasonal_fields(freq: str) -> tuple[CalendarField, ...]:
    """Calendar fields with which series of a frequency repeat; none for data slower than (business) days."""
    return ("hour", "weekday") if steps_per_day(freq) >= MIN_STEPS_PER_DAY_FOR_WEEKDAYS else ()


def steps_per_day(freq: str) -> float:
    """Mean number of rows per day, over 400 rows, for example 24 for ``"h"`` and 5/7 for ``"B"``."""
    rows = pd.date_range("2001-01-01", periods=401, freq=freq, unit="us")
    return 400 * pd.Timedelta(days=1) / (rows[-1] - rows[0])


def season_lengths(freq: str) -> tuple[int, ...]:
    """Season lengths, in rows, of the candidates for a seasonal naive forecast.

    The first is 1. The second is the main season, which MASE uses: a day if the step is shorter than a day, a week
    for days and business days, otherwise a year. A step shorter than a day adds a week as the third.
    """
    per_day = steps_per_day(freq)
    if per_day > 1:
        return (1, round(per_day), round(7 * per_day))
    if per_day == 1 or freq == "B":
        return (1, round(7 * per_day))
    return (1, max(1, round(365.25 * per_day)))
