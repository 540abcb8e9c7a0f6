"""A panel of channels and covariates on one regular index, its times in texts, and its scales."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from timevis.data.calendar import to_local_time
from timevis.data.closed_hours import ClosedHours
from timevis.data.covariates import StaticCovariates
from timevis.data.events import TextEvent
from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.utils.phrases import join_names

MAX_CHANNELS_IN_REPR = 5


@dataclass(frozen=True)
class DatasetCard:
    """Description of a data set, for reports and prompts."""

    name: str
    domain: str = "other"
    description: str = ""
    unit: str = ""
    units: dict[str, str] = field(default_factory=dict)
    """Units of single channels, which take precedence over `unit`."""
    channel_descriptions: dict[str, str] = field(default_factory=dict)
    source: str = ""
    licence: str = ""
    attribution: str = ""
    country: str = ""
    """ISO 3166 code (with an optional ``-subdivision``) whose public holidays become a known covariate."""
    frequency: str = ""
    span: str = ""
    """First and last time, as text."""
    covariates: dict[str, str] = field(default_factory=dict)
    """Covariate to ``known`` (ahead of time) or ``observed``."""
    notes: tuple[str, ...] = ()
    """Facts about the data, as sentences."""
    defects: tuple[dict, ...] = ()
    """Known defects ``{"start", "end", "channels", "reason"}``, which are masked in contexts and targets."""
    public: bool = False
    """True for bundled data and public benchmarks, false for a user's own data."""

    def unit_of(self, channel: str) -> str:
        """Unit of a channel; empty if it is not known."""
        return self.units.get(channel, self.unit)


