"""Times that were parsed: their time zone, and the steps of a day between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from zoneinfo import available_timezones

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.table import Table, quote_cell
from timevis.data.timestamps.time_parts import contains_only_dates
from timevis.errors import DataError
from timevis.messages import Setting, Text


@dataclass(frozen=True)
class ParsedTimes:
    """Timestamps of the rows of a table.

    Attributes
    ----------
    index : DatetimeIndex [rows]
        Naive, or UTC if the source had a time zone; in the order of the table.
    zone : str or None
        The time zone of the source, the only offset of its times (such as UTC+01:00), or a zone that has all of their
        offsets; the calendar is read in it.
    notes : list of Text
        What was decided.
    local_index : DatetimeIndex [rows], optional
        If the source had a time zone: the local times, naive.
    day_first : bool, optional
        Whether dates such as 01/02/2020 were read with the day first, if there are any.
    """

    index: pd.DatetimeIndex
    zone: str | None
    notes: list[Text]
    local_index: pd.DatetimeIndex | None = None
    day_first: bool | None = None

    def take(self, rows: np.ndarray) -> ParsedTimes:
        """The timestamps at positions `rows`, int64 [N]."""
        local_index = None if self.local_index is None else self.local_index.take(rows)
        return replace(self, index=self.index.take(rows), local_index=local_index)


def check_time_cells(
    table: Table, column: str, is_wrong: pd.Series, text: pd.Series | None = None, *, are_empty: bool = False
) -> None:
    """Raise a DataError for the first cell that is empty or no time, with its `text` if given."""
    if is_wrong.any():
        row, count = int(np.argmax(is_wrong)), int(is_wrong.sum())
        params = {
            **table.cell(row, column),
            "more": Text("; so are {count} more", count=count - 1) if count > 1 else "",
        }
        raise DataError(
            Text("{source}: {place}, column {column!r}: the time is empty{more}", **params)
            if are_empty
            else Text(
                "{source}: {place}, column {column!r}: the time{cell} is not a date or time{more}",
                cell=f" {quote_cell(text.iloc[row])}" if text is not None else "",
                **params,
            ),
            Text(
                "every row needs a time such as 2020-01-31 13:00 or 2020-01-31T13:00+01:00: delete rows of totals or "
                "remarks; {setting} names the column",
                setting=Setting("data.time"),
            ),
            "data.time",
        )


def check_resolution(table: Table, column: str, index: pd.DatetimeIndex) -> None:
    """Raise a DataError if the mean step between the distinct times is below 1 ms, to which times are rounded."""
    if index.max() - index.min() < (index.nunique() - 1) * pd.Timedelta(1, "ms"):
        message = Text(
            "{source}: column {column!r}: the times are less than 1 ms apart on average, but steps below 1 ms are "
            "not supported",
            source=table.source,
            column=column,
        )
        advice = Text(
            "average the rows to steps of 1 ms or more, or write the times in a larger unit, for example each "
            "microsecond as a second"
        )
        raise DataError(message, advice)


def to_microseconds(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Times in microseconds, in UTC if they have a zone; rounding errors of spreadsheets are removed."""
    if index.tz is not None:
        index = index.tz_convert("UTC")
    index = index.as_unit("us")
    return index.round("ms") if (index.microsecond % 1000 != 0).any() else index


def cell_text(cell: object) -> str:
    """A cell of a time column as text, in ISO 8601 if it is a date or time."""
    if isinstance(cell, pd.Timestamp):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell).strip()


COMMON_ZONES = (
    *("Europe/Berlin", "Europe/London", "Europe/Helsinki", "Europe/Lisbon"),
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Anchorage"),
    *("America/Halifax", "America/St_Johns", "America/Sao_Paulo", "America/Santiago"),
    *("Australia/Sydney", "Australia/Adelaide", "Pacific/Auckland", "Asia/Jerusalem"),
)
"""Zones that are tried first: many zones have the same offsets, and these are well known."""


def zone_of_offsets(moments: pd.DatetimeIndex, offsets: pd.Series) -> str | None:
    """The time zone in which all times have their offsets.

    Parameters
    ----------
    moments : DatetimeIndex [rows]
        In UTC.
    offsets : Series of timedelta [rows]

    Returns
    -------
    str or None
        If all offsets are equal, a fixed offset such as ``UTC+01:00``. If they change, the first zone whose clock
        has the offset of every row, such as ``Europe/Berlin``. None if no zone has.
    """
    minutes = (offsets.to_numpy("m8[s]") // np.timedelta64(60, "s")).astype(np.int64)
    if (minutes == minutes[0]).all():
        sign, (hours, rest) = "-" if minutes[0] < 0 else "+", divmod(abs(int(minutes[0])), 60)
        return f"UTC{sign}{hours:02d}:{rest:02d}"
    order = np.argsort(moments.asi8, kind="stable")
    moments, minutes = moments[order], minutes[order]
    changes = np.flatnonzero(np.diff(minutes))
    ends = np.unique(np.r_[0, changes, changes + 1, len(minutes) - 1])
    for zone in _candidates():
        if _has_offsets(zone, moments[ends], minutes[ends]) and _has_offsets(zone, moments, minutes):
            return zone
    return None


def _candidates() -> Iterator[str]:
    yield from COMMON_ZONES
    yield from sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))


