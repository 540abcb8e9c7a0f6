"""Merge the rows of a series that have the same time, or refuse a table in which too many of them disagree."""

from __future__ import annotations

import numpy as np
import pandas as pd

from timevis.data.quality.quality_report import QualityReport, list_times
from timevis.data.schema.columns import Columns
from timevis.data.schema.duplicates import merge_duplicates
from timevis.data.schema.grid import Grid
from timevis.data.schema.numeric_columns import of_series
from timevis.data.schema.series_column import suggest_series_columns
from timevis.data.schema.time_column import find_time_of_day_column
from timevis.data.table import Table
from timevis.data.timestamps.steps_of_day import count_steps_of_day, step_of_day_columns
from timevis.errors import DataError
from timevis.messages import Setting, Text

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
        message = Text(
            "rows-disagree",
            "{source}: rows{series} with the same time disagree, first at {first} (number of such times: {count:,})",
            source=table.source,
            series=of_series(series_names[series]) if columns.id else "",
            count=len(times),
            first=str(times[0]),
        )
        raise DataError(message, _advice(table, columns), "data.id")
    averaged_times = grid.index[averaged % length]
    if len(averaged_times) and _are_clock_changes(averaged_times):
        text = Text(
            "note-clock-change",
            "the rows that were averaged are of the hours in which clocks are set back, the first {first}: times in "
            "UTC, or with their offset such as +02:00, keep both hours",
            first=str(averaged_times[0]),
        )
        report.notes.append(text)
    return merged.keys, merged.values


def _are_clock_changes(index: pd.DatetimeIndex) -> bool:
    """Whether all times are naive and lie between midnight and 4:00 on a Sunday in autumn."""
    is_autumn = index.month.isin((3, 4, 9, 10, 11))  # in either hemisphere
    return index.tz is None and bool(((index.day_of_week == 6) & (index.hour < 4) & is_autumn).all())


def _advice(table: Table, columns: Columns) -> Text:
    """What to do if rows of one time disagree: which column completes the time or names the series."""
    if columns.id:
        return Text(
            "other-series-column",
            "{column!r} does not separate the series; set {setting} to another column, or to several columns as "
            "[a,b], or aggregate the rows first",
            column=columns.id,
            setting=Setting("data.id"),
        )
    frame, time = table.frame, columns.time
    column = find_time_of_day_column(frame, time[0], only_known_names=False) if len(time) == 1 else None
    if column:
        return Text(
            "add-time-of-day",
            "set {setting} to read the time of day as well",
            setting=Setting("data.time", f"[{time[0]},{column}]"),
        )
    if steps := step_of_day_columns(frame, time):
        return Text(
            "steps-of-each-date",
            "{column!r} seems to number the steps of each date: {action}; or set {setting} if it names series",
            column=steps[0],
            action=Text(
                "read-steps-of-day",
                "set {time} and a {timezone} such as Europe/London",
                time=Setting("data.time", f"[{time[0]},{steps[0]}]"),
                timezone=Setting("data.timezone"),
            )
            if count_steps_of_day(frame[steps[0]])
            else Text("join-date-and-time", "write date and time of day in one column, such as 2020-01-31 13:30"),
            setting=Setting("data.id", steps[0]),
        )
    suggestion = suggest_series_columns(table, time)
    return Text(
        "name-series-column",
        "if the table has several series, set {setting} to the column that names them{example}",
        setting=Setting("data.id"),
        example=Text("for-example", ", for example {setting}", setting=Setting("data.id", suggestion))
        if suggestion
        else Text("several-columns", "; several columns are written as [a,b]"),
    )
