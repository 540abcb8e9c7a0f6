"""Quantiles around a point forecast, from its validation errors."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from timevis.data.window_sampling import evenly_spaced
from timevis.utils.levels import QUANTILE_LEVELS

MIN_ERRORS = 80
"""Number of validation errors that the quantiles of a horizon step are taken from, at least, if there are as many."""
MIN_HORIZONS = 5
"""Horizons that the calibration windows of a channel must span to give it quantiles of its own errors."""
MAX_POOLED_WINDOWS = 2000
"""Windows of all channels whose errors are pooled for the channels with fewer horizons, at most."""
MAX_POOLED_ERRORS = 1_000_000
"""Errors whose quantiles are computed at once, which bounds the memory."""


class ResidualQuantiles(nn.Module):
    """Quantiles around a point forecast: the empirical quantiles of its validation errors.

    They are computed per channel and horizon step, from errors in raw units. A step with fewer than `MIN_ERRORS`
    errors also uses the errors of neighbouring steps, and a step without any error gets the mean of the other steps.
    A channel whose windows span fewer than `MIN_HORIZONS` horizons gets the quantiles of the errors of all channels,
    each in units of its `scale`.

    Parameters
    ----------
    num_channels, horizon : int
    symmetric : bool
        Use the quantiles of the absolute errors on both sides, so that the median is the point forecast.
    """

    def __init__(self, num_channels: int, horizon: int, symmetric: bool = False) -> None:
        super().__init__()
        self.symmetric = symmetric
        self.offsets: Tensor
        self.register_buffer("offsets", torch.zeros(num_channels, len(QUANTILE_LEVELS), horizon))

    @torch.no_grad()
    def fit(self, error: Tensor, channel: Tensor, origin: Tensor, scale: Tensor | None = None) -> None:
        """Compute the quantiles of the errors of windows.

        Parameters
        ----------
        error : float32 [N, H]
            On the CPU; NaN where the target is missing.
        channel, origin : int64 [N]
        scale : float64 [C], optional
            Unit of each channel's errors; one if None.
        """
        channels, horizon = len(self.offsets), error.shape[1]
        unit = torch.ones(channels) if scale is None else scale.float().cpu()
        first, last = (
            torch.zeros(channels, dtype=torch.long).scatter_reduce(0, channel, origin, how, include_self=False)
            for how in ("amin", "amax")
        )
        windows = channel.bincount(minlength=channels)
        has_own = (windows > 0) & (last - first >= (MIN_HORIZONS - 1) * horizon)
        offsets = torch.full(self.offsets.shape, torch.nan)
        selected = has_own[channel]
        for rows, own in self._quantiles(error[selected], channel[selected], channels):
            offsets[rows] = own
        thinned = torch.from_numpy(evenly_spaced(len(error), MAX_POOLED_WINDOWS))
        pooled = error[thinned] / unit[channel[thinned]].unsqueeze(1)
        ((_, shared),) = self._quantiles(pooled, torch.zeros(len(pooled), dtype=torch.long), 1)
        is_missing = offsets.isnan().all(2).all(1)
        offsets[is_missing] = shared * unit[is_missing].view(-1, 1, 1)
        self.offsets.copy_(offsets.nan_to_num(0.0))

    def _quantiles(self, error: Tensor, channel: Tensor, channels: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Channels [K], and the quantiles [K, Q, H] of their errors; `error` is [N, H] of channels [N].

        A channel without windows is left out. Channels with the same number of windows are computed at once.
        """
        levels = torch.tensor(QUANTILE_LEVELS, dtype=error.dtype)
        order, windows = channel.argsort(stable=True), channel.bincount(minlength=channels)
        start = windows.cumsum(0) - windows
        for count in windows[windows > 0].unique().tolist():
            same_count = (windows == count).nonzero().flatten()
            for rows in same_count.split(max(1, MAX_POOLED_ERRORS // (count * error.shape[1]))):
                own = error[order[start[rows].unsqueeze(1) + torch.arange(count)]]
                if self.symmetric:
                    quantiles = (levels - 0.5).sign().view(-1, 1) * _step_quantiles(own.abs(), (2 * levels - 1).abs())
                else:
                    quantiles = _step_quantiles(own, levels)
                yield rows, torch.where(quantiles.isnan(), quantiles.nanmean(2, keepdim=True), quantiles)

    def forward(self, point: Tensor, channel: Tensor) -> Tensor:
        """Quantiles [B, 15, H] around point forecasts [B, H] of channels [B]."""
        return point.unsqueeze(1) + self.offsets[channel]


def _step_quantiles(error: Tensor, levels: Tensor) -> Tensor:
    """Quantiles [K, Q, H] of errors [K, N, H], from enough neighbouring steps for `MIN_ERRORS` errors."""
    channels, count, horizon = error.shape
    out = error.new_empty(channels, len(levels), horizon)
    observed_per_step = (error.isfinite().sum((1, 2)) // horizon).clamp(min=1)
    steps_to_pool = (-(-MIN_ERRORS // observed_per_step)).clamp(max=horizon)
    for pooled_steps in steps_to_pool.unique().tolist():
        rows = (steps_to_pool == pooled_steps).nonzero().flatten()
        # a step uses itself and its neighbours, which near both ends of the horizon are all on one side
        first_step = (torch.arange(horizon) - pooled_steps // 2).clamp(0, horizon - pooled_steps)
        pools = error[rows].unfold(2, pooled_steps, 1)  # [K, N, first step, step of the pool]
        at_once = max(1, MAX_POOLED_ERRORS // (len(rows) * count * pooled_steps))
        of_steps = []
        for steps in first_step.split(at_once):
            errors = pools[:, :, steps].transpose(2, 3).flatten(1, 2)  # [K, N * pooled_steps, steps]
            of_steps.append(torch.nanquantile(errors, levels, dim=1).transpose(0, 1))
        out[rows] = torch.cat(of_steps, 2)
    return out
