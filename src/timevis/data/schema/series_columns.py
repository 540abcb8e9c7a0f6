"""Which columns name the series of a long table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.schema.cells import column_kind
from timevis.data.table import Table
from timevis.data.timestamps.parsed_times import step_of_day_columns
from timevis.data.timestamps.time_parts import PART_NAMES, TIME_OF_DAY_NAMES, contains_times_of_day
from timevis.errors import DataError
from timevis.messages import Setting, Text

MAX_REPEATED_SHARE = 0.01
"""The share of the rows that may repeat another row of their series and time."""
MIN_SHARED_SHARE = 1 / 3
"""The share of the rows that must repeat a time without a column, for that column to be text that names series."""
MIN_SHARE_OF_TIMES = 0.1
"""Of the times of the table that a series has on average, if several columns name the series."""
MAX_KEY_COLUMNS = 6
"""The columns of which every combination is tried."""
MAX_ADVISED_COLUMNS = 3
MAX_SEARCHED_ROWS = 100_000
"""Of a larger table, the combinations are tried on the rows of some of its times."""


def number_cells_by_name(columns: pd.DataFrame) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """For each column the number of the name in each row, int64 [rows] with -1 where it is empty, and the names.

    Names that differ in surrounding blanks only are one name.
    """
    codes, names = {}, {}
    for label, column in columns.items():
        code_of_row, cells = pd.factorize(column)
        parts = pd.Series([_as_name(cell) or None for cell in cells], dtype=object)
        code_of_cell, distinct = pd.factorize(parts)
        codes[str(label)] = np.append(code_of_cell, -1)[code_of_row].astype(np.int64)
        names[str(label)] = list(distinct)
    return codes, names


def _as_name(cell: object) -> str:
    """A cell as text; a float such as 1.0, which pandas makes of 1 in a column with empty cells, becomes 1."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def combine_codes(codes: Sequence[np.ndarray]) -> np.ndarray:
    """Number the distinct combinations of codes that are not negative, from 0 in the order of their first row."""
    combined = codes[0]
    for code in codes[1:]:
        combined = pd.factorize(combined * (int(code.max()) + 1) + code)[0]
    return combined


def count_repeated_rows(codes: Sequence[np.ndarray]) -> int:
    """The number of rows that repeat the combination of codes of an earlier row."""
    return len(codes[0]) - int(combine_codes([*codes, np.zeros_like(codes[0])]).max()) - 1


def smallest_key(time: np.ndarray, codes: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """The fewest columns, at least two, that name the series together; empty if no columns do.

    Together with the time they are different in all but one row of a hundred. Text such as the weather or a remark
    may also differ between the rows of a time, so each column must be needed by a third of the rows: without it, they
    would repeat the time of a series. And a series must have a tenth of the times of the table on average, which is
    not so if each row has a text of its own. Of several sets of equal size, the one with the fewest series is taken,
    and of these the first one in the order of the columns. A column that follows from another one, such as the state
    of a region, is thus left out.

    Parameters
    ----------
    time : int64 [rows]
        Number of the time of each row.
    codes : mapping
        Column to the number of its name in each row, int64 [rows], none negative.
    """
    if (step := -(-len(time) // MAX_SEARCHED_ROWS)) > 1:  # whether rows of a time differ does not depend on others
        is_tried = time % step == 0
        key = smallest_key(time[is_tried] // step, {name: code[is_tried] for name, code in codes.items()})
        is_key = bool(key) and count_repeated_rows([*(codes[n] for n in key), time]) <= MAX_REPEATED_SHARE * len(time)
        return key if is_key else ()
    rows, num_times = len(time), int(time.max()) + 1
    num_names = {name: int(code.max()) + 1 for name, code in codes.items()}

    def repeated_share(names: Sequence[str]) -> float:
        return count_repeated_rows([*(codes[n] for n in names), time]) / rows

    def separates(names: Sequence[str]) -> bool:
        has_enough_names = num_times * math.prod(num_names[n] for n in names) >= (1 - MAX_REPEATED_SHARE) * rows
        return has_enough_names and repeated_share(names) <= MAX_REPEATED_SHARE

    def count_series(names: Sequence[str]) -> int:
        return int(combine_codes([codes[n] for n in names]).max()) + 1

    def names_series(names: Sequence[str]) -> bool:
        if not separates(names) or count_series(names) * num_times * MIN_SHARE_OF_TIMES > rows:
            return False
        return all(repeated_share([n for n in names if n != name]) >= MIN_SHARED_SHARE for name in names)

    used = list(codes)
    if len(used) < 2 or not separates(used):
        return ()
    for name in sorted(codes, key=lambda n: -num_names[n]):
        others = [n for n in used if n != name]
        if len(used) > MAX_KEY_COLUMNS and separates(others):
            used = others
    sizes = range(2, len(used) + 1) if len(used) <= MAX_KEY_COLUMNS else (len(used),)
    for size in sizes:
        if keys := [key for key in combinations(used, size) if names_series(key)]:
            return min(keys, key=count_series)
    return ()


def separate_step_by_step(base: np.ndarray, codes: Mapping[str, np.ndarray]) -> list[tuple[tuple[str, ...], int]]:
    """The columns that reduce the repetition most: the best one, the best one beside it, and so on.

    Parameters
    ----------
    base : int64 [rows]
        Number of the series and time of each row.
    codes : mapping
        Column to the number of its name in each row, int64 [rows].

    Returns
    -------
    list of (columns, int)
        At most `MAX_ADVISED_COLUMNS` sets of columns, each with the number of rows that repeat a row if the columns
        of the set also name the series.
    """
    steps: list[tuple[tuple[str, ...], int]] = []
    combined, remaining = base, count_repeated_rows([base])
    left = dict(codes)
    while left and remaining and len(steps) < MAX_ADVISED_COLUMNS:
        repeated = {name: count_repeated_rows([combined, code]) for name, code in left.items()}
        best = min(left, key=lambda name: (repeated[name], int(left[name].max())))
        if repeated[best] == remaining:
            break
        combined, remaining = combine_codes([combined, left.pop(best)]), repeated[best]
        steps.append(((*(steps[-1][0] if steps else ()), best), remaining))
    return steps


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
    also satisfy `timevis.data.schema.series_columns.smallest_key`.
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
            notes.append(Text("the table is long: {column!r} names the series", code="note-long-table", column=name))
            return (name,)
    if repeated_share < MIN_SHARED_SHARE or len(several) < 2:
        return ()
    codes, _ = number_cells_by_name(table.series_name_columns([c for c in candidates if c in several]))
    time_code = combine_codes([pd.factorize(frame[c], use_na_sentinel=False)[0] for c in time])
    key = smallest_key(time_code, {c: code for c, code in codes.items() if (code >= 0).all()})
    if key:
        note = Text("the table is long: {columns} name the series together", code="note-joint-key", columns=list(key))
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
            "{source}: {setting} makes a column {column!r}, but the file has one of this name",
            source=table.source,
            setting=Setting("data.id", f"[{','.join(names)}]"),
            column=label,
        )
        raise DataError(message, Text("rename the column {column!r}", column=label), "data.id")
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
