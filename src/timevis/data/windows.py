"""Windows of a panel: their origins, batches gathered from one tensor, and copies that are kept."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from timevis.data.calendar import calendar_fields
from timevis.data.events import rows_of_events
from timevis.data.panel import Panel, normalize_nans
from timevis.data.window_sampling import scored_origins


@dataclass
class Batch:
    """B windows in raw units; L is `context_length`, H is `horizon`, K the number of covariates.

    Attributes
    ----------
    context : float32 [B, L]
        A missing value is the last observation before it; before the first observation of a channel, it is the first
        one of the context, and zero where the context has none.
    context_mask : bool [B, L]
        True where observed.
    target : float32 [B, H]
        Zero where missing.
    target_mask : bool [B, H]
        True where observed.
    channel : int64 [B]
    origin : int64 [B]
        Row of the first target.
    series : SeriesStore
        The series that the windows are cut from; seasonal naive reads further rows before the origin.
    """

    context: Tensor
    context_mask: Tensor
    target: Tensor
    target_mask: Tensor
    channel: Tensor
    origin: Tensor
    series: SeriesStore

    @cached_property
    def calendar(self) -> Tensor:
        """int64 [B, L+H, 5], see `timevis.data.calendar.CALENDAR_FIELDS`; computed at the first access."""
        return self._window_rows(self.series.calendar)

    @cached_property
    def covariate_mask(self) -> Tensor:
        """bool [B, L+H, K], True where there is a value; False over the horizon for covariates of kind `observed`."""
        mask = self._window_rows(self.series.covariate_observed, self.series.covariate_columns)
        mask[:, self.context.shape[1] :] &= self.series.covariate_known
        return mask

    @cached_property
    def covariates(self) -> Tensor:
        """float32 [B, L+H, K], zero where masked."""
        values = self._window_rows(self.series.covariates, self.series.covariate_columns)
        return torch.where(self.covariate_mask, values, 0.0)

    def select(self, mask: Tensor) -> Batch:
        """The windows where `mask`, bool [B], is true."""
        return replace(self, **{f.name: getattr(self, f.name)[mask] for f in fields(self) if f.name != "series"})

    def _window_rows(self, table: Tensor, columns: Tensor | None = None) -> Tensor:
        """The rows of context and targets [B, L+H, K] in a table [T, K].

        With `columns` [C, K] the table is [T, N], and row c names the K columns that channel c reads.
        """
        context_length, width = self.context.shape[1], table.shape[1]
        length = context_length + self.target.shape[1]
        if not width:
            return table.new_empty(len(self), length, 0)
        start = self.origin - context_length
        if columns is not None:
            rows = start.unsqueeze(1) + torch.arange(length, device=table.device)
            return table[rows.unsqueeze(2), columns[self.channel].unsqueeze(1)]
        # a view whose row i contains the table rows i to i + length
        all_windows = table.as_strided((len(table) - length + 1, length * width), (width, 1))
        return all_windows.index_select(0, start).view(len(self), length, width)

    def __len__(self) -> int:
        return len(self.origin)


def forward_fill(values: Tensor) -> Tensor:
    """Replace each NaN [T, C] by the last observation above it; NaN stays before the first observation of a column.

    Each channel of the result is contiguous in memory.
    """
    series = values.t()
    filled, row = torch.empty(series.shape, dtype=series.dtype), torch.arange(series.shape[1])
    channels_at_once = max(1, 1_000_000 // len(row))  # bounds the memory of the row numbers
    for part, out in zip(series.split(channels_at_once), filled.split(channels_at_once), strict=True):
        last_observed = torch.where(torch.isfinite(part), row, 0).cummax(1).values
        torch.gather(part, 1, last_observed, out=out)
    return filled.t()


def _fill_start_of_contexts(context: Tensor) -> Tensor:
    """Replace NaN at the start of each context [B, L] by its first observation, or by zero where it has none."""
    missing = torch.isnan(context)
    first_observed = (~missing).int().argmax(1, keepdim=True)
    return torch.where(missing, context.gather(1, first_observed).nan_to_num(0.0), context)


def _read_windows(values: Tensor, channel: Tensor, start: Tensor, length: int) -> Tensor:
    """Rows ``start ... start + length`` of a channel of `values` [T, C], for each pair of [B]; a copy [B, length].

    All possible windows are the rows of one overlapping view, and one `index_select` copies the wanted ones. It is
    fastest where each channel is contiguous in memory (Fortran order, as the readers return it).
    """
    row_stride, channel_stride = values.stride()
    last_start = (len(values) - length) * row_stride + (values.shape[1] - 1) * channel_stride
    all_windows = values.as_strided((last_start + 1, length), (1, row_stride))
    return all_windows.index_select(0, start * row_stride + channel * channel_stride)


class SeriesStore:
    """The panel as tensors on one device.

    The tensors share the memory of the panel where no value is missing; a panel with gaps is copied once, for
    `filled`.

    Attributes
    ----------
    values : float32 [T, C]
        NaN where missing.
    filled : float32 [T, C]
        `values` with gaps filled forward, NaN before the first observation of a channel; without gaps the same tensor
        as `values`.
    calendar : int64 [T, 5]
    covariates : float32 [T, K], or [T, N] with `covariate_columns`
    covariate_observed : bool, same shape as `covariates`
    covariate_columns : int64 [C, K], optional
        If covariates differ between channels: which of the N columns each channel reads; see `Panel`.
    covariate_known : bool [K]
        True for covariates whose values are known over the horizon.
    events : tuple of EventRows
        The rows of the events of the panel.
    """

    def __init__(self, panel: Panel) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*not writable.*")  # the shared memory is only read
            self.values = torch.from_numpy(panel.values)
        self.has_gaps = bool(torch.isnan(self.values.sum()))
        self.filled = forward_fill(self.values) if self.has_gaps else self.values
        self._seasonally_filled: dict[int, Tensor] = {}
        self.has_late_start = self.has_gaps and bool(torch.isnan(self.filled[0]).any())
        self.calendar = torch.from_numpy(calendar_fields(panel.local_index))
        self.events = rows_of_events(panel.events, panel.local_index)
        covariates = torch.from_numpy(panel.covariates)
        self.covariate_observed = torch.isfinite(covariates).contiguous()
        self.covariates = covariates.contiguous()
        self.covariate_known = torch.tensor(panel.covariate_known, dtype=torch.bool)
        columns = panel.covariate_columns
        self.covariate_columns = None if columns is None else torch.from_numpy(columns).t().contiguous()

    def to(self, device: torch.device) -> SeriesStore:
        """Move every tensor; returns self."""
        if self.values.device != device:
            shared = self.filled is self.values
            for name, tensor in vars(self).items():
                if isinstance(tensor, Tensor):
                    setattr(self, name, tensor.to(device))
            if shared:
                self.filled = self.values
            self._seasonally_filled = {}
        return self

    def seasonally_filled(self, season: int) -> Tensor:
        """`values` with each gap filled by the latest value that lies a multiple of `season` rows before it.

        Returns
        -------
        float32 [T, C]
            NaN where there is no such value. The result is cached.
        """
        if season not in self._seasonally_filled:
            rows, channels = self.values.shape
            padded = torch.full((-(-rows // season) * season, channels), torch.nan)
            padded[:rows] = self.values
            filled = forward_fill(padded.view(-1, season * channels)).reshape(-1, channels)[:rows]
            self._seasonally_filled[season] = filled.to(self.values.device)
        return self._seasonally_filled[season]

    def gather(self, origin: Tensor, channel: Tensor, context_length: int, horizon: int) -> Batch:
        """Cut windows into a batch, with one vectorised read per field.

        Parameters
        ----------
        origin, channel : int64 [B]
            Each origin lies in [context_length, T - horizon].
        context_length, horizon : int
        """
        length, start = context_length + horizon, origin - context_length
        window = _read_windows(self.filled, channel, start, length)
        context, target = window[:, :context_length], window[:, context_length:]
        if self.has_gaps:
            observed = torch.isfinite(_read_windows(self.values, channel, start, length))
            target = torch.where(observed[:, context_length:], target, 0.0)
            context = _fill_start_of_contexts(context) if self.has_late_start else context
        else:
            observed = torch.ones((), dtype=torch.bool, device=window.device).expand(window.shape)
        return Batch(
            context=context,
            context_mask=observed[:, :context_length],
            target=target,
            target_mask=observed[:, context_length:],
            channel=channel,
            origin=origin,
            series=self,
        )


@dataclass(frozen=True)
class WindowSet:
    """Windows in a fixed order: pairs of an origin and a channel; see `pairs`.

    By default they are all channels of each origin, origin by origin. If each series has its own origins, they are
    in the order of the channels, and of the origins within a channel. The pairs of the grid of origins and channels
    are not stored, because a training set may have many millions.

    Attributes
    ----------
    origins : int64 [N]
        Rows of the first target, ascending.
    channels : int
        C; pair i of the grid has origin ``origins[i // C]`` and channel ``i % C``.
    selected : int64 [W], optional
        The pairs of the grid that are windows; None if all are.
    """

    origins: Tensor
    channels: int
    selected: Tensor | None = None

    def __len__(self) -> int:
        return len(self.origins) * self.channels if self.selected is None else len(self.selected)

    def locate(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Origin and channel of window numbers, each int64 [B]."""
        flat = index if self.selected is None else self.selected[index]
        return self.origins[flat // self.channels], flat % self.channels

    @property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """Origin and channel of every window, each int64 [W]."""
        return self.locate(torch.arange(len(self)))

    def number(self, origin: np.ndarray, channel: np.ndarray) -> np.ndarray:
        """The number of each window, int64 [B]; the inverse of `locate`."""
        flat = np.searchsorted(self.origins.numpy(), origin) * self.channels + channel
        if self.selected is None:
            return flat
        order, ordered = self._order_in_grid
        return order[np.searchsorted(ordered, flat)]

    @cached_property
    def _order_in_grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Window numbers in the order of the grid, and their places in the grid."""
        assert self.selected is not None
        selected = self.selected.numpy()
        order = np.argsort(selected, kind="stable")
        return order, selected[order]

    @classmethod
    def training(cls, values: np.ndarray, origins: range, horizon: int) -> WindowSet:
        """All windows of the training part that have at least one observed target."""
        channels = values.shape[1]
        rows = torch.arange(origins.start, origins.stop)
        targets = values[origins.start : origins.stop + horizon - 1]
        if not np.isnan(targets.sum()):
            return cls(rows, channels)
        return cls(rows, channels, torch.from_numpy(np.flatnonzero(_has_target(targets, horizon)[: len(origins)])))

    @classmethod
    def evaluation(
        cls,
        origins: range,
        channels: int,
        stride: int,
        max_windows: int | None,
        season: int = 1,
        has_open_target: np.ndarray | None = None,
    ) -> WindowSet:
        """Origins every `stride` rows, at most `max_windows` of them; see `timevis.data.window_sampling`."""
        rows = scored_origins(origins, stride, max_windows, season, has_open_target)
        return cls(torch.from_numpy(rows), channels)

    @classmethod
    def of_series(cls, origins: Sequence[np.ndarray]) -> WindowSet:
        """Windows at the given origins of each channel, int64 arrays."""
        rows, place = np.unique(np.concatenate(origins), return_inverse=True)
        channel = np.arange(len(origins)).repeat([len(rows) for rows in origins])
        return cls(torch.from_numpy(rows), len(origins), torch.from_numpy(place.ravel() * len(origins) + channel))

    @classmethod
    def training_of_series(cls, values: np.ndarray, first: np.ndarray, stop: np.ndarray, horizon: int) -> WindowSet:
        """All windows with an observed target, at the origins of each channel from `first` to before `stop`, [C]."""
        return cls.of_series(
            [
                a + np.flatnonzero(_has_target(values[a : b + horizon - 1, c : c + 1], horizon)[: b - a, 0])
                for c, (a, b) in enumerate(zip(first.tolist(), stop.tolist(), strict=True))
            ]
        )

    @classmethod
    def evaluation_of_series(
        cls,
        first: np.ndarray,
        stop: np.ndarray,
        stride: int,
        max_windows: int | None,
        season: int = 1,
        has_open_target: np.ndarray | None = None,
    ) -> WindowSet:
        """As `evaluation`, for each channel from its `first` origin to before its `stop`, int64 [C].

        `has_open_target` is bool [T, C], or [T, 1] for all channels.
        """
        is_open: list[np.ndarray | None] = [None] * len(first)
        if has_open_target is not None:
            is_open = list(np.broadcast_to(has_open_target, (len(has_open_target), len(first))).T)
        bounds = zip(first.tolist(), stop.tolist(), is_open, strict=True)
        options = (stride, max_windows, season)
        return cls.of_series([scored_origins(range(a, b), *options, is_open_row) for a, b, is_open_row in bounds])


def _has_target(targets: np.ndarray, horizon: int) -> np.ndarray:
    """Whether any of `horizon` rows from each row on is observed, bool [T - horizon + 1, C]."""
    observed_before = np.zeros((len(targets) + 1, targets.shape[1]), np.int32)
    np.cumsum(np.isfinite(targets), axis=0, out=observed_before[1:])
    return (observed_before[horizon:] - observed_before[:-horizon]) > 0


def window_set_hash(panel: Panel, borders: np.ndarray, horizon: int, windows: WindowSet) -> str:
    """A hash of what is forecast: the cleaned values, row borders, horizon and windows, but not model or context.

    `borders` are int64 [N], or [C, N] with the borders of each series; values after the last one do not change the
    hash.
    """
    digest = hashlib.sha256()
    for channel, end in zip(panel.values.T, np.broadcast_to(borders[..., -1], len(panel.channels)), strict=True):
        digest.update(normalize_nans(channel[:end]).data)
    rows = tuple(map(tuple, borders.tolist())) if borders.ndim > 1 else tuple(borders.tolist())
    digest.update(repr((panel.channels, str(panel.index[0]), panel.freq, rows, horizon)).encode())
    for numbers in [windows.origins] if windows.selected is None else windows.pairs:
        digest.update(numbers.cpu().numpy().astype("<i8").tobytes())
    return digest.hexdigest()[:16]


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
