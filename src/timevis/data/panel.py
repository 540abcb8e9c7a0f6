"""The one in-memory form of every data set: a regular grid of channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from timevis.data.calendar import to_local_time
from timevis.utils.formatting import join_names

MAX_CHANNELS_IN_REPR = 5
"""Channels that `repr` names."""


@dataclass(frozen=True)
class DatasetCard:
    """What is known about a data set besides its numbers; reports quote it, prompts are filled from it."""

    name: str
    domain: str = "other"
    description: str = ""
    unit: str = ""
    units: dict[str, str] = field(default_factory=dict)
    """Unit of a channel where channels differ."""
    channel_descriptions: dict[str, str] = field(default_factory=dict)
    source: str = ""
    licence: str = ""
    attribution: str = ""
    country: str = ""
    """ISO 3166 code (with an optional ``-subdivision``) whose public holidays become a known covariate."""
    frequency: str = ""
    span: str = ""
    """First and last time, in words."""
    covariates: dict[str, str] = field(default_factory=dict)
    """Covariate to ``known`` (ahead of time) or ``observed``."""
    notes: tuple[str, ...] = ()
    """Known facts about the data, as sentences."""
    defects: tuple[dict, ...] = ()
    """Declared defects: ``{"start", "end", "channels", "reason"}``, masked in targets and context."""
    public: bool = False
    """Bundled or public benchmark data, as opposed to a user's own."""

    def unit_of(self, channel: str) -> str:
        return self.units.get(channel, self.unit)


@dataclass(frozen=True, repr=False)
class Panel:
    """A regular multichannel series.

    Attributes
    ----------
    values : float32 [T, C]
        NaN where nothing was observed. Any memory layout works; Fortran order (each channel contiguous) gives
        the fastest windows.
    index : DatetimeIndex [T]
        Regular; naive, or UTC when the source had a time zone.
    freq : str
        Its pandas frequency alias, e.g. ``"h"``.
    channels : tuple of C names
    covariates : float32 [T, K], or [T, N] with `covariate_columns`
        NaN where unknown; K may be 0.
    covariate_names : tuple of K names
    covariate_known : tuple of K bool
        True where the value is known ahead of time (calendar, holidays, prices).
    card : DatasetCard
    timezone : str or None
        Zone in which the calendar is read; None reads the index as it is.
    covariate_columns : int64 [K, C], optional
        Where covariates differ between series: which of the N columns of `covariates` a channel reads as which
        covariate. Each column is that of one covariate. None where all channels read the same K columns.
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

    def __post_init__(self) -> None:
        t, c = self.values.shape
        assert self.values.dtype == np.float32, self.values.dtype
        assert len(self.index) == t, (len(self.index), t)
        assert len(self.channels) == c, (self.channels, c)
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
        """The index as clocks on the wall show it."""
        return to_local_time(self.index, self.timezone)

    @property
    def channel_covariate_columns(self) -> np.ndarray:
        """The column of `covariates` that each channel reads as each covariate, int64 [K, C]."""
        if self.covariate_columns is not None:
            return self.covariate_columns
        return np.arange(len(self.covariate_names))[:, None].repeat(len(self.channels), axis=1)

    @property
    def covariate_kinds(self) -> dict[str, str]:
        """Of each covariate ``known`` or ``observed``."""
        kinds = ("known" if known else "observed" for known in self.covariate_known)
        return dict(zip(self.covariate_names, kinds, strict=True))

    def with_values(self, values: np.ndarray) -> Panel:
        return replace(self, values=values)

    def slice_rows(self, first: int, past: int) -> Self:
        """The rows from `first` to before `past`."""
        rows = slice(first, past)
        return replace(self, values=self.values[rows], index=self.index[rows], covariates=self.covariates[rows])

    def select(self, channels: Sequence[int] | None = None, covariates: Sequence[int] | None = None) -> Self:
        """The channels and the covariates at these places, in this order; all of them where None."""
        read, picked = self.channel_covariate_columns, dict[str, Any]()
        if channels is not None:
            read = read[:, channels]
            picked["values"] = np.asfortranarray(self.values[:, channels])
            picked["channels"] = tuple(self.channels[j] for j in channels)
        if covariates is not None:
            read = read[covariates, :]
            picked["covariate_names"] = tuple(self.covariate_names[k] for k in covariates)
            picked["covariate_known"] = tuple(self.covariate_known[k] for k in covariates)
        used = list(dict.fromkeys(read.ravel().tolist()))
        place = np.zeros(self.covariates.shape[1], np.int64)
        place[used] = np.arange(len(used))
        picked["covariates"] = np.ascontiguousarray(self.covariates[:, used])
        return replace(self, **picked, covariate_columns=place[read] if len(used) > len(read) else None)

    def with_covariates(self, known: Mapping[str, bool], values: np.ndarray | None = None) -> Self:
        """Append covariates of all channels by name, each known ahead or not.

        Without `values`, float32 [T, k], they are empty.
        """
        if values is None:
            values = np.full((len(self), len(known)), np.nan, np.float32)
        columns = self.covariate_columns
        if columns is not None:
            more = self.covariates.shape[1] + np.arange(len(known))
            columns = np.vstack([columns, more[:, None].repeat(len(self.channels), axis=1)])
        return replace(
            self,
            covariate_columns=columns,
            covariates=np.hstack([self.covariates, values]),
            covariate_names=(*self.covariate_names, *known),
            covariate_known=(*self.covariate_known, *known.values()),
        )

    def extend(self, rows: int) -> Panel:
        """Append `rows` future rows in which nothing is known."""
        future = pd.date_range(self.index[-1], periods=rows + 1, freq=self.freq)[1:]
        values = np.full((rows, len(self.channels)), np.nan, np.float32)
        known = np.full((rows, self.covariates.shape[1]), np.nan, np.float32)
        return replace(
            self,
            values=np.concatenate([self.values, values]),
            index=self.index.append(future),
            covariates=np.concatenate([self.covariates, known]),
        )


def normalize_nans(values: np.ndarray) -> np.ndarray:
    """A copy in C order to be hashed, whose missing values all have the bits of `np.nan`; 0/0 has others."""
    out = np.array(values, order="C")
    out[np.isnan(out)] = np.nan
    return out
