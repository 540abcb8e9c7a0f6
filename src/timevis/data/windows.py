"""Windows without copies: index tensors, gathered into batches from the one series tensor."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from timevis.data.calendar import calendar_fields
from timevis.data.panel import Panel, normalize_nans


@dataclass
class Batch:
    """B windows in raw units; L is `context_length`, H is `horizon`, K the number of covariates.

    Attributes
    ----------
    context : float32 [B, L]
        Missing values carry the last observation before them; those before a channel's first one, the first of
        the context.
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
        Where the windows were cut; seasonal naive reads the rows before the origin from it.
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
        """int64 [B, L+H, 5], see `timevis.data.calendar.CALENDAR_FIELDS`; read when first asked for."""
        return self._rows(self.series.calendar)

    @cached_property
    def covariate_mask(self) -> Tensor:
        """bool [B, L+H, K]; always False over the horizon for covariates that are only observed."""
        mask = self._rows(self.series.covariate_seen, self.series.covariate_columns)
        mask[:, self.context.shape[1] :] &= self.series.covariate_known
        return mask

    @cached_property
    def covariates(self) -> Tensor:
        """float32 [B, L+H, K], zero where masked."""
        return torch.where(
            self.covariate_mask, self._rows(self.series.covariates, self.series.covariate_columns), 0.0
        )

    def pick(self, rows: Tensor) -> Batch:
        """The windows where `rows`, bool [B], is true."""
        return replace(self, **{f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "series"})

    def _rows(self, table: Tensor, columns: Tensor | None = None) -> Tensor:
        """The rows [B, L+H, K] of a table [T, K] that context and target cover; of `columns` [C, K] the channel's."""
        length, width = self.context.shape[1] + self.target.shape[1], table.shape[1]
        if not width:
            return table.new_empty(len(self), length, 0)
        if columns is not None:
            rows = (self.origin - self.context.shape[1]).unsqueeze(1) + torch.arange(length, device=table.device)
            return table[rows.unsqueeze(2), columns[self.channel].unsqueeze(1)]
        every = table.as_strided((len(table) - length + 1, length * width), (width, 1))
        return every.index_select(0, self.origin - self.context.shape[1]).view(len(self), length, width)

    def __len__(self) -> int:
        return len(self.origin)


