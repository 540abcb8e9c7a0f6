"""Parts of a time in separate columns: dates, times of day, names of months, numbers of weeks."""

from __future__ import annotations

import re

import pandas as pd
from pandas.api import types

from timevis.data.table import MISSING_VALUES, Table
from timevis.errors import DataError
from timevis.messages import Text

TIME_OF_DAY_NAMES = (
    "time",
    "hour",
    "hours",
    "hr",
    "clock",
    "time of day",
    "hrmn",
    "hhmm",
    "heure",
    "he",
    "hourending",
    "hour ending",
    "hour_ending",
)
PART_RANGES = {
    "year": (1, 9999),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 24),
    "minute": (0, 59),
    "second": (0, 60),
}
"""The least and the greatest whole number of each part."""
PART_NAMES = tuple(PART_RANGES)
TIME_OF_DAY = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[AaPp][Mm])?"
TIME_OF_DAY_REWRITES = (
    (r"(?i)\b([ap])\.\s?m\b\.?", r"\1m"),
    (r"(?i)(\d)([ap])\.\s?m\b\.?", r"\1 \2m"),
    (rf"^({TIME_OF_DAY})\s*(?:-|–|—|to|bis)\s*{TIME_OF_DAY}$", r"\1"),
    (r"^(\d{1,2})\.(\d{2})\.(\d{2})$", r"\1:\2:\3"),
    (r"(?i)^(\d{1,2})\s?h\s?(\d{2})$", r"\1:\2"),
    (r"(?i)^(?:HE\s?)?(\d{1,2})\s?h?$", r"\1:00"),
    (r"(?i)^(\d{1,2})\s?([ap]m)$", r"\1:00 \2"),
    (r"^(\d:\d{2})", r"0\1"),
)
"""Patterns of other spellings, and what replaces them."""
WEEK_NAME = re.compile(r"(?i)(?:iso|calendar|kalender)?[ _]?(?:weeks?|woche|kw|周)(?:[ _]?(?:no|nr|number))?")


def standardize_times_of_day(text: pd.Series) -> pd.Series:
    """Rewrite times of day (an hour, 01h, 1 p.m., 01.00.00 or HE01) as 01:00 or 01:00 pm; other text is unchanged.

    An interval such as 01:00-02:00 is replaced by its start. Integers are hours and minutes (130 is 01:30) unless all
    are hours.
    """
    is_integer = text.str.fullmatch(r"\d{1,4}(?:\.0)?")
    if is_integer.any():
        numbers = text[is_integer].str.removesuffix(".0")
        if _are_hours_and_minutes(numbers.astype(int)):
            numbers = numbers.str.zfill(4).str.replace(r"^(..)(..)$", r"\1:\2", regex=True)
        text = text.where(~is_integer, numbers.reindex(text.index))
    for pattern, replacement in TIME_OF_DAY_REWRITES:
        text = text.str.replace(pattern, replacement, regex=True)
    return text


def _are_hours_and_minutes(numbers: pd.Series) -> bool:
    """Whether integers are times of day such as 30, 130 and 2330: neither hours only nor years."""
    return bool(
        numbers.max() > 99 and numbers.min() < 1000 and (numbers <= 2400).all() and (numbers % 100 < 60).all()
    )


def contains_time_part(name: str, column: pd.Series) -> bool:
    """Whether a column of numbers with this name contains a part of a time, such as an hour, not a measurement."""
    part = name.lower().strip()
    if part not in PART_RANGES:
        return False
    numbers = pd.to_numeric(column, errors="coerce").dropna()
    return bool((numbers.between(*PART_RANGES[part]) & (numbers % 1 == 0)).all())


def contains_times_of_day(column: pd.Series) -> bool:
    """Whether a column contains times of day: text, integers up to 24 (hours), or integers such as 2330."""
    sample = column.dropna()
    if types.is_numeric_dtype(column):
        are_integers = len(sample) and ((sample >= 0) & (sample % 1 == 0)).all()
        return bool(are_integers) and bool((sample <= 24).all() or _are_hours_and_minutes(sample))
    sample = sample[~sample.isin(MISSING_VALUES)].iloc[:20].astype(str).str.strip()
    is_integer = sample.str.fullmatch(r"\d+")
    if not len(sample) or is_integer.any():
        return False
    return bool(standardize_times_of_day(sample).str.fullmatch(TIME_OF_DAY).all())


