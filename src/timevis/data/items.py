"""New files for an existing run: the same channels, one panel for each item."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from timevis.data.assemble import Rows, read_rows
from timevis.data.cleaning import add_holidays
from timevis.data.columns import Columns, find_columns
from timevis.data.options import DataOptions, nearest
from timevis.data.panel import DatasetCard, Panel
from timevis.data.quality import QualityReport
from timevis.data.spread import to_panel
from timevis.data.table import Table
from timevis.data.table_io import read_table
from timevis.errors import DataError


def read_items(
    path: Path, options: DataOptions, channels: tuple[str, ...], freq: str | None, card: DatasetCard
) -> dict[str, Panel]:
    """Panels of one file with the channels of a run, in its order, by item name.

    Raises
    ------
    DataError
        A channel is missing, or the frequency is another. A covariate that is missing is left out of the panel.
    """
    table = read_table(
        path, sheet=options.sheet, encoding=options.cleaning.encoding, decimal=options.cleaning.decimal
    )
    there = {k: v for k, v in (options.covariates or {}).items() if k in table.frame or k == "holiday"}
    options = replace(options, covariates=there)
    columns = find_columns(table, _for_channels(table, options, channels))
    rows = read_rows(
        table, columns, replace(options, frequency=freq or options.frequency), QualityReport(table.source)
    )
    card = replace(card, defects=())
    whole = to_panel(rows, card)
    if set(channels) <= set(whole.channels):
        parts = {path.name.split(".")[0]: whole}
    elif columns.id and set(channels) <= set(columns.targets):
        parts = {name: _one_series(rows, i, card) for i, name in enumerate(rows.series)}
    else:
        absent = next(c for c in channels if c not in whole.channels)
        raise DataError(f"{table.source} has no channel {absent!r}", nearest(absent, whole.channels))
    return {
        name: add_holidays(replace(_ordered(panel, channels), timezone=rows.timezone), options)
        for name, panel in parts.items()
    }


def _for_channels(table: Table, options: DataOptions, channels: tuple[str, ...]) -> DataOptions:
    """Options that ask for the run's channels where they are columns; a long table's channels are not."""
    wanted = tuple(c for c in channels if c in table.frame)
    if len(wanted) == len(channels):
        return replace(options, target=wanted)
    return options


def _one_series(rows: Rows, number: int, card: DatasetCard) -> Panel:
    """The panel of one series of a long table, from its first to its last row."""
    mine = np.flatnonzero(rows.code == number)
    first, last = int(rows.position[mine].min()), int(rows.position[mine].max())
    grid = replace(rows.grid, index=rows.grid.index[first : last + 1])
    columns = Columns(
        rows.columns.time, None, rows.columns.targets, rows.columns.covariates, rows.columns.covariates_known
    )
    part = Rows(
        rows.source, columns, grid, ("",), np.zeros_like(mine), rows.position[mine] - first, rows.values[mine], None
    )
    return to_panel(part, card)


def _ordered(panel: Panel, channels: tuple[str, ...]) -> Panel:
    order = [panel.channels.index(c) for c in channels]
    return replace(panel, values=np.asfortranarray(panel.values[:, order]), channels=channels)
