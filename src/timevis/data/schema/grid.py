"""The regular grid of a series: its step, and where on it each row belongs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import (
    BaseOffset,
    Day,
    MonthBegin,
    MonthEnd,
    QuarterBegin,
    QuarterEnd,
    Tick,
    Week,
    YearBegin,
    YearEnd,
)

from timevis.data.readers.table import ROWS_NEEDED
from timevis.errors import ConfigError, DataError

DAY = 86_400_000_000
OLD_UNITS = {"H": "h", "T": "min", "S": "s", "M": "ME", "Q": "QE", "Y": "YE", "A": "YE", "d": "D", "w": "W"}
NICE_STEPS = tuple(
    [n * 1_000_000 for n in (1, 2, 5, 10, 15, 20, 30)]
    + [n * 60_000_000 for n in (1, 2, 3, 5, 10, 12, 15, 20, 30)]
    + [n * 3_600_000_000 for n in (1, 2, 3, 4, 6, 8, 12)]
    + [DAY, 7 * DAY]
)
CALENDAR_STEPS = {"M": ("MS", "ME", "BMS", "BME"), "Q": ("QS", "QE", "BQS", "BQE"), "Y": ("YS", "YE", "BYS", "BYE")}
PERIODS = {"M": "month", "Q": "quarter", "Y": "year"}
TOLERANCE = 0.1
"""Rows within this share of a step beside the grid are put onto it."""

STRAY = 0.01
"""This share of the times, where it more than doubles the span of all others, is taken for mistyped dates."""


@dataclass(frozen=True)
class Grid:
    """A regular index and the row of it for every time.

    Attributes
    ----------
    index : DatetimeIndex [T]
    freq : str
    position : int64 [rows]
        -1 for a time that is not on the grid.
    moved : bool [rows]
        True where a time beside the grid was put onto it.
    """

    index: pd.DatetimeIndex
    freq: str
    position: np.ndarray
    moved: np.ndarray


def check_frequency(freq: str) -> str:
    """A pandas alias, from a current or an old spelling of it.

    Raises
    ------
    ConfigError
    """
    unit = freq.strip().lstrip("0123456789")
    count = freq.strip().removesuffix(unit)
    try:
        offset = to_offset(count + OLD_UNITS.get(unit, unit))
    except ValueError:
        offset = None
    if offset is not None and offset.n > 0:
        return _alias(offset)
    raise ConfigError(f"data.frequency={freq!r} is not a frequency", "for example 15min, h, D, W-MON, MS")


def _alias(offset: BaseOffset) -> str:
    if isinstance(offset, Tick) and not isinstance(offset, Day):
        return _step_alias(pd.Timedelta(offset).value // 1000)
    return offset.freqstr


def _step_alias(step: int) -> str:
    if step % DAY == 0:
        return "D" if step == DAY else f"{step // DAY}D"
    return to_offset(pd.Timedelta(step, "us")).freqstr


def infer_frequency(times: np.ndarray, series: np.ndarray, source: str) -> str:
    """The most common step of sorted times, int64 microseconds [rows], within the series numbered `series` [rows].

    Raises
    ------
    DataError
        Too few rows, or no step is common enough.
    """
    steps = np.diff(times)[np.diff(series) == 0]
    steps = steps[steps > 0]
    if len(steps) < 2:
        raise DataError(
            f"{source}: {len(steps) + 1} different time{'s are' if len(steps) else ' is'} too few for a series",
            ROWS_NEEDED,
        )
    found, counts = np.unique(steps, return_counts=True)
    step, share = int(found[counts.argmax()]), counts.max() / len(steps)
    if step >= 28 * DAY:
        return _calendar_frequency(pd.DatetimeIndex(np.unique(times).astype("M8[us]")), source)
    if step == DAY and share < 0.9 and not (pd.DatetimeIndex(times.astype("M8[us]")).day_of_week >= 5).any():
        return "B"
    if step == 7 * DAY and share >= 0.5:
        weekdays = np.bincount(pd.DatetimeIndex(times.astype("M8[us]")).day_of_week, minlength=7)
        return Week(weekday=int(weekdays.argmax())).freqstr
    if share >= 0.5:
        return _step_alias(step)
    middle = float(np.median(steps))
    nice = min(NICE_STEPS, key=lambda s: abs(s - middle))
    if abs(nice - middle) <= 0.05 * nice and (np.abs(steps - nice) <= 2 * TOLERANCE * nice).mean() > 0.8:
        return _step_alias(nice)
    raise DataError(
        f"{source}: the times have no regular step (the most common, {pd.Timedelta(step, 'us')}, "
        f"is {share:.0%} of all steps)",
        "put the series on a regular grid first, such as the means of hours; where most rows lie on one, name it: "
        "data.frequency=h",
    )


def _calendar_frequency(times: pd.DatetimeIndex, source: str) -> str:
    days = float(np.median(np.diff(times.to_numpy()).astype("m8[us]").astype(float))) / DAY
    wanted = "M" if days < 60 else "Q" if days < 200 else "Y"
    for alias in CALENDAR_STEPS[wanted]:
        for offset in _anchored(alias):
            if all(offset.is_on_offset(t) for t in times[:200]):
                return offset.freqstr
    steps, counts = np.unique(np.diff(times.asi8), return_counts=True)
    if counts.max() >= 0.9 * counts.sum():
        return _step_alias(int(steps[counts.argmax()]))
    raise DataError(
        f"{source}: the times step by about {days:.0f} days, but not by whole months, quarters or years",
        f"say data.frequency={wanted}S to put each time at the start of its {PERIODS[wanted]}",
    )


def _anchored(alias: str) -> list[BaseOffset]:
    months = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
    names = [alias] if "M" in alias else [alias] + [f"{alias}-{m}" for m in months]
    return [o for o in map(to_offset, names) if o is not None]


def put_on_grid(
    times: pd.DatetimeIndex, freq: str, source: str, place: Callable[[int], str] = "row {}".format
) -> Grid:
    """Lay a regular grid over times in any order.

    Times within a tenth of a step of the grid are put onto it; the phase of the grid is the most common one. On a
    grid of weeks, months, quarters or years a time stands for the one it lies in, if it is the only one there.

    Parameters
    ----------
    times : DatetimeIndex [rows]
    freq : str
        From `infer_frequency` or `check_frequency`.
    source : str
        Names the file in errors.
    place : function
        Names the place of a position in `times` in errors.

    Raises
    ------
    DataError
        No two times are one step apart, or a few lie so far from the rest that most of the grid would be empty.
    """
    offset = to_offset(freq)
    assert offset is not None
    value = times.asi8
    if isinstance(offset, Day):
        step = offset.n * DAY
    elif isinstance(offset, Tick):
        step = pd.Timedelta(offset).value // 1000
    else:
        return _put_on_calendar(times, freq, offset, source, place)
    phases, counts = np.unique(value % step, return_counts=True)
    phase = int(phases[counts.argmax()])
    position = np.rint((value - phase) / step).astype(np.int64)
    away = value - phase - position * step
    off = np.abs(away) > TOLERANCE * step
    kept = position[~off]
    first, last = int(kept.min()), int(kept.max())
    position = np.where(off, -1, position - first)
    _refuse_sparse(times, freq, position, source, place)
    start = pd.Timestamp(first * step + phase, unit="us", tz=times.tz).as_unit("us")
    index = pd.date_range(start, periods=last - first + 1, freq=freq, unit="us")
    return Grid(index, freq, position, (away != 0) & ~off)


def _put_on_calendar(
    times: pd.DatetimeIndex, freq: str, offset: BaseOffset, source: str, place: Callable[[int], str]
) -> Grid:
    clock = times.asi8 % DAY
    clocks, counts = np.unique(clock, return_counts=True)
    shift = pd.Timedelta(int(clocks[counts.argmax()]), "us")
    start, end = offset.rollback(times.min().normalize()), offset.rollforward(times.max().normalize())
    days = pd.date_range(start, end, freq=freq, unit="us")
    index = days + shift
    position = index.get_indexer(times)
    moved = position < 0
    if moved.any():
        period = _alone(times, _period(times, days, offset))
        position = np.where(moved & (period < len(days)), period, position)
        moved &= position >= 0
    used = position[position >= 0]
    if not len(used):
        raise DataError(
            f"{source}: no time lies on data.frequency={freq} (the first is {times[0]})",
            "say a data.frequency of which each step has at most one time",
        )
    first, last = int(used.min()), int(used.max())
    position = np.where(position < 0, -1, position - first)
    _refuse_sparse(times, freq, position, source, place)
    index = pd.DatetimeIndex(index[first : last + 1], freq=None)
    return Grid(index, freq, position, moved)


def _period(times: pd.DatetimeIndex, days: pd.DatetimeIndex, offset: BaseOffset) -> np.ndarray:
    """Which of the days that mark periods each time belongs to, -1 where they mark none: the nearest of weeks."""
    day = times.normalize()
    if isinstance(offset, MonthBegin | QuarterBegin | YearBegin):
        return days.searchsorted(day, side="right") - 1
    if isinstance(offset, MonthEnd | QuarterEnd | YearEnd):
        return days.searchsorted(day)
    if isinstance(offset, Week):
        return np.rint((day - days[0]) / (offset.n * pd.Timedelta(days=7))).astype(np.int64)
    return np.full(len(times), -1)


def _alone(times: pd.DatetimeIndex, period: np.ndarray) -> np.ndarray:
    """The periods, -1 for those in which different times lie."""
    order = np.lexsort((times.asi8, period))
    several = period[order][1:][(np.diff(period[order]) == 0) & (np.diff(times.asi8[order]) > 0)]
    return np.where(np.isin(period, several), -1, period)


def _refuse_sparse(
    times: pd.DatetimeIndex, freq: str, position: np.ndarray, source: str, place: Callable[[int], str]
) -> None:
    """Refuse a grid without neighbours, or that a few stray times stretch.

    A long gap with many times on either side of it is fine.
    """
    filled = np.unique(position[position >= 0])
    gaps = np.diff(filled)
    if len(gaps) > 1 and gaps.min() > 1:
        raise DataError(
            f"{source}: no two times are one step of {freq} apart, most are {int(np.median(gaps))} steps",
            "say a data.frequency that fits the rows; a run reads data of its own frequency",
        )
    rows, few = int(filled[-1]) + 1, int(STRAY * len(filled))
    others = int(filled[len(filled) - 1 - few] - filled[few]) + 1
    if rows > 2 * others or (rows > 10_000 and rows > 20 * len(filled)):
        far = int(np.argmax(np.where(position < 0, 0, np.abs(position - np.median(filled)))))
        raise DataError(
            f"{source}: {place(far)} has the time {times[far]}, far from the rest: from {times.min()} to "
            f"{times.max()} there would be {rows} rows, {rows - len(filled)} of them empty",
            "look for a mistyped date, leave rows out that lie so far off, or say a coarser data.frequency",
        )
