"""Find the columns of a table that contain its times."""

from __future__ import annotations

import pandas as pd
from pandas.api import types

from timevis.data.schema.numeric_columns import column_kind
from timevis.data.schema.series_column import SERIES_COLUMN_NAMES, contains_series_names
from timevis.data.schema.series_key import MAX_REPEATED_SHARE
from timevis.data.table import Table
from timevis.data.timestamps.parse_times import looks_like_time
from timevis.data.timestamps.time_parts import (
    PART_NAMES,
    TIME_OF_DAY_NAMES,
    contains_only_dates,
    contains_times_of_day,
    month_numbers,
)
from timevis.errors import DataError
from timevis.messages import Setting, Text, listed

TIME_NAMES = ("time", "timestamp", "datetime", "date_time", "date", "ds", "ts", "day", "month", "year", "period")
MIN_YEAR = 1700
SAMPLE_CELLS = 50


def find_time_columns(table: Table, notes: list[Text]) -> tuple[str, ...]:
    """The time column, or the columns of year, month, ... or of date and time of day; adds a note that names them.

    Raises
    ------
    DataError
        No column contains times or has the name of a time column.
    """
    frame = table.frame
    names = {str(c).lower().strip(): str(c) for c in frame.columns}
    named = [names[n] for n in TIME_NAMES if n in names]
    times = [n for n in named if looks_like_time(frame[n]) or _may_be_numeric_time(frame[n])]
    parts = tuple(names[p] for p in PART_NAMES if p in names and _is_part(frame[names[p]], p))
    if parts[:2] == (names.get("year"), names.get("month")) and set(times) <= set(parts):
        notes.append(_note_on_columns(parts))
        return parts
    times += [n for n in map(str, frame.columns) if n not in named and looks_like_time(frame[n])]
    if times:  # if another column contains dates, 13.01.05 is a time of day
        best = min(times, key=lambda n: (n in parts, contains_times_of_day(frame[n])))
        others = [n for n in times if n != best]
        name = next((n for n in others if _adds_times_of_day(frame[n], frame[best])), best)
        time_of_day = find_time_of_day_column(frame, name)
        notes.append(
            _note_on_columns((name, time_of_day))
            if time_of_day
            else Text("note-time-column", "the time column is {column!r}", column=name)
        )
        return (name, time_of_day) if time_of_day else (name,)
    for name in named:
        if frame[name].notna().any():
            return (
                name,
            )  # the name says that it is a time column: parsing reports the first cell that is not a time
    text = Text(
        "no-time-column",
        "{source}{sheet_note}: there is no time column among {columns}",
        source=table.source,
        sheet_note=table.sheet_note or "",
        columns=listed([repr(name) for name in frame.columns], 12),
    )
    advice = Text(
        "one-time-column",
        "one column must contain times such as 2020-01-31 13:00 ({setting} names it); the column names must be in "
        "the first row",
        setting=Setting("data.time"),
    )
    raise DataError(text, advice, "data.time")


def _note_on_columns(names: tuple[str, ...]) -> Text:
    return Text("note-time-columns", "the time is made of the columns {columns}", columns=names)


def find_time_of_day_column(frame: pd.DataFrame, date_column: str, only_known_names: bool = True) -> str | None:
    """The column with the times of day for a column that contains only dates; None if there is none.

    Each series must have several rows of one date: if it has one row per date, a column of hours is a measurement.

    Parameters
    ----------
    frame : DataFrame
    date_column : str
    only_known_names : bool
        Whether the column must have a name such as ``hour``; if not, text columns of any name are considered.
    """
    candidates = [
        name
        for name in map(str, frame.columns)
        if name != date_column
        and (
            name.lower().strip() in TIME_OF_DAY_NAMES or not (only_known_names or types.is_numeric_dtype(frame[name]))
        )
    ]
    if not candidates or not contains_only_dates(frame[date_column]):
        return None
    series = [
        c
        for c in map(str, frame.columns)
        if c.lower().strip() in SERIES_COLUMN_NAMES and contains_series_names(frame[c])
    ]
    if frame.duplicated([date_column, *series]).mean() <= MAX_REPEATED_SHARE:
        return None
    return next((name for name in candidates if contains_times_of_day(frame[name])), None)


def _is_part(column: pd.Series, part: str) -> bool:
    return column_kind(month_numbers(column) if part == "month" else column) == "number"


def _adds_times_of_day(column: pd.Series, dates: pd.Series) -> bool:
    """Whether a column repeats the dates of a column of dates and adds a time of day."""
    if not contains_only_dates(dates) or contains_only_dates(column):
        return False
    is_filled = dates.notna() & column.notna()
    days, times = dates[is_filled].iloc[:SAMPLE_CELLS], column[is_filled].iloc[:SAMPLE_CELLS]
    if types.is_datetime64_any_dtype(times):
        return bool(len(days)) and bool((times.dt.normalize() == days).all())
    return bool(len(days)) and all(str(t).startswith(str(d)) for t, d in zip(times, days, strict=True))


def _may_be_numeric_time(column: pd.Series) -> bool:
    if not types.is_numeric_dtype(column):
        return False
    values = column.dropna()
    return bool(len(values)) and bool(values.min() >= MIN_YEAR) and bool((values == values.round()).all())
