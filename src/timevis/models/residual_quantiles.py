"""Forecasters of one path, and the quantiles that validation errors put around it."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.models.forecaster import QUANTILE_LEVELS, Forecast, Forecaster

ERRORS = 80
"""From so many validation errors quantiles are taken at least, where there are as many."""


class ResidualQuantiles(nn.Module):
    """Quantiles of a point forecaster: its validation errors, per channel and horizon step.

    Errors are taken as they are, in raw units, so intervals have the width that the model's errors had. Where steps
    have fewer than `ERRORS` each, they take those of the steps beside them as well: all quantiles of one error are
    that error. A step without any takes the mean of the channel's others, and a channel without any that of the other
    channels, in units of `scale` [C].
    """

    def __init__(self, num_channels: int, horizon: int) -> None:
        super().__init__()
        self.offsets: Tensor
        self.register_buffer("offsets", torch.zeros(num_channels, len(QUANTILE_LEVELS), horizon))

    @torch.no_grad()
    def fit(self, pairs: Iterable[tuple[Tensor, Batch]], scale: Tensor | None = None) -> None:
        """From the point forecasts [B, H] of all validation windows, and the batches that they are of."""
        parts = [(torch.where(b.target_mask, b.target - p, torch.nan).cpu(), b.channel.cpu()) for p, b in pairs]
        error, channel = (torch.cat(p) for p in zip(*parts, strict=True))
        levels = torch.tensor(QUANTILE_LEVELS, dtype=error.dtype)
        offsets = torch.full(self.offsets.shape, torch.nan)
        for c in range(len(offsets)):
            rows = error[channel == c]
            if len(rows):
                offsets[c] = _step_quantiles(rows, levels)
        offsets = torch.where(offsets.isnan(), offsets.nanmean(2, keepdim=True), offsets)
        unit = torch.ones_like(offsets) if scale is None else scale.to(offsets).view(-1, 1, 1).expand_as(offsets)
        offsets = torch.where(offsets.isnan(), (offsets / unit).nanmean(0) * unit, offsets)
        self.offsets.copy_(offsets.nan_to_num(0.0))

    def forward(self, point: Tensor, channel: Tensor) -> Tensor:
        """Quantiles [B, 15, H] around a point forecast [B, H]."""
        return point.unsqueeze(1) + self.offsets[channel]


def _step_quantiles(rows: Tensor, levels: Tensor) -> Tensor:
    """Quantiles [Q, H] of errors [N, H]: of a step's and of those beside it, as many as make `ERRORS` observed."""
    horizon = rows.shape[1]
    observed = max(1, int(rows.isfinite().sum()) // horizon)
    steps = min(horizon, -(-ERRORS // observed))
    first = (torch.arange(horizon) - steps // 2).clamp(0, horizon - steps)
    near, few = rows.unfold(1, steps, 1), max(1, 1_000_000 // (len(rows) * steps))
    parts = [
        torch.nanquantile(near[:, some].transpose(1, 2).flatten(0, 1), levels, dim=0) for some in first.split(few)
    ]
    return torch.cat(parts, 1)


class PointForecaster(Forecaster):
    """A forecaster of one path; `calibrate` puts quantiles around it from validation errors."""

    calibrated = ("residuals.",)

    def __init__(self, context_length: int, horizon: int, num_channels: int = 1, num_covariates: int = 0) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        self.residuals = ResidualQuantiles(num_channels, horizon)

    def point(self, batch: Batch) -> Tensor:
        """The path, raw units, float32 [B, H]."""
        raise NotImplementedError  # this is what a forecaster of one path must say

    def predict_unclipped(self, batch: Batch) -> Forecast:
        point = self.point(batch)
        return Forecast(point, self.residuals(point, batch.channel))

    @torch.no_grad()
    def calibrate(self, datamodule: WindowDataModule) -> None:
        super().calibrate(datamodule)
        pairs = ((self.point(b), b) for b in datamodule.batches("calibration", self.device))
        self.residuals.fit(pairs, self.channel_std)
