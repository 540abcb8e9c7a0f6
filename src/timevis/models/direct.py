"""Networks that forecast all steps at once from a context: their layers, loss, training and covariates."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import MISSING, replace
from functools import cached_property
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import get_ema_multi_avg_fn

from timevis.config.options import (
    Fraction,
    FractionBelowOne,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    check_value,
    options_of,
)
from timevis.data.calendar import CALENDAR_FIELDS, CALENDAR_SIZES, CalendarField, seasonal_fields
from timevis.data.datamodule import WindowDataModule, covariate_scalers
from timevis.data.windows import Batch
from timevis.metrics.step_errors import pinball_loss
from timevis.models.boosted import MIN_OBSERVED_GAIN_OF_NETWORKS, CovariateChoice, covariates_to_read
from timevis.models.forecaster import Forecast, Forecaster
from timevis.models.linear import PENALTIES, Linear
from timevis.utils.levels import QUANTILE_LEVELS


def mixup(batch: Batch, std: Tensor, strength: float) -> Batch:
    """Add a share of the previous window in the batch to each window, after subtracting both levels.

    The combination ``cos(a) x + sin(a) y`` keeps the variance of independent windows. The convex combination of
    mixup (Zhang et al., 2018, arXiv:1710.09412) would reduce it, and the learnt quantiles would be too narrow.

    Parameters
    ----------
    batch : Batch
        Windows in random order. The calendar, the covariates and the channels are not mixed.
    std : float32 [B, 1]
        Standard deviation of each window's channel.
    strength : float
        In [0, 1]. The angle of each window is uniform between 0 and `strength` times 45 degrees.

    Returns
    -------
    Batch
        A value is observed where it is observed in both windows.
    """
    length, level = batch.context.shape[1], batch.context[:, -1:]
    window = (torch.cat([batch.context, batch.target], dim=1) - level) / std
    angle = torch.rand(len(window), 1, device=window.device) * (strength * math.pi / 4)
    window = angle.cos() * window + angle.sin() * window.roll(1, 0)
    window = level + std * window
    return replace(
        batch,
        context=window[:, :length],
        target=window[:, length:],
        context_mask=batch.context_mask & batch.context_mask.roll(1, 0),
        target_mask=batch.target_mask & batch.target_mask.roll(1, 0),
    )


log = logging.getLogger(__name__)

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


PointForecast: TypeAlias = Literal["quantiles", "median", "head"]
PointLoss: TypeAlias = Literal["mse", "mae", "huber"]
Schedule: TypeAlias = Literal["constant", "decay", "plateau"]
LINEAR_SHARES = tuple(i / 20 for i in range(21))
POINT_LOSSES: dict[PointLoss, Callable[..., Tensor]] = {
    "mse": functional.mse_loss,
    "mae": functional.l1_loss,
    "huber": functional.smooth_l1_loss,
}


def quantile_weights(levels: Sequence[float]) -> Tensor:
    """Weights [Q] of quantiles at `levels` in their mean, by the trapezoid rule with constant values at both ends."""
    edges = np.concatenate([[0.0], (np.array(levels[1:]) + np.array(levels[:-1])) / 2, [1.0]])
    return torch.from_numpy(np.diff(edges)).float()


def quantile_loss(quantiles: Tensor, target: Tensor, levels: Tensor) -> Tensor:
    """Twice the mean pinball loss over levels [Q]; quantiles [B, Q, H] and target [B, H] give [B, H]."""
    return 2 * pinball_loss(quantiles, target, levels).mean(1)


class DirectForecaster(Forecaster):
    """Base class of forecasters whose network outputs the quantiles of the whole horizon at once.

    Values and covariates are standardised with mean and standard deviation of the training part. The loss is the
    mean pinball loss over all levels plus, for ``point="head"``, the loss of the point forecast. Subclasses build
    their network in `build_network`.

    Parameters
    ----------
    context_length, horizon : int
        In rows.
    num_channels, num_covariates : int
        Of the training data.
    covariate_columns : sequence of int
        Column numbers of the covariates that the network reads; set by `from_data`.
    point : {"quantiles", "median", "head"}
        The point forecast: the mean of the forecast distribution, its median, or a separate output.
    point_loss : {"mse", "mae", "huber"}
        Loss of the separate output, added to the pinball loss with weight `point_weight`.
    point_weight : float
        Weight of the loss of the separate output.
    learning_rate, weight_decay : float
        Of AdamW.
    lr_schedule : {"constant", "decay", "plateau"}
        ``decay`` multiplies the learning rate by `lr_decay` after every epoch from number `lr_decay_start_epoch` on;
        ``plateau`` does so when ``tuning/relative_wql`` has not improved for an epoch.
    lr_decay : float
        Factor of the learning rate in the schedules ``decay`` and ``plateau``.
    lr_decay_start_epoch : int
        First epoch after which the schedule ``decay`` lowers the learning rate.
    ema_decay : float
        Decay of the exponential moving average of the weights that forecasts (Polyak and Juditsky, 1992). With 0,
        the weights of the last step forecast.
    mixup : float
        Strength of mixup between training windows, 0 to 1; see `timevis.models.direct`.
    linear_blend : bool
        Combine with the forecast of `timevis.models.linear.Linear` (Bates and Granger, 1969). The shares of the
        linear forecast are selected on validation: the share of the point by the squared error, the share of the
        quantiles by the pinball loss. The linear forecast is more robust where validation differs from training.
    linear_penalties, linear_profiles : sequence of float, sequence of int
        Arguments `penalties` and `profiles` of the linear model.
    network
        Arguments of `build_network`.
    """

    calibrated_state: tuple[str, ...] = ("linear_shares",)
    readable_covariates = {"known": "known", "observed": "all"}

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        *,
        covariate_columns: Sequence[int] = (),
        point: PointForecast = "quantiles",
        point_loss: PointLoss = "mse",
        point_weight: NonNegativeFloat = 1.0,
        learning_rate: NonNegativeFloat = 1e-3,
        weight_decay: NonNegativeFloat = 0.0,
        lr_schedule: Schedule = "decay",
        lr_decay: PositiveFloat = 0.8,
        lr_decay_start_epoch: NonNegativeInt = 3,
        ema_decay: FractionBelowOne = 0.0,
        mixup: Fraction = 0.0,
        linear_blend: bool = False,
        linear_penalties: Sequence[PositiveFloat] = PENALTIES,
        linear_profiles: Sequence[NonNegativeInt] | None = None,
        **network: Any,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        self.save_hyperparameters()
        for option in options_of(*(source for source in self.option_sources() if source != self.from_data)):
            if option.default is not MISSING:  # it is saved, because the default of a later version may differ
                self.hparams.setdefault(option.name, option.default)
            if option.name in self.hparams:
                check_value(f"model.{option.name}", self.hparams[option.name], option.annotation)
        self.hparams["linear_penalties"] = list(linear_penalties)
        self.point, self.point_loss, self.point_weight = point, point_loss, point_weight
        self.lr_schedule, self.mixup = lr_schedule, mixup
        self.ema_decay, self.covariate_columns = ema_decay, list(covariate_columns)
        self.net = self.build_network(**network)
        self.average = _copy_of_trained(self.net) if ema_decay else None
        self.linear_map: Linear | None = None
        self.linear_shares: Tensor  # [2]: share of the linear forecast in the point and in the quantiles
        if linear_blend:
            shape = context_length, horizon, num_channels, num_covariates
            self.linear_map = Linear(*shape, penalties=linear_penalties, profiles=linear_profiles)
            self.register_buffer("linear_shares", torch.zeros(2))
        self.covariate_mean: Tensor
        self.covariate_std: Tensor
        self.levels: Tensor
        self.level_weights: Tensor
        self.register_buffer("covariate_mean", torch.zeros(len(covariate_columns)))
        self.register_buffer("covariate_std", torch.ones(len(covariate_columns)))
        self.register_buffer("levels", torch.tensor(QUANTILE_LEVELS), persistent=False)
        self.register_buffer("level_weights", quantile_weights(QUANTILE_LEVELS), persistent=False)

    def build_network(self, *args: Any, **options: Any) -> nn.Module:
        """Build the network, which has the inputs and outputs of `timevis.models.lstm.RecurrentNet`."""
        raise NotImplementedError

    @classmethod
    def option_sources(cls) -> tuple[Callable[..., Any], ...]:
        return *super().option_sources(), DirectForecaster, cls.build_network

    @property
    def covariates_read(self) -> tuple[int, ...]:
        return tuple(self.covariate_columns)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Parameter groups of the optimizer; a group may have its own learning rate."""
        return [{"params": [p for p in self.net.parameters() if p.requires_grad]}]

    def parameter_counts(self) -> tuple[int, int]:
        trained, total = super().parameter_counts()
        linear_fitted, linear_total = self.linear_map.parameter_counts() if self.linear_map else (0, 0)
        averages = trained if self.average is not None else 0  # copies of the trained parameters
        return trained + linear_fitted, total - averages + linear_total

    @classmethod
    def from_data(
        cls,
        datamodule: WindowDataModule,
        *,
        covariates: CovariateChoice = "known",
        calendar: Sequence[CalendarField] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Build a forecaster for a data set.

        Parameters
        ----------
        datamodule : WindowDataModule
        covariates : {"auto", "known", "all", "none"}
            Which covariates the network reads: known ones have future values, and ``auto`` reads those that lower the
            error of small boosted models on validation, observed ones only if they lower it much.
        calendar : sequence of str, optional
            Calendar fields that the network reads. None selects those that vary at the frequency of the data.
        **kwargs
            Hyperparameters of the config.
        """
        if calendar is None:
            calendar = seasonal_fields(datamodule.panel.freq)
        if "covariate_columns" not in kwargs:
            kwargs["covariate_columns"] = covariates_to_read(
                datamodule, covariates, min_observed_gain=MIN_OBSERVED_GAIN_OF_NETWORKS
            )
        kwargs = {**cls.network_arguments(datamodule, covariates), **kwargs}
        return super().from_data(datamodule, calendar=list(calendar), **kwargs)

    @classmethod
    def network_arguments(cls, datamodule: WindowDataModule, covariates: CovariateChoice) -> dict[str, Any]:
        """Further arguments of the network that follow from the data."""
        return {}

    def prepare(self, datamodule: WindowDataModule) -> None:
        super().prepare(datamodule)
        for i, scaler in enumerate(covariate_scalers(datamodule, self.covariate_columns)):
            self.covariate_mean[i], self.covariate_std[i] = scaler.mean.item(), scaler.std.item()
        if self.linear_map:
            self.linear_map.prepare(datamodule)

    def refit_arguments(self) -> dict[str, Any]:
        linear_arguments = self.linear_map.refit_arguments() if self.linear_map else {}
        arguments = {f"linear_{name}": value for name, value in linear_arguments.items()}
        return arguments | {"covariate_columns": self.covariate_columns}

    @torch.no_grad()
    def calibrate(self, datamodule: WindowDataModule) -> None:
        """Select the shares of the linear forecast on the calibration windows."""
        super().calibrate(datamodule)
        if not self.linear_map:
            return
        loss = torch.zeros(2, len(LINEAR_SHARES), dtype=torch.float64)
        for batch in datamodule.batches("calibration", self.device):
            forecast, (mean, std) = self._network_forecast(batch), self.scale(batch.channel)
            error = (forecast.point - batch.target) / std
            shift = (self.linear_map.point(batch) - forecast.point) / std
            quantiles = (forecast.quantiles - mean.unsqueeze(1)) / std.unsqueeze(1)
            target = (batch.target - mean) / std
            for i, share in enumerate(LINEAR_SHARES):
                squared = (error + share * shift).square()
                pinball = quantile_loss(quantiles + share * shift.unsqueeze(1), target, self.levels)
                loss[:, i] += (torch.stack([squared, pinball]) * batch.target_mask).sum((1, 2)).cpu()
        self.linear_shares.copy_(torch.tensor(LINEAR_SHARES)[loss.argmin(1)])
        shares = (100 * self.linear_shares).tolist()
        log.info("share of the linear forecast: %.0f %% of the point, %.0f %% of the quantiles", *shares)

    def describe(self) -> dict[str, Any]:
        if not self.linear_map:
            return {}
        point_share, quantile_share = (round(share, 2) for share in self.linear_shares.tolist())
        return {
            "linear_shares": {"point": point_share, "quantiles": quantile_share},
            "linear_map": self.linear_map.describe(),
        }

    def network_output(self, batch: Batch, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        """Standardised point [B, H] and quantiles [B, Q, H]."""
        covariates, mask = batch.covariates, batch.covariate_mask
        if len(self.covariate_columns) < self.num_covariates:
            covariates, mask = covariates[..., self.covariate_columns], mask[..., self.covariate_columns]
        if self.covariate_columns:
            # clamped, since a value far outside the training range would give an arbitrary forecast
            scaled = ((covariates - self.covariate_mean) / self.covariate_std).clamp(-3, 3)
            covariates = torch.where(mask, scaled, 0.0)
        net = self.net if self.average is None or self.training else self.average
        return net((batch.context - mean) / std, batch.context_mask, batch.calendar, covariates, mask, batch.channel)

    def loss(self, batch: Batch) -> Tensor:
        mean, std = self.scale(batch.channel)
        if self.mixup:
            batch = mixup(batch, std, self.mixup)
        point, quantiles = self.network_output(batch, mean, std)
        # in training, a network of K members returns the outputs of all of them, [K * B, H]: each has the same target
        members = len(point) // len(mean)
        target = ((batch.target - mean) / std).repeat(members, 1)
        weight = batch.target_mask.float().repeat(members, 1)
        error = quantile_loss(quantiles, target, self.levels)
        if self.point == "head":
            error = error + self.point_weight * POINT_LOSSES[self.point_loss](point, target, reduction="none")
        return (error * weight).sum() / weight.sum().clamp(min=1)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """Step, and update the moving average before a checkpoint of this step can be written."""
        super().optimizer_step(*args, **kwargs)
        self.update_average(self.trainer.global_step + 1)

    @torch.no_grad()
    def update_average(self, step: int) -> None:
        """Move the averages towards the parameters after step number `step`."""
        if self.average is None:
            return
        # a smaller decay in early steps, so that the average forgets the random initialisation
        decay = min(self.ema_decay, (1 + step) / (10 + step))
        get_ema_multi_avg_fn(decay)(*self._average_pairs, step)

    @cached_property
    def _average_pairs(self) -> tuple[list[Tensor], list[Tensor]]:
        """The averages and the trained parameters; cached because the lookup is as slow as the update."""
        assert self.average is not None
        pairs = zip(self.average.parameters(), self.net.parameters(), strict=True)
        averages, trained = zip(*((a, p) for a, p in pairs if p.requires_grad), strict=True)
        return list(averages), list(trained)

    def predict_unclipped(self, batch: Batch) -> Forecast:
        forecast = self._network_forecast(batch)
        if not self.linear_map:
            return forecast
        shift = self.linear_map.point(batch) - forecast.point
        point_share, quantile_share = self.linear_shares
        quantiles = forecast.quantiles + (quantile_share * shift).unsqueeze(1)
        return Forecast(forecast.point + point_share * shift, quantiles)

    def _network_forecast(self, batch: Batch) -> Forecast:
        """The forecast of the network without the linear model."""
        mean, std = self.scale(batch.channel)
        head, quantiles = self.network_output(batch, mean, std)
        if self.point == "head":
            point = head
        elif self.point == "median":
            point = quantiles[:, quantiles.shape[1] // 2]
        else:
            point = (quantiles * self.level_weights.view(1, -1, 1)).sum(1)
        return Forecast(point * std + mean, quantiles * std.unsqueeze(1) + mean.unsqueeze(1))

    def configure_optimizers(self) -> Any:
        h: Any = self.hparams
        options = {"lr": h.learning_rate, "weight_decay": h.weight_decay, "foreach": True}
        optimizer = torch.optim.AdamW(self.parameter_groups(), **options)
        if self.lr_schedule == "constant":
            return optimizer
        if self.lr_schedule == "plateau":
            schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=h.lr_decay, patience=0)
            validation_interval = (
                self.trainer.check_val_every_n_epoch or 1
            )  # other epochs have no new tuning/relative_wql
            scheduler = {"scheduler": schedule, "monitor": "tuning/relative_wql", "frequency": validation_interval}
            return {"optimizer": optimizer, "lr_scheduler": scheduler}
        factor = lambda epoch: h.lr_decay ** max(0, epoch + 1 - h.lr_decay_start_epoch)  # noqa: E731
        decay = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": decay}


def _copy_of_trained(net: nn.Module) -> nn.Module:
    """A copy of the network for the moving average; frozen weights are shared, not copied."""
    frozen = {id(p): p for p in net.parameters() if not p.requires_grad}
    return copy.deepcopy(net, frozen).requires_grad_(False)
