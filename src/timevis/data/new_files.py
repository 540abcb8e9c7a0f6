"""New files for a finished run, and rows that are appended to its file."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.catalog import apply_options_to_card, catalog, load_panel, open_table, read_card
from timevis.data.clean import add_holidays
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard, Panel
from timevis.data.quality.quality_report import QualityReport
from timevis.data.read_options import DEFAULT_READ_OPTIONS, ReadOptions
from timevis.data.readers.file_checks import check_file, decompressed_bytes
from timevis.data.readers.header import to_utf8
from timevis.data.readers.numbers import check_same_units
from timevis.data.readers.read_table import raise_as_data_error, read_table
from timevis.data.schema.channel_selection import reorder_channels
from timevis.data.schema.time_column import stack_hour_columns
from timevis.data.schema.to_rows import Rows, select_series, to_panel, to_rows
from timevis.data.table import Table
from timevis.errors import AmbiguousDataError, DataError
from timevis.messages import Text
from timevis.utils.files import atomic_write
from timevis.utils.phrases import join_names

log = logging.getLogger(__name__)


def append_rows(
    earlier: Path, newer: Path, target: Path, options: Mapping[str, Any], report: Mapping[str, Any]
) -> int:
    """Write a Parquet file with the rows of both files.

    Parameters
    ----------
    earlier, newer : Path
        Files with the same columns.
    target : Path
        New file.
    options : mapping
        Keys of the config section `data`, with which `earlier` was read.
    report : mapping
        data_report.json of `earlier`.

    Returns
    -------
    int
        Number of rows of `newer`.

    Raises
    ------
    DataError
        A column is missing or is not in the earlier file, or has another unit there, the newer file cannot be read as
        the earlier one was, or its first row is not later than the last row of the earlier file.
    """
    table, _ = open_table(DataOptions.from_config({**options, "path": str(newer)}))
    whole, _ = open_table(DataOptions.from_config({**options, "path": str(earlier)}))
    old_names, new_names = list(map(str, whole.frame.columns)), list(map(str, table.frame.columns))
    same_columns = Text("give the columns {columns}", columns=old_names)
    if absent := [name for name in old_names if name not in new_names]:
        message = Text(
            "{source} has no column {column!r}, which the rows so far have", source=table.source, column=absent[0]
        )
        raise DataError(message, same_columns)
    if unknown := [name for name in new_names if name not in old_names]:
        message = Text(
            "{source} has a column {column!r}, which the rows so far do not have",
            source=table.source,
            column=unknown[0],
        )
        raise DataError(message, same_columns)
    check_same_units(table, whole.units)
    channels = tuple(report["channels"])  # also those that a few rows do not change
    newer_options = {**options, **_roles(report), "frequency": report["frequency"], "path": str(newer)}
    panel, _ = load_panel(newer_options, channels=channels)
    last = pd.Timestamp(report["end"])
    first = panel.local_index[0]
    if first <= last:
        message = Text(
            "{source} starts at {first}, not after the last row so far, {last}",
            source=table.source,
            first=str(first),
            last=str(last),
        )
        advice = Text("give only newer rows; upload the whole file again to change earlier ones")
        raise DataError(message, advice)
    combined = pd.concat([whole.frame, table.frame[whole.frame.columns]], ignore_index=True)
    for name in combined:
        if whole.frame[name].dtype != table.frame[name].dtype and combined[name].dtype == object:
            combined[name] = combined[name].astype("string")
    combined.attrs["units"] = table.units | whole.units  # pandas stores them in the file
    with atomic_write(target) as path:
        combined.to_parquet(path, index=False)
    return len(table.frame)


def _roles(report: Mapping[str, Any]) -> dict[str, list[str]]:
    """The columns of each role, so that they are not inferred from a few rows."""
    names: dict[str, list[str]] = {"time": [], "target": []}
    for name, role in report["roles"].items():
        if role in names:
            names[role].append(name)
    names["id"] = report.get("series_columns", [])
    return {role: columns for role, columns in names.items() if columns}


@dataclass(frozen=True, repr=False)
class NewFilePanel(Panel):
    """A panel of a new file, or of one series of it.

    Attributes
    ----------
    report : QualityReport
        Describes the whole file, before it is split into series.
    """

    report: QualityReport = field(default_factory=lambda: QualityReport(""))


def load_files(
    paths: Sequence[str | Path],
    options: DataOptions,
    channels: Sequence[str],
    *,
    freq: str | None = None,
    timezone: str | None = None,
    inferred: ReadOptions = DEFAULT_READ_OPTIONS,
    series_columns: Sequence[str] = (),
    units: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Panel]:
    """Read new files for a finished run, as the run read its own data.

    Parameters
    ----------
    paths : files
        A file with the channels of the run is one item, named after the file. A long file whose series are not the
        channels of the run is one item for each of its series, named ``series`` or ``file/series``.
    options : DataOptions
        Options of the run.
    channels : names
        Channels of the run, in its order.
    freq : str, optional
        Frequency of the run; a file with another one is an error.
    timezone : str, optional
        Time zone of the data of the run; None for times without one.
    inferred : ReadOptions
        Decimal mark and day order in the file of the run, for numbers and dates that a new file leaves ambiguous.
    series_columns : names
        The columns that name the series in the file of the run, for a new file that has them all.
    units : mapping
        Column to unit in the file of the run; a new file must not have another one in its cells.

    Returns
    -------
    dict
        Item name to panel. Constant channels are kept, and no outlier is masked.

    Raises
    ------
    DataError
        See `read_new_file`; or two items have the same name.
    """
    card = read_card(options.name)[0] if options.name in catalog() else DatasetCard(options.name)
    card = replace(apply_options_to_card(card, options), public=False)
    items: dict[str, Panel] = {}
    for path in map(Path, paths):
        try:
            panels = read_new_file(
                path, options, tuple(channels), card, freq, timezone, inferred, series_columns, units
            )
        except AmbiguousDataError as error:
            advice = Text(
                "{advice}; new files are read with the options of the run: correct the file, or train a new run",
                advice=error.advice,
            )
            raise DataError(error.message, advice) from error
        for name, panel in panels.items():
            if name in items:
                name = f"{path.stem}/{name}"
            if name in items:
                raise DataError(
                    Text("{path}: two items have the name {name!r}", path=str(path), name=name),
                    Text("give the files different names"),
                )
            items[name] = panel
    return items


def read_new_file(
    path: Path,
    options: DataOptions,
    channels: tuple[str, ...],
    card: DatasetCard,
    freq: str | None,
    timezone: str | None,
    inferred: ReadOptions,
    series_columns: Sequence[str],
    units: Mapping[str, str],
) -> dict[str, NewFilePanel]:
    """Read a new file and log a warning if cleaning changed it.

    A file with the channels of the run is one panel, named after the file. A long file with the targets of the run is
    one panel for each series. If the series of a long file are the channels of the run, some may be absent: they have
    no values.

    Parameters
    ----------
    path : Path
    options : DataOptions
        Options of the run.
    channels : tuple of str
        Channels of the run, in its order.
    card : DatasetCard
        Card of the run; its defects are not used.
    freq : str, optional
        Frequency of the run.
    timezone : str, optional
        Time zone in which the run reads the calendar; None for times without one.
    inferred : ReadOptions
        Decimal mark and day order in the file of the run, for numbers and dates that the new file leaves ambiguous.
    series_columns, units
        See `load_files`.

    Returns
    -------
    dict
        Name to panel. A covariate that the file does not have is left out.

    Raises
    ------
    DataError
        A channel is missing, the frequency or a unit differs, or only one of run and file has times with a time zone.
    """
    options = replace(options, encoding=_find_encoding(path, options.encoding))
    table = read_table(path, options, inferred.decimal)
    check_same_units(table, units)
    table = stack_hour_columns(table, options)
    covariates = {k: v for k, v in (options.covariates or {}).items() if k in table.frame or k == "holiday"}
    options = replace(options, covariates=covariates, frequency=freq or options.frequency)
    rows, report = to_rows(table, _with_run_channels(table, options, channels, series_columns), inferred.day_first)
    has_zone = rows.grid.index.tz is not None or rows.timezone is not None
    zone = (rows.timezone or "UTC") if has_zone else None  # times in UTC, such as 2024-01-01T00:00Z, name no zone
    if has_zone != (timezone is not None):
        if timezone is None:
            message = Text(
                "{source}: the times have a time zone ({zone}), but the run was trained on times without one",
                source=table.source,
                zone=zone,
            )
            advice = Text("write the local times of the data of the run, without an offset from UTC")
            raise DataError(message, advice)
        message = Text(
            "{source}: the times have no time zone, but the run was trained on times with one ({zone})",
            source=table.source,
            zone=timezone,
        )
        advice = Text("write the times with their offset from UTC, for example 2024-01-01T00:00+00:00")
        raise DataError(message, advice)
    rows = replace(rows, timezone=timezone)
    columns = rows.columns
    card = replace(card, defects=())
    panel = to_panel(rows, card)
    if columns.id and set(columns.targets) <= set(channels):
        absent = [c for c in channels if c not in columns.targets]
        codes = np.unique(rows.series_code).tolist()
        panels = {rows.series_names[i]: _add_channels(_series_panel(rows, i, card), absent) for i in codes}
        if off_grid_series := join_names([repr(name) for name in rows.series_names if name not in panels]):
            log.warning("%s: no row of %s lies on the grid, so it is not forecast", table.source, off_grid_series)
    else:
        if set(channels) & set(panel.channels):
            present = set(panel.channels)
            absent = [c for c in channels if c not in present]
            panel = _add_channels(panel, absent if columns.id else [c for c in absent if c in table.frame])
        panels = {path.name.split(".")[0]: panel}
    report.rows, report.frequency = len(panel), panel.freq
    report.channels = {channel: {} for channel in panel.channels}
    is_off_grid = any(report.off_grid[k] for k in ("moved", "left_out"))
    has_duplicates = any(kind["rows"] for kind in report.duplicates.values())
    if not report.was_sorted or is_off_grid or has_duplicates or report.sentinels:
        log.warning(report.summary())
    new_panels = {}
    for name, panel in panels.items():
        panel = add_holidays(reorder_channels(panel, channels, table.source), options)
        new_panels[name] = NewFilePanel(**vars(panel), report=report)
    return new_panels


def _find_encoding(path: Path, run_encoding: str | None) -> str | None:
    """None if the file is valid UTF-8, as text in another encoding rarely is; otherwise the run's encoding."""
    if run_encoding is None:
        return None
    check_file(path := path.expanduser())
    try:
        with raise_as_data_error(path):
            to_utf8(decompressed_bytes(path), path.name)
    except AmbiguousDataError:
        return run_encoding
    return None


