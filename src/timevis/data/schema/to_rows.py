"""The rows of a table as numbers: when, of which series, and each time only once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from timevis.data.cleaning.duplicates import merge_duplicates
from timevis.data.cleaning.quality_report import QualityReport, list_times
from timevis.data.options import DataOptions
from timevis.data.readers.table import MISSING, Table
from timevis.data.schema.columns import Columns, clock_beside, find_columns, series_candidate, steps_of_day
from timevis.data.schema.grid import DAY, Grid, check_frequency, infer_frequency, put_on_grid
from timevis.data.schema.numbers import check_precision, to_numbers
from timevis.data.schema.time_parts import steps_in_a_day
from timevis.data.schema.timestamps import Times, parse_times
from timevis.errors import DataError

MOST_AVERAGED = 0.01
MOST_OFF_GRID = 0.01


@dataclass(frozen=True)
class Rows:
    """Distinct rows on their grid.

    Attributes
    ----------
    source : str
    columns : Columns
    grid : Grid
    series : names of the series; one empty name for a wide table
    code, position : int64 [M]
        Series and row of the grid; each pair occurs once.
    values : float32 [M, targets + covariates]
    timezone : str or None
        Zone in which the calendar is read.
    """

    source: str
    columns: Columns
    grid: Grid
    series: tuple[str, ...]
    code: np.ndarray
    position: np.ndarray
    values: np.ndarray
    timezone: str | None


def read_rows(table: Table, options: DataOptions, day_first: bool | None = None) -> tuple[Rows, QualityReport]:
    """Find the columns of a table, and parse, place and merge its rows; the report says what was done.

    Parameters
    ----------
    table : Table
    options : DataOptions
    day_first : bool, optional
        How dates are read that do not tell.

    Raises
    ------
    DataError
        See `find_columns`; or a cell is not what its column needs, the times have no regular step, or too many rows
        of one time disagree.
    """
    read = len(table.frame)
    table, columns = find_columns(table, options)
    notes = [*table.notes, *columns.notes]
    report = QualityReport(table.source, rows_read=read, left_out=dict(columns.left_out), notes=notes)
    table = _without_blank_rows(table, columns.time, report)
    times = parse_times(table, columns.time, options.cleaning.day_first, day_first, options.timezone)
    report.notes += times.notes
    report.decimal, report.day_first = table.decimal, times.day_first
    index, timezone = _clock(times, options, report)
    _note_sentinels(columns, options, report)
    code, series = _series(table, columns.id)
    values = np.empty((len(index), len(columns.targets) + len(columns.covariates)), np.float32, order="F")
    for k, name in enumerate((*columns.targets, *columns.covariates)):
        numbers = to_numbers(table, name)
        check_precision(table, name, numbers)
        values[:, k] = numbers

    order = np.lexsort((index.asi8, code))
    report.was_sorted = bool((np.diff(index.asi8)[np.diff(code) == 0] >= 0).all())
    if options.frequency:
        freq = check_frequency(options.frequency)
    else:
        freq = infer_frequency(index.asi8[order], code[order], table.source)
        report.frequency_inferred = True
        report.notes.append(f"the frequency is {freq}, the most common step")
    grid = put_on_grid(index, freq, table.source, table.place)
    kept = _on_grid(index, grid, table, columns.id, report)
    code, position, values = code[kept], grid.position[kept], values[kept]
    keys = code * len(grid.index) + position
    if not (np.diff(keys) > 0).all():
        order = np.argsort(keys, kind="stable")
        keys, values = keys[order], values[order]
        code, position = keys // len(grid.index), keys % len(grid.index)
    if not (np.diff(keys) > 0).all():
        keys, values = _merge(keys, values, grid, series, table, columns, report)
        code, position = keys // len(grid.index), keys % len(grid.index)
    return Rows(table.source, columns, grid, series, code, position, values, timezone), report


def _without_blank_rows(table: Table, time: tuple[str, ...], report: QualityReport) -> Table:
    """Drop rows in which every cell is empty; a row with values but no time is left for parsing to refuse."""
    frame = table.frame
    timeless = frame[list(time)].isna() | frame[list(time)].isin(list(MISSING))
    rows = np.flatnonzero(timeless.all(axis=1))
    if not len(rows):
        return table
    part = frame.iloc[rows]
    blank = rows[(part.isna() | part.isin(list(MISSING))).all(axis=1).to_numpy()]
    if not len(blank):
        return table
    if len(blank) == len(frame):
        raise DataError(f"{table.source}: every row is empty")
    kept = np.setdiff1d(np.arange(len(frame)), blank)
    report.notes.append(f"{len(blank)} blank rows are skipped")
    number = table.row_numbers or (lambda i: i + 1)
    frame = frame.iloc[kept].reset_index(drop=True)
    return replace(table, frame=frame, row_numbers=lambda i: number(int(kept[i])), written=None)


def _note_sentinels(columns: Columns, options: DataOptions, report: QualityReport) -> None:
    """Report what was emptied in targets and covariates, and what was given for that and occurs nowhere."""
    used = (*columns.targets, *columns.covariates)
    report.sentinels = {name: columns.sentinels[name] for name in used if name in columns.sentinels}
    seen = {s for found in columns.sentinels.values() for s in found["cells"]}
    if absent := [s for s in options.cleaning.missing if s not in seen | MISSING]:
        report.notes.append(f"no cell is {', '.join(map(repr, absent))}, which data.cleaning.missing names")


def _clock(times: Times, options: DataOptions, report: QualityReport) -> tuple[pd.DatetimeIndex, str | None]:
    """The index that the grid is laid over, and the zone of the calendar."""
    if times.index.tz is None:
        if options.timezone:
            report.notes.append(
                f"times have no zone and are read as local clock time; {options.timezone} is not applied"
            )
        return times.index, None
    steps = np.diff(np.unique((times.index if times.wall is None else times.wall).asi8))
    if len(steps) and np.median(steps) >= DAY and (options.timezone or times.wall is not None):
        return _dates(times, options.timezone, report).tz_localize("UTC"), None
    zone = options.timezone or times.zone
    report.notes.append(f"times have a zone: they are kept in UTC, the calendar is read in {zone or 'UTC'}")
    return times.index, zone


def _dates(times: Times, timezone: str | None, report: QualityReport) -> pd.DatetimeIndex:
    """Dates as written, or those of `timezone` where times were written off midnight and its clock is as steady."""
    wall = times.index.tz_localize(None) if times.wall is None else times.wall
    clocks = (wall - wall.normalize()).unique()
    if timezone and clocks.any():
        local = times.index.tz_convert(timezone).tz_localize(None)
        if len((local - local.normalize()).unique()) <= len(clocks):
            report.notes.append(f"rows a day or more apart have their dates in {timezone}")
            return local
    report.notes.append("rows a day or more apart keep their local dates, whatever their offset from UTC")
    return wall


def _series(table: Table, name: str | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """The number of each row's series, and the names of the series in ascending order."""
    if name is None:
        return np.zeros(len(table.frame), np.int64), ("",)
    row, cells = pd.factorize(table.frame[name])
    names = pd.Series(cells)
    if any(isinstance(cell, str) for cell in cells):
        names = names.map(lambda cell: str(cell).strip()).replace("", None)
    place, names = pd.factorize(names, sort=True)
    code = np.append(place, -1)[row]
    if (code < 0).any():
        at = int(np.argmax(code < 0))
        raise DataError(
            f"{table.source}: {table.place(at)}, column {name!r} is empty", "every row must name its series"
        )
    return code.astype(np.int64), tuple(str(n) for n in names)


