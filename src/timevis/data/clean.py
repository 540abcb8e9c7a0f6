"""From the rows of a file to a clean panel and a report of its quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from timevis.config.options import check_choice
from timevis.data.calendar import MIN_STEPS_PER_DAY_FOR_WEEKDAYS, steps_per_day
from timevis.data.closed_hours import DAY_S, ClosedHours, seconds_of_week
from timevis.data.covariates import holiday_flags
from timevis.data.options import DataOptions
from timevis.data.outliers import handle_outliers
from timevis.data.panel import DatasetCard, Panel
from timevis.data.quality.quality_report import QualityReport
from timevis.data.quality.statistics import non_negative_channels
from timevis.data.schema.channel_selection import drop_constant_covariates, select_channels
from timevis.data.schema.to_rows import to_rows
from timevis.data.split import Split
from timevis.data.table import Table
from timevis.errors import ConfigError
from timevis.messages import Setting, Text, listed

MIN_OCCURRENCES = 4
"""Weeks in which a time of the week must have occurred before it can count as closed."""
MAX_CHANCE = 1e-3
"""A time is not closed if gaps like those at other times would leave it empty with this probability; for the channels
of a panel, divided by their number."""
PanelT = TypeVar("PanelT", bound=Panel)


def with_closed_hours(panel: PanelT) -> PanelT:
    """The panel with the hours of the week in which a channel, or every channel, never has a value.

    A time of the week, in local time, counts as closed if it occurred in at least `MIN_OCCURRENCES` weeks, never
    had a value, and would not be empty by chance. Steps of more than a day have no closed hours. See `Panel.closed`.
    """
    is_observed = np.isfinite(panel.values)
    if is_observed.all() or steps_per_day(panel.freq) < 1:
        return panel
    times, slot = np.unique(seconds_of_week(panel.local_index), return_inverse=True)
    always_closed = _closed_slots(is_observed.any(axis=1), slot, len(times), MAX_CHANCE)
    max_chance = MAX_CHANCE / len(panel.channels)
    closed = [always_closed | _closed_slots(column, slot, len(times), max_chance) for column in is_observed.T]
    if not any(slots.any() for slots in closed):
        return panel
    hours = {slots.tobytes(): _closed_hours(slots, times) for slots in closed}
    return replace(panel, closed=tuple(hours[slots.tobytes()] for slots in closed))


def _closed_slots(is_observed: np.ndarray, slot: np.ndarray, slots: int, max_chance: float) -> np.ndarray:
    """Which times of the week are closed, bool [S], by rows [T] with a value and the number of the time of each."""
    rows = np.flatnonzero(is_observed)
    if not len(rows) or len(rows) == len(is_observed):
        return np.zeros(slots, bool)
    span = slice(int(rows[0]), int(rows[-1]) + 1)
    count = np.bincount(slot[span], minlength=slots)
    is_open = np.bincount(slot[rows], minlength=slots) > 0
    missing_share = 1 - len(rows) / count[is_open].sum()
    return ~is_open & (count >= MIN_OCCURRENCES) & (missing_share**count < max_chance)


def _closed_hours(closed: np.ndarray, times: np.ndarray) -> ClosedHours | None:
    """The periods of closed times, bool [S], which begin at `times` [S], in seconds since Monday 00:00."""
    if not closed.any():
        return None
    ends = np.append(times[1:], 7 * DAY_S)
    first = np.flatnonzero(closed & ~np.append(False, closed[:-1]))
    last = np.flatnonzero(closed & ~np.append(closed[1:], False))
    periods = zip(np.where(first == 0, 0, times[first]).tolist(), ends[last].tolist(), strict=True)
    return ClosedHours(tuple(periods))


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
        Keep the rows after the last value of any target, which contain future values of covariates.
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
        text = Text(
            "{rows} rows after the last value are used for forecasts only",
            code="note-rows-for-forecasts",
            rows=len(panel) - observed_rows,
        )
        report.notes.append(text)
        panel = panel.slice_rows(0, observed_rows)
    panel = with_closed_hours(add_holidays(panel, options))
    split = options.split_rows(panel, observed_rows)
    panel = drop_constant_covariates(panel, report, split)
    panel = replace(panel, statics=panel.statics.varying() if panel.statics else None)
    return finalize_panel(panel, options, report, split)


def add_holidays(panel: Panel, options: DataOptions) -> Panel:
    """Append the known covariate `holiday` if the options name it or a country, and the table has no such column.

    Holidays of `data.country` are appended to data with a row for each (business) day, or with shorter steps.

    Raises
    ------
    ConfigError
        The options name the covariate, and neither they nor the dataset card name a country.
    """
    kind = (options.covariates or {}).get("holiday")
    has_days = steps_per_day(panel.freq) >= MIN_STEPS_PER_DAY_FOR_WEEKDAYS
    if "holiday" in panel.covariate_names or not (kind or (options.country and has_days)):
        return panel
    country = options.country or panel.card.country if kind in (None, "known", "observed") else kind
    if not country:
        message = Text("{setting} does not name a country", setting=Setting("data.covariates.holiday"))
        advice = Text(
            "the table has no column holiday; give a country: {setting}", setting=Setting("data.country", "DE")
        )
        raise ConfigError(message, advice, "data.covariates.holiday")
    key = "data.country" if country == options.country else "data.covariates.holiday"
    flags = holiday_flags(panel.local_index, country, key)[:, None]
    return replace(panel, card=replace(panel.card, country=country)).with_covariates({"holiday": True}, flags)


def finalize_panel(
    panel: Panel, options: DataOptions, report: QualityReport, split: Split
) -> tuple[Panel, QualityReport]:
    """Mask declared defects, handle outliers, complete the dataset card, and fill in the report.

    Parameters
    ----------
    panel : Panel
    options : DataOptions
    report : QualityReport
    split : Split
    """
    panel = mask_defects(panel, report)
    panel = handle_outliers(panel, split, options.cleaning.outliers == "mask", report)
    span = f"{panel.local_index[0]} to {panel.local_index[-1]}"
    card = panel.card
    panel = replace(
        panel, card=replace(card, frequency=panel.freq, span=card.span or span, covariates=panel.covariate_kinds)
    )
    if isinstance(options.unit, dict):
        for name in options.unit:
            check_choice(name, panel.channels, "data.unit")
    if non_negative := list(compress(panel.channels, non_negative_channels(split.training_values(panel.values)))):
        text = Text(
            "often zero or whole numbers, and never negative in the training part, so forecasts are clipped at zero: "
            "{channels}",
            code="note-non-negative",
            channels=listed(non_negative),
        )
        report.notes.append(text)
    report.describe(panel, split)
    report.split, report.split_by = describe_split(panel.local_index, split), "series" if split.by_series else "axis"
    report.notes += _notes_on_series(panel, split)
    return panel, report


def _notes_on_series(panel: Panel, split: Split) -> list[Text]:
    """What a split of each series means, as sentences; none for a split on the common axis."""
    if not split.by_series:
        return []
    train_end, val_end, _ = split.borders.T
    later = np.unique(panel.channel_series[train_end > val_end.min()])
    notes: list[Text] = [
        Text(
            "the spans of the {series} series differ: each is split by the rows of its own span",
            code="note-spans-differ",
            series=panel.num_series,
        )
    ]
    if len(later):
        text = Text(
            "training rows of {later} of {series} series are later than the first test rows of another series, so a "
            "model of all series may have learned of events that its test windows forecast; {setting} splits all "
            "series at the same times",
            code="note-later-training-rows",
            setting=Setting("data.split_by", "axis"),
            later=len(later),
            series=panel.num_series,
        )
        notes.append(text)
    return notes


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


def describe_split(index: pd.DatetimeIndex, split: Split) -> dict[str, Any]:
    """Number of rows, first time and last time of the training, validation and test part.

    If each series has its own borders, the rows of all series are counted.
    """
    described = {}
    for name in ("train", "val", "test"):
        start, end = split.part(name)
        rows = np.maximum(end - start, 0)
        first, last = int(np.min(start)), int(np.max(end)) - 1
        times = {"start": str(index[first]), "end": str(index[last])} if rows.any() else {}
        described[name] = {"rows": int(rows.sum())} | times
    return described
