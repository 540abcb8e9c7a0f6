"""The data report: what was found in a table and what cleaning did about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.cleaning.statistics import (
    autocorrelation,
    named_periods,
    reported_lags,
    seasonal_strength,
    summary_statistics,
)
from timevis.data.panel import Panel
from timevis.utils.files import to_json_types
from timevis.utils.formatting import format_count, join_names

MAX_LISTED_PLACES = 50
"""Places that are listed of each kind; the counts cover all."""

MAX_LOGGED_COLUMNS = 8
"""Columns left out that the line for the log names."""


@dataclass
class QualityReport:
    """Counts and places of everything that cleaning saw.

    Attributes
    ----------
    source : str
        The file.
    rows_read : int
    rows : int
        Length of the regular grid, from the first row with a value of a channel that is used.
    frequency, start, end, timezone : str
    decimal : {"point", "comma"}, optional
        Decimal mark of numbers written as text, where the file has one.
    day_first : bool, optional
        How dates such as 01/02/2020 are read, where the file has any.
    was_sorted : bool
    frequency_inferred : bool
    duplicates : dict
        For ``identical``, ``filled`` and ``averaged``: rows merged away and the times they had.
    off_grid : dict
        Rows ``moved`` onto the grid, rows ``left_out``, and the times they had.
    gaps : dict
        Runs of rows in which no channel was observed: ``count``, ``rows``, ``longest``, ``places``.
    missing : dict
        Per channel, cells without a value after cleaning.
    sentinels : dict
        Per column with cells that are one of `data.cleaning.missing`: ``count``, ``cells`` (sentinel to count) and
        ``places`` (rows of the file).
    left_out : dict
        Column to the reason why it is not used.
    outliers : dict
        Per channel: ``count``, ``masked``, ``places`` with value and bounds.
    defects : list of dict
        Defects declared by the dataset card, with the rows that each one masked.
    split : dict
        First and last time and rows of each part.
    channels : dict
        Per channel: counts, the longest gap, moments, quantiles, seasonality (of the training part), autocorrelation.
    covariates : dict
        Per covariate: ``kind`` (known or observed), ``missing`` cells, and whether it is one ``of_each_series``.
    notes : list of str
        What was decided, in sentences.
    card : dict
        The dataset card.
    """

    source: str
    rows_read: int = 0
    rows: int = 0
    frequency: str = ""
    frequency_inferred: bool = False
    start: str = ""
    end: str = ""
    timezone: str | None = None
    decimal: str | None = None
    day_first: bool | None = None
    was_sorted: bool = True
    duplicates: dict[str, Any] = field(default_factory=dict)
    off_grid: dict[str, Any] = field(default_factory=dict)
    gaps: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    sentinels: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    outliers: dict[str, Any] = field(default_factory=dict)
    defects: list[dict[str, Any]] = field(default_factory=list)
    split: dict[str, Any] = field(default_factory=dict)
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    covariates: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    card: dict[str, Any] = field(default_factory=dict)

    @property
    def split_rows(self) -> int:
        """Rows up to the end of the test part."""
        return sum(part["rows"] for part in self.split.values())

    def describe(self, panel: Panel, train_end: int) -> None:
        """Fill in what the panel is like; seasonality and autocorrelation are those of its first `train_end` rows."""
        self.rows, self.frequency, self.timezone = len(panel), panel.freq, panel.timezone
        self.start, self.end = str(panel.index[0]), str(panel.index[-1])
        self.gaps = find_gaps(panel)
        self.channels = describe_channels(panel, train_end)
        self.missing = {channel: entry["missing"] for channel, entry in self.channels.items()}
        missing, own = (
            np.isnan(panel.covariates).sum(axis=0),
            [np.unique(read) for read in panel.channel_covariate_columns],
        )
        self.covariates = {
            name: {"kind": kind, "missing": int(missing[own[k]].sum()), "of_each_series": len(own[k]) > 1}
            for k, (name, kind) in enumerate(panel.covariate_kinds.items())
        }
        self.card = asdict(panel.card)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; numbers that are not finite become None."""
        return to_json_types(asdict(self))

    def summary(self) -> str:
        """One line for the log: the size of the panel and whatever was found in it."""
        merged = sum(d["rows"] for d in self.duplicates.values())
        defects = sum(d["masked"] for d in self.defects)
        moved, off, gaps = self.off_grid.get("moved", 0), self.off_grid.get("left_out", 0), self.gaps.get("count", 0)
        emptied = sum(s["count"] for s in self.sentinels.values())
        outliers = sum(o["count"] for o in self.outliers.values())
        masked = sum(o["masked"] for o in self.outliers.values())
        missing = sum(self.missing.values()) - self.gaps.get("rows", 0) * len(self.channels)
        found = [
            "" if self.was_sorted else "rows were not in order",
            f"{format_count(merged, 'duplicate row')} merged" if merged else "",
            f"{format_count(moved, 'row')} moved onto the grid" if moved else "",
            f"{format_count(off, 'row')} off the grid left out" if off else "",
            f"{format_count(self.gaps['rows'], 'empty row')} in {format_count(gaps, 'gap')}" if gaps else "",
            f"{format_count(missing, 'value')} missing{' in other rows' if gaps else ''}" if missing > 0 else "",
            f"{format_count(emptied, 'cell')} read as missing" if emptied else "",
            f"{format_count(defects, 'value')} of declared defects masked" if self.defects else "",
            f"{format_count(outliers, 'outlier')} reported, {masked} masked" if outliers else "",
            f"not used: {self._unused()}" if self.left_out else "",
        ]
        channels = format_count(len(self.channels), "channel")
        size = f"{self.source}: {self.rows} rows of {channels}, every {self.frequency}"
        return "; ".join([size, *filter(None, found)])

    def _unused(self) -> str:
        """Columns that are not used and why, the first few of many."""
        return join_names([f"{name} ({reason})" for name, reason in self.left_out.items()], MAX_LOGGED_COLUMNS)


