"""New files for an existing run: the same channels, one panel for each item."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from timevis.data.cleaning.clean import add_holidays
from timevis.data.cleaning.quality_report import QualityReport
from timevis.data.options import CleaningOptions, DataOptions
from timevis.data.panel import DatasetCard, Panel
from timevis.data.readers.compression import decompressed_bytes
from timevis.data.readers.encoding import to_utf8
from timevis.data.readers.read_table import check_file, raise_as_data_error, read_table
from timevis.data.readers.table import Table
from timevis.data.schema.channel_selection import reorder_channels
from timevis.data.schema.pivot import select_series, to_panel
from timevis.data.schema.to_rows import Rows, to_rows
from timevis.errors import AmbiguousDataError
from timevis.utils.formatting import join_names

log = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class NewFilePanel(Panel):
    """A panel of a new file.

    Attributes
    ----------
    report : QualityReport
        What reading the file found; it describes the whole file, before it is cut into items.
    """

    report: QualityReport = field(default_factory=lambda: QualityReport(""))


def read_new_file(
    path: Path,
    options: DataOptions,
    channels: tuple[str, ...],
    freq: str | None,
    card: DatasetCard,
    usual: CleaningOptions,
) -> dict[str, NewFilePanel]:
    """Panels of one file with the channels of a run, in its order, by item name; says what was changed in it.

    Numbers and dates that can be read in two ways are read as in the run's own file, which is `usual`. In a long file
    the run's series need not all be there: those that are not have no values.

    Raises
    ------
    DataError
        A channel is missing, or the frequency is another. A covariate that is missing is left out of the panel.
    """
    encoding, decimal = _encoding_of(path, options.cleaning.encoding), options.cleaning.decimal
    table = read_table(path, sheet=options.sheet, encoding=encoding, decimal=decimal, default_decimal=usual.decimal)
    there = {k: v for k, v in (options.covariates or {}).items() if k in table.frame or k == "holiday"}
    options = replace(options, covariates=there, frequency=freq or options.frequency)
    rows, report = to_rows(table, _for_channels(table, options, channels), usual.day_first)
    columns = rows.columns
    card = replace(card, defects=())
    whole = to_panel(rows, card)
    if columns.id and set(columns.targets) <= set(channels):
        gone = [c for c in channels if c not in columns.targets]
        there = np.unique(rows.series_code).tolist()
        parts = {rows.series_names[i]: _with_empty(_one_series(rows, i, card), gone) for i in there}
        if lost := join_names([repr(name) for name in rows.series_names if name not in parts]):
            log.warning("%s: no row of %s lies on the grid: not forecast", table.source, lost)
    else:
        if set(channels) & set(whole.channels):
            gone = [c for c in channels if c not in whole.channels]
            whole = _with_empty(whole, gone if columns.id else [c for c in gone if c in table.frame])
        parts = {path.name.split(".")[0]: whole}
    report.rows, report.frequency = len(whole), whole.freq
    report.channels = {channel: {} for channel in whole.channels}
    off_grid = any(report.off_grid[k] for k in ("moved", "left_out"))
    if not report.was_sorted or off_grid or _merged(report) or report.sentinels:
        log.warning(report.summary())
    items = {}
    for name, panel in parts.items():
        panel = add_holidays(reorder_channels(panel, channels, table.source), options)
        items[name] = NewFilePanel(**vars(panel), report=report)
    return items


def _encoding_of(path: Path, usual: str | None) -> str | None:
    """That of the run's own file, but for a file that is UTF-8: text in another is hardly ever valid in it."""
    if usual is None:
        return None
    check_file(path := path.expanduser())
    try:
        with raise_as_data_error(path):
            to_utf8(decompressed_bytes(path), path.name)
    except AmbiguousDataError:
        return usual
    return None


def _merged(report: QualityReport) -> bool:
    return any(kind["rows"] for kind in report.duplicates.values())


def _with_empty(panel: Panel, channels: list[str]) -> Panel:
    """The panel and more channels without a value, whose own covariates are not known either."""
    empty = np.full((len(panel), len(channels)), np.nan, np.float32)
    read, covariates = panel.covariate_columns, panel.covariates
    if read is not None and channels:
        shared = (read == read[:, :1]).all(axis=1, keepdims=True)
        more = np.where(shared, read[:, :1], covariates.shape[1]).repeat(len(channels), axis=1)
        read = np.hstack([read, more])
        covariates = np.hstack([covariates, np.full((len(panel), 1), np.nan, np.float32)])
    return replace(
        panel,
        values=np.hstack([panel.values, empty]),
        channels=(*panel.channels, *channels),
        covariates=covariates,
        covariate_columns=read,
    )


def _for_channels(table: Table, options: DataOptions, channels: tuple[str, ...]) -> DataOptions:
    """Options that ask for the run's channels where they are columns, or else for the column that names them."""
    if set(channels) <= set(table.frame):
        filled = tuple(c for c in channels if table.frame[c].notna().any())
        return replace(options, target=filled or channels)
    return replace(options, id=options.id or _only_series(table, options, channels))


def _only_series(table: Table, options: DataOptions, channels: tuple[str, ...]) -> tuple[str] | None:
    """The column that holds the name of one of the run's series and nothing else: no time repeats to tell it by."""
    names = {*channels, *(c.rpartition("/")[0] for c in channels)}
    free = table.frame.columns.difference([*(options.covariates or {})], sort=False)
    alike = [str(column) for column in free if table.frame[column].nunique() == 1]
    for column, cells in table.series_name_columns(alike).items():
        values = cells.dropna().unique()
        if len(values) == 1 and str(values[0]).strip() in names:
            return (str(column),)
    return None


def _one_series(rows: Rows, number: int, card: DatasetCard) -> Panel:
    """The panel of one series of a long table, from its first to its last row."""
    part = select_series(rows, [number])
    return to_panel(replace(part, columns=replace(rows.columns, id=None), series_names=("",)), card)
