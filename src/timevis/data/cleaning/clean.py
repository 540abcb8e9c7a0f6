"""From a table as it was read to a regular panel, with a report of everything done on the way.

Nothing is invented: rows are sorted, merged and placed on their grid; what was not observed stays missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from typing import Any

import pandas as pd

from timevis.config.validate import check_choice
from timevis.data.cleaning.outlier_masking import handle_outliers, mask_defects
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
    """Make a panel of a table.

    Parameters
    ----------
    table : Table
    options : DataOptions
    card : DatasetCard
    future : bool
        Keep the rows after the last value of any target, which tell covariates of the future.
    channels : names, optional
        See `timevis.data.schema.channel_selection.select_channels`.

    Raises
    ------
    DataError
        The table cannot become a panel; names the file, the row and the column.
    """
    rows, report = to_rows(table, options)
    panel, known = select_channels(rows, card, options, report, channels)
    if not future and known < len(panel):  # what comes after every target can neither train nor test
        report.notes.append(f"{len(panel) - known} rows after the last value are left to forecasting")
        panel = panel.slice_rows(0, known)
    panel = add_holidays(panel, options)
    panel = drop_constant_covariates(panel, report, borders(panel, options.split, known)[0])
    return finalize_panel(panel, options, report, known)


def add_holidays(panel: Panel, options: DataOptions) -> Panel:
    """Append the known covariate `holiday` where it was asked for and the table has no such column.

    Raises
    ------
    ConfigError
        Nothing says which country's holidays.
    """
    if "holiday" not in (options.covariates or {}) or "holiday" in panel.covariate_names:
        return panel
    kind = (options.covariates or {})["holiday"]
    country = panel.card.country if kind in ("known", "observed") else kind
    if not country:
        raise ConfigError(
            "data.covariates.holiday does not say the country",
            "the table has no column holiday; give a country: data.covariates={holiday:DE}",
        )
    flags = holiday_flags(panel.local_index, country)[:, None]
    return replace(panel, card=replace(panel.card, country=country)).with_covariates({"holiday": True}, flags)


def finalize_panel(
    panel: Panel, options: DataOptions, report: QualityReport, known: int | None = None
) -> tuple[Panel, QualityReport]:
    """Mask declared defects, look for outliers, describe the panel, and complete its card.

    The split is that of the first `known` rows, of all when None; rows of the future belong to no part.
    """
    ends = borders(panel, options.split, known)
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
    if panel.card.domain == "other" and options.domain is None and not panel.card.public:
        report.notes.append("no data.domain given: the generic prompt is used where prompts go by the domain")
    if at_zero := list(compress(panel.channels, non_negative_channels(panel.values[: ends[0]]))):
        report.notes.append(
            "often zero and never below in the training part, so models trained on it do not forecast it below zero: "
            + join_names(at_zero)
        )
    report.describe(panel, ends[0])
    report.split = describe_split(panel.index, ends)
    return panel, report


def describe_split(index: pd.DatetimeIndex, ends: tuple[int, int, int]) -> dict[str, Any]:
    """Rows and first and last time of each part."""
    starts = (0, ends[0], ends[1])
    return {
        name: {"rows": max(0, b - a)} | ({"start": str(index[a]), "end": str(index[b - 1])} if b > a else {})
        for name, a, b in zip(("train", "val", "test"), starts, ends, strict=True)
    }
