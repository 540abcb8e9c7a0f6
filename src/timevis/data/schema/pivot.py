"""Pivot rows into a panel: one channel for each series and target on the regular grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from timevis.data.panel import DatasetCard, Panel
from timevis.data.schema.to_rows import Rows


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
