"""Select the channels of a panel that a model can learn from, and the rows in which they have values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from timevis.config.suggestions import nearest
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard, Panel
from timevis.data.quality.quality_report import QualityReport
from timevis.data.schema.columns import REASON_OF_KIND, column_with_reason
from timevis.data.schema.to_rows import Rows, channel_names, select_series, to_panel
from timevis.data.split import Split
from timevis.errors import DataError
from timevis.messages import Setting, Text, listed

PanelT = TypeVar("PanelT", bound=Panel)


def select_channels(
    rows: Rows, card: DatasetCard, options: DataOptions, report: QualityReport, channels: Sequence[str] | None = None
) -> tuple[Panel, int]:
    """Pivot rows into a panel without the channels that cannot be learned from, as if the file did not have them.

    Channels that are constant are left out first, then those that are constant in the training part. The rows
    from the first to the last value of the remaining channels are split, so that other channels may become
    constant in the training part; this is repeated until no channel is.

    Parameters
    ----------
    rows : Rows
    card : DatasetCard
    options : DataOptions
        A channel of its `target` is never left out.
    report : QualityReport
        The channels that are left out are added to it, and notes on the rows without values.
    channels : names, optional
        Channels of a trained run: exactly these are used, even if they are constant.

    Returns
    -------
    panel : Panel
        From the first row with a value to the last row of the table.
    observed_rows : int
        Number of rows of the panel up to the last value.

    Raises
    ------
    DataError
        A channel of `options.target` is constant, no channel is left, or one of `channels` is missing.
    """
    left_out: dict[str, Text] = {}
    whole_index = rows.grid.index
    panel, observed_rows = _trim_start(to_panel(rows, card))
    if channels is None:
        unusable = _constant_channels(panel, observed_rows, options)
    else:
        reorder_channels(panel, tuple(channels), card.name)
        of_run = set(channels)
        unusable = dict.fromkeys([c for c in panel.channels if c not in of_run], Text("is not a channel of the run"))
    while unusable:
        left_out |= unusable
        for name in options.target or ():
            if name in unusable and channels is None:
                message = Text(
                    "{source}: column {column!r} {reason}", source=report.source, column=name, reason=unusable[name]
                )
                advice = Text("choose another {setting}", setting=Setting("data.target"))
                raise DataError(message, advice, "data.target")
        if len(unusable) == len(panel.channels):
            message = Text(
                "{source}: no column changes, so there is nothing to forecast ({reasons})",
                source=report.source,
                reasons=[column_with_reason(*item) for item in list(left_out.items())[:5]],
            )
            advice = Text(
                "give a file in which a numeric column changes, and do not exclude it by {setting}",
                setting=Setting("data.target"),
            )
            raise DataError(message, advice)
        rows = _drop_series(rows, set(left_out))
        panel = to_panel(rows, card)
        panel, observed_rows = _trim_start(
            panel.select([j for j, name in enumerate(panel.channels) if name not in left_out])
        )
        unusable = _constant_channels(panel, observed_rows, options) if channels is None else {}
    report.left_out |= left_out
    if rows_before := int(whole_index.searchsorted(panel.index[0])):
        text = Text(
            "{rows} rows before the first value of the channels used are left out",
            code="note-rows-before",
            rows=rows_before,
        )
        report.notes.append(text)
    if rows_after := len(whole_index) - rows_before - len(panel):
        report.notes.append(
            Text(
                "{rows} rows after the last row of the series used are left out",
                code="note-rows-after",
                rows=rows_after,
            )
        )
    return panel, observed_rows


def _trim_start(panel: Panel) -> tuple[Panel, int]:
    """The panel from its first row with a value, and how many of its rows end at the last value.

    A panel without values is returned with all its rows.
    """
    rows_with_values = np.flatnonzero(np.isfinite(panel.values).any(axis=1))
    if not len(rows_with_values):
        return panel, len(panel)
    first, last = int(rows_with_values[0]), int(rows_with_values[-1])
    return panel.slice_rows(first, len(panel)), last + 1 - first


def _drop_series(rows: Rows, left_out: set[str]) -> Rows:
    """Drop the rows of series of which every channel is left out."""
    channels_of_series = np.reshape(channel_names(rows), (len(rows.series_names), -1))
    used = [i for i, names in enumerate(channels_of_series) if not set(names) <= left_out]
    return rows if len(used) == len(rows.series_names) else select_series(rows, used)


def _constant_channels(panel: Panel, observed_rows: int, options: DataOptions) -> dict[str, Text]:
    """Channels that are always constant, with the reason; if there are none, those constant in the training part."""
    split = options.split_rows(panel, observed_rows)
    for end in (len(panel), split.borders[..., 0]):
        ends = np.broadcast_to(end, len(panel.channels))
        reasons = {name: _constancy(panel.values[:, j], ends[j]) for j, name in enumerate(panel.channels)}
        if constant := {name: reason for name, reason in reasons.items() if reason}:
            return constant
    return {}


def drop_constant_covariates(panel: Panel, report: QualityReport, split: Split) -> Panel:
    """Drop covariates that are constant in the training part of every series, and add them to the report."""
    used, ends = [], split.covariate_ends(panel.covariates.shape[1], panel.channel_covariate_columns)
    for k, name in enumerate(panel.covariate_names):
        reasons = [_constancy(panel.covariates[:, i], ends[i]) for i in np.unique(panel.channel_covariate_columns[k])]
        if all(reasons):
            report.left_out[name] = Text("as a covariate, it {reason}", reason=reasons[0])
        else:
            used.append(k)
    return panel if len(used) == len(panel.covariate_names) else panel.select(covariates=used)


def _constancy(column: np.ndarray, train_end: int) -> Text | None:
    """Why a column [T] cannot be learned from; None if it varies in the training part."""
    train = column[:train_end]
    train_min, train_max = np.fmin.reduce(train, initial=np.nan), np.fmax.reduce(train, initial=np.nan)
    if train_min < train_max:
        return None
    minimum, maximum = np.fmin.reduce(column), np.fmax.reduce(column)
    if np.isnan(train_min):
        return REASON_OF_KIND["empty"] if np.isnan(minimum) else Text("is empty in the training part")
    if minimum == maximum:
        return Text("is constant ({value:g})", value=float(train_min))
    return Text("is constant in the training part ({value:g})", value=float(train_min))


def reorder_channels(panel: PanelT, channels: tuple[str, ...], panel_name: str) -> PanelT:
    """The panel with exactly these channels, in this order.

    Raises
    ------
    DataError
        One of the channels is missing; the error calls the panel `panel_name`.
    """
    position = {name: j for j, name in enumerate(panel.channels)}
    missing = [c for c in channels if c not in position]
    if missing:
        guess = nearest(missing[0], panel.channels)
        message = Text(
            "{source} has no channel {channel!r}: the run forecasts {channels}, but the file has {existing}",
            source=panel_name,
            channel=missing[0],
            channels=listed(channels),
            existing=listed(panel.channels),
        )
        advice = Text(
            "{guess}name the columns, or the series of a long table, like the channels of the run; pandas keeps a "
            "name such as 01067 with dtype=str",
            guess=Text("did you mean {name!r}? ", name=guess) if guess else "",
        )
        raise DataError(message, advice)
    return panel.select(channels=[position[c] for c in channels])
