"""Seasonal naive: the season before, again. Every other model is measured against it."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.models.residual_quantiles import PointForecaster


class SeasonalNaive(PointForecaster):
    """Repeats the last season before the origin (Hyndman and Athanasopoulos, 2021, section 5.2); for values that are
    missing there, the season before it, and so on.

    The season is picked on validation among one step, a day, a week and `data.season`, for each channel; on as many
    windows as calibration sees, whatever `val_windows` is. It reads the series before the origin rather than the
    context. So its score is the same in every run on the same test windows.

    Parameters
    ----------
    season : int, optional
        Rows; picked on validation when None.
    """

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        season: int | None = None,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        self.save_hyperparameters()
        self.chosen: Tensor
        self.register_buffer("chosen", torch.full((num_channels,), season or 1))
        self._fixed = season is not None

    @classmethod
    def fitted(cls, datamodule: WindowDataModule) -> Self:
        """With its seasons picked and its quantiles calibrated on validation."""
        naive = cls.from_data(datamodule)
        naive.prepare(datamodule)
        naive.calibrate(datamodule)
        return naive

    @torch.no_grad()
    def prepare(self, datamodule: WindowDataModule) -> None:
        super().prepare(datamodule)
        if self._fixed:
            return
        earliest = int(datamodule.windows["calibration"].origins[0])
        candidates = [s for s in datamodule.seasons if s <= earliest]
        errors = torch.zeros(len(candidates), self.num_channels, dtype=torch.float64)
        for batch in datamodule.batches("calibration"):
            for row, season in enumerate(candidates):
                error = (self._repeat(batch, torch.full_like(batch.origin, season)) - batch.target).abs()
                errors[row].index_add_(0, batch.channel, (error * batch.target_mask).sum(1).double())
        self.chosen.copy_(torch.tensor(candidates)[errors.argmin(0)])

    def _repeat(self, batch: Batch, season: Tensor) -> Tensor:
        """Values [B, H] of the latest earlier season that holds one, of `season` rows [B]; else the last value."""
        step = torch.arange(self.horizon, device=batch.origin.device)
        season = season.unsqueeze(1)
        row = batch.origin.unsqueeze(1) - season + step % season
        channel, series = batch.channel.unsqueeze(1).expand_as(row), batch.series
        past = series.values[row.clamp(min=0), channel]
        if series.has_gaps:
            for rows in season.unique().tolist():
                mine = (season == rows).expand_as(row)
                past[mine] = series.filled_by(rows)[row[mine].clamp(min=0), channel[mine]]
        last = series.filled[batch.origin.unsqueeze(1) - 1, channel]
        return torch.where((row < 0) | past.isnan(), last, past).nan_to_num(0.0)

    def point(self, batch: Batch) -> Tensor:
        return self._repeat(batch, self.chosen[batch.channel])
