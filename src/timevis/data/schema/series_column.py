"""Find the column of a long table that names its series, or join several columns into one."""

from __future__ import annotations

from functools import reduce
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.schema.numeric_columns import column_kind
from timevis.data.table import Table
from timevis.data.timestamps.steps_of_day import step_of_day_columns
from timevis.data.timestamps.time_parts import PART_NAMES, TIME_OF_DAY_NAMES, contains_times_of_day
from timevis.errors import DataError
from timevis.messages import Setting, Text

SERIES_COLUMN_NAMES = (
    "id",
    "unique_id",
    "item_id",
    "series_id",
    "series",
    "item",
    "sensor",
    "sensor_id",
    "station",
    "store",
)
MIN_REPEATED_SHARE = 0.01
"""If a larger share of the rows repeat a time, the table contains several series."""
MIN_REPEATED_SHARE_FOR_TEXT = 1 / 3
MIN_ROWS_PER_SERIES = 20
"""If no times repeat, a column names series only if its values have at least so many rows each on average."""
MAX_PAIRED_COLUMNS = 6
"""Columns of which pairs are tried for the advice on data.id."""


def find_series_column(table: Table, time: tuple[str, ...], candidates: list[str], notes: list[Text]) -> str | None:
    """The column that makes repeated times unique, in a long table; None if there is none.

    A text column without the name of a series column is accepted only if a time has one and a half rows on average:
    series share their times, whereas other text, such as the weather, differs only between a few reports of one hour.
    If series share no times, only a column with such a name that looks like one is accepted.
    """
    frame = table.frame
    repeated_share = frame.duplicated(list(time)).mean()
    named = [c for c in candidates if c.lower().strip() in SERIES_COLUMN_NAMES]
    if repeated_share <= MIN_REPEATED_SHARE:
        named = [c for c in named if contains_series_names(frame[c])]
    text: list[str] = []
    if repeated_share >= MIN_REPEATED_SHARE_FOR_TEXT:
        others = [c for c in candidates if c not in named]
        text = [c for c in others if column_kind(frame[c]) == "text" and not _may_be_time_part(frame, time, c)]
    for name in named + text:
        keys = pd.concat([frame[list(time)], table.series_name_columns([name])], axis=1)
        if keys[name].nunique() > 1 and keys.duplicated().mean() <= MIN_REPEATED_SHARE:
            table.frame[name] = keys[name]
            notes.append(Text("note-long-table", "the table is long: {column!r} names the series", column=name))
            return name
    return None


def join_series_columns(table: Table, names: tuple[str, ...]) -> str:
    """Name of the column that names the series; if there are several, of a new one with their texts joined by blanks.

    Raises
    ------
    DataError
        Two series would have the same name.
    """
    table.frame[list(names)] = table.series_name_columns(names)
    if len(names) == 1:
        return names[0]
    parts = [table.frame[n].map(_name_part, na_action="ignore").replace("", None) for n in names]
    label, joined = "+".join(names), reduce(lambda left, right: left + " " + right, parts)
    if label in table.frame or joined.nunique() < len(pd.concat(parts, axis=1).dropna().drop_duplicates()):
        message = Text(
            "series-named-alike",
            "{source}: {setting} would give two series the same name",
            source=table.source,
            setting=Setting("data.id", f"[{','.join(names)}]"),
        )
        advice = Text(
            "add-series-column",
            "add a column to the file that names the series, and set {setting} to it",
            setting=Setting("data.id"),
        )
        raise DataError(message, advice, "data.id")
    table.frame[label] = joined
    return label


def _name_part(cell: Any) -> str:
    """A part of a name; a float such as 1.0, which pandas makes of 1 in a column with empty cells, becomes 1."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def contains_series_names(column: pd.Series) -> bool:
    """Whether a column contains few names, or few integers that form one block each or alternate."""
    code, names = pd.factorize(column)
    if not 2 <= len(names) <= len(column) / MIN_ROWS_PER_SERIES or (code < 0).any():
        return False
    if (kind := column_kind(column)) != "number":
        return kind == "text"
    if not types.is_integer_dtype(column):
        return False
    is_changed = np.diff(code) != 0
    is_periodic = code[len(names) :] == code[: -len(names)]
    return bool(is_changed.sum() == len(names) - 1 or (is_changed.mean() > 0.9 and is_periodic.mean() > 0.9))


def _may_be_time_part(frame: pd.DataFrame, time: tuple[str, ...], name: str) -> bool:
    """Whether a column may be a part of the time: a time of day, a month or the step of a day."""
    return (
        name.lower().strip() in (*TIME_OF_DAY_NAMES, *PART_NAMES)
        or contains_times_of_day(frame[name])
        or name in step_of_day_columns(frame, time)
    )


def suggest_series_columns(table: Table, time: tuple[str, ...]) -> str:
    """The column that would make repeated times unique, or two as ``[a,b]``, for advice on data.id; empty if none."""
    frame, steps = table.frame, step_of_day_columns(table.frame, time)
    candidates = [
        c
        for c in map(str, frame.columns)
        if c not in (*time, *steps)
        and not types.is_float_dtype(frame[c])
        and 1 < frame[c].nunique() <= len(frame) // 3
        and (types.is_numeric_dtype(frame[c]) or not contains_times_of_day(frame[c]))
        and c.lower().strip() not in (*TIME_OF_DAY_NAMES, *PART_NAMES)
    ]
    for names in (*combinations(candidates, 1), *combinations(candidates[:MAX_PAIRED_COLUMNS], 2)):
        if not frame.duplicated([*time, *names]).any():
            return names[0] if len(names) == 1 else f"[{','.join(names)}]"
    return ""
