"""Training, validation and test part of a panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.panel import Panel
from timevis.errors import DataError
from timevis.messages import Text


@dataclass(frozen=True, eq=False)
class Split:
    """Rows at which the parts end, on the common axis or of each series.

    Attributes
    ----------
    borders : int64 [3], or [C, 3] for a split of each series
        Training is [0, train_end), validation [train_end, val_end), test [val_end, test_end).
    starts : int64 [C], optional
        For a split of each series, its first row. A context lies wholly in its own series.
    """

    borders: np.ndarray
    starts: np.ndarray | None = None

    @classmethod
    def on_axis(cls, train_end: int, val_end: int, test_end: int) -> Split:
        """The same rows for all channels."""
        return cls(np.array([train_end, val_end, test_end], np.int64))

    @property
    def by_series(self) -> bool:
        """Whether each series has its own borders."""
        return self.starts is not None

    @property
    def train_end(self) -> int:
        """The row after the last training row of any series."""
        return int(self.borders[..., 0].max())

    @property
    def val_end(self) -> int:
        """The row after the last validation row of any series."""
        return int(self.borders[..., 1].max())

    @property
    def test_end(self) -> int:
        """The row after the last test row of any series."""
        return int(self.borders[..., 2].max())

    @property
    def training_rows(self) -> int:
        """Number of training rows of the series that has most."""
        return int((self.borders[..., 0] - (0 if self.starts is None else self.starts)).max())

    @property
    def longest_ends(self) -> tuple[int, int, int]:
        """Rows from the first row of the series with most training rows to the end of each of its parts."""
        borders = self.borders[None] if self.starts is None else self.borders - self.starts[:, None]
        train_end, val_end, test_end = borders[borders[:, 0].argmax()].tolist()
        return train_end, val_end, test_end

    def part(self, name: str, horizon: int = 0) -> tuple[Any, Any]:
        """First row of a part, and the row after its last one: each an integer, or int64 [C].

        Models are tuned and calibrated on the first half of the validation part, and selected on the second. Each
        half contains at least one window, so the halves of a validation part of less than two horizons overlap.

        Parameters
        ----------
        name : {"train", "val", "test", "first_half", "second_half"}
            ``val`` is the whole validation part.
        horizon : int
            In rows; only the halves depend on it.
        """
        train_end, val_end, test_end = np.moveaxis(self.borders, -1, 0)
        middle = (train_end + val_end) // 2
        return {
            "train": (np.int64(0) if self.starts is None else self.starts, train_end),
            "val": (train_end, val_end),
            "test": (val_end, test_end),
            "first_half": (train_end, np.minimum(val_end, np.maximum(middle, train_end + horizon))),
            "second_half": (np.maximum(train_end, np.minimum(middle, val_end - horizon)), val_end),
        }[name]

    def origin_bounds(self, name: str, context_length: int, horizon: int) -> tuple[Any, Any]:
        """First origin of a part and the row after its last one: each an integer, or int64 [C].

        An origin is the row of the first target. All targets lie in the part, and the context exists.
        """
        start, end = self.part(name, horizon)
        first = np.maximum(start, context_length if self.starts is None else self.starts + context_length)
        return first, np.maximum(first, end - horizon + 1)

    def training_bounds(self, context_length: int, horizon: int, fraction: float = 1.0) -> tuple[Any, Any]:
        """As `origin_bounds` for the most recent share of the training windows of each series, at least one."""
        first, stop = self.origin_bounds("train", context_length, horizon)
        windows = np.where(stop > first, np.maximum(1, np.round(fraction * (stop - first))), 0).astype(np.int64)
        return stop - windows, stop

    def origins(self, name: str, context_length: int, horizon: int) -> range:
        """The origins of a part of a split on the common axis; see `origin_bounds`."""
        first, stop = self.origin_bounds(name, context_length, horizon)
        return range(int(first), int(stop))

    def scored(self, context_length: int, horizon: int) -> np.ndarray:
        """Whether each series has a test window, bool [C]; one value for a split on the common axis."""
        first, stop = self.origin_bounds("test", context_length, horizon)
        return np.atleast_1d(stop > first)

    def training_values(self, values: np.ndarray) -> np.ndarray:
        """The training rows of values [T, C]; a copy with NaN in later rows for a split of each series."""
        values = values[: self.train_end]
        return values if self.starts is None else mask_after(values, self.borders[:, 0])

    def training_covariates(self, covariates: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """As `training_values`, for covariates [T, N] and the column of each covariate and channel, int64 [K, C].

        A column that several series read ends with the last of them.
        """
        return (
            covariates[: self.train_end]
            if self.starts is None
            else mask_after(covariates[: self.train_end], self.covariate_ends(covariates.shape[1], columns))
        )

    def covariate_ends(self, number: int, columns: np.ndarray) -> np.ndarray:
        """The row after the last training row of the series that read each of `number` columns, int64 [N]."""
        ends = np.zeros(number, np.int64)
        train_ends = np.broadcast_to(self.borders[..., 0], columns.shape)
        np.maximum.at(ends, columns, train_ends)
        return ends


def mask_after(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """A copy of values [T, C] with NaN in the rows of each column from `ends`, int64 [C], on."""
    return np.where(np.arange(len(values))[:, None] < ends, values, np.float32(np.nan))


def hold_out_last_rows(panel: Panel, rows: int, item: str | None = None) -> Panel:
    """A panel without the values of its last observed rows; their times and known covariates remain.

    Parameters
    ----------
    panel : Panel
    rows : int
        Number of rows up to the last observed one of each series.
    item : str, optional
        What errors call the data; by default the name of the panel.

    Raises
    ------
    DataError
        A series with values has no more than `rows` rows from its first to its last value.
    """
    starts, ends = panel.spans()
    has_values = np.isfinite(panel.values).any(0)  # a file may lack a series of the run
    shortest = int((ends - starts)[has_values].min(initial=len(panel)))
    if shortest <= rows:
        text = Text(
            "{source}: the shortest series has {rows} rows, too few for a back-test of the last {horizon} rows",
            source=item or panel.card.name,
            rows=shortest,
            horizon=rows,
        )
        raise DataError(text, Text("give more rows, or a smaller horizon"))
    values = panel.values.copy(order="K")
    for channel in has_values.nonzero()[0].tolist():
        values[ends[channel] - rows :, channel] = np.nan
    return panel.with_values(values)


def values_at(panel: Panel, channels: pd.Series, times: pd.Series) -> np.ndarray:
    """The values of a panel at pairs of a channel and a time, float64 [N]; NaN where there is none."""
    index = pd.DatetimeIndex(times)
    rows = panel.local_index.get_indexer(index)
    numbers = pd.Index(panel.channels).get_indexer(channels)
    is_in_panel = (rows >= 0) & (numbers >= 0)
    return np.where(is_in_panel, panel.values[rows, numbers].astype(np.float64), np.nan)
