"""Put the times of a table onto a regular grid of its frequency."""

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

from timevis.data.calendar import DAY_US, SNAP_TOLERANCE
from timevis.data.table import row_text
from timevis.errors import DataError
from timevis.messages import Setting, Text

MAX_STRAY_SHARE = 0.01
"""If so few times more than double the span of all others, they are taken for mistyped dates."""


@dataclass(frozen=True)
class Grid:
    """A regular index and the row of it for every time.

    Attributes
    ----------
    index : DatetimeIndex [T]
    freq : str
    position : int64 [rows]
        Row of the grid; -1 for a time that is not on the grid.
    moved : bool [rows]
        True if a time was moved onto the grid.
    """

    index: pd.DatetimeIndex
    freq: str
    position: np.ndarray
    moved: np.ndarray


def put_on_grid(times: pd.DatetimeIndex, freq: str, source: str, row_label: Callable[[int], Text] = row_text) -> Grid:
    """Build the grid that the times span, and find the row of it for each time.

    The phase of the grid is the most common one. A time within a tenth of a step of the grid is moved onto it. If
    the frequency is weeks, months, quarters or years, a time is moved to the start (or end) of its period, unless
    the period contains another time.

    Parameters
    ----------
    times : DatetimeIndex [rows]
        In any order.
    freq : str
        From `infer_frequency` or `check_frequency`.
    source : str
        Name of the file, for error messages.
    row_label : function
        From a position in `times` to the label of its row in error messages.

    Raises
    ------
    DataError
        No two times are one step apart, or a few of the times are so far from the rest that most of the grid would
        be empty.
    """
    offset = to_offset(freq)
    assert offset is not None
    value = times.asi8
    if isinstance(offset, Day):
        step = offset.n * DAY_US
    elif isinstance(offset, Tick):
        step = pd.Timedelta(offset).value // 1000
    else:
        return _put_on_calendar_grid(times, freq, offset, source, row_label)
    phases, counts = np.unique(value % step, return_counts=True)
    phase = int(phases[counts.argmax()])
    position = np.rint((value - phase) / step).astype(np.int64)
    distance = value - phase - position * step
    is_off_grid = np.abs(distance) > SNAP_TOLERANCE * step
    on_grid = position[~is_off_grid]
    first, last = int(on_grid.min()), int(on_grid.max())
    position = np.where(is_off_grid, -1, position - first)
    _check_density(times, freq, position, source, row_label)
    start = pd.Timestamp(first * step + phase, unit="us", tz=times.tz).as_unit("us")
    index = pd.date_range(start, periods=last - first + 1, freq=freq, unit="us")
    return Grid(index, freq, position, (distance != 0) & ~is_off_grid)


def _put_on_calendar_grid(
    times: pd.DatetimeIndex, freq: str, offset: BaseOffset, source: str, row_label: Callable[[int], Text]
) -> Grid:
    time_of_day = times.asi8 % DAY_US
    times_of_day, counts = np.unique(time_of_day, return_counts=True)
    shift = pd.Timedelta(int(times_of_day[counts.argmax()]), "us")
    start, end = offset.rollback(times.min().normalize()), offset.rollforward(times.max().normalize())
    days = pd.date_range(start, end, freq=freq, unit="us")
    index = days + shift
    position = index.get_indexer(times)
    moved = position < 0
    if moved.any():
        period = _without_shared_periods(times, _period_of_times(times, days, offset))
        position = np.where(moved & (period < len(days)), period, position)
        moved &= position >= 0
    on_grid = position[position >= 0]
    if not len(on_grid):
        message = Text(
            "{source}: no time lies on the grid of {setting} (the first is {first})",
            source=source,
            setting=Setting("data.frequency", freq),
            first=str(times[0]),
        )
        advice = Text(
            "set a {setting} of which each step contains at most one time", setting=Setting("data.frequency")
        )
        raise DataError(message, advice, "data.frequency")
    first, last = int(on_grid.min()), int(on_grid.max())
    position = np.where(position < 0, -1, position - first)
    _check_density(times, freq, position, source, row_label)
    index = pd.DatetimeIndex(index[first : last + 1], freq=None)
    return Grid(index, freq, position, moved)


def _period_of_times(times: pd.DatetimeIndex, days: pd.DatetimeIndex, offset: BaseOffset) -> np.ndarray:
    """Position in `days` of the period of each time (for weeks: of the nearest day); -1 for other frequencies."""
    day = times.normalize()
    if isinstance(offset, MonthBegin | QuarterBegin | YearBegin):
        return days.searchsorted(day, side="right") - 1
    if isinstance(offset, MonthEnd | QuarterEnd | YearEnd):
        return days.searchsorted(day)
    if isinstance(offset, Week):
        return np.rint((day - days[0]) / (offset.n * pd.Timedelta(days=7))).astype(np.int64)
    return np.full(len(times), -1)


def _without_shared_periods(times: pd.DatetimeIndex, period: np.ndarray) -> np.ndarray:
    """The periods, with -1 for each that contains several different times."""
    order = np.lexsort((times.asi8, period))
    shared = period[order][1:][(np.diff(period[order]) == 0) & (np.diff(times.asi8[order]) > 0)]
    return np.where(np.isin(period, shared), -1, period)


def _check_density(
    times: pd.DatetimeIndex, freq: str, position: np.ndarray, source: str, row_label: Callable[[int], Text]
) -> None:
    """Raise a DataError if no rows of the grid are consecutive, or if a few stray times extend it.

    A long gap with many times on both sides is accepted.
    """
    filled = position[position >= 0]
    if not (np.diff(filled) > 0).all():  # a table in the order of time needs no sort, which takes time and memory
        filled = np.unique(filled)
    gaps = np.diff(filled)
    if len(gaps) > 1 and gaps.min() > 1:
        message = Text(
            "{source}: no two times are one step of {frequency} apart; most are {steps} steps apart",
            source=source,
            frequency=freq,
            steps=int(np.median(gaps)),
        )
        advice = Text(
            "set a {setting} that fits the rows; a trained run reads only data of its own frequency",
            setting=Setting("data.frequency"),
        )
        raise DataError(message, advice, "data.frequency")
    rows, max_stray = int(filled[-1]) + 1, int(MAX_STRAY_SHARE * len(filled))
    rows_without_stray = int(filled[len(filled) - 1 - max_stray] - filled[max_stray]) + 1
    if rows > 2 * rows_without_stray or (rows > 10_000 and rows > 20 * len(filled)):
        farthest = int(np.argmax(np.where(position < 0, 0, np.abs(position - np.median(filled)))))
        message = Text(
            "{source}: {place} has the time {time}, far from the rest: a grid from {first} to {last} has {rows} "
            "rows, {empty} of them empty",
            source=source,
            place=row_label(farthest),
            time=str(times[farthest]),
            first=str(times.min()),
            last=str(times.max()),
            rows=rows,
            empty=rows - len(filled),
        )
        advice = Text(
            "look for a mistyped date, remove the rows that are so far away, or set a coarser {setting}",
            setting=Setting("data.frequency"),
        )
        raise DataError(message, advice, "data.frequency")
