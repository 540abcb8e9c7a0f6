"""Turn a table into numeric rows: for each row its series, its time on the grid, and its values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from timevis.data.calendar import DAY_US, HOUR_US, check_frequency, infer_frequency
from timevis.data.covariates import StaticCovariates, read_static_covariates
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard, Panel
from timevis.data.quality.quality_report import QualityReport, list_times
from timevis.data.schema.cells import check_precision, check_size, to_numbers
from timevis.data.schema.columns import Columns, find_columns
from timevis.data.schema.grid import Grid, put_on_grid
from timevis.data.schema.repeated_times import merge_repeated_times
from timevis.data.table import GIVE_HEADER_AND_ROWS, MISSING_VALUES, Table
from timevis.data.timestamps.parse_times import parse_times
from timevis.data.timestamps.parsed_times import ParsedTimes
from timevis.errors import DataError
from timevis.messages import Setting, Text

MAX_OFF_GRID_SHARE = 0.01


@dataclass(frozen=True)
class Rows:
    """Rows of a table on their grid, one for each series and time.

    Attributes
    ----------
    source : str
    columns : Columns
    grid : Grid
    series_names : tuple of str
        Ascending; one empty name for a wide table.
    series_code, grid_position : int64 [M]
        Number of the series and row of the grid; each pair occurs once.
    values : float32 [M, targets + covariates]
    timezone : str or None
        Time zone of the local times, in which the calendar is read; see `timevis.data.panel.Panel`.
    statics : StaticCovariates, optional
        Of each series.
    """

    source: str
    columns: Columns
    grid: Grid
    series_names: tuple[str, ...]
    series_code: np.ndarray
    grid_position: np.ndarray
    values: np.ndarray
    timezone: str | None
    statics: StaticCovariates | None = None


def to_rows(table: Table, options: DataOptions, default_day_first: bool | None = None) -> tuple[Rows, QualityReport]:
    """Find the columns of a table, parse its times and numbers, and merge the rows of each series and time.

    Parameters
    ----------
    table : Table
    options : DataOptions
    default_day_first : bool, optional
        Whether the day comes first in dates such as 01/02/2020 if the table does not decide.

    Returns
    -------
    rows : Rows
    report : QualityReport
        What was read and changed.

    Raises
    ------
    DataError
        See `find_columns`; or a cell is not a time or number, the times have no regular step, or too many rows of one
        time disagree.
    """
    rows_read = len(table.frame)
    table, columns = find_columns(table, options)
    notes = [*table.notes, *columns.notes]
    report = QualityReport(table.source, rows_read=rows_read, left_out=dict(columns.left_out), notes=notes)
    report.roles, report.series_columns = columns.roles, list(columns.series_columns)
    table = _drop_blank_rows(table, columns.time, report)
    times = parse_times(table, columns.time, options.day_first, default_day_first, options.timezone)
    report.notes += times.notes
    report.decimal, report.day_first = table.decimal, times.day_first
    index, timezone = _index_and_timezone(times, options, report)
    _report_missing_values(columns, options, report)
    series_code, series_names = _series_codes(table, columns.id)
    order = np.lexsort((index.asi8, series_code))
    values = np.empty((len(index), len(columns.targets) + len(columns.covariates)), np.float32, order="F")
    for k, name in enumerate((*columns.targets, *columns.covariates)):
        numbers = to_numbers(table, name)
        check_size(table, name, numbers)
        check_precision(table, name, numbers[order], series_code[order], series_names)
        values[:, k] = numbers

    report.was_sorted = bool((np.diff(index.asi8)[np.diff(series_code) == 0] >= 0).all())
    if options.frequency:
        freq = check_frequency(options.frequency)
    else:
        freq = infer_frequency(index.asi8[order], series_code[order], table.source)
        report.frequency_inferred = True
        report.notes.append(
            Text("the frequency is {frequency}, the most common step", code="note-frequency", frequency=freq)
        )
    grid = put_on_grid(index, freq, table.source, table.row_label)
    on_grid = _rows_on_grid(index, grid, table, columns.id, report)
    values, length = values[on_grid], len(grid.index)
    keys = series_code[on_grid] * length + grid.position[on_grid]
    if not (np.diff(keys) > 0).all():
        order = np.argsort(keys, kind="stable")
        keys, values, on_grid = keys[order], values[order], on_grid[order]
    if not (np.diff(keys) > 0).all():
        keys, values = merge_repeated_times(
            keys, values, on_grid, grid, series_names, table, columns, options.duplicates, report
        )
    statics = None
    if columns.statics:
        statics = read_static_covariates(table.frame, columns.statics, series_code, len(series_names))
    rows = Rows(table.source, columns, grid, series_names, keys // length, keys % length, values, timezone, statics)
    return rows, report


def _drop_blank_rows(table: Table, time: tuple[str, ...], report: QualityReport) -> Table:
    """Drop rows in which every cell is empty; parsing later reports a row with values but no time."""
    frame = table.frame
    has_no_time = frame[list(time)].isna() | frame[list(time)].isin(list(MISSING_VALUES))
    candidates = np.flatnonzero(has_no_time.all(axis=1))
    if not len(candidates):
        return table
    part = frame.iloc[candidates]
    blank = candidates[(part.isna() | part.isin(list(MISSING_VALUES))).all(axis=1).to_numpy()]
    if not len(blank):
        return table
    if len(blank) == len(frame):
        raise DataError(Text("{source}: every row is empty", source=table.source), GIVE_HEADER_AND_ROWS)
    filled = np.setdiff1d(np.arange(len(frame)), blank)
    report.notes.append(Text("{rows} blank rows are skipped", code="note-blank-rows", rows=len(blank)))
    row_number = table.row_number or (lambda i: i + 1)
    frame = frame.iloc[filled].reset_index(drop=True)
    return replace(table, frame=frame, row_number=lambda i: row_number(int(filled[i])), original_text=None)


def _report_missing_values(columns: Columns, options: DataOptions, report: QualityReport) -> None:
    """Report the emptied cells of targets and covariates, and words of `data.missing_values` that occur nowhere."""
    used = (*columns.targets, *columns.covariates)
    report.sentinels = {name: columns.missing_values[name] for name in used if name in columns.missing_values}
    occurring = {word for cleared in columns.missing_values.values() for word in cleared["cells"]}
    if absent := [word for word in options.missing_values if word not in occurring | MISSING_VALUES]:
        text = Text(
            "no cell is {words}, which {setting} names",
            code="note-missing-word-absent",
            words=[repr(word) for word in absent],
            setting=Setting("data.missing_values"),
        )
        report.notes.append(text)


def _index_and_timezone(
    times: ParsedTimes, options: DataOptions, report: QualityReport
) -> tuple[pd.DatetimeIndex, str | None]:
    """The times that the grid is built on, and the time zone in which the calendar is read."""
    if times.index.tz is None:
        if options.timezone:
            text = Text(
                "times have no zone and are read as local time; {setting} is not applied",
                code="note-zone-unused",
                setting=Setting("data.timezone", options.timezone),
            )
            report.notes.append(text)
        return times.index, None
    local_index = times.index if times.local_index is None else times.local_index
    steps = np.diff(np.unique(local_index.asi8))
    if len(steps) and np.median(steps) >= DAY_US and (options.timezone or times.local_index is not None):
        return _local_dates(times, options.timezone, report)
    if times.local_index is not None and len(steps) and np.median(steps) > HOUR_US:
        steps_in_utc = np.diff(np.unique(times.index.asi8))
        if len(np.unique(steps)) < len(np.unique(steps_in_utc)):  # such as every six hours of local time
            text = Text(
                "rows more than an hour apart keep their local times, without their offset from UTC",
                code="note-local-times",
            )
            report.notes.append(text)
            return _wall_times(times.local_index, times.zone)
    timezone = options.timezone or times.zone
    text = Text(
        "times have an offset: hours and weekdays are read in {zone}; {setting} sets another zone",
        code="note-zone",
        zone=timezone or "UTC",
        setting=Setting("data.timezone"),
    )
    report.notes.append(text)
    return times.index, timezone


def _local_dates(
    times: ParsedTimes, timezone: str | None, report: QualityReport
) -> tuple[pd.DatetimeIndex, str | None]:
    """Dates as the file has them; dates in `timezone` if times are not at midnight and become as regular by it."""
    local = times.index.tz_localize(None) if times.local_index is None else times.local_index
    times_of_day = (local - local.normalize()).unique()
    if timezone and times_of_day.any():
        converted = times.index.tz_convert(timezone).tz_localize(None)
        if len((converted - converted.normalize()).unique()) <= len(times_of_day):
            report.notes.append(
                Text("rows a day or more apart have their dates in {zone}", code="note-dates-in-zone", zone=timezone)
            )
            return converted, timezone
    report.notes.append(
        Text(
            "rows a day or more apart keep their local dates, without their offset from UTC", code="note-local-dates"
        )
    )
    return _wall_times(local, times.zone)


def _wall_times(local: pd.DatetimeIndex, zone: str | None) -> tuple[pd.DatetimeIndex, str | None]:
    """Naive local times and their zone; without a zone, they are taken for times in UTC."""
    return (local, zone) if zone else (local.tz_localize("UTC"), None)


def _series_codes(table: Table, name: str | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """The number of each row's series, and the names of the series in ascending order."""
    if name is None:
        return np.zeros(len(table.frame), np.int64), ("",)
    row_code, cells = pd.factorize(table.frame[name])
    names = pd.Series(cells)
    if any(isinstance(cell, str) for cell in cells):
        names = names.map(lambda cell: str(cell).strip()).replace("", None)
    code_of_cell, names = pd.factorize(names, sort=True)
    code = np.append(code_of_cell, -1)[row_code]
    if (code < 0).any():
        row = int(np.argmax(code < 0))
        message = Text("{source}: {place}, column {column!r} is empty", **table.cell(row, name))
        raise DataError(message, Text("every row must name its series"), "data.id")
    return code.astype(np.int64), tuple(str(n) for n in names)


