"""Point forecasters, and the quantiles that their validation errors give them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.models.forecaster import Forecast, Forecaster
from timevis.utils.levels import QUANTILE_LEVELS

MIN_ERRORS = 80
"""Number of validation errors that the quantiles of a horizon step are taken from, at least, if there are as many."""
MAX_POOLED_ERRORS = 1_000_000
"""Errors whose quantiles are computed at once, which bounds the memory."""


class ResidualQuantiles(nn.Module):
    """Quantiles around a point forecast: the empirical quantiles of its validation errors.

    They are computed per channel and horizon step, from errors in raw units. A step with fewer than `MIN_ERRORS`
    errors also uses the errors of neighbouring steps. A step without any error gets the mean of the channel's other
    steps, and a channel without any error gets the mean of the other channels in units of `scale`.

    Parameters
    ----------
    num_channels, horizon : int
    """

    def __init__(self, num_channels: int, horizon: int) -> None:
        super().__init__()
        self.offsets: Tensor
        self.register_buffer("offsets", torch.zeros(num_channels, len(QUANTILE_LEVELS), horizon))

    @torch.no_grad()
    def fit(self, pairs: Iterable[tuple[Tensor, Batch]], scale: Tensor | None = None) -> None:
        """Compute the quantiles of the validation errors.

        Parameters
        ----------
        pairs : iterable of (Tensor, Batch)
            Point forecasts [B, H], each with its batch.
        scale : float64 [C], optional
            Unit of each channel's errors; one if None.
        """
        parts = [(torch.where(b.target_mask, b.target - p, torch.nan).cpu(), b.channel.cpu()) for p, b in pairs]
        error, channel = (torch.cat(p) for p in zip(*parts, strict=True))
        levels = torch.tensor(QUANTILE_LEVELS, dtype=error.dtype)
        offsets = torch.full(self.offsets.shape, torch.nan)
        for c in range(len(offsets)):
            channel_error = error[channel == c]
            if len(channel_error):
                offsets[c] = _step_quantiles(channel_error, levels)
        offsets = torch.where(offsets.isnan(), offsets.nanmean(2, keepdim=True), offsets)
        unit = torch.ones_like(offsets) if scale is None else scale.to(offsets).view(-1, 1, 1).expand_as(offsets)
        offsets = torch.where(offsets.isnan(), (offsets / unit).nanmean(0) * unit, offsets)
        self.offsets.copy_(offsets.nan_to_num(0.0))

    def forward(self, point: Tensor, channel: Tensor) -> Tensor:
        """Quantiles [B, 15, H] around point forecasts [B, H] of channels [B]."""
        return point.unsqueeze(1) + self.offsets[channel]


def _step_quantiles(error: Tensor, levels: Tensor) -> Tensor:
    """Quantiles [Q, H] of errors [N, H], from as many neighbouring steps as have `MIN_ERRORS` observed errors."""
    horizon = error.shape[1]
    observed_per_step = max(1, int(error.isfinite().sum()) // horizon)
    pooled_steps = min(horizon, -(-MIN_ERRORS // observed_per_step))
    first_step = (torch.arange(horizon) - pooled_steps // 2).clamp(0, horizon - pooled_steps)
    pools = error.unfold(1, pooled_steps, 1)
    steps_at_once = max(1, MAX_POOLED_ERRORS // (len(error) * pooled_steps))
    parts = [
        torch.nanquantile(pools[:, steps].transpose(1, 2).flatten(0, 1), levels, dim=0)
        for steps in first_step.split(steps_at_once)
    ]
    return torch.cat(parts, 1)


class PointForecaster(Forecaster):
    """Base class of forecasters that forecast a point; `calibrate` adds quantiles from validation errors."""

    calibrated_state = ("residuals.",)

    def __init__(self, context_length: int, horizon: int, num_channels: int = 1, num_covariates: int = 0) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        self.residuals = ResidualQuantiles(num_channels, horizon)

    def point(self, batch: Batch) -> Tensor:
        """The point forecast in raw units, float32 [B, H]."""
        raise NotImplementedError

    def predict_unclipped(self, batch: Batch) -> Forecast:
        point = self.point(batch)
        return Forecast(point, self.residuals(point, batch.channel))

    @torch.no_grad()
    def calibrate(self, datamodule: WindowDataModule) -> None:
        super().calibrate(datamodule)
        pairs = ((self.point(b), b) for b in datamodule.batches("calibration", self.device))
        self.residuals.fit(pairs, self.channel_std)