def contains_only_dates(column: pd.Series) -> bool:
    """Whether the times of a column have no time of day, no seconds since 1970 and no fraction of a day."""
    filled = column.dropna()
    if types.is_datetime64_any_dtype(column):
        return bool((filled == filled.dt.normalize()).all())
    if types.is_numeric_dtype(column):
        return bool(((filled < 1e8) & (filled % 1 == 0)).all())
    text = pd.Series(filled.astype(str).unique(), dtype=str)
    return not (text.str.contains(":") | (text.str.count(r"\d") > 8)).any()


def month_numbers(column: pd.Series) -> pd.Series:
    """Names of months (Jan, January) as 1 to 12, and NaN for other cells; a column without names is unchanged."""
    if types.is_numeric_dtype(column):
        return column
    text = column.astype(str).str.strip()
    is_name = text.str.fullmatch(r"[A-Za-z]{3,9}\.?")
    if not is_name.any():
        return column
    return pd.to_datetime(text.str[:3].where(is_name), format="%b", errors="coerce").dt.month


def join_years_and_weeks(table: Table, names: tuple[str, ...]) -> pd.Series | None:
    """Weeks such as 2024-W5 from a column of years and a column with the name of a week; None for other columns.

    Raises
    ------
    DataError
        The other columns contain small numbers or times of day: a year with these is not a time.
    """
    cells = {n: table.frame[n].astype(str).str.strip().str.removesuffix(".0") for n in names}
    year = next((n for n in names if _all_match(cells[n], r"1[7-9]\d\d|2[0-2]\d\d")), None)
    others = [n for n in names if n != year]
    if year is None or {"year", "month"} <= {n.lower().strip() for n in names}:
        return None
    if len(others) == 1 and WEEK_NAME.fullmatch(others[0].strip()):
        return cells[year] + "-W" + cells[others[0]].str.replace(r"^\D+(?=\d+$)", "", regex=True)
    if all(contains_times_of_day(table.frame[n]) or _all_match(cells[n], r"\d{1,3}") for n in others):
        message = Text(
            "{source}: {place}, column {column!r}: the year {year} with {others} is not a date or time",
            **table.cell(0, "+".join(names)),
            year=cells[year].iloc[0],
            others=[Text("{cell} in {column!r}", cell=cells[n].iloc[0], column=n) for n in others],
        )
        advice = Text(
            "write dates such as 2020-01-31 in one column; columns named year and month (and day, hour) are joined, "
            "and so are a year and the number of an ISO week in a column named week or KW"
        )
        raise DataError(message, advice, "data.time")
    return None


def _all_match(cells: pd.Series, pattern: str) -> bool:
    return bool(cells.notna().any()) and bool(cells.dropna().str.fullmatch(pattern).all())


def move_midnights_to_day_end(local: pd.Series, notes: list[Text]) -> tuple[pd.Series, pd.Series]:
    """Read 00:00 after later times of its own date as the end of that date, as the ends of intervals are written.

    This is done only if most midnights follow several times of their own date, and if all times then ascend (except
    for the hour by which clocks are set back).

    Parameters
    ----------
    local : Series of datetime [rows]
        Naive times.
    notes : list of Text

    Returns
    -------
    Series of datetime [rows]
    is_moved : Series of bool [rows]
    """
    hour, day, is_midnight = pd.Timedelta(hours=1), pd.Timedelta(days=1), local == local.dt.normalize()
    is_day_end = is_midnight & (local.diff() < -hour) & (local == local.shift().dt.normalize())
    moved = local.mask(is_day_end, local + day)
    if (
        not is_day_end.any()
        or 2 * is_day_end.sum() <= is_midnight.sum()
        or 3 * is_day_end.sum() > len(local)
        or (moved.diff() < -hour).any()
    ):
        return local, is_day_end & False
    notes.append(
        Text("00:00 after later times of its date is read as 24:00, the end of that date", code="note-midnight-end")
    )
    return moved, is_day_end
