"""Turn a table into a clean, regular panel and report every change.

No value is invented: rows are sorted, merged and put on a regular grid, and a value that was not observed stays NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd

from timevis.config.options import check_choice
from timevis.data.cleaning.outliers import handle_outliers
from timevis.data.cleaning.quality_report import QualityReport
from timevis.data.cleaning.statistics import non_negative_channels
from timevis.data.holidays import holiday_flags
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard, Panel
from timevis.data.readers.table import Table
from timevis.data.schema.channel_selection import drop_constant_covariates, select_channels
from timevis.data.schema.to_rows import to_rows
from timevis.data.split import borders
from timevis.errors import ConfigError
from timevis.utils.formatting import join_names


def clean(
    table: Table,
    options: DataOptions,
    card: DatasetCard,
    *,
    future: bool = False,
    channels: Sequence[str] | None = None,
) -> tuple[Panel, QualityReport]:
    """Turn a table into a panel.

    Parameters
    ----------
    table : Table
    options : DataOptions
    card : DatasetCard
    future : bool
        Keep the rows after the last value of any target, which hold future values of covariates.
    channels : names, optional
        See `timevis.data.schema.channel_selection.select_channels`.

    Returns
    -------
    panel : Panel
    report : QualityReport

    Raises
    ------
    DataError
        The table cannot become a panel; the message names the file, the row and the column.
    """
    rows, report = to_rows(table, options)
    panel, observed_rows = select_channels(rows, card, options, report, channels)
    if not future and observed_rows < len(panel):
        report.notes.append(f"{len(panel) - observed_rows} rows after the last value are used for forecasts only")
        panel = panel.slice_rows(0, observed_rows)
    panel = add_holidays(panel, options)
    panel = drop_constant_covariates(panel, report, borders(panel, options.split, observed_rows)[0])
    return finalize_panel(panel, options, report, observed_rows)


def add_holidays(panel: Panel, options: DataOptions) -> Panel:
    """Append the known covariate `holiday` if the options name it and the table has no such column.

    Raises
    ------
    ConfigError
        Neither the options nor the dataset card name a country.
    """
    if "holiday" not in (options.covariates or {}) or "holiday" in panel.covariate_names:
        return panel
    kind = (options.covariates or {})["holiday"]
    country = panel.card.country if kind in ("known", "observed") else kind
    if not country:
        raise ConfigError(
            "data.covariates.holiday does not name a country",
            "the table has no column holiday; give a country: data.covariates={holiday:DE}",
        )
    flags = holiday_flags(panel.local_index, country)[:, None]
    return replace(panel, card=replace(panel.card, country=country)).with_covariates({"holiday": True}, flags)


def finalize_panel(
    panel: Panel, options: DataOptions, report: QualityReport, observed_rows: int | None = None
) -> tuple[Panel, QualityReport]:
    """Mask declared defects, handle outliers, complete the dataset card, and fill in the report.

    Parameters
    ----------
    panel : Panel
    options : DataOptions
    report : QualityReport
    observed_rows : int, optional
        Number of first rows that are split into training, validation and test part; all rows when None.
    """
    ends = borders(panel, options.split, observed_rows)
    panel = mask_defects(panel, report)
    panel = handle_outliers(panel, ends, options.cleaning.outliers == "mask", report)
    span = f"{panel.index[0]} to {panel.index[-1]}"
    card = panel.card
    panel = replace(
        panel, card=replace(card, frequency=panel.freq, span=card.span or span, covariates=panel.covariate_kinds)
    )
    if isinstance(options.unit, dict):
        for name in options.unit:
            check_choice(name, panel.channels, "data.unit")
    if non_negative := list(compress(panel.channels, non_negative_channels(panel.values[: ends[0]]))):
        report.notes.append(
            "often zero and never negative in the training part, so forecasts are clipped at zero: "
            + join_names(non_negative)
        )
    report.describe(panel, ends[0])
    report.split = describe_split(panel.index, ends)
    return panel, report


def mask_defects(panel: Panel, report: QualityReport) -> Panel:
    """Set the defects that the dataset card declares to NaN, and count the masked values in the report."""
    values = panel.values
    for defect in panel.card.defects:
        start = panel.index.searchsorted([pd.Timestamp(defect["start"], tz=panel.index.tz)])[0]
        stop = panel.index.searchsorted([pd.Timestamp(defect["end"], tz=panel.index.tz)], side="right")[0]
        columns = [j for j, c in enumerate(panel.channels) if c in defect.get("channels", panel.channels)]
        if values is panel.values:
            values = values.copy(order="K")
        masked = int(np.isfinite(values[start:stop][:, columns]).sum())
        values[start:stop, columns] = np.nan
        report.defects.append(dict(defect) | {"masked": masked})
    return panel.with_values(values)


def describe_split(index: pd.DatetimeIndex, ends: tuple[int, int, int]) -> dict[str, Any]:
    """Number of rows, first time and last time of the training, validation and test part."""
    starts = (0, ends[0], ends[1])
    return {
        name: {"rows": max(0, b - a)} | ({"start": str(index[a]), "end": str(index[b - 1])} if b > a else {})
        for name, a, b in zip(("train", "val", "test"), starts, ends, strict=True)
    }
