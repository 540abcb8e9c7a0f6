"""Find the column of a long table that names its series, or join several columns into one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.schema.numeric_columns import column_kind
from timevis.data.schema.series_key import (
    MAX_REPEATED_SHARE,
    MIN_SHARED_SHARE,
    combine_codes,
    number_cells_by_name,
    smallest_key,
)
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
MIN_ROWS_PER_SERIES = 20
"""If no times repeat, a column names series only if its values have at least so many rows each on average."""
NAME_SEPARATOR = " / "


def find_series_columns(
    table: Table, time: tuple[str, ...], candidates: list[str], notes: list[Text]
) -> tuple[str, ...]:
    """The column that makes repeated times unique, in a long table, or the fewest that do together; empty if none do.

    A text column without the name of a series column is accepted only if a time has one and a half rows on average:
    series share their times, whereas other text, such as the weather, differs only between a few reports of one hour.
    If series share no times, only a column with such a name that looks like one is accepted. Several columns must
    also satisfy `timevis.data.schema.series_key.smallest_key`.
    """
    frame = table.frame
    repeated_share = frame.duplicated(list(time)).mean()
    named = [c for c in candidates if c.lower().strip() in SERIES_COLUMN_NAMES]
    if repeated_share <= MAX_REPEATED_SHARE:
        named = [c for c in named if contains_series_names(frame[c])]
    text: list[str] = []
    if repeated_share >= MIN_SHARED_SHARE:
        others = [c for c in candidates if c not in named]
        steps = step_of_day_columns(frame, time)
        text = [c for c in others if column_kind(frame[c]) == "text" and not _may_be_time_part(frame, c, steps)]
    several = []
    for name in named + text:
        keys = pd.concat([frame[list(time)], table.series_name_columns([name])], axis=1)
        if not 1 < keys[name].nunique() <= len(frame) / 2:  # a series has more than one row
            continue
        several.append(name)
        if keys.duplicated().mean() <= MAX_REPEATED_SHARE:
            notes.append(Text("note-long-table", "the table is long: {column!r} names the series", column=name))
            return (name,)
    if repeated_share < MIN_SHARED_SHARE or len(several) < 2:
        return ()
    codes, _ = number_cells_by_name(table.series_name_columns([c for c in candidates if c in several]))
    time_code = combine_codes([pd.factorize(frame[c], use_na_sentinel=False)[0] for c in time])
    key = smallest_key(time_code, {c: code for c, code in codes.items() if (code >= 0).all()})
    if key:
        note = Text("note-joint-key", "the table is long: {columns} name the series together", columns=list(key))
        notes.append(note)
    return key


def join_series_columns(table: Table, names: tuple[str, ...]) -> str:
    """Name of the column that names the series; if there are several, of a new one with their texts joined.

    The texts stand between slashes with blanks, as in ``Adelaide / Holiday``. A text that has such slashes itself
    gets one more in each place, so that different series have different names.

    Raises
    ------
    DataError
        The table has a column with the name of the new one.
    """
    columns = table.series_name_columns(names)
    table.frame[list(names)] = columns
    if len(names) == 1:
        return names[0]
    label = "+".join(names)
    if label in table.frame:
        message = Text(
            "joined-column-exists",
            "{source}: {setting} makes a column {column!r}, but the file has one of this name",
            source=table.source,
            setting=Setting("data.id", f"[{','.join(names)}]"),
            column=label,
        )
        raise DataError(message, Text("rename-one-column", "rename the column {column!r}", column=label), "data.id")
    codes, texts = number_cells_by_name(columns)
    is_named = np.all([code >= 0 for code in codes.values()], axis=0)
    series = np.full(len(columns), -1)
    joined: list[str] = []
    if is_named.any():
        of_named = [code[is_named] for code in codes.values()]
        series[is_named] = combine_codes(of_named)
        first = np.unique(series[is_named], return_index=True)[1]
        parts = [[_separable(texts[n][k]) for k in code[first]] for n, code in zip(names, of_named, strict=True)]
        joined = [NAME_SEPARATOR.join(row) for row in zip(*parts, strict=True)]
    table.frame[label] = pd.array(joined, dtype="str").take(series, allow_fill=True)
    return label


def _separable(part: str) -> str:
    """A part of a name in which no word is a single slash: each word of slashes gets one more."""
    return " ".join(f"{word}/" if word and not word.strip("/") else word for word in part.split(" "))


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


def _may_be_time_part(frame: pd.DataFrame, name: str, steps: Sequence[str]) -> bool:
    """Whether a column may be a part of the time: a time of day, a month or the step of a day."""
    return (
        name.lower().strip() in (*TIME_OF_DAY_NAMES, *PART_NAMES)
        or contains_times_of_day(frame[name])
        or name in steps
    )


def columns_for_advice(frame: pd.DataFrame, time: tuple[str, ...], used: Sequence[str]) -> list[str]:
    """Columns other than `used` that may separate the rows of a time, for advice on data.id.

    They are not decimal numbers, times or parts of times, and have at most twice as many values as a time has rows;
    measurements mostly have more.
    """
    steps, max_rows = step_of_day_columns(frame, time), frame.groupby(list(time), sort=False).size().max()
    return [
        c
        for c in map(str, frame.columns)
        if c not in (*time, *used, *steps)
        and not types.is_float_dtype(frame[c])
        and not types.is_datetime64_any_dtype(frame[c])
        and 1 < frame[c].nunique() <= min(len(frame) // 3, 2 * max_rows)
        and (types.is_numeric_dtype(frame[c]) or not contains_times_of_day(frame[c]))
        and c.lower().strip() not in (*TIME_OF_DAY_NAMES, *PART_NAMES)
    ]
