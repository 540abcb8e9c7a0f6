"""The seasonal naive forecaster, the reference of all skill scores."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from timevis.config.options import PositiveInt
from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.models.declaration import Declaration, Untrained
from timevis.models.point_forecaster import PointForecaster


class SeasonalNaive(PointForecaster):
    """Repeats the last season before the origin (Hyndman and Athanasopoulos, 2021, section 5.2).

    A missing value is replaced by the latest observed value that lies a whole number of seasons before it. The season
    of each channel is selected among one step, a day, a week (for longer steps a year) and `data.season` on the
    calibration windows, which do not depend on `val_windows`. The forecast reads the series before the origin, not
    the context. Therefore its score is the same in all runs on the same test windows.

    The median is the repeated value, and the other quantiles are symmetric around it, from the absolute validation
    errors.

    Parameters
    ----------
    context_length, horizon, num_channels, num_covariates : int
    season : int, optional
        In rows. None selects it.
    """

    declaration = Declaration(
        title="Seasonal naive",
        rough_seconds=2.0,
        untrained=Untrained(name="seasonal_naive", title="Seasonal naive", prior_weight=1.0),
    )
    symmetric_residuals = True

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        season: PositiveInt | None = None,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        self.save_hyperparameters()
        self.chosen: Tensor
        self.register_buffer("chosen", torch.full((num_channels,), season or 1))
        self._is_season_fixed = season is not None

    @classmethod
    def fitted(cls, datamodule: WindowDataModule) -> Self:
        """Build, prepare and calibrate the forecaster for a data set."""
        naive = cls.from_data(datamodule)
        naive.prepare(datamodule)
        naive.calibrate(datamodule)
        return naive

    @torch.no_grad()
    def prepare(self, datamodule: WindowDataModule) -> None:
        super().prepare(datamodule)
        if self._is_season_fixed:
            return
        origin, channel = datamodule.windows["calibration"].pairs
        starts = datamodule.split.starts
        rows_before = origin if starts is None else origin - torch.from_numpy(starts)[channel]
        shortest = torch.full((self.num_channels,), int(rows_before.max())).scatter_reduce(
            0, channel, rows_before, "amin"
        )
        candidates = torch.tensor([s for s in datamodule.seasons if s <= int(shortest.max())])
        errors = torch.zeros(len(candidates), self.num_channels, dtype=torch.float64)
        targets = torch.zeros(self.num_channels, dtype=torch.long)
        for batch in datamodule.batches("calibration"):
            targets.index_add_(0, batch.channel, batch.target_mask.sum(1))
            for i, season in enumerate(candidates.tolist()):
                error = (self._repeat(batch, torch.full_like(batch.origin, season)) - batch.target).abs()
                errors[i].index_add_(0, batch.channel, (error * batch.target_mask).sum(1).double())
        # a channel without an observed target gets the season that is best for the other channels
        has_errors = targets > 0
        errors[:, ~has_errors] = (errors / self.channel_std)[:, has_errors].sum(1, keepdim=True)
        errors[candidates.unsqueeze(1) > shortest] = torch.inf
        self.chosen.copy_(candidates[errors.argmin(0)])

    def _repeat(self, batch: Batch, season: Tensor) -> Tensor:
        """Repeat the latest observed value at each step of the season, of `season` rows [B]; returns [B, H].

        Where there is none, the last value before the origin is repeated.
        """
        step = torch.arange(self.horizon, device=batch.origin.device)
        season = season.unsqueeze(1)
        row = batch.origin.unsqueeze(1) - season + step % season
        channel, series = batch.channel.unsqueeze(1).expand_as(row), batch.series
        past = series.values[row.clamp(min=0), channel]
        if series.has_gaps:
            for length in season.unique().tolist():
                selected = (season == length).expand_as(row)
                past[selected] = series.seasonally_filled(length)[row[selected].clamp(min=0), channel[selected]]
        last = series.filled[batch.origin.unsqueeze(1) - 1, channel]
        return torch.where((row < 0) | past.isnan(), last, past).nan_to_num(0.0)

    @property
    def rows_read(self) -> int:
        return int(self.chosen.max())

    def point(self, batch: Batch) -> Tensor:
        return self._repeat(batch, self.chosen[batch.channel])
