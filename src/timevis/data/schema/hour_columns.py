"""Tables with a row for each date and a column for each hour: read as one hourly series."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.options import DataOptions
from timevis.data.schema.numeric_columns import column_kind
from timevis.data.schema.time_column import find_time_columns
from timevis.data.table import Table
from timevis.data.timestamps.parsed_times import cell_text
from timevis.data.timestamps.time_parts import PART_NAMES, contains_only_dates, month_numbers
from timevis.errors import DataError
from timevis.messages import Text, listed

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
        "note-hour-columns",
        "the 24 columns {first!r} to {last!r} are read as one hourly series",
        first=next(iter(hours)),
        last=next(reversed(hours)),
    )
    notes = [*table.notes, note]
    if unused := [c for c in others if c not in (*time, *kept)]:
        notes.append(
            Text("note-not-of-hours", "not used beside the columns of hours: {columns}", columns=listed(unused))
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
