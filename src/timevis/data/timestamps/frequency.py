"""The frequency of a series: check the user's alias, or infer it from the steps between its times."""

from __future__ import annotations

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
