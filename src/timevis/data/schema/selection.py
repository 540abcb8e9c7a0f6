"""Which channels of a table are used, and which rows they reach over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeVar

import numpy as np

from timevis.config.validate import nearest
from timevis.data.cleaning.quality_report import QualityReport
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard, Panel
from timevis.data.schema.pivot import channel_names, only_series, to_panel
from timevis.data.schema.to_rows import Rows
from timevis.data.split import borders
from timevis.errors import DataError
from timevis.utils.formatting import join_names

P = TypeVar("P", bound=Panel)


def select(
    rows: Rows, card: DatasetCard, options: DataOptions, report: QualityReport, channels: Sequence[str] | None = None
) -> tuple[Panel, int]:
    """Spread rows as a panel of the channels that can be learnt from, as if the others were not in the table.

    Channels that never change are left out, then those that do not change in the training part. The split is that
    of the rows from the first to the last value of what stays, and may leave out others, until all that is left
    changes in its own training part.

    Parameters
    ----------
    rows : Rows
    card : DatasetCard
    options : DataOptions
        Its `target` may not be left out.
    report : QualityReport
        Gets the channels that are left out, and notes of the rows that go with them.
    channels : names, optional
        Those of a run, which are used whatever they hold, and no others.

    Returns
    -------
    panel, known
        From the first row with a value on; the first `known` rows reach to the last value.

    Raises
    ------
    DataError
        A channel was asked for by name and does not change, or none is left; or one of `channels` is not there.
    """
    left: dict[str, str] = {}
    whole = rows.grid.index
    panel, known = _reach(to_panel(rows, card))
    if channels is None:
        found = _unchanging(panel, known, options)
    else:
        in_order(panel, tuple(channels), card.name)
        found = dict.fromkeys([c for c in panel.channels if c not in channels], "is not of the run")
    while found:
        left |= found
        for name in options.target or ():
            if name in found and channels is None:
                raise DataError(f"{report.source}: column {name!r} {found[name]}", "choose another data.target")
        if len(found) == len(panel.channels):
            named = "; ".join(f"{name!r} {reason}" for name, reason in list(left.items())[:5])
            raise DataError(
                f"{report.source}: no column changes, so there is nothing to forecast ({named})",
                "give a file in which a column of numbers changes, and keep it in data.target",
            )
        rows = _without(rows, left)
        panel = to_panel(rows, card)
        panel, known = _reach(panel.select([j for j, name in enumerate(panel.channels) if name not in left]))
        found = _unchanging(panel, known, options) if channels is None else {}
    report.left_out |= left
    if before := int(whole.searchsorted(panel.index[0])):
        report.notes.append(f"{before} rows before the first value of what is used are left out")
    if after := len(whole) - before - len(panel):
        report.notes.append(f"{after} rows after the last one of the series used are left out")
    return panel, known


def _reach(panel: Panel) -> tuple[Panel, int]:
    """The panel from its first row with a value on, and how many rows reach to the last; all where there is none."""
    seen = np.flatnonzero(np.isfinite(panel.values).any(axis=1))
    if not len(seen):
        return panel, len(panel)
    first, last = int(seen[0]), int(seen[-1])
    return panel.slice_rows(first, len(panel)), last + 1 - first


def _without(rows: Rows, left: Collection[str]) -> Rows:
    """Rows without those of series of which every channel is left out."""
    of_series = np.reshape(channel_names(rows), (len(rows.series), -1))
    kept = [i for i, names in enumerate(of_series) if not set(names) <= set(left)]
    return rows if len(kept) == len(rows.series) else only_series(rows, kept)


def _unchanging(panel: Panel, known: int, options: DataOptions) -> dict[str, str]:
    """Channels to why they are left out: those that never change; where each does, those that do not in training."""
    for end in (len(panel), borders(panel, options.split, known)[0]):
        why = {name: _constancy(panel.values[:, j], end) for j, name in enumerate(panel.channels)}
        if found := {name: reason for name, reason in why.items() if reason}:
            return found
    return {}


def without_constant_covariates(panel: Panel, report: QualityReport, train_end: int) -> Panel:
    """Leave out covariates that change in no series in the training part, and name them."""
    kept = []
    for k, name in enumerate(panel.covariate_names):
        reasons = [
            _constancy(panel.covariates[:, i], train_end) for i in np.unique(panel.channel_covariate_columns[k])
        ]
        if all(reasons):
            report.left_out[name] = f"as a covariate, it {reasons[0]}"
        else:
            kept.append(k)
    return panel if len(kept) == len(panel.covariate_names) else panel.select(covariates=kept)


def _constancy(column: np.ndarray, train_end: int) -> str:
    """Why a column, [T], cannot be learnt from; empty where it varies in the training part."""
    train = column[:train_end]
    low, high = np.fmin.reduce(train, initial=np.nan), np.fmax.reduce(train, initial=np.nan)
    if low < high:
        return ""
    least, most = np.fmin.reduce(column), np.fmax.reduce(column)
    if np.isnan(low):
        return "is empty" if np.isnan(least) else "is empty in the training part"
    return f"is constant ({low:g})" if least == most else f"is constant in the training part ({low:g})"


def in_order(panel: P, channels: tuple[str, ...], where: str) -> P:
    """The panel with exactly these channels, in this order.

    Raises
    ------
    DataError
        One of them is missing; `where` names the panel.
    """
    absent = [c for c in channels if c not in panel.channels]
    if absent:
        guess = nearest(absent[0], panel.channels)
        raise DataError(
            f"{where} has no channel {absent[0]!r}: the run forecasts {join_names([*channels])}, "
            f"here are {join_names([*panel.channels])}",
            (f"did you mean {guess!r}? " if guess else "")
            + "name the columns, or the series of a long table, as those that the run forecasts; "
            "pandas keeps a name such as 01067 with dtype=str",
        )
    return panel.select(channels=[panel.channels.index(c) for c in channels])