@dataclass(frozen=True, repr=False)
class Panel:
    """A regular multivariate time series with covariates.

    Attributes
    ----------
    values : float32 [T, C]
        NaN where missing. Any memory layout works; windows are fastest in Fortran order (each channel contiguous).
    index : DatetimeIndex [T]
        Regular; UTC if the source has a time zone. Naive without one, and for rows a day or more apart, which are
        regular by local dates only.
    freq : str
        pandas frequency alias, for example ``"h"``.
    channels : tuple of C names
    covariates : float32 [T, K], or [T, N] with `covariate_columns`
        NaN where missing; K may be 0.
    covariate_names : tuple of K names
    covariate_known : tuple of K bool
        True if future values are known (calendar, holidays, prices).
    card : DatasetCard
    timezone : str or None
        Time zone of the local times, in which the calendar is read; None for the zone of the index.
    covariate_columns : int64 [K, C], optional
        If covariates differ between series: for each covariate and channel, its column among the N columns of
        `covariates`. A column belongs to one covariate. None if all channels share the same K columns.
    series : int64 [C], optional
        For a long table, the number of the series that each channel belongs to. None if all channels are one series.
    closed : tuple of C ClosedHours or None, optional
        For each channel, the hours of the week in which it never has a value; they are not forecast. None if no
        channel has such hours.
    statics : StaticCovariates, optional
        What is constant within each series of a long table, for each channel.
    events : tuple of TextEvent
        Events in words, also after the last row.
    """

    values: np.ndarray
    index: pd.DatetimeIndex
    freq: str
    channels: tuple[str, ...]
    covariates: np.ndarray
    covariate_names: tuple[str, ...]
    covariate_known: tuple[bool, ...]
    card: DatasetCard
    timezone: str | None = None
    covariate_columns: np.ndarray | None = None
    series: np.ndarray | None = None
    closed: tuple[ClosedHours | None, ...] | None = None
    statics: StaticCovariates | None = None
    events: tuple[TextEvent, ...] = ()

    def __post_init__(self) -> None:
        t, c = self.values.shape
        assert self.values.dtype == np.float32, self.values.dtype
        assert len(self.index) == t, (len(self.index), t)
        assert len(self.channels) == c, (self.channels, c)
        assert self.series is None or self.series.shape == (c,), self.series
        assert self.closed is None or len(self.closed) == c, self.closed
        k = len(self.covariate_names)
        assert len(self.covariate_known) == k
        if self.covariate_columns is None:
            assert self.covariates.shape == (t, k), self.covariates.shape
        else:
            assert self.covariate_columns.shape == (k, c), self.covariate_columns.shape
            assert self.covariates.shape == (t, len(np.unique(self.covariate_columns))), self.covariates.shape

    def __len__(self) -> int:
        return len(self.index)

    def __repr__(self) -> str:
        span = f", {self.index[0]} to {self.index[-1]}" if len(self) else ""
        channels = join_names(self.channels, MAX_CHANNELS_IN_REPR)
        return f"{type(self).__name__}({self.card.name}: {channels}; {len(self)} rows of {self.freq}{span})"

    @property
    def local_index(self) -> pd.DatetimeIndex:
        """The index in local time, with the offsets of `timezone` if it is set."""
        return to_local_time(self.index, self.timezone)

    @property
    def closed_values(self) -> np.ndarray:
        """Whether each row lies in the closed hours of each channel, bool [T, C]; [T, 1] if all have the same."""
        hours = set(self.closed or (None,))
        rows = {one: np.zeros(len(self), bool) if one is None else one.contains(self.local_index) for one in hours}
        if self.closed is None or len(rows) == 1:
            return next(iter(rows.values()))[:, None]
        return np.stack([rows[one] for one in self.closed], axis=1)

    @property
    def closed_rows(self) -> np.ndarray:
        """Whether each row lies in the closed hours of every channel, bool [T]."""
        return np.asarray(self.closed_values.all(axis=1))

    @property
    def channel_covariate_columns(self) -> np.ndarray:
        """For each covariate and channel, the column of `covariates`, int64 [K, C]; never None."""
        if self.covariate_columns is not None:
            return self.covariate_columns
        return np.arange(len(self.covariate_names))[:, None].repeat(len(self.channels), axis=1)

    @property
    def covariate_kinds(self) -> dict[str, str]:
        """Name of each covariate to ``known`` or ``observed``."""
        kinds = ("known" if known else "observed" for known in self.covariate_known)
        return dict(zip(self.covariate_names, kinds, strict=True))

    @property
    def num_series(self) -> int:
        """Number of series of a long table; 1 if all channels are one series."""
        return len(np.unique(self.channel_series))

    @property
    def channel_series(self) -> np.ndarray:
        """The number of the series of each channel, int64 [C]; never None."""
        return np.zeros(len(self.channels), np.int64) if self.series is None else self.series

    @property
    def ends(self) -> np.ndarray:
        """The row after the last observed target of the series of each channel, int64 [C]; zero if it has none."""
        return self.spans()[1]

    def spans(self) -> tuple[np.ndarray, np.ndarray]:
        """The row of the first observed target of the series of each channel, and `ends`; each int64 [C]."""
        observed = np.isfinite(self.values)
        has_values = observed.any(axis=0)
        starts = np.where(has_values, observed.argmax(axis=0), len(self))
        ends = np.where(has_values, len(self) - observed[::-1].argmax(axis=0), 0)
        series = np.unique(self.channel_series, return_inverse=True)[1]
        first, last = np.full(self.num_series, len(self)), np.zeros(self.num_series, np.int64)
        np.minimum.at(first, series, starts)
        np.maximum.at(last, series, ends)
        return np.minimum(first, last)[series], last[series]

    def with_values(self, values: np.ndarray) -> Panel:
        """The panel with other values, float32 [T, C]."""
        return replace(self, values=values)

    def slice_rows(self, start: int, stop: int) -> Self:
        """The rows ``start:stop``."""
        rows = slice(start, stop)
        return replace(self, values=self.values[rows], index=self.index[rows], covariates=self.covariates[rows])

    def select(self, channels: Sequence[int] | None = None, covariates: Sequence[int] | None = None) -> Self:
        """Select channels and covariates by position, in the given order; None selects all."""
        columns, changes = self.channel_covariate_columns, dict[str, Any]()
        if channels is not None:
            columns = columns[:, channels]
            changes["values"] = np.asfortranarray(self.values[:, channels])
            changes["channels"] = tuple(self.channels[j] for j in channels)
            changes["series"] = None if self.series is None else self.series[list(channels)]
            changes["statics"] = self.statics.select(channels) if self.statics else None
            changes["closed"] = None if self.closed is None else tuple(self.closed[j] for j in channels)
        if covariates is not None:
            columns = columns[covariates, :]
            changes["covariate_names"] = tuple(self.covariate_names[k] for k in covariates)
            changes["covariate_known"] = tuple(self.covariate_known[k] for k in covariates)
        used = list(dict.fromkeys(columns.ravel().tolist()))
        new_position = np.zeros(self.covariates.shape[1], np.int64)
        new_position[used] = np.arange(len(used))
        changes["covariates"] = np.ascontiguousarray(self.covariates[:, used])
        return replace(self, **changes, covariate_columns=new_position[columns] if len(used) > len(columns) else None)

    def with_covariates(self, known: Mapping[str, bool], values: np.ndarray | None = None) -> Self:
        """Append covariates that all channels share.

        Parameters
        ----------
        known : mapping
            Name to whether future values are known.
        values : float32 [T, len(known)], optional
            NaN when None.
        """
        if values is None:
            values = np.full((len(self), len(known)), np.nan, np.float32)
        columns = self.covariate_columns
        if columns is not None:
            new_columns = self.covariates.shape[1] + np.arange(len(known))
            columns = np.vstack([columns, new_columns[:, None].repeat(len(self.channels), axis=1)])
        return replace(
            self,
            covariate_columns=columns,
            covariates=np.hstack([self.covariates, values]),
            covariate_names=(*self.covariate_names, *known),
            covariate_known=(*self.covariate_known, *known.values()),
        )

    def extend(self, rows: int, rows_before: int = 0) -> Panel:
        """Append `rows` future rows, and prepend `rows_before`; all their values and covariates are NaN."""
        past = pd.date_range(end=self.index[0], periods=rows_before + 1, freq=self.freq)[:-1]
        future = pd.date_range(self.index[-1], periods=rows + 1, freq=self.freq)[1:]
        padding = ((rows_before, rows), (0, 0))
        return replace(
            self,
            values=np.pad(self.values, padding, constant_values=np.nan),
            index=past.append(self.index).append(future),
            covariates=np.pad(self.covariates, padding, constant_values=np.nan),
        )