def _fill_forward(values: Tensor) -> Tensor:
    """Carry the last observation of each column over NaN; what comes before the first observation stays NaN.

    The result lies channel by channel in memory.
    """
    series = values.t()
    out, row = torch.empty(series.shape, dtype=series.dtype), torch.arange(series.shape[1])
    few = max(1, 1_000_000 // len(row))  # channels at a time, so that the row numbers take little memory
    for part, filled in zip(series.split(few), out.split(few), strict=True):
        last = torch.where(torch.isfinite(part), row, 0).cummax(1).values
        torch.gather(part, 1, last, out=filled)
    return out.t()


def _fill_back(context: Tensor) -> Tensor:
    """Give what comes before the first observation of a window [B, L] its value; zero without any observation."""
    empty = torch.isnan(context)
    first = (~empty).int().argmax(1, keepdim=True)
    return torch.where(empty, context.gather(1, first).nan_to_num(0.0), context)


def _cut(values: Tensor, channel: Tensor, start: Tensor, length: int) -> Tensor:
    """Rows start ... start + length of a channel, for every pair of [B]; returns a copy [B, length].

    Every possible window is a row of one overlapping view, whatever the memory layout, and one `index_select`
    copies the wanted rows. Fastest where a channel lies contiguously (Fortran order, as the readers make it).
    """
    step, across = values.stride()
    reach = (len(values) - length) * step + (values.shape[1] - 1) * across
    every = values.as_strided((reach + 1, length), (1, step))
    return every.index_select(0, start * step + channel * across)


class SeriesStore:
    """The panel as tensors on one device.

    Memory is shared with the panel's arrays where nothing is missing; only a series with gaps is copied once,
    to carry observations forward.

    Attributes
    ----------
    values : float32 [T, C]
        NaN where missing.
    filled : float32 [T, C]
        `values` with gaps carried forward, NaN before a channel's first observation; the same tensor when there
        are no gaps.
    calendar : int64 [T, 5]
    covariates : float32 [T, K], or [T, N] with `covariate_columns`
    covariate_seen : bool, of the same shape
    covariate_columns : int64 [C, K], optional
        Where covariates differ between channels: which of N columns a channel reads; see `Panel`.
    covariate_known : bool [K]
    """

    def __init__(self, panel: Panel) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*not writable.*")  # shared memory is only read
            self.values = torch.from_numpy(panel.values)
        self.has_gaps = bool(torch.isnan(self.values.sum()))
        self.filled = _fill_forward(self.values) if self.has_gaps else self.values
        self._filled_by: dict[int, Tensor] = {}
        self.starts_late = self.has_gaps and bool(torch.isnan(self.filled[0]).any())
        self.calendar = torch.from_numpy(calendar_fields(panel.local_index))
        covariates = torch.from_numpy(panel.covariates)
        self.covariate_seen = torch.isfinite(covariates).contiguous()
        self.covariates = covariates.contiguous()
        self.covariate_known = torch.tensor(panel.covariate_known, dtype=torch.bool)
        own = panel.covariate_columns
        self.covariate_columns = None if own is None else torch.from_numpy(own).t().contiguous()

    def to(self, device: torch.device) -> SeriesStore:
        """Move every tensor; returns self."""
        if self.values.device != device:
            shared = self.filled is self.values
            for name, tensor in vars(self).items():
                if isinstance(tensor, Tensor):
                    setattr(self, name, tensor.to(device))
            if shared:
                self.filled = self.values
            self._filled_by = {}
        return self

    def filled_by(self, season: int) -> Tensor:
        """`values` with each gap filled by the latest value that lies a multiple of `season` rows before it.

        Returns
        -------
        float32 [T, C]
            NaN where there is none. Kept for the next time.
        """
        if season not in self._filled_by:
            rows, channels = self.values.shape
            whole = torch.full((-(-rows // season) * season, channels), torch.nan)
            whole[:rows] = self.values
            filled = _fill_forward(whole.view(-1, season * channels)).reshape(-1, channels)[:rows]
            self._filled_by[season] = filled.to(self.values.device)
        return self._filled_by[season]

    def gather(self, origin: Tensor, channel: Tensor, context_length: int, horizon: int) -> Batch:
        """Cut windows in one vectorised read per field.

        Parameters
        ----------
        origin, channel : int64 [B]
            Every origin lies in [context_length, T - horizon].
        """
        total, start = context_length + horizon, origin - context_length
        window = _cut(self.filled, channel, start, total)
        context, target = window[:, :context_length], window[:, context_length:]
        if self.has_gaps:
            seen = torch.isfinite(_cut(self.values, channel, start, total))
            target = torch.where(seen[:, context_length:], target, 0.0)
            context = _fill_back(context) if self.starts_late else context
        else:
            seen = torch.ones((), dtype=torch.bool, device=window.device).expand(window.shape)
        return Batch(
            context=context,
            context_mask=seen[:, :context_length],
            target=target,
            target_mask=seen[:, context_length:],
            channel=channel,
            origin=origin,
            series=self,
        )


@dataclass(frozen=True)
class WindowSet:
    """Windows in a fixed order: origin by origin, all channels of an origin together.

    Attributes
    ----------
    origins : int64 [N]
    channels : int
        C; window i has origin ``origins[i // C]`` and channel ``i % C``.
    keep : int64 [M], optional
        Flat window numbers that are used, where some windows have no target at all.
    """

    origins: Tensor
    channels: int
    keep: Tensor | None = None

    def __len__(self) -> int:
        return len(self.origins) * self.channels if self.keep is None else len(self.keep)

    def locate(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Origin and channel of window numbers, each int64 [B]."""
        flat = index if self.keep is None else self.keep[index]
        return self.origins[flat // self.channels], flat % self.channels

    @classmethod
    def training(cls, values: np.ndarray, origins: range, horizon: int) -> WindowSet:
        """Every window of the training part that has at least one observed target."""
        channels = values.shape[1]
        which = torch.arange(origins.start, origins.stop)
        part = values[origins.start : origins.stop + horizon - 1]
        if not np.isnan(part.sum()):
            return cls(which, channels)
        seen = np.zeros((len(part) + 1, channels), np.int32)
        np.cumsum(np.isfinite(part), axis=0, out=seen[1:])
        useful = (seen[horizon:] - seen[:-horizon])[: len(origins)] > 0
        return cls(which, channels, torch.from_numpy(np.flatnonzero(useful)))

    @classmethod
    def evaluation(
        cls, origins: range, channels: int, stride: int, max_windows: int | None, season: int = 1
    ) -> WindowSet:
        """Origins every `stride` rows, thinned evenly over the whole part to at most `max_windows` origins.

        Where equal distances would meet few places of a `season` (rows), such as midnight alone, each origin is moved
        within its share of the part.
        """
        rows = np.arange(origins.start, origins.stop, stride, dtype=np.int64)
        if max_windows is not None and len(rows) > max_windows:
            chosen = rows[evenly(len(rows), max_windows)]
            met, could = len(np.unique(chosen % season)), min(season, max_windows)
            rows = chosen if met >= could / 4 else rows[staggered(len(rows), max_windows)]
        return cls(torch.from_numpy(rows), channels)


def evenly(total: int, number: int) -> np.ndarray:
    """`number` of range(`total`), from the first to the last, evenly; all where they are fewer."""
    return np.unique(np.linspace(0, total - 1, number).round().astype(int))


def staggered(total: int, number: int) -> np.ndarray:
    """One of each of `number` equal shares of range(`total`), its place in the share by the golden ratio.

    Where they are fewer, all. Unlike equal distances these meet every channel of flat window numbers, and every hour.
    """
    if total <= number:
        return np.arange(total)
    edges = np.linspace(0, total, number + 1).astype(int)
    place = np.arange(number) * (np.sqrt(5) - 1) / 2 % 1
    return edges[:-1] + (place * np.diff(edges)).astype(int)


def window_set_hash(panel: Panel, borders: tuple[int, ...], horizon: int, origins: Tensor) -> str:
    """Name of what was forecast: cleaned values, borders, horizon and origins, but neither model nor context."""
    digest = hashlib.sha256()
    for channel in panel.values[: borders[-1]].T:
        digest.update(normalize_nans(channel).data)
    digest.update(repr((panel.channels, str(panel.index[0]), panel.freq, borders, horizon)).encode())
    digest.update(origins.cpu().numpy().astype("<i8").tobytes())
    return digest.hexdigest()[:16]
