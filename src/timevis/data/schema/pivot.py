"""The rows of one or many series, spread over the grid as a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from timevis.data.panel import DatasetCard, Panel
from timevis.data.schema.to_rows import Rows


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
    covariates, read = _of_series(wide)
    return Panel(
        values,
        rows.grid.index,
        rows.grid.freq,
        channel_names(rows),
        covariates,
        rows.columns.covariates,
        rows.columns.covariates_known,
        card,
        rows.timezone,
        None if read is None else read.repeat(targets, axis=1),
    )


def channel_names(rows: Rows) -> tuple[str, ...]:
    """The channel of each series and target, the targets of a series together."""
    if rows.columns.id is None:
        return rows.columns.targets
    if len(rows.columns.targets) == 1:
        return rows.series
    return tuple(f"{s}/{t}" for s in rows.series for t in rows.columns.targets)


def only_series(rows: Rows, numbers: Sequence[int]) -> Rows:
    """The rows of the series with these ascending numbers, on a grid from the first to the last of them."""
    mine = np.isin(rows.code, numbers)
    position = rows.position[mine]
    first, last = int(position.min()), int(position.max())
    return replace(
        rows,
        grid=replace(rows.grid, index=rows.grid.index[first : last + 1]),
        series=tuple(rows.series[i] for i in numbers),
        code=np.searchsorted(numbers, rows.code[mine]),
        position=position - first,
        values=rows.values[mine],
    )


def _of_series(wide: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """One column for a covariate on which all series agree, else one for each series.

    Parameters
    ----------
    wide : float32 [T, S, K]

    Returns
    -------
    columns : float32 [T, N]
    read : int64 [K, S], optional
        Which of them each series reads as each covariate; None where all series agree on all.
    """
    length, series, covariates = wide.shape
    columns, read = np.empty((length, 0), np.float32), np.empty((covariates, series), np.int64)
    for k in range(covariates):
        low, high = np.fmin.reduce(wide[:, :, k], axis=1), np.fmax.reduce(wide[:, :, k], axis=1)
        agree = bool(((low == high) | np.isnan(low)).all())
        read[k] = columns.shape[1] + np.arange(series) * (not agree)
        columns = np.hstack([columns, low[:, None] if agree else wide[:, :, k]])
    return columns, read if columns.shape[1] > covariates else None