def _has_offsets(zone: str, moments: pd.DatetimeIndex, minutes: np.ndarray) -> bool:
    """Whether the clock of a zone has these offsets, in minutes [N], at these moments."""
    local = moments.tz_convert(zone).tz_localize(None)
    differences = local.as_unit("s").asi8 - moments.as_unit("s").asi8
    return bool((differences == 60 * minutes).all())


STEP_COUNTS = (24, 25, 48, 50, 96, 100, 144, 288)
"""Steps of a day that are hours, half-hours, quarters, 10 or 5 minutes; some with the steps of a 25-hour day."""
SUBHOURLY_STEP_COUNTS = (48, 96, 144, 288)


def step_of_day_columns(frame: pd.DataFrame, time: tuple[str, ...]) -> list[str]:
    """Columns that number the steps of each date, if the time column contains only dates."""
    if len(time) > 1 or not contains_only_dates(frame[time[0]]):
        return []
    dates = frame[time[0]]
    return [c for c in map(str, frame.columns) if c not in time and _numbers_steps_of_day(frame[c], dates)]


def _numbers_steps_of_day(column: pd.Series, dates: pd.Series) -> bool:
    """Whether a column counts from 0 or 1 to 24, 48, 96, ... within each date, as in 7 or P07."""
    code, names = pd.factorize(column)
    numbers = step_numbers(pd.Series(names))
    if len(numbers) not in STEP_COUNTS or (code < 0).any() or numbers.min() not in (0, 1):
        return False
    day = pd.factorize(dates)[0]
    steps = np.diff(numbers[code])[np.diff(day) == 0]
    return bool(numbers.max() - numbers.min() + 1 == len(numbers) and len(steps) and (steps == 1).mean() > 0.9)


def step_numbers(column: pd.Series) -> np.ndarray:
    """The number in each cell, such as 7 or P07, as float64 [rows]; NaN for a cell without exactly one number."""
    if not types.is_numeric_dtype(column):
        column = column.astype(str).str.extract(r"^\D*(\d+)\D*$")[0]
    return pd.to_numeric(column).to_numpy(np.float64, na_value=np.nan)


def count_steps_of_day(column: pd.Series) -> int:
    """The number of steps of a 24-hour day (48, 96, 144 or 288) that a column counts from 0 or 1, else 0.

    A day of 25 hours may have more steps. Numbers up to 24 are hours, see `standardize_times_of_day`.
    """
    numbers = step_numbers(column)
    distinct = np.unique(numbers[~np.isnan(numbers)])
    if not len(distinct) or distinct[0] not in (0, 1) or (np.diff(distinct) != 1).any():
        return 0
    return next((count for count in SUBHOURLY_STEP_COUNTS if len(distinct) in (count, count * 25 // 24)), 0)


def parse_steps_of_day(
    table: Table, names: tuple[str, ...], dates: ParsedTimes, steps_per_day: int, timezone: str | None
) -> ParsedTimes:
    """Parse dates and numbered steps of a day, of which a day has more or fewer if clocks change.

    Parameters
    ----------
    table : Table
    names : tuple of str
        The columns of the dates and of the steps.
    dates : ParsedTimes
    steps_per_day : int
        Of a day of 24 hours.
    timezone : str or None
        The time zone of the dates.

    Raises
    ------
    DataError
        There is no time zone, a cell is empty, or a day has no step of a number; names row and column.
    """
    if timezone is None:
        message = Text(
            "{source}: column {column!r} numbers the steps of a day; a day has fewer or more of them when clocks "
            "change, so the time zone is needed",
            source=table.source,
            column=names[1],
        )
        advice = Text(
            "set the time zone of the dates: {setting}, for example, or UTC if clocks never change",
            setting=Setting("data.timezone", "Europe/London"),
        )
        raise DataError(message, advice, "data.timezone")
    numbers = step_numbers(table.frame[names[1]])
    check_time_cells(table, names[1], pd.Series(np.isnan(numbers)), are_empty=True)
    days = (dates.index if dates.local_index is None else dates.local_index).normalize()
    midnight = days.tz_localize(timezone, ambiguous=np.ones(len(days), bool), nonexistent="shift_forward")
    index = midnight.tz_convert("UTC") + (numbers - numbers.min()) * pd.Timedelta(days=1) / steps_per_day
    local_index = index.tz_convert(timezone).tz_localize(None)
    if (is_next_day := local_index.normalize() != days).any():
        row = int(np.argmax(is_next_day))
        message = Text(
            "{source}: {place}, column {column!r}: {date} has no step {step:g} in {zone}",
            **table.cell(row, names[1]),
            date=f"{days[row]:%Y-%m-%d}",
            step=float(numbers[row]),
            zone=timezone,
        )
        advice = Text(
            "set {setting} to the time zone that the steps follow, or correct the row",
            setting=Setting("data.timezone"),
        )
        raise DataError(message, advice, "data.timezone")
    text = Text(
        "{column!r} numbers the steps of a day in {zone}, {steps} in 24 hours",
        code="note-steps-of-day",
        column=names[1],
        zone=timezone,
        steps=steps_per_day,
    )
    notes = [*dates.notes, text]
    return ParsedTimes(to_microseconds(index), timezone, notes, to_microseconds(local_index), dates.day_first)
