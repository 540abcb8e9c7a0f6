"""Merge the rows of a series that have the same time, or refuse a table in which too many of them disagree."""

from __future__ import annotations

import numpy as np
import pandas as pd

from timevis.data.quality.quality_report import QualityReport, list_times
from timevis.data.schema.columns import Columns
from timevis.data.schema.duplicates import merge_duplicates
from timevis.data.schema.grid import Grid
from timevis.data.schema.series_column import suggest_series_columns
from timevis.data.schema.time_column import find_time_of_day_column
from timevis.data.table import Table
from timevis.data.timestamps.steps_of_day import count_steps_of_day, step_of_day_columns
from timevis.errors import DataError
from timevis.messages import message

MAX_AVERAGED_SHARE = 0.01
"""Of the rows of a series."""


def merge_repeated_times(
    keys: np.ndarray,
    values: np.ndarray,
    grid: Grid,
    series_names: tuple[str, ...],
    table: Table,
    columns: Columns,
    report: QualityReport,
) -> tuple[np.ndarray, np.ndarray]:
    """Merge rows of equal key as `merge_duplicates` does, and count them in the report.

    Parameters
    ----------
    keys : int64 [N]
        Number of the series times the length of the grid, plus the row of the grid; ascending.
    values : float32 [N, K]
    grid : Grid
    series_names : tuple of str
    table : Table
    columns : Columns
    report : QualityReport

    Returns
    -------
    keys : int64 [M]
        Distinct.
    values : float32 [M, K]

    Raises
    ------
    DataError
        In a series, more than one row in a hundred disagrees with another row of its time, and not only in the hours
        in which clocks are set back.
    """
    merged = merge_duplicates(keys, values)
    length = len(grid.index)
    report.duplicates = {
        kind: {"rows": merged.removed_rows[kind], "places": list_times(grid.index[repeated % length])}
        for kind, repeated in merged.repeated_keys.items()
    }
    averaged = merged.repeated_keys["averaged"]
    averaged_counts = np.bincount(averaged // length, minlength=len(series_names))
    row_counts = np.bincount(keys // length, minlength=len(series_names))
    share = averaged_counts / np.maximum(row_counts, 1)
    for series in np.argsort(-share, kind="stable")[: np.count_nonzero(share > MAX_AVERAGED_SHARE)]:
        times = grid.index[averaged[averaged // length == series] % length]
        if _are_clock_changes(times) and times.floor("h").nunique() == times.year.nunique():
            continue
        of_series = f" of {series_names[series]!r}" if columns.id else ""
        times_have = f"1 time{of_series} has" if len(times) == 1 else f"{len(times)} times{of_series} have"
        raise DataError(
            message("rows-disagree", source=table.source, times=times_have, count=len(times), first=str(times[0])),
            _advice(table, columns),
        )
    averaged_times = grid.index[averaged % length]
    if len(averaged_times) and _are_clock_changes(averaged_times):
        report.notes.append(message("note_clock_change", first=str(averaged_times[0])))
    return merged.keys, merged.values


def _are_clock_changes(index: pd.DatetimeIndex) -> bool:
    """Whether all times are naive and lie between midnight and 4:00 on a Sunday in autumn."""
    is_autumn = index.month.isin((3, 4, 9, 10, 11))  # in either hemisphere
    return index.tz is None and bool(((index.day_of_week == 6) & (index.hour < 4) & is_autumn).all())


def _advice(table: Table, columns: Columns) -> str:
    """What to do if rows of one time disagree: which column completes the time or names the series."""
    if columns.id:
        return message("other-series-column", column=columns.id)
    frame, time = table.frame, columns.time
    column = find_time_of_day_column(frame, time[0], only_known_names=False) if len(time) == 1 else None
    if column:
        return f"set data.time=[{time[0]},{column}] to read the time of day as well"
    if steps := step_of_day_columns(frame, time):
        name, action = steps[0], "write date and time of day in one column, such as 2020-01-31 13:30"
        if count_steps_of_day(frame[name]):
            action = f"set data.time=[{time[0]},{name}] and a data.timezone such as Europe/London"
        return f"{name!r} seems to number the steps of each date: {action}; or set data.id={name} if it names series"
    suggestion = suggest_series_columns(table, time)
    example = f", for example data.id={suggestion}" if suggestion else "; several columns are written as [a,b]"
    return message("name-series-column", example=example, column=suggestion)
