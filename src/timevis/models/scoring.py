"""The metrics of a forecaster, and seasonal naive on the validation windows, by whose WQL its own is divided."""

from __future__ import annotations

import torch
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.metrics.forecast_metrics import ForecastMetrics
from timevis.models.forecaster import Forecaster
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.utils.levels import QUANTILE_LEVELS


def new_metrics(forecaster: Forecaster) -> ForecastMetrics:
    """Empty metrics with the scales of the training part, on the device of the forecaster."""
    scales = forecaster.channel_std.cpu(), forecaster.mase_scale.cpu()
    return ForecastMetrics(forecaster.horizon, *scales, QUANTILE_LEVELS).to(forecaster.device)


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
        metrics = new_metrics(naive)
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
