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
from timevis.models.linear import PENALTIES, Linear
from timevis.models.recurrent import CELLS, RecurrentEnsemble, RecurrentNet

SHARES = tuple(i / 20 for i in range(21))


class LSTM(DirectForecaster):
    """Direct multi-horizon LSTM or GRU with quantile output.

    Parameters
    ----------
    linear : bool
        Combine it with a linear map (`timevis.models.linear`): the forecast moves towards the map's by the share that
        is best on validation (Bates and Granger, 1969), the point by its squared error and the quantiles by their
        loss. The map's errors are other ones than the network's, and where training and validation are unlike it is
        the steadier of the two.
    linear_penalties : sequence of float
        Of that map.
    kwargs
        Of `DirectForecaster`, of `RecurrentEnsemble` (``members``) and of `RecurrentNet`.
    """

    calibrated = ("linear_shares",)
    choices = {**DirectForecaster.choices, "cell": CELLS}

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        *,
        linear: bool = False,
        linear_penalties: Sequence[float] = PENALTIES,
        **kwargs: Any,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates, **kwargs)
        self.linear: Linear | None = None
        self.linear_shares: Tensor  # of the point, and of the quantiles
        if linear:
            self.linear = Linear(context_length, horizon, num_channels, num_covariates, penalties=linear_penalties)
            self.register_buffer("linear_shares", torch.zeros(2))

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
        loss = torch.zeros(2, len(SHARES), dtype=torch.float64)
        for batch in datamodule.batches("calibration", self.device):
            found, (mean, std) = super().forecast(batch), self.scale(batch.channel)
            error, shift = (found.point - batch.target) / std, (self.linear.point(batch) - found.point) / std
            quantiles = (found.quantiles - mean.unsqueeze(1)) / std.unsqueeze(1)
            target = (batch.target - mean) / std
            for i, share in enumerate(SHARES):
                squared = (error + share * shift).square()
                pinball = quantile_loss(quantiles + share * shift.unsqueeze(1), target, self.levels)
                loss[:, i] += (torch.stack([squared, pinball]) * batch.target_mask).sum((1, 2)).cpu()
        self.linear_shares.copy_(torch.tensor(SHARES)[loss.argmin(1)])

    def forecast(self, batch: Batch) -> Forecast:
        found = super().forecast(batch)
        if not self.linear:
            return found
        shift = self.linear.point(batch) - found.point
        of_point, of_quantiles = self.linear_shares
        return Forecast(found.point + of_point * shift, found.quantiles + (of_quantiles * shift).unsqueeze(1))

    def describe(self) -> dict[str, Any]:
        if not self.linear:
            return {}
        return {"linear_shares": dict(zip(("point", "quantiles"), self.linear_shares.tolist(), strict=True))}
