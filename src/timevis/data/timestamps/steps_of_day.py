"""Parse times that are a date and the number of a step within it, such as the 48 half-hours of a power market."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.table import Table
from timevis.data.timestamps.parsed_times import ParsedTimes, check_time_cells, to_microseconds
from timevis.data.timestamps.time_parts import contains_only_dates
from timevis.errors import DataError
from timevis.messages import Setting, Text

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
            "steps-without-zone",
            "{source}: column {column!r} numbers the steps of a day; a day has fewer or more of them when clocks "
            "change, so the time zone is needed",
            source=table.source,
            column=names[1],
        )
        advice = Text(
            "zone-of-steps",
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
            "no-such-step-of-day",
            "{source}: {place}, column {column!r}: {date} has no step {step:g} in {zone}",
            **table.cell(row, names[1]),
            date=f"{days[row]:%Y-%m-%d}",
            step=float(numbers[row]),
            zone=timezone,
        )
        advice = Text(
            "zone-that-steps-follow",
            "set {setting} to the time zone that the steps follow, or correct the row",
            setting=Setting("data.timezone"),
        )
        raise DataError(message, advice, "data.timezone")
    text = Text(
        "note-steps-of-day",
        "{column!r} numbers the steps of a day in {zone}, {steps} in 24 hours",
        column=names[1],
        zone=timezone,
        steps=steps_per_day,
    )
    notes = [*dates.notes, text]
    return ParsedTimes(to_microseconds(index), timezone, notes, to_microseconds(local_index), dates.day_first)
