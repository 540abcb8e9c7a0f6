"""Rows with the same time, and rows that are equal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from timevis.data.quality.quality_report import QualityReport, list_times
from timevis.data.schema.cells import of_series
from timevis.data.schema.columns import Columns
from timevis.data.schema.grid import Grid
from timevis.data.schema.series_columns import (
    columns_for_advice,
    count_repeated_rows,
    number_cells_by_name,
    separate_step_by_step,
)
from timevis.data.schema.time_column import find_time_of_day_column
from timevis.data.table import Table
from timevis.data.timestamps.parsed_times import count_steps_of_day, step_of_day_columns
from timevis.errors import DataError
from timevis.messages import Setting, Text

MERGE_KINDS = ("identical", "filled", "averaged")


@dataclass(frozen=True)
class MergedRows:
    """Rows with distinct keys.

    Attributes
    ----------
    keys : int64 [M]
        Ascending and distinct.
    values : float32 [M, K]
    repeated_keys : dict
        The keys that occurred several times, by kind: ``identical`` rows, rows that ``filled`` empty cells of each
        other, rows that disagreed and were ``averaged``; or the method of `merge_by`.
    removed_rows : dict
        For each kind, the number of rows that merging removed.
    """

    keys: np.ndarray
    values: np.ndarray
    repeated_keys: dict[str, np.ndarray]
    removed_rows: dict[str, int]


def merge_duplicates(keys: np.ndarray, values: np.ndarray) -> MergedRows:
    """Merge rows of equal key.

    Identical rows become one, an empty cell takes the value of the other rows, and cells that disagree are averaged.
    The result does not depend on the order of the rows of a key.

    Parameters
    ----------
    keys : int64 [N]
        Ascending.
    values : float32 [N, K]
        NaN where missing.
    """
    group_start = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    group_size = np.diff(np.r_[group_start, len(keys)])
    is_repeated = group_size > 1
    out = values[group_start]
    if not is_repeated.any():
        return MergedRows(keys, values, dict.fromkeys(MERGE_KINDS, keys[:0]), dict.fromkeys(MERGE_KINDS, 0))
    size = group_size[is_repeated]
    duplicates = values[np.flatnonzero(np.repeat(is_repeated, group_size))]
    group = np.repeat(np.arange(is_repeated.sum()), size)
    first = np.r_[0, np.cumsum(size)[:-1]]
    count = np.add.reduceat(np.isfinite(duplicates), first, axis=0)
    low, high = np.fmin.reduceat(duplicates, first, axis=0), np.fmax.reduceat(duplicates, first, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _ordered_sums(duplicates, group, first) / count
    out[is_repeated] = np.where(low == high, low, mean)
    is_averaged = (low != high) & (count > 0)
    is_filled = (count > 0) & (count < size[:, None])
    kind = np.where(is_averaged.any(axis=1), 2, np.where(is_filled.any(axis=1), 1, 0))
    repeated_keys = keys[group_start[is_repeated]]
    return MergedRows(
        keys[group_start],
        out,
        {name: repeated_keys[kind == i] for i, name in enumerate(MERGE_KINDS)},
        {name: int((size - 1)[kind == i].sum()) for i, name in enumerate(MERGE_KINDS)},
    )


def merge_by(keys: np.ndarray, values: np.ndarray, method: str, num_targets: int) -> MergedRows:
    """Merge rows of equal key by the method that the user chose, whether or not they are identical.

    Parameters
    ----------
    keys : int64 [N]
        Ascending; rows of one key in the order of the file.
    values : float32 [N, K]
        NaN where missing, which is left out; a column without a value in any row of a key stays missing.
    method : {"mean", "sum", "first", "last"}
    num_targets : int
        The columns after the targets are covariates, which ``sum`` averages: a total has no total temperature.
    """
    groups = pd.DataFrame(values.astype(np.float64)).groupby(keys)
    merged = groups.sum(min_count=1) if method == "sum" else groups.agg(method)
    if method == "sum":
        merged.iloc[:, num_targets:] = groups.mean().iloc[:, num_targets:]
    distinct, counts = merged.index.to_numpy(), groups.size().to_numpy()
    removed = len(keys) - len(distinct)
    return MergedRows(distinct, merged.to_numpy(np.float32), {method: distinct[counts > 1]}, {method: removed})


def _ordered_sums(values: np.ndarray, group: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Column sums of each group, added in ascending order, so that rounding does not depend on the order of rows."""
    total = np.empty((len(first), values.shape[1]))
    for j in range(values.shape[1]):
        ordered = values[np.lexsort((values[:, j], group)), j]
        total[:, j] = np.add.reduceat(np.nan_to_num(ordered), first)
    return total


MAX_REPEATED_TIMES = 0.01
"""Times of a series at which rows disagree, for each of its rows. More are no single errors of a file."""
MAX_AVERAGED_SHARE = 0.05
"""Of the rows of a series, those that averages may replace, if few times have many rows that disagree."""