def _on_grid(
    index: pd.DatetimeIndex, grid: Grid, table: Table, series: str | None, report: QualityReport
) -> np.ndarray:
    off = np.flatnonzero(grid.position < 0)
    moved = np.flatnonzero(grid.moved)
    report.off_grid = {
        "moved": len(moved),
        "left_out": len(off),
        "places": list_times(index[np.sort(np.concatenate([off, moved]))]),
    }
    if len(off) > MOST_OFF_GRID * len(index):
        raise DataError(
            f"{table.source}: {len(off)} of {len(index)} times do not lie on the grid of frequency {grid.freq}, "
            f"the first at {table.place(int(off[0]))} ({index[off[0]]})",
            "say a data.frequency that fits all rows, or put the series on a regular grid first"
            + (f"; the series that {series!r} names share one grid" if series else ""),
        )
    return np.flatnonzero(grid.position >= 0) if len(off) else np.arange(len(index))


def _merge(
    keys: np.ndarray,
    values: np.ndarray,
    grid: Grid,
    series: tuple[str, ...],
    table: Table,
    columns: Columns,
    report: QualityReport,
) -> tuple[np.ndarray, np.ndarray]:
    merged = merge_duplicates(keys, values)
    length = len(grid.index)
    report.duplicates = {
        kind: {"rows": merged.extra[kind], "places": list_times(grid.index[at % length])}
        for kind, at in merged.kinds.items()
    }
    averaged = np.bincount(merged.kinds["averaged"] // length, minlength=len(series))
    rows = np.bincount(keys // length, minlength=len(series))
    worst = int(np.argmax(averaged / np.maximum(rows, 1)))
    if averaged[worst] > MOST_AVERAGED * rows[worst]:
        at = merged.kinds["averaged"]
        first = grid.index[at[at // length == worst][0] % length]
        which = f" of {series[worst]!r}" if columns.id else ""
        raise DataError(
            f"{table.source}: {averaged[worst]} times{which} have several rows that disagree, the first {first}",
            _advice_on_id(table, columns),
        )
    if len(averaged_at := grid.index[merged.kinds["averaged"] % length]) and _clock_set_back(averaged_at):
        report.notes.append(
            f"the rows that were averaged are of the hours in which clocks are set back, the first {averaged_at[0]}: "
            "times in UTC, or with their offset such as +02:00, keep both"
        )
    return merged.keys, merged.values


def _clock_set_back(index: pd.DatetimeIndex) -> bool:
    """Whether all times are of Sundays in autumn, before four in the morning."""
    autumn = index.month.isin((3, 4, 9, 10, 11))
    return index.tz is None and bool(((index.day_of_week == 6) & (index.hour < 4) & autumn).all())


def _advice_on_id(table: Table, columns: Columns) -> str:
    if columns.id:
        return (
            f"{columns.id!r} does not tell the series apart; say another data.id, or several columns as [a,b], or "
            "aggregate the rows first"
        )
    if clock := clock_beside(table.frame, columns.time[0], named=False) if len(columns.time) == 1 else None:
        return f"data.time=[{columns.time[0]},{clock}] reads the clock beside the date"
    if steps := steps_of_day(table.frame, columns.time):
        name, do = steps[0], "write date and clock in one column, such as 2020-01-31 13:30"
        if steps_in_a_day(table.frame[name]):
            do = f"data.time=[{columns.time[0]},{name}] with a data.timezone such as Europe/London reads them"
        return f"{name!r} seems to number the steps of each date: {do}; or say data.id={name} if it names series"
    candidate = series_candidate(table, columns.time)
    fits = f"; data.id={candidate} would tell them apart" if candidate else ", or which columns as [a,b]"
    return f"does the table hold several series? say with data.id which column names them{fits}"
