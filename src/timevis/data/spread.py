"""The rows of one or many series, spread over the grid as a panel."""

from __future__ import annotations

import numpy as np

from timevis.data.assemble import Rows
from timevis.data.panel import DatasetCard, Panel


def to_panel(rows: Rows, card: DatasetCard) -> Panel:
    """Spread rows over the grid, a channel for each series and target; rows that fill it are not copied.

    Each channel lies contiguously in memory, which is how windows are read.
    """
    length, series, targets = len(rows.grid.index), len(rows.series), len(rows.columns.targets)
    if series == 1 and np.array_equal(rows.position, np.arange(length)):
        values = np.asfortranarray(rows.values[:, :targets], dtype=np.float32)
    else:
        values = np.full((length, series * targets), np.nan, np.float32, order="F")
        for t in range(targets):
            values[rows.position, rows.code * targets + t] = rows.values[:, t]
    wide = np.full((length, series, len(rows.columns.covariates)), np.nan, np.float32)
    wide[rows.position, rows.code] = rows.values[:, targets:]
    if rows.columns.id is None:
        channels = rows.columns.targets
    elif targets == 1:
        channels = rows.series
    else:
        channels = tuple(f"{s}/{t}" for s in rows.series for t in rows.columns.targets)
    covariates, names, known = _shared_covariates(wide, rows)
    return Panel(values, rows.grid.index, rows.grid.freq, channels, covariates, names, known, card, rows.timezone)


def _shared_covariates(wide: np.ndarray, rows: Rows) -> tuple[np.ndarray, tuple[str, ...], tuple[bool, ...]]:
    """One column for a covariate on which all series agree, else one for each series; see `covariates_of`."""
    columns: list[np.ndarray] = []
    names: list[str] = []
    known: list[bool] = []
    for k, name in enumerate(rows.columns.covariates):
        low, high = np.fmin.reduce(wide[:, :, k], axis=1), np.fmax.reduce(wide[:, :, k], axis=1)
        agree = bool(((low == high) | np.isnan(low)).all())
        columns += [low] if agree else list(wide[:, :, k].T)
        names += [name] if agree else [f"{name}/{s}" for s in rows.series]
        known += [rows.columns.covariates_known[k]] * (1 if agree else len(rows.series))
    stacked = np.stack(columns, axis=1).astype(np.float32) if columns else np.empty((len(wide), 0), np.float32)
    return stacked, tuple(names), tuple(known)