def merge_repeated_times(
    keys: np.ndarray,
    values: np.ndarray,
    positions: np.ndarray,
    grid: Grid,
    series_names: tuple[str, ...],
    table: Table,
    columns: Columns,
    method: str | None,
    report: QualityReport,
) -> tuple[np.ndarray, np.ndarray]:
    """Merge rows of equal key as `merge_duplicates` does, or by the method of `data.duplicates`, and count them.

    Parameters
    ----------
    keys : int64 [N]
        Number of the series times the length of the grid, plus the row of the grid; ascending.
    values : float32 [N, K]
    positions : int64 [N]
        Row of the table.
    grid : Grid
    series_names : tuple of str
    table : Table
    columns : Columns
    method : {"mean", "sum", "first", "last"}, optional
        What the user chose; any number of rows is then merged.
    report : QualityReport

    Returns
    -------
    keys : int64 [M]
        Distinct.
    values : float32 [M, K]

    Raises
    ------
    DataError
        `method` is None, and for more than one row in a hundred of a series there is a time at which rows disagree,
        or averages would replace more than five rows in a hundred, and not only in the hours in which clocks are set
        back.
    """
    merged = merge_by(keys, values, method, len(columns.targets)) if method else merge_duplicates(keys, values)
    length = len(grid.index)
    report.duplicates = {
        kind: {"rows": merged.removed_rows[kind], "places": list_times(grid.index[repeated % length])}
        for kind, repeated in merged.repeated_keys.items()
    }
    averaged = merged.repeated_keys.get("averaged", keys[:0])
    first = np.searchsorted(keys, averaged)
    removed = np.searchsorted(keys, averaged, side="right") - first - 1
    removed_counts = np.bincount(averaged // length, removed, minlength=len(series_names))
    row_counts = np.bincount(keys // length, minlength=len(series_names))
    share = removed_counts / np.maximum(row_counts, 1)
    time_counts = np.bincount(averaged // length, minlength=len(series_names))
    is_refused = (share > MAX_AVERAGED_SHARE) | (time_counts > MAX_REPEATED_TIMES * row_counts)
    for series in np.flatnonzero(is_refused)[np.argsort(-share[is_refused], kind="stable")]:
        is_of_series = averaged // length == series
        times = grid.index[averaged[is_of_series] % length]
        if _are_clock_changes(times) and times.floor("h").nunique() == times.year.nunique():
            continue
        pair = np.sort(positions[first[is_of_series][0] :][:2])
        message = Text(
            "{source}: rows{series} with the same time disagree, first at {first} (number of such times: {count:,}), "
            "for example {row} and {other_row}; averages would replace {removed:,} of {rows:,} rows",
            source=table.source,
            series=of_series(series_names[series]) if columns.id else "",
            count=len(times),
            first=str(times[0]),
            row=table.row_label(int(pair[0])),
            other_row=table.row_label(int(pair[1])),
            removed=int(removed_counts[series]),
            rows=int(row_counts[series]),
        )
        key_of_row = np.full(len(table.frame), -1)
        key_of_row[positions] = keys
        raise DataError(message, _advice(table, columns, key_of_row), "data.id")
    averaged_times = grid.index[averaged % length]
    if len(averaged_times) and _are_clock_changes(averaged_times):
        text = Text(
            "the rows that were averaged are of the hours in which clocks are set back, the first {first}: times in "
            "UTC, or with their offset such as +02:00, keep both hours",
            code="note-clock-change",
            first=str(averaged_times[0]),
        )
        report.notes.append(text)
    return merged.keys, merged.values


def _are_clock_changes(index: pd.DatetimeIndex) -> bool:
    """Whether all times are naive and lie between midnight and 4:00 on a Sunday in autumn."""
    is_autumn = index.month.isin((3, 4, 9, 10, 11))  # in either hemisphere
    return index.tz is None and bool(((index.day_of_week == 6) & (index.hour < 4) & is_autumn).all())


def _advice(table: Table, columns: Columns, keys: np.ndarray) -> Text:
    """What to do if rows of one time disagree: which column completes the time or names the series.

    `keys` are the number of the series and time of each row, int64 [rows], and -1 for a row that is not on the grid.
    """
    frame, time = table.frame, columns.time
    if not columns.id:
        column = find_time_of_day_column(frame, time[0], only_known_names=False) if len(time) == 1 else None
        if column:
            return Text(
                "set {setting} to read the time of day as well", setting=Setting("data.time", f"[{time[0]},{column}]")
            )
        if steps := step_of_day_columns(frame, time):
            return Text(
                "{column!r} seems to number the steps of each date: {action}; or set {setting} if it names series",
                column=steps[0],
                action=Text(
                    "set {time} and a {timezone} such as Europe/London",
                    time=Setting("data.time", f"[{time[0]},{steps[0]}]"),
                    timezone=Setting("data.timezone"),
                )
                if count_steps_of_day(frame[steps[0]])
                else Text("write date and time of day in one column, such as 2020-01-31 13:30"),
                setting=Setting("data.id", steps[0]),
            )
    candidates = columns_for_advice(frame, time, [*columns.series_columns, columns.id or ""])
    on_grid = keys >= 0
    base = pd.factorize(keys[on_grid])[0]
    codes, _ = number_cells_by_name(frame.loc[on_grid, candidates])
    steps_to_key = separate_step_by_step(base, {name: code + 1 for name, code in codes.items()})
    choice = Text(
        "to merge the rows of each time instead, set {setting} to mean, sum, first or last",
        setting=Setting("data.duplicates"),
    )
    if not steps_to_key:
        return Text(
            "no other column separates these rows: correct the file; if it has several series, add a column that "
            "names them and set {setting} to it; {choice}",
            setting=Setting("data.id"),
            choice=choice,
        )
    key = [*columns.series_columns, *steps_to_key[-1][0]]
    return Text(
        "{rows:,} of {all:,} rows repeat the time of another row{series}, and fewer do if further columns name the "
        "series, {steps}: set {setting}, for example {example}; {choice}",
        rows=count_repeated_rows([base]),
        all=len(base),
        series=Text(" of their series") if columns.id else "",
        steps=[Text("{rows:,} with {columns}", rows=rows, columns=list(names)) for names, rows in steps_to_key],
        setting=Setting("data.id"),
        example=Setting("data.id", key[0] if len(key) == 1 else f"[{','.join(key)}]"),
        choice=choice,
    )
