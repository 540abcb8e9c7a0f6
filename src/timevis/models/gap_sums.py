"""Sums over the missing targets of training windows, which a least-squares fit of observed targets subtracts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

FFT_COST = 110
"""Cost of the transforms per row and step, in multiplications of a matrix product; measured on one core."""
MAX_TRANSFORMED_VALUES = 4_000_000
"""Rows times horizon steps that are transformed at once, which bounds the memory."""


@dataclass(frozen=True)
class IncompleteWindows:
    """Windows that lack some targets.

    Attributes
    ----------
    group : int64 [N]
        Number of the map of each window.
    x : float64 [N, L + 1]
        Its inputs.
    is_missing : float64 [N, H]
        1 for each missing target.
    channel, origin : int64 [N]
    """

    group: Tensor
    x: Tensor
    is_missing: Tensor
    channel: Tensor
    origin: Tensor

    def select(self, rows: Tensor) -> IncompleteWindows:
        """The windows where `rows`, bool [N], is true."""
        return IncompleteWindows(
            self.group[rows], self.x[rows], self.is_missing[rows], self.channel[rows], self.origin[rows]
        )

    def __len__(self) -> int:
        return len(self.group)


class ProductSums:
    """`GapSums` of any windows, by matrix products."""

    def __init__(self, windows: IncompleteWindows) -> None:
        self.windows = windows

    def add(self, out: Tensor, maps: Tensor) -> None:
        for group in self.windows.group.unique().tolist():
            rows = self.windows.group == group
            x = self.windows.x[rows]
            out[group] += x.T @ ((x @ maps[group]) * self.windows.is_missing[rows])


class ChannelSums:
    """`GapSums` of many windows of one channel, by fast Fourier transforms.

    The contexts are overlapping parts of one series, so that their products with a map are a correlation of the
    series with the map.

    Parameters
    ----------
    windows : IncompleteWindows
        Of one channel.
    series : float [T]
        The standardised values that the contexts are cut from, without gaps.
    context_length : int
    """

    def __init__(self, windows: IncompleteWindows, series: Tensor, context_length: int) -> None:
        self.group, self.is_missing = int(windows.group[0]), windows.is_missing
        first = int(windows.origin.min()) - context_length
        part = series[first : int(windows.origin.max())].double()
        part = part - part.mean()
        self.length, self.size = context_length, _fast_length(len(part))
        self.start = windows.origin - context_length - first
        self.last = part[self.start + context_length - 1].unsqueeze(1)
        self.transform = torch.fft.rfft(part, self.size).unsqueeze(1)

    def add(self, out: Tensor, maps: Tensor) -> None:
        steps_at_once = max(1, MAX_TRANSFORMED_VALUES // self.size)
        for steps in torch.arange(maps.shape[2]).split(steps_at_once):
            weights, constant = maps[self.group, :-1, steps], maps[self.group, -1:, steps]
            forecast = self._correlate(weights)[self.start] - self.last * weights.sum(0) + constant
            forecast *= self.is_missing[:, steps]
            rows = forecast.new_zeros(self.size, len(steps)).index_copy_(0, self.start, forecast)
            products = self._correlate(rows)[: self.length] - (self.last * forecast).sum(0)
            out[self.group, :, steps] += torch.cat([products, forecast.sum(0, keepdim=True)])

    def _correlate(self, values: Tensor) -> Tensor:
        """Row i is the sum over j of ``series[i + j] * values[j]``, [size, H]."""
        spectrum = torch.fft.rfft(values, self.size, dim=0).conj()
        return torch.fft.irfft(self.transform * spectrum, self.size, dim=0)


class GapSums:
    """Sums of x^T y over the missing targets of windows, where y is the forecast of linear maps.

    Parameters
    ----------
    windows : list of IncompleteWindows
    series_of : callable
        From the number of a channel to its standardised values without gaps, float [T].
    context_length : int
    """

    def __init__(
        self, windows: list[IncompleteWindows], series_of: Callable[[int], Tensor], context_length: int
    ) -> None:
        self.parts: list[ProductSums | ChannelSums] = []
        self.num_windows = sum(map(len, windows))
        if not windows:
            return
        origins = [torch.cat([getattr(w, name) for w in windows]) for name in ("channel", "origin")]
        dense = [c for c in origins[0].unique().tolist() if _is_dense(origins[1][origins[0] == c], context_length)]
        for channel in dense:
            own = [w.select(w.channel == channel) for w in windows]
            self.parts.append(ChannelSums(_joined(own), series_of(channel), context_length))
        for window in windows:
            others = window.select(~torch.isin(window.channel, torch.tensor(dense, dtype=torch.int64)))
            if len(others):
                self.parts.append(ProductSums(others))

    def __call__(self, maps: Tensor) -> Tensor:
        """The sums for maps float64 [G, L + 1, H], of the same shape."""
        out = torch.zeros_like(maps)
        for part in self.parts:
            part.add(out, maps)
        return out


def _is_dense(origin: Tensor, context_length: int) -> bool:
    """Whether transforms of the rows that the windows span cost less than the products with each window."""
    rows = int(origin.max() - origin.min()) + context_length
    return len(origin) * context_length > FFT_COST * rows


def _joined(windows: list[IncompleteWindows]) -> IncompleteWindows:
    def joined(name: str) -> Tensor:
        return torch.cat([getattr(w, name) for w in windows])

    return IncompleteWindows(*map(joined, ("group", "x", "is_missing", "channel", "origin")))


def _fast_length(rows: int) -> int:
    """The smallest product of 2, 3 and 5 that is at least `rows`, for which transforms are fast."""
    return min(_products(rows))


def _products(rows: int) -> Iterator[int]:
    """For each product of 3 and 5 that is not much larger than `rows`, its smallest multiple by 2 from `rows` on."""
    five = 1
    while five < 2 * rows:
        three = five
        while three < 2 * rows:
            power = three
            while power < rows:
                power *= 2
            yield power
            three *= 3
        five *= 5
