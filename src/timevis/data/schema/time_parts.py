"""Parts of a time in columns of their own: dates alone, clock times, months by name, steps of a day."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.readers.table import MISSING, Table
from timevis.errors import DataError

CLOCK_NAMES = (
    *("time", "hour", "hours", "hr", "clock", "time of day", "hrmn", "hhmm", "heure"),
    *("he", "hourending", "hour ending", "hour_ending"),
)
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[AaPp][Mm])?"
SPELLINGS = (
    (r"(?i)\b([ap])\.\s?m\b\.?", r"\1m"),
    (r"(?i)(\d)([ap])\.\s?m\b\.?", r"\1 \2m"),
    (rf"^({CLOCK})\s*(?:-|–|—|to|bis)\s*{CLOCK}$", r"\1"),
    (r"^(\d{1,2})\.(\d{2})\.(\d{2})$", r"\1:\2:\3"),
    (r"(?i)^(\d{1,2})\s?h\s?(\d{2})$", r"\1:\2"),
    (r"(?i)^(?:HE\s?)?(\d{1,2})\s?h?$", r"\1:00"),
    (r"(?i)^(\d{1,2})\s?([ap]m)$", r"\1:00 \2"),
    (r"^(\d:\d{2})", r"0\1"),
)
WEEK = re.compile(r"(?i)(?:iso|calendar|kalender)?[ _]?(?:weeks?|woche|kw|周)(?:[ _]?(?:no|nr|number))?")
STEPS_OF_DAY = (24, 25, 48, 50, 96, 100, 144, 288)
"""Hours, half hours, quarters, 10 and 5 minutes, some with those of the day on which clocks go back."""
SHORT_STEPS = (48, 96, 144, 288)


def clock_times(text: pd.Series) -> pd.Series:
    """Clock times as 01:00 or 01:00 pm, from a whole hour, 01h, 1 p.m., 01.00.00 or HE01; other text as it is.

    Of an interval such as 01:00-02:00 it is the start. Whole numbers are read as hours and minutes (130 is 01:30)
    where not all are hours.
    """
    whole = text.str.fullmatch(r"\d{1,4}(?:\.0)?")
    if whole.any():
        numbers = text[whole].str.removesuffix(".0")
        if _hours_and_minutes(numbers.astype(int)):
            numbers = numbers.str.zfill(4).str.replace(r"^(..)(..)$", r"\1:\2", regex=True)
        text = text.where(~whole, numbers.reindex(text.index))
    for spelling, plain in SPELLINGS:
        text = text.str.replace(spelling, plain, regex=True)
    return text


def _hours_and_minutes(numbers: pd.Series) -> bool:
    """Whether whole numbers are clock times such as 30, 130 and 2330: not hours alone, and not years."""
    return bool(
        numbers.max() > 99 and numbers.min() < 1000 and (numbers <= 2400).all() and (numbers % 100 < 60).all()
    )


def is_clock(column: pd.Series) -> bool:
    """Whether a column holds clock times, or numbers of whole hours from 0 or 1 to 23 or 24 or such as 2330."""
    sample = column.dropna()
    if types.is_numeric_dtype(column):
        whole = len(sample) and ((sample >= 0) & (sample % 1 == 0)).all()
        return bool(whole) and bool((sample <= 24).all() or _hours_and_minutes(sample))
    sample = sample[~sample.isin(MISSING)].iloc[:20].astype(str).str.strip()
    numbers = sample.str.fullmatch(r"\d+")
    return bool(len(sample)) and not numbers.any() and bool(clock_times(sample).str.fullmatch(CLOCK).all())


def is_date_only(column: pd.Series) -> bool:
    """Whether times have no clock: no hour, no seconds since 1970, no day of a spreadsheet with a fraction."""
    filled = column.dropna()
    if types.is_datetime64_any_dtype(column):
        return bool((filled == filled.dt.normalize()).all())
    if types.is_numeric_dtype(column):
        return bool(((filled < 1e8) & (filled % 1 == 0)).all())
    text = filled.astype(str)
    return not (text.str.contains(":") | (text.str.count(r"\d") > 8)).any()


def month_numbers(column: pd.Series) -> pd.Series:
    """Months written as a name (Jan, January) as 1 to 12, NaN where it is none; other columns as they are."""
    if types.is_numeric_dtype(column):
        return column
    text = column.astype(str).str.strip()
    names = text.str.fullmatch(r"[A-Za-z]{3,9}\.?")
    return pd.to_datetime(text.str[:3].where(names), format="%b", errors="coerce").dt.month if names.any() else column


def weeks_of_years(table: Table, names: tuple[str, ...]) -> pd.Series | None:
    """Weeks such as 2024-W5 from a column of bare years and one that is named like a week, else None.

    Raises
    ------
    DataError
        Beside bare years stand numbers or clocks alone: they are no hours of 1 January.
    """
    cells = {n: table.frame[n].astype(str).str.strip().str.removesuffix(".0") for n in names}
    year = next((n for n in names if _all_match(cells[n], r"1[7-9]\d\d|2[0-2]\d\d")), None)
    others = [n for n in names if n != year]
    if year is None or {"year", "month"} <= {n.lower().strip() for n in names}:
        return None
    if len(others) == 1 and WEEK.fullmatch(others[0].strip()):
        return cells[year] + "-W" + cells[others[0]].str.replace(r"^\D+(?=\d+$)", "", regex=True)
    if all(is_clock(table.frame[n]) or _all_match(cells[n], r"\d{1,3}") for n in others):
        beside = ", ".join(f"{cells[n].iloc[0]} in {n!r}" for n in others)
        raise DataError(
            f"{table.source}: {table.place(0)}, column {'+'.join(names)!r}: the year {cells[year].iloc[0]} beside "
            f"{beside} is not a date or time",
            "write dates such as 2020-01-31 in one column; columns that are named year and month (and day, hour) are "
            "joined, and so are years and the numbers of ISO weeks in a column that is named week or KW",
        )
    return None


def _all_match(cells: pd.Series, pattern: str) -> bool:
    return bool(cells.notna().any()) and bool(cells.dropna().str.fullmatch(pattern).all())


def ends_of_days(wall: pd.Series, notes: list[str]) -> tuple[pd.Series, pd.Series]:
    """Read 00:00 behind later clocks of its own date, as ends of intervals are written, as the end of that date.

    Only where most midnights stand so, after several clocks a day, and every time then follows on the last, but for
    the hour by which clocks are set back. Returns the times, and which of them were moved.
    """
    hour, day, midnight = pd.Timedelta(hours=1), pd.Timedelta(days=1), wall == wall.dt.normalize()
    ends = midnight & (wall.diff() < -hour) & (wall == wall.shift().dt.normalize())
    moved = wall.mask(ends, wall + day)
    if (
        not ends.any()
        or 2 * ends.sum() <= midnight.sum()
        or 3 * ends.sum() > len(wall)
        or (moved.diff() < -hour).any()
    ):
        return wall, ends & False
    notes.append("00:00 behind later clocks of its date is read as 24:00, the end of that date")
    return moved, ends


def numbers_steps_of_day(column: pd.Series, dates: pd.Series) -> bool:
    """Whether a column counts from 0 or 1 to 24, 48, 96, ... within each date, be it as 7 or as P07."""
    code, names = pd.factorize(column)
    values = step_numbers(pd.Series(names))
    if len(values) not in STEPS_OF_DAY or (code < 0).any() or values.min() not in (0, 1):
        return False
    day = pd.factorize(dates)[0]
    steps = np.diff(values[code])[np.diff(day) == 0]
    return bool(values.max() - values.min() + 1 == len(values) and len(steps) and (steps == 1).mean() > 0.9)


def step_numbers(column: pd.Series) -> np.ndarray:
    """The numbers in cells such as 7 or P07, float64 [rows]; NaN where a cell is empty or has none, or several."""
    if not types.is_numeric_dtype(column):
        column = column.astype(str).str.extract(r"^\D*(\d+)\D*$")[0]
    return pd.to_numeric(column).to_numpy(np.float64, na_value=np.nan)


def steps_in_a_day(column: pd.Series) -> int:
    """How many steps a usual day has that a column numbers from 0 or 1: 48, 96, 144 or 288; 0 where it does not.

    A day of 25 hours may have more of them. Numbers up to 24 are hours on a clock.
    """
    numbers = step_numbers(column)
    seen = np.unique(numbers[~np.isnan(numbers)])
    if not len(seen) or seen[0] not in (0, 1) or (np.diff(seen) != 1).any():
        return 0
    return next((usual for usual in SHORT_STEPS if len(seen) in (usual, usual * 25 // 24)), 0)
