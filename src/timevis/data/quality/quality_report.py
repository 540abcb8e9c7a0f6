"""Record what a table contained and what cleaning changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.closed_hours import common_closed_hours
from timevis.data.panel import Panel
from timevis.data.quality.statistics import describe_channels, find_gaps
from timevis.data.split import Split
from timevis.messages import Text
from timevis.utils.formatting import format_count
from timevis.utils.json_types import to_json_types
from timevis.utils.phrases import join_names

MAX_LISTED_PLACES = 50
"""Places that the report lists of each kind of change; the counts cover all places."""

CODES_OF_NUMBERS_IN_TEXT = ("different-units", "mark-unclear", "numbers-with-text")
"""Reasons why a text column is not used although most of its cells begin with a number."""

MAX_LOGGED_COLUMNS = 8
"""Unused columns that the summary line names."""


@dataclass
class QualityReport:
    """Counts and places of the findings and changes of cleaning.

    Attributes
    ----------
    source : str
        Name of the file.
    rows_read : int
    rows : int
        Length of the regular grid, which starts at the first row with a value of a used channel.
    frequency, start, end, timezone : str
    decimal : {"point", "comma"}, optional
        Decimal mark of numbers written as text, if the file shows one.
    day_first : bool, optional
        Whether the day comes first in dates such as 01/02/2020, if the file has any.
    was_sorted : bool
    frequency_inferred : bool
    duplicates : dict
        For ``identical``, ``filled`` and ``averaged``, or the method of `data.duplicates`: number of rows that
        merging removed, and their times.
    off_grid : dict
        Number of rows ``moved`` to the grid and ``left_out``, and their times.
    gaps : dict
        Runs of rows in which every channel is missing, apart from closed hours: ``count``, ``rows``, ``longest``,
        ``places``.
    closed : dict
        Hours of the week in which no channel ever has a value: ``periods`` (start and end in seconds since Monday
        00:00, local time), number of ``rows``, and in words ``when`` and ``hours``. Empty if there are none.
    closed_channels : dict
        The same for each channel that is also closed at other hours, by its name.
    missing : dict
        Per channel, number of missing values after cleaning, without the rows of its closed hours.
    sentinels : dict
        Per column with values of `data.missing_values`: ``count``, ``cells`` (value to count) and ``places`` (rows
        of the file, as `Text`).
    roles : dict
        Name of each used column to ``time``, ``id``, ``target``, ``covariate`` or ``static``.
    series_columns : list of str
        The columns of the file that name the series, in the order of the parts of a name; empty for a wide table.
    left_out : dict
        Name of an unused column to the reason, a `Text`.
    outliers : dict
        Per channel: ``count``, number ``masked``, and ``places`` with value and bounds.
    defects : list of dict
        Defects that the dataset card declares, with the number of values that each one ``masked``.
    split : dict
        Number of rows, first time and last time of each part; of all series if each has its own borders.
    split_by : {"series", "axis"}
        Whether each series has its own borders.
    channels : dict
        Per channel: counts, the longest gap, moments, quantiles, seasonality (of the training part), autocorrelation.
    covariates : dict
        Per covariate: ``kind`` (known or observed), number of ``missing`` values, and ``of_each_series``: whether
        each series has its own values.
    statics : dict
        Per static covariate: its number of ``categories``, or its ``min`` and ``max``.
    notes : list of Text
        Decisions of cleaning.
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
    closed: dict[str, Any] = field(default_factory=dict)
    closed_channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    sentinels: dict[str, Any] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    series_columns: list[str] = field(default_factory=list)
    left_out: dict[str, Text] = field(default_factory=dict)
    outliers: dict[str, Any] = field(default_factory=dict)
    defects: list[dict[str, Any]] = field(default_factory=list)
    split: dict[str, Any] = field(default_factory=dict)
    split_by: str = "axis"
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    covariates: dict[str, dict[str, Any]] = field(default_factory=dict)
    statics: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[Text] = field(default_factory=list)
    card: dict[str, Any] = field(default_factory=dict)

    def describe(self, panel: Panel, split: Split) -> None:
        """Fill in the description of the panel; seasonality and autocorrelation are computed on the training part."""
        self.rows, self.frequency, self.timezone = len(panel), panel.freq, panel.timezone
        self.start, self.end = str(panel.local_index[0]), str(panel.local_index[-1])
        self.gaps = find_gaps(panel, MAX_LISTED_PLACES)
        if panel.closed is not None:
            common, index = common_closed_hours(panel.closed), panel.local_index
            described = {hours: hours.describe(index) for hours in {common, *panel.closed} if hours is not None}
            self.closed = described[common] if common is not None else {}
            own = zip(panel.channels, panel.closed, strict=True)
            self.closed_channels = {
                channel: described[hours] for channel, hours in own if hours is not None and hours != common
            }
        self.channels = describe_channels(panel, split)
        self.missing = {channel: entry["missing"] for channel, entry in self.channels.items()}
        missing = np.isnan(panel.covariates).sum(axis=0)
        columns = [np.unique(row) for row in panel.channel_covariate_columns]
        self.covariates = {
            name: {"kind": kind, "missing": int(missing[columns[k]].sum()), "of_each_series": len(columns[k]) > 1}
            for k, (name, kind) in enumerate(panel.covariate_kinds.items())
        }
        self.statics = panel.statics.describe() if panel.statics else {}
        self.card = asdict(panel.card)

    @property
    def numbers_left_out(self) -> dict[str, Text]:
        """The unused text columns most of whose cells begin with a number, and why they are not used."""
        return {name: reason for name, reason in self.left_out.items() if reason.code in CODES_OF_NUMBERS_IN_TEXT}

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON types; a number that is not finite becomes None.

        Each `Text` becomes its English; ``text_codes`` maps this to its code and params.
        """
        codes: dict[str, Any] = {}

        def in_english(value: Any) -> Any:
            if isinstance(value, Text):
                codes[str(value)] = value.to_json()
                return str(value)
            if isinstance(value, dict):
                return {key: in_english(inner) for key, inner in value.items()}
            return [in_english(inner) for inner in value] if isinstance(value, list) else value

        return to_json_types(in_english(asdict(self)) | {"text_codes": codes})

    def summary(self) -> str:
        """One line for the log: the size of the panel and the findings."""
        merged = sum(d["rows"] for d in self.duplicates.values())
        defects = sum(d["masked"] for d in self.defects)
        moved, left_out = self.off_grid.get("moved", 0), self.off_grid.get("left_out", 0)
        gaps, own_hours = self.gaps.get("count", 0), len(self.closed_channels)
        sentinels = sum(s["count"] for s in self.sentinels.values())
        outliers = sum(o["count"] for o in self.outliers.values())
        masked = sum(o["masked"] for o in self.outliers.values())
        missing = sum(self.missing.values()) - self.gaps.get("rows", 0) * len(self.channels)
        findings = [
            "" if self.was_sorted else "rows were not sorted by time",
            f"{format_count(merged, 'duplicate row')} merged" if merged else "",
            f"{format_count(moved, 'row')} moved onto the grid" if moved else "",
            f"{format_count(left_out, 'row')} off the grid left out" if left_out else "",
            f"always missing {self.closed['when']}" if self.closed else "",
            f"{format_count(own_hours, 'channel')} with closed hours of their own" if own_hours else "",
            f"{format_count(self.gaps['rows'], 'empty row')} in {format_count(gaps, 'gap')}" if gaps else "",
            f"{format_count(missing, 'value')} missing{' in other rows' if gaps else ''}" if missing > 0 else "",
            f"{format_count(sentinels, 'cell')} read as missing" if sentinels else "",
            f"{format_count(defects, 'value')} of declared defects masked" if self.defects else "",
            f"{format_count(outliers, 'outlier')} reported, {masked} masked" if outliers else "",
            f"not used: {self._unused_columns()}" if self.left_out else "",
        ]
        channels = format_count(len(self.channels), "channel")
        size = f"{self.source}: {self.rows} rows of {channels}, every {self.frequency}"
        return "; ".join([size, *filter(None, findings)])

    def _unused_columns(self) -> str:
        return join_names([f"{name} ({reason})" for name, reason in self.left_out.items()], MAX_LOGGED_COLUMNS)


def has_time_zone(report: Mapping[str, Any]) -> bool:
    """Whether the times in data_report.json have an offset from UTC."""
    return pd.Timestamp(report["start"]).tzinfo is not None


def list_times(index: pd.DatetimeIndex) -> list[str]:
    """The first `MAX_LISTED_PLACES` times as text."""
    return [str(t) for t in index[:MAX_LISTED_PLACES]]
