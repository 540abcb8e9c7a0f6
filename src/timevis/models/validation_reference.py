"""Seasonal naive on the validation windows, which the relative WQL of every forecaster is divided by."""

from __future__ import annotations

import torch
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.models.seasonal_naive import SeasonalNaive


class ValidationReference:
    """Quantile losses of seasonal naive on every window of both halves of validation, computed once.

    Parameters
    ----------
    datamodule : WindowDataModule
    device : torch.device
        Of the batches that are looked up.

    Attributes
    ----------
    naive : SeasonalNaive
        Prepared and calibrated.
    """

    def __init__(self, datamodule: WindowDataModule, device: torch.device) -> None:
        self._num_channels = datamodule.num_channels
        self.naive = naive = SeasonalNaive.fitted(datamodule).to(device)
        metrics = naive.new_metrics()
        ids, losses = [], []
        for part in ("tuning", "val"):
            for batch in datamodule.batches(part, device):
                losses.append(metrics.quantile_losses(naive.forecast(batch), batch))
                ids.append(self._window_id(batch))
        self._ids, order = torch.cat(ids).sort()
        self._losses = torch.cat(losses).float()[order]

    def _window_id(self, batch: Batch) -> Tensor:
        return batch.origin * self._num_channels + batch.channel

    def losses(self, batch: Batch) -> Tensor:
        """``pinball_wql`` of seasonal naive at each step of the windows, float32 [B, H]; see `ForecastMetrics`."""
        return self._losses[torch.searchsorted(self._ids, self._window_id(batch))]