def _add_channels(panel: Panel, channels: list[str]) -> Panel:
    """Append channels without values; covariates that differ between series are missing for them."""
    empty = np.full((len(panel), len(channels)), np.nan, np.float32)
    columns, covariates = panel.covariate_columns, panel.covariates
    if columns is not None and channels:
        is_shared = (columns == columns[:, :1]).all(axis=1, keepdims=True)
        added = np.where(is_shared, columns[:, :1], covariates.shape[1]).repeat(len(channels), axis=1)
        columns = np.hstack([columns, added])
        covariates = np.hstack([covariates, np.full((len(panel), 1), np.nan, np.float32)])
    series = panel.series
    if series is not None:
        series = np.append(series, series.max() + 1 + np.arange(len(channels)))
    return replace(
        panel,
        statics=None,  # a model has the static covariates of its series
        values=np.hstack([panel.values, empty]),
        channels=(*panel.channels, *channels),
        series=series,
        covariates=covariates,
        covariate_columns=columns,
    )


def _with_run_channels(
    table: Table, options: DataOptions, channels: tuple[str, ...], series_columns: Sequence[str]
) -> DataOptions:
    """Set the targets if the channels of the run are columns, otherwise the columns that name them."""
    if set(channels) <= set(table.frame):
        with_values = tuple(c for c in channels if table.frame[c].notna().any())
        return replace(options, target=with_values or channels)
    if options.id is None and series_columns and set(series_columns) <= set(table.frame):
        return replace(options, id=tuple(series_columns))
    return replace(options, id=options.id or _single_series_column(table, options, channels))


def _single_series_column(table: Table, options: DataOptions, channels: tuple[str, ...]) -> tuple[str] | None:
    """The column whose only value is the name of a series of the run; repeated times do not reveal such a column."""
    names = {*channels, *(c.rpartition("/")[0] for c in channels)}
    candidates = table.frame.columns.difference([*(options.covariates or {})], sort=False)
    constant = [str(column) for column in candidates if table.frame[column].nunique() == 1]
    for column, cells in table.series_name_columns(constant).items():
        values = cells.dropna().unique()
        if len(values) == 1 and str(values[0]).strip() in names:
            return (str(column),)
    return None


def _series_panel(rows: Rows, code: int, card: DatasetCard) -> Panel:
    """The panel of one series of a long table, from its first to its last row."""
    series_rows = select_series(rows, [code])
    return to_panel(replace(series_rows, columns=replace(rows.columns, id=None), series_names=("",)), card)
