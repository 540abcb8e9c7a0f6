"""Frequencies of time axes, calendar fields of timestamps, and season lengths."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset, Day, Tick, Week

from timevis.errors import ConfigError, DataError
from timevis.messages import Setting, Share, Text

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
CURRENT_UNITS = {"H": "h", "T": "min", "S": "s", "M": "ME", "Q": "QE", "Y": "YE", "A": "YE", "d": "D", "w": "W"}
"""From units of older versions of pandas to units of the current version."""
COMMON_STEPS_US = tuple(
    [n * 1_000_000 for n in (1, 2, 5, 10, 15, 20, 30)]
    + [n * 60_000_000 for n in (1, 2, 3, 5, 10, 12, 15, 20, 30)]
    + [n * 3_600_000_000 for n in (1, 2, 3, 4, 6, 8, 12)]
    + [DAY_US, 7 * DAY_US]
)
CALENDAR_ALIASES = {"M": ("MS", "ME", "BMS", "BME"), "Q": ("QS", "QE", "BQS", "BQE"), "Y": ("YS", "YE", "BYS", "BYE")}
CALENDAR_NOUNS = {"M": Text("month"), "Q": Text("quarter"), "Y": Text("year")}
MONTHS_WITHOUT_ALIAS = (2, 4, 6)
"""Steps in months that are several units of a calendar alias, such as ``2MS``."""
SNAP_TOLERANCE = 0.1
"""A time at most this share of a step away from the grid is moved onto it."""


def check_frequency(freq: str) -> str:
    """The current pandas alias of a frequency, which may be given in the spelling of an older version.

    Raises
    ------
    ConfigError
        It is not a frequency.
    """
    unit = freq.strip().lstrip("0123456789")
    count = freq.strip().removesuffix(unit)
    try:
        offset = to_offset(count + CURRENT_UNITS.get(unit, unit))
    except ValueError:
        offset = None
    if offset is None or offset.n <= 0:
        raise ConfigError(
            Text("{setting} is not a frequency", setting=Setting("data.frequency", repr(freq))),
            Text("for example 15min, h, D, W-MON, MS"),
            "data.frequency",
        )
    if isinstance(offset, Tick) and not isinstance(offset, Day):
        return alias_of_step(pd.Timedelta(offset).value // 1000)
    return offset.freqstr


def alias_of_step(step_us: int) -> str:
    """The pandas alias of a fixed step in microseconds, such as ``15min`` or ``D``."""
    if step_us % DAY_US == 0:
        return "D" if step_us == DAY_US else f"{step_us // DAY_US}D"
    return to_offset(pd.Timedelta(step_us, "us")).freqstr


def infer_frequency(times: np.ndarray, series: np.ndarray, source: str) -> str:
    """The pandas alias of the most common step between consecutive times of a series.

    Parameters
    ----------
    times : int64 [rows]
        Microseconds since 1970, ascending within each series.
    series : int64 [rows]
        Number of the series of each row, ascending.
    source : str
        Name of the file, for error messages.

    Raises
    ------
    DataError
        There are too few rows, or no step is common enough.
    """
    steps = np.diff(times)[np.diff(series) == 0]
    steps = steps[steps > 0]
    if len(steps) < 2:
        text = Text(
            "{source}: the number of different times, {count}, is too small for a series",
            source=source,
            count=len(steps) + 1,
        )
        advice = Text(
            "a few hundred rows are needed: {context_length} + {horizon} in the training part, {horizon} in each of "
            "the others",
            context_length=Setting("context_length"),
            horizon=Setting("horizon"),
        )
        raise DataError(text, advice)
    distinct, counts = np.unique(steps, return_counts=True)
    step, share = int(distinct[counts.argmax()]), counts.max() / len(steps)
    if step >= 28 * DAY_US:
        return _infer_calendar_frequency(pd.DatetimeIndex(np.unique(times).astype("M8[us]")), source)
    if step == DAY_US and share < 0.9 and not (pd.DatetimeIndex(times.astype("M8[us]")).day_of_week >= 5).any():
        return "B"
    if step == 7 * DAY_US and share >= 0.5:
        weekdays = np.bincount(pd.DatetimeIndex(times.astype("M8[us]")).day_of_week, minlength=7)
        return Week(weekday=int(weekdays.argmax())).freqstr
    if share >= 0.5:
        return alias_of_step(step)
    median = float(np.median(steps))
    common = min(COMMON_STEPS_US, key=lambda s: abs(s - median))
    near_common = np.abs(steps - common) <= 2 * SNAP_TOLERANCE * common
    if abs(common - median) <= 0.05 * common and near_common.mean() > 0.8:
        return alias_of_step(common)
    message = Text(
        "{source}: the times have no regular step (the most common, {step}, is {share} of all steps)",
        source=source,
        step=str(pd.Timedelta(step, "us")),
        share=Share(float(share)),
    )
    advice = Text(
        "resample the series to a regular grid first, for example to hourly means; if most rows already lie on a "
        "grid, name it: {setting}",
        setting=Setting("data.frequency", "h"),
    )
    raise DataError(message, advice, "data.frequency")


def _infer_calendar_frequency(times: pd.DatetimeIndex, source: str) -> str:
    days = float(np.median(np.diff(times.to_numpy()).astype("m8[us]").astype(float))) / DAY_US
    period = "M" if days < 60 else "Q" if days < 200 else "Y"
    advice = Text(
        "set {setting} to move each time to the start of its {period}",
        setting=Setting("data.frequency", f"{period}S"),
        period=CALENDAR_NOUNS[period],
    )
    months = np.diff(times.year * 12 + times.month)
    if (step := int(np.bincount(months).argmax())) in MONTHS_WITHOUT_ALIAS:
        advice = Text(
            "set {setting} to move each time to the start of its {months} months",
            setting=Setting("data.frequency", f"{step}MS"),
            months=step,
        )
        for offset in [offset for alias in CALENDAR_ALIASES["M"] for offset in anchored_offsets(alias)]:
            if not (months % step).any() and all(offset.is_on_offset(t) for t in times[:200]):
                return f"{step}{offset.freqstr}"
    for alias in CALENDAR_ALIASES[period]:
        for offset in anchored_offsets(alias):
            if all(offset.is_on_offset(t) for t in times[:200]):
                return offset.freqstr
    steps, counts = np.unique(np.diff(times.asi8), return_counts=True)
    if counts.max() >= 0.9 * counts.sum():
        return alias_of_step(int(steps[counts.argmax()]))
    message = Text(
        "{source}: the steps between times are about {days:.0f} days, but not whole months, quarters or years",
        source=source,
        days=round(days),
    )
    raise DataError(message, advice, "data.frequency")


def anchored_offsets(alias: str) -> list[BaseOffset]:
    """The offsets of a calendar alias with each month as its anchor; months themselves have no anchor."""
    months = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
    aliases = [alias] if "M" in alias else [alias] + [f"{alias}-{month}" for month in months]
    return [offset for offset in map(to_offset, aliases) if offset is not None]


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
