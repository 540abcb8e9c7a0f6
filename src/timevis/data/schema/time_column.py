"""The column of times: found by its values, or a date with a column for each hour."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.options import DataOptions
from timevis.data.schema.cells import column_kind
from timevis.data.schema.series_columns import MAX_REPEATED_SHARE, SERIES_COLUMN_NAMES, contains_series_names
from timevis.data.table import Table
from timevis.data.timestamps.parse_times import looks_like_time
from timevis.data.timestamps.parsed_times import cell_text
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
            else Text("the time column is {column!r}", code="note-time-column", column=name)
        )
        return (name, time_of_day) if time_of_day else (name,)
    for name in named:
        if frame[name].notna().any():
            return (
                name,
            )  # the name says that it is a time column: parsing reports the first cell that is not a time
    text = Text(
        "{source}{sheet_note}: there is no time column among {columns}",
        source=table.source,
        sheet_note=table.sheet_note or "",
        columns=listed([repr(name) for name in frame.columns], 12),
    )
    advice = Text(
        "one column must contain times such as 2020-01-31 13:00 ({setting} names it); the column names must be in "
        "the first row",
        setting=Setting("data.time"),
    )
    raise DataError(text, advice, "data.time")


def _note_on_columns(names: tuple[str, ...]) -> Text:
    return Text("the time is made of the columns {columns}", code="note-time-columns", columns=names)


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


HOUR_NAME = re.compile(
    r"(?i)(?:hour[ _]?ending|hour|hr|he|h|stunde|std)?[ _.]*(\d{1,2})"
    r"(?:[:.h](?:00)?(?:[:.]00)?)?(?:\s*h|\s*uhr)?(?:\s*(?:-|–|to|bis)\s*\d{1,2}(?:[:.]\d\d)?)?"
)
VALUE = "value"
"""Name of the column that contains the values of all hours."""


def stack_hour_columns(table: Table, options: DataOptions) -> Table:
    """A table with a row for each hour, if the table has a row for each date and columns for its 24 hours.

    The hours are the names of columns such as ``0``, ``13:00``, ``H01`` or ``00-01``, in the order of the table, from
    0 to 23 or from 1 to 24, where 24 is the midnight after the date. Columns that may name series are kept. Another
    table is returned unchanged, and so is one of whose hours the options name some as targets or covariates.
    """
    hours = _hour_columns(table)
    named = {*(options.time or ()), *(options.id or ()), *(options.target or ()), *(options.covariates or {})}
    if hours is None or named & set(hours):
        return table
    frame = table.frame
    others = [str(c) for c in frame.columns if c not in hours]
    dates = _dates(replace(table, frame=frame[others], notes=[]), options)
    if dates is None:
        return table
    time, texts = dates
    has_series = len(set(texts)) < len(texts)
    kept = [
        c for c in others if c not in time and (c in (options.id or ()) or _may_name_series(frame[c], has_series))
    ]
    numbers = list(hours.values())
    stacked = pd.DataFrame({name: frame[name].repeat(24).reset_index(drop=True) for name in kept})
    name = next(n for n in (VALUE, "hourly value", "value of the hour") if n not in kept)
    time_name = time[0] if len(time) == 1 else "date"
    stacked.insert(0, time_name, [text and f"{text} {hour:02d}:00" for text in texts for hour in numbers])
    stacked[name] = frame[list(hours)].to_numpy().reshape(-1)
    note = Text(
        "the 24 columns {first!r} to {last!r} are read as one hourly series",
        code="note-hour-columns",
        first=next(iter(hours)),
        last=next(reversed(hours)),
    )
    notes = [*table.notes, note]
    if unused := [c for c in others if c not in (*time, *kept)]:
        notes.append(
            Text("not used beside the columns of hours: {columns}", code="note-not-of-hours", columns=listed(unused))
        )
    row_number = table.row_number or (lambda i: i + 1)
    return replace(
        table,
        frame=stacked.infer_objects(),
        row_number=lambda i: row_number(i // 24),
        notes=notes,
        original_text=None,
    )


def _may_name_series(column: pd.Series, has_series: bool) -> bool:
    """Whether a column is text or, in a table with several rows of a date, whole numbers."""
    return column_kind(column) == "text" or (has_series and types.is_integer_dtype(column))


def _hour_columns(table: Table) -> dict[str, int] | None:
    """Name of each column of an hour to its hour, if a table has columns for exactly 24 hours."""
    matches = {str(c): HOUR_NAME.fullmatch(str(c).strip()) for c in table.frame.columns}
    hours = {name: int(match[1]) for name, match in matches.items() if match}
    first = next(iter(hours.values()), None)
    if first not in (0, 1) or list(hours.values()) != list(range(first, first + 24)):
        return None
    kinds = [column_kind(table.frame[name]) for name in hours]
    return hours if all(kind in ("number", "empty") for kind in kinds) and "number" in kinds else None


def _dates(table: Table, options: DataOptions) -> tuple[tuple[str, ...], list[str]] | None:
    """The columns of the dates, and the date of each row as text; None if the times are not dates."""
    frame = table.frame
    if not len(frame.columns):
        return None
    if options.time and len(options.time) > 1:
        return None
    try:
        time = options.time or find_time_columns(table, [])
    except DataError:
        return None
    if {n.lower().strip() for n in time} == {"year", "month", "day"}:
        parts = frame[list(time)].set_axis([n.lower().strip() for n in time], axis=1)
        parsed = pd.to_datetime(parts.assign(month=month_numbers(parts["month"])), errors="coerce")
        return None if parsed.isna().any() else (time, list(parsed.dt.strftime("%Y-%m-%d")))
    if len(time) > 1 or time[0].lower().strip() in PART_NAMES[:2] or not contains_only_dates(frame[time[0]]):
        return None
    column = frame[time[0]]
    if types.is_numeric_dtype(column):
        if not ((column >= 1e7) & (column < 1e8)).all():
            return None
        column = pd.to_datetime(column.astype(np.int64).astype(str), format="%Y%m%d", errors="coerce")
    if types.is_datetime64_any_dtype(column):
        column = column.dt.strftime("%Y-%m-%d").where(column.notna(), "")
    return time, [cell_text(cell).removesuffix(" 00:00:00") for cell in column.fillna("")]