def _rows_on_grid(
    index: pd.DatetimeIndex, grid: Grid, table: Table, series: str | None, report: QualityReport
) -> np.ndarray:
    """Positions of the rows on the grid; raises a DataError if too many rows are not on it."""
    off_grid = np.flatnonzero(grid.position < 0)
    moved = np.flatnonzero(grid.moved)
    report.off_grid = {
        "moved": len(moved),
        "left_out": len(off_grid),
        "places": list_times(index[np.sort(np.concatenate([off_grid, moved]))]),
    }
    if len(off_grid) > MAX_OFF_GRID_SHARE * len(index):
        message = Text(
            "{source}: {count} of {rows} times do not lie on the grid of frequency {frequency}, the first at {place} "
            "({first})",
            source=table.source,
            count=len(off_grid),
            rows=len(index),
            frequency=grid.freq,
            place=table.row_label(int(off_grid[0])),
            first=str(index[off_grid[0]]),
        )
        advice = Text(
            "set a {setting} that fits all rows, or resample the series to a regular grid first{series}",
            setting=Setting("data.frequency"),
            series=Text("; the series that {column!r} names share one grid", column=series) if series else "",
        )
        raise DataError(message, advice, "data.frequency")
    return np.flatnonzero(grid.position >= 0) if len(off_grid) else np.arange(len(index))


