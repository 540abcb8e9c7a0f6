"""Layers of forecasting networks: instance normalisation, calendar embedding, quantiles that do not cross."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from timevis.data.calendar import CALENDAR_FIELDS, CALENDAR_SIZES

Normalization: TypeAlias = Literal["none", "last", "mean_std", "revin"]


def ordered_quantiles(raw: Tensor) -> Tensor:
    """Map unconstrained outputs of a network to non-decreasing quantiles, both [B, Q, H] with Q odd.

    The middle output is the median. The softplus of each other output is the distance to the next quantile towards
    the median.
    """
    middle = raw.shape[1] // 2
    median = raw[:, middle : middle + 1]
    gaps = functional.softplus(raw)
    below = gaps[:, :middle].cumsum(1).flip(1)
    above = gaps[:, middle + 1 :].cumsum(1)
    return torch.cat([median - below, median, median + above], dim=1)


@torch.no_grad()
def start_narrow(bias: Tensor) -> None:
    """Initialise a head's bias [1 + Q, n], point first, so that `ordered_quantiles` are close together at first."""
    bias[1:] = -2.0  # softplus(-2) = 0.13
    bias[1 + (len(bias) - 1) // 2] = 0.0


class InstanceNorm(nn.Module):
    """Shift and scale of each window, computed from its context only.

    ``last`` subtracts the last value (NLinear; Zeng et al., 2023). ``mean_std`` standardises by mean and standard
    deviation of the observed context. ``revin`` adds a learnt scale and shift per channel (Kim et al., 2022).
    """

    def __init__(self, kind: str, num_channels: int) -> None:
        super().__init__()
        self.kind = kind
        if kind == "revin":
            self.gain = nn.Parameter(torch.ones(num_channels, 1))
            self.bias = nn.Parameter(torch.zeros(num_channels, 1))

    def forward(self, context: Tensor, mask: Tensor, channel: Tensor) -> tuple[Tensor, Tensor]:
        """Shift and scale, each [B, 1]; the input of the network is ``(value - shift) / scale``."""
        if self.kind == "none":
            return torch.zeros_like(context[:, :1]), torch.ones_like(context[:, :1])
        if self.kind == "last":
            return context[:, -1:], torch.ones_like(context[:, :1])
        observed = mask | ~mask.any(1, keepdim=True)  # without any observation, the carried values are used
        weight = observed.to(context.dtype)
        count = weight.sum(1, keepdim=True)
        mean = (context * weight).sum(1, keepdim=True) / count
        variance = ((context - mean).square() * weight).sum(1, keepdim=True) / count
        # the constant keeps the scale of a flat context away from zero
        scale = (variance + 1e-3).sqrt()
        if self.kind == "revin":
            gain = self.gain[channel].clamp(min=1e-2)
            return mean - self.bias[channel] * scale / gain, scale / gain
        return mean, scale


class CalendarEmbedding(nn.Module):
    """Sum of one embedding per calendar field."""

    def __init__(self, fields: Sequence[str], size: int) -> None:
        super().__init__()
        self.columns = [CALENDAR_FIELDS.index(f) for f in fields]
        self.tables = nn.ModuleList(nn.Embedding(CALENDAR_SIZES[c], size) for c in self.columns)

    def forward(self, calendar: Tensor) -> Tensor:
        """Embed calendar rows, int64 [..., 5], as [..., size]."""
        return torch.stack([t(calendar[..., c]) for c, t in zip(self.columns, self.tables, strict=True)]).sum(0)