def list_times(index: pd.DatetimeIndex) -> list[str]:
    """The first `LISTED` times as text."""
    return [str(t) for t in index[:MAX_LISTED_PLACES]]


def find_gaps(panel: Panel) -> dict[str, Any]:
    """Runs of rows in which no channel was observed, the longest first."""
    empty = np.ones(len(panel), bool)
    for j in range(len(panel.channels)):
        empty &= np.isnan(panel.values[:, j])
        if not empty.any():
            return {"count": 0, "rows": 0, "longest": 0, "places": []}
    first, length = _runs(empty)
    order = np.argsort(-length, kind="stable")[:MAX_LISTED_PLACES]
    places = [
        {
            "start": str(panel.index[first[i]]),
            "end": str(panel.index[first[i] + length[i] - 1]),
            "rows": int(length[i]),
        }
        for i in order
    ]
    return {"count": len(first), "rows": int(length.sum()), "longest": int(length.max()), "places": places}


def _runs(marked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First rows and lengths of the runs of True in bool [T]."""
    edges = np.flatnonzero(np.diff(np.r_[0, marked.astype(np.int8), 0]))
    return edges[::2], edges[1::2] - edges[::2]


def longest_gap(column: np.ndarray, index: pd.DatetimeIndex) -> dict[str, Any] | None:
    """Rows and first time of the longest run without a value of a channel [T]; None without any."""
    first, length = _runs(np.isnan(column))
    if not len(first):
        return None
    longest = int(length.argmax())
    return {"rows": int(length[longest]), "start": str(index[first[longest]])}


def describe_channels(panel: Panel, train_end: int) -> dict[str, dict[str, Any]]:
    """Counts, moments and quantiles of every channel; seasonality and autocorrelation of its training part."""
    periods, lags = named_periods(panel.freq, train_end), reported_lags(panel.freq, train_end)
    described = {}
    for j, channel in enumerate(panel.channels):
        column = np.ascontiguousarray(panel.values[:, j])
        train = column[:train_end]
        described[channel] = {
            "unit": panel.card.unit_of(channel),
            "description": panel.card.channel_descriptions.get(channel, ""),
            **summary_statistics(column),
            "longest_gap": longest_gap(column, panel.index),
            "seasonality": [
                {"name": name, "period": period, "strength": seasonal_strength(train, period)}
                for name, period in periods.items()
            ],
            "autocorrelation": {str(k): v for k, v in zip(lags, autocorrelation(train, lags), strict=True)},
        }
    return described