def normalize_nans(values: np.ndarray) -> np.ndarray:
    """A copy in C order in which every NaN has the bits of `np.nan`, so that equal data have equal hashes."""
    out = np.array(values, order="C")
    out[np.isnan(out)] = np.nan
    return out


VALUES_PER_BLOCK = 250_000
SINGLE_PRECISION = 1e-7
"""Deviation, relative to the mean, of values that are equal in single precision."""


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation of each channel.

    Attributes
    ----------
    mean, std : float64 [C]
        `std` is 1 if the training part is constant or empty; of a constant channel of targets it is a share of the
        value, see `fit`.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray, constant_share: float = 0.0) -> Scaler:
        """Fit on training rows, float32 [T, C], NaN where missing; sums are in float64, over blocks of rows.

        Parameters
        ----------
        values : float32 [T, C]
        constant_share : float
            Share of its value that the deviation of a constant column counts as. With 0 it counts as 1, which is
            large for a column of thousandths and small for one of thousands.
        """
        count = np.zeros(values.shape[1])
        total = np.zeros(values.shape[1])
        blocks = np.array_split(np.arange(len(values)), max(1, values.size // VALUES_PER_BLOCK))
        for rows in blocks:
            block = values[rows[0] : rows[-1] + 1].astype(np.float64)
            count += np.isfinite(block).sum(0)
            total += np.nansum(block, axis=0)
        mean = total / np.maximum(count, 1)
        squared_deviation = np.zeros(values.shape[1])
        for rows in blocks:
            block = values[rows[0] : rows[-1] + 1].astype(np.float64)
            squared_deviation += np.nansum((block - mean) ** 2, axis=0)
        std = np.sqrt(squared_deviation / np.maximum(count, 1))
        if constant_share:
            std = np.where(std > SINGLE_PRECISION * np.abs(mean), std, constant_share * np.abs(mean))
        return cls(mean, np.where(std > 0, std, 1.0))


ISO_TIME = re.compile(r"[1-9]\d{3}(-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII)
PERIOD_OF_LENGTH = {4: pd.DateOffset(years=1), 7: pd.DateOffset(months=1), 10: pd.DateOffset(days=1)}
"""The period that a text without a time of day means, by its length: a year, a month or a day."""


def parse_iso_time(text: str, end: bool = False) -> pd.Timestamp:
    """Parse a time in ISO 8601, with the UTC offset that it may have.

    Parameters
    ----------
    text : str
    end : bool
        Whether a day, month or year means its last microsecond, not its start.

    Raises
    ------
    ConfigError
        The text is not a time in ISO 8601.
    """
    text = text.strip()
    try:
        if not ISO_TIME.fullmatch(text):
            raise ValueError(text)
        time = pd.Timestamp(text).as_unit("us")
        if end and len(text) in PERIOD_OF_LENGTH:
            time = time + PERIOD_OF_LENGTH[len(text)] - pd.Timedelta(1, "us")
    except (ValueError, OverflowError):
        advice = Text("write it like 2024-01-31 or '2024-01-31 18:00'; 2024-01 is a whole month, 2024 a whole year")
        raise ConfigError(Text("{text!r} is not a time", text=text), advice) from None
    return time


def parse_panel_time(text: str, panel: Panel, end: bool = False) -> pd.Timestamp:
    """`parse_iso_time` in the time zone of the panel, unless the text has a UTC offset; naive for a naive index."""
    time, zone = parse_iso_time(text, end), panel.index.tz
    if zone is None or time.tzinfo is not None:
        return time.tz_localize(None) if zone is None and time.tzinfo else time
    return time.tz_localize(panel.timezone or zone, ambiguous=not end, nonexistent="shift_forward")
