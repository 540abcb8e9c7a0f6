"""Copies of the rows around some origins, in which inputs can be hidden from a model or replaced."""

from __future__ import annotations

import torch
from torch import Tensor

from timevis.data.windows import SeriesStore, forward_fill


class WindowCopies(SeriesStore):
    """A series store with rows of its own for each of N origins, one segment after the other.

    Windows overlap in a series: a value in the context of one window is a target of another one. In these copies an
    input can be changed for each window alone, and every model reads the change, also a model that reads rows before
    the context.

    Parameters
    ----------
    series : SeriesStore
        The series that the rows are copied from.
    origins : int64 [N]
        Rows of the first target in `series`; an origin may occur several times.
    rows_before, horizon : int
        Rows that are copied before each origin, R, and from it on.
    hidden : bool [N, R], optional
        Rows before each origin whose values are missing in the copy. Gaps are then filled as in any series.
    calendar_of : int64 [N], optional
        Origins whose calendar replaces the calendar of each segment.
    covariate : int, optional
        Number of a covariate whose values are replaced.
    covariate_of : int64 [N], optional
        Origins whose values of this covariate replace its values in each segment.

    Attributes
    ----------
    origin_rows : int64 [N]
        Rows of the first target of each segment in this store, for `gather`.
    """

    def __init__(
        self,
        series: SeriesStore,
        origins: Tensor,
        rows_before: int,
        horizon: int,
        *,
        hidden: Tensor | None = None,
        calendar_of: Tensor | None = None,
        covariate: int | None = None,
        covariate_of: Tensor | None = None,
    ) -> None:
        vars(self).update(vars(series))
        device, self._segments, self._length = series.values.device, len(origins), rows_before + horizon
        offsets = torch.arange(-rows_before, horizon, device=device)
        rows = origins.to(device).unsqueeze(1) + offsets
        before_start = (rows < 0).flatten().unsqueeze(1)
        rows = rows.clamp(min=0)
        self.origin_rows = torch.arange(len(origins), device=device) * self._length + rows_before
        self._seasonally_filled: dict[int, Tensor] = {}
        self.has_gaps = self.has_late_start = True

        is_hidden = torch.zeros_like(rows, dtype=torch.bool)
        if hidden is not None:
            is_hidden[:, :rows_before] = hidden.to(device)
        values = torch.where(before_start, torch.nan, series.values[rows.flatten()])
        self.values = torch.where(is_hidden.flatten().unsqueeze(1), torch.nan, values)
        by_row = self._by_row(self.values)
        # a gap at the start of a segment is filled by the value before the segment
        carried = torch.where(is_hidden[:, :1], torch.nan, series.filled[rows[:, 0]]).flatten()
        by_row[0] = torch.where(by_row[0].isnan(), carried, by_row[0])
        self.filled = self._by_segment(forward_fill(by_row))

        self.calendar = series.calendar[self._rows_of(calendar_of, offsets, rows)]
        self.covariates = series.covariates[rows.flatten()]
        self.covariate_observed = series.covariate_observed[rows.flatten()] & ~before_start
        if covariate is not None:
            other = self._rows_of(covariate_of, offsets, rows).unsqueeze(1)
            own = series.covariate_columns
            columns = torch.tensor([covariate], device=device) if own is None else own[:, covariate].unique()
            self.covariates[:, columns] = series.covariates[other, columns]
            self.covariate_observed[:, columns] = series.covariate_observed[other, columns]

    def seasonally_filled(self, season: int) -> Tensor:
        if season not in self._seasonally_filled:
            by_row = self._by_row(self.values)
            rows, width = by_row.shape
            padded = by_row.new_full((-(-rows // season) * season, width), torch.nan)
            padded[:rows] = by_row
            filled = forward_fill(padded.view(-1, season * width)).reshape(-1, width)[:rows]
            self._seasonally_filled[season] = self._by_segment(filled)
        return self._seasonally_filled[season]

    def _rows_of(self, origins: Tensor | None, offsets: Tensor, rows: Tensor) -> Tensor:
        """Rows in the series of each row of the store, for the segments of other origins if there are any."""
        if origins is not None:
            rows = (origins.to(rows.device).unsqueeze(1) + offsets).clamp(min=0)
        return rows.flatten()

    def _by_row(self, values: Tensor) -> Tensor:
        """Values [N * (R + H), C] as [R + H, N * C], a column for each segment and channel."""
        by_segment = values.view(self._segments, self._length, -1)
        return by_segment.transpose(0, 1).reshape(self._length, -1)

    def _by_segment(self, values: Tensor) -> Tensor:
        """The inverse of `_by_row`."""
        by_segment = values.reshape(self._length, self._segments, -1).transpose(0, 1)
        return by_segment.reshape(self._segments * self._length, -1)
