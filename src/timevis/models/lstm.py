"""`lstm`: a recurrent network that answers the whole horizon at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.models.direct import DirectForecaster, quantile_loss
from timevis.models.forecaster import QUANTILE_LEVELS, Forecast
from timevis.models.linear import Linear
from timevis.models.recurrent import RecurrentEnsemble, RecurrentNet

SHARES = tuple(i / 20 for i in range(21))


class LSTM(DirectForecaster):
    """Direct multi-horizon LSTM or GRU with quantile output.

    Parameters
    ----------
    linear : bool
        Combine it with a linear map (`timevis.models.linear`): the forecast moves towards the map's by the share that
        has the least quantile loss on validation (Bates and Granger, 1969). Its errors are other ones than the
        network's, and where training and validation are unlike it is the steadier of the two.
    linear_penalties : sequence of float
        Of that map.
    kwargs
        Of `DirectForecaster`, of `RecurrentEnsemble` (``members``) and of `RecurrentNet`.
    """

    calibrated = ("linear_share",)

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        *,
        linear: bool = False,
        linear_penalties: Sequence[float] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0),
        **kwargs: Any,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates, **kwargs)
        self.linear: Linear | None = None
        self.linear_share: Tensor
        if linear:
            self.linear = Linear(context_length, horizon, num_channels, num_covariates, penalties=linear_penalties)
            self.register_buffer("linear_share", torch.zeros(()))

    def build_network(self, **options: Any) -> RecurrentEnsemble:
        columns, levels = len(self.covariate_columns), len(QUANTILE_LEVELS)
        return RecurrentEnsemble(self.context_length, self.horizon, self.num_channels, columns, levels, **options)

    @classmethod
    def takers(cls) -> tuple[Callable[..., Any], ...]:
        return *super().takers(), RecurrentEnsemble, RecurrentNet

    def parameter_counts(self) -> tuple[int, int]:
        learnt, every = super().parameter_counts()
        more = self.linear.maps.numel() if self.linear else 0
        return learnt + more, every + more

    def prepare(self, datamodule: WindowDataModule) -> None:
        super().prepare(datamodule)
        if self.linear:
            self.linear.prepare(datamodule)

    def refit_arguments(self) -> dict[str, Any]:
        return {"linear_penalties": [float(self.linear.penalty)]} if self.linear else {}

    @torch.no_grad()
    def calibrate(self, datamodule: WindowDataModule) -> None:
        if not self.linear:
            return
        self.eval()
        loss = torch.zeros(len(SHARES), dtype=torch.float64)
        for batch in datamodule.batches("calibration", self.device):
            found, (mean, std) = super().forecast(batch), self.scale(batch.channel)
            shift = (self.linear.point(batch) - found.point) / std
            quantiles = (found.quantiles - mean.unsqueeze(1)) / std.unsqueeze(1)
            target = (batch.target - mean) / std
            for i, share in enumerate(SHARES):
                error = quantile_loss(quantiles + share * shift.unsqueeze(1), target, self.levels)
                loss[i] += (error * batch.target_mask).sum().cpu()
        self.linear_share.fill_(SHARES[int(loss.argmin())])

    def forecast(self, batch: Batch) -> Forecast:
        found = super().forecast(batch)
        if not self.linear:
            return found
        shift = self.linear_share * (self.linear.point(batch) - found.point)
        return Forecast(found.point + shift, found.quantiles + shift.unsqueeze(1))

    def describe(self) -> dict[str, Any]:
        return {"linear_share": round(float(self.linear_share), 2)} if self.linear else {}