def to_panel(rows: Rows, card: DatasetCard) -> Panel:
    """Pivot rows into a panel; the values of one series that has every row of the grid are not copied.

    Each channel is contiguous in memory, which is how windows are read.
    """
    length, series, targets = len(rows.grid.index), len(rows.series_names), len(rows.columns.targets)
    if series == 1 and np.array_equal(rows.grid_position, np.arange(length)):
        values = np.asfortranarray(rows.values[:, :targets], dtype=np.float32)
    else:
        values = np.full((length, series * targets), np.nan, np.float32, order="F")
        for t in range(targets):
            values[rows.grid_position, rows.series_code * targets + t] = rows.values[:, t]
    wide = np.full((length, series, len(rows.columns.covariates)), np.nan, np.float32)
    wide[rows.grid_position, rows.series_code] = rows.values[:, targets:]
    covariates, column_of_series = _merge_equal_covariates(wide)
    return Panel(
        values,
        rows.grid.index,
        rows.grid.freq,
        channel_names(rows),
        covariates,
        rows.columns.covariates,
        rows.columns.covariates_known,
        replace(card, units=_units_of_channels(rows, card)),
        rows.timezone,
        None if column_of_series is None else column_of_series.repeat(targets, axis=1),
        np.arange(series).repeat(targets) if series > 1 else None,
        statics=rows.statics.select(np.arange(series).repeat(targets).tolist()) if rows.statics else None,
    )


def channel_names(rows: Rows) -> tuple[str, ...]:
    """Names of the channels: of targets, of series, or ``series/target``; ordered by series."""
    if rows.columns.id is None:
        return rows.columns.targets
    if len(rows.columns.targets) == 1:
        return rows.series_names
    return tuple(f"{s}/{t}" for s in rows.series_names for t in rows.columns.targets)


def _units_of_channels(rows: Rows, card: DatasetCard) -> dict[str, str]:
    """Channel to unit; the channels of a long table have the unit of their value column."""
    if rows.columns.id is None:
        return card.units
    targets = rows.columns.targets * len(rows.series_names)
    units = {name: card.units.get(t, "") for name, t in zip(channel_names(rows), targets, strict=True)}
    return {name: unit for name, unit in units.items() if unit} | card.units


def select_series(rows: Rows, codes: Sequence[int]) -> Rows:
    """The rows of the series with these ascending codes, on a grid from the first to the last of these rows."""
    is_selected = np.isin(rows.series_code, codes)
    position = rows.grid_position[is_selected]
    first, last = int(position.min()), int(position.max())
    return replace(
        rows,
        grid=replace(rows.grid, index=rows.grid.index[first : last + 1]),
        series_names=tuple(rows.series_names[i] for i in codes),
        series_code=np.searchsorted(codes, rows.series_code[is_selected]),
        grid_position=position - first,
        values=rows.values[is_selected],
        statics=rows.statics.select(codes) if rows.statics else None,
    )


def _merge_equal_covariates(wide: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """One column for a covariate that is equal in all series, else one column for each series.

    Parameters
    ----------
    wide : float32 [T, S, K]

    Returns
    -------
    columns : float32 [T, N]
    column_of_series : int64 [K, S], optional
        The column that each series reads as each covariate; None if every covariate is equal in all series.
    """
    length, series, covariates = wide.shape
    columns, column_of_series = np.empty((length, 0), np.float32), np.empty((covariates, series), np.int64)
    for k in range(covariates):
        low, high = np.fmin.reduce(wide[:, :, k], axis=1), np.fmax.reduce(wide[:, :, k], axis=1)
        is_equal = bool(((low == high) | np.isnan(low)).all())
        column_of_series[k] = columns.shape[1] + np.arange(series) * (not is_equal)
        columns = np.hstack([columns, low[:, None] if is_equal else wide[:, :, k]])
    return columns, column_of_series if columns.shape[1] > covariates else None
