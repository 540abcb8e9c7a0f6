"""How networks that answer the whole horizon at once are trained and read."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import get_ema_multi_avg_fn

from timevis.config.validate import check_choice, check_choices, keyword_defaults
from timevis.data.calendar import CALENDAR_FIELDS, telling_fields
from timevis.data.datamodule import WindowDataModule
from timevis.data.scaler import Scaler
from timevis.data.windows import Batch
from timevis.models.forecaster import QUANTILE_LEVELS, Forecast, Forecaster
from timevis.models.layers import NORMALIZATIONS
from timevis.models.linear import PENALTIES, Linear
from timevis.models.mixup import mixup

log = logging.getLogger(__name__)

POINTS = ("quantiles", "median", "head")
COVARIATES = ("known", "all", "none")
SHARES = tuple(i / 20 for i in range(21))
SCHEDULES = ("constant", "decay", "plateau")
POINT_LOSSES = {"mse": functional.mse_loss, "mae": functional.l1_loss, "huber": functional.smooth_l1_loss}


def quantile_weights(levels: Sequence[float]) -> Tensor:
    """Weights that turn quantiles at `levels` into the mean: the trapezoid rule, flat beyond the ends; [Q]."""
    edges = np.concatenate([[0.0], (np.array(levels[1:]) + np.array(levels[:-1])) / 2, [1.0]])
    return torch.from_numpy(np.diff(edges)).float()


def quantile_loss(quantiles: Tensor, target: Tensor, levels: Tensor) -> Tensor:
    """Twice the mean pinball loss over levels [Q]; quantiles [B, Q, H] and target [B, H] give [B, H].

    The slope is fixed before the product, which saves half of the passes that ``maximum`` makes over the quantiles.
    """
    error = target.unsqueeze(1) - quantiles
    slope = levels.view(1, -1, 1) - (error.detach() < 0).to(error.dtype)
    return 2 * (slope * error).mean(1)


class DirectForecaster(Forecaster):
    """A network that answers the whole horizon at once, with quantiles.

    Values and covariates are standardised by the training part; the loss is the pinball loss over all levels plus,
    for ``point="head"``, an error of the point forecast. Subclasses say in `build_network` which network.

    Parameters
    ----------
    context_length, horizon : int
        In rows.
    num_channels, num_covariates : int
        Of the data it is fitted on.
    covariate_columns : sequence of int
        The covariates that are read; `from_data` finds them.
    point : {"quantiles", "median", "head"}
        The point forecast: the mean of the forecast distribution, its median, or an output of its own.
    point_loss : {"mse", "mae", "huber"}
        How that output is trained, with weight `point_weight` beside the pinball loss.
    learning_rate, weight_decay : float
        Of AdamW.
    lr_schedule : {"constant", "decay", "plateau"}
        ``decay`` multiplies by `lr_decay` after every epoch from number `lr_decay_start_epoch` on; ``plateau``
        does so when ``val/wql`` has not improved for an epoch.
    ema_decay : float
        Forecast with an exponential moving average of the weights over training steps (Polyak and Juditsky, 1992);
        0 forecasts with the last weights.
    mixup : float
        How far training windows are mixed with each other, 0 to 1; see `timevis.models.mixup`.
    linear_blend : bool
        Combine it with a linear map (`timevis.models.linear`): the forecast moves towards the map's by the share that
        is best on validation (Bates and Granger, 1969), the point by its squared error and the quantiles by their
        loss. The map's errors are other ones than the network's, and where training and validation are unlike it is
        the steadier of the two.
    linear_penalties, linear_profiles : sequence of float, sequence of int
        Of that map.
    network
        Of `build_network`.
    """

    calibrated = ("linear_shares",)
    choices: Mapping[str, Iterable[str]] = {
        "point": POINTS,
        "point_loss": POINT_LOSSES,
        "lr_schedule": SCHEDULES,
        "covariates": COVARIATES,
        "normalization": NORMALIZATIONS,
        "calendar": CALENDAR_FIELDS,
    }

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        *,
        covariate_columns: Sequence[int] = (),
        point: str = "quantiles",
        point_loss: str = "mse",
        point_weight: float = 1.0,
        learning_rate: float = 1e-3,
        weight_decay: float = 0.0,
        lr_schedule: str = "decay",
        lr_decay: float = 0.8,
        lr_decay_start_epoch: int = 3,
        ema_decay: float = 0.0,
        mixup: float = 0.0,
        linear_blend: bool = False,
        linear_penalties: Sequence[float] = PENALTIES,
        linear_profiles: Sequence[int] | None = None,
        **network: Any,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        self.save_hyperparameters()
        for name, value in keyword_defaults(*self.takers()).items():
            self.hparams.setdefault(name, value)  # a default may change, a saved model must not
        self.hparams["linear_penalties"] = list(linear_penalties)
        check_choices("model", self.hparams, self.choices)
        self.point, self.point_loss, self.point_weight = point, point_loss, point_weight
        self.lr_schedule, self.mixup = lr_schedule, mixup
        self.ema_decay, self.covariate_columns = ema_decay, list(covariate_columns)
        self.net = self.build_network(**network)
        self.average = _averaged(self.net) if ema_decay else None
        self.linear_map: Linear | None = None
        self.linear_shares: Tensor  # of the point, and of the quantiles
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
        """The network; called as `timevis.models.lstm.RecurrentNet` is, and answers the same."""
        raise NotImplementedError

    @classmethod
    def takers(cls) -> tuple[Callable[..., Any], ...]:
        return *super().takers(), DirectForecaster, cls.build_network

    @property
    def covariates_read(self) -> tuple[int, ...]:
        return tuple(self.covariate_columns)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """What the optimizer trains, in groups that may have learning rates of their own."""
        return [{"params": [p for p in self.net.parameters() if p.requires_grad]}]

    def parameter_counts(self) -> tuple[int, int]:
        learnt, every = super().parameter_counts()
        fitted, mapped = self.linear_map.parameter_counts() if self.linear_map else (0, 0)
        copied = learnt if self.average is not None else 0  # by the moving average
        return learnt + fitted, every - copied + mapped

    @classmethod
    def from_data(
        cls,
        datamodule: WindowDataModule,
        *,
        covariates: str = "known",
        calendar: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Build for a data set.

        `covariates` says which of its covariates are read: known, all or none; without a `calendar` the fields are
        those that tell something at its frequency.
        """
        check_choice(covariates, COVARIATES, "model.covariates")
        if calendar is None:
            calendar = telling_fields(datamodule.panel.freq)
        known = datamodule.series.covariate_known.tolist()
        columns = [i for i, k in enumerate(known) if covariates == "all" or (k and covariates == "known")]
        return super().from_data(datamodule, covariate_columns=columns, calendar=list(calendar), **kwargs)

    def prepare(self, datamodule: WindowDataModule) -> None:
        super().prepare(datamodule)
        train = datamodule.panel.covariates[: datamodule.split.train_end]
        for i, k in enumerate(self.covariate_columns):
            scaler = Scaler.fit(train[:, np.unique(datamodule.panel.columns_read[k])].reshape(-1, 1))
            self.covariate_mean[i], self.covariate_std[i] = scaler.mean.item(), scaler.std.item()
        if self.linear_map:
            self.linear_map.prepare(datamodule)

    def refit_arguments(self) -> dict[str, Any]:
        of_map = self.linear_map.refit_arguments() if self.linear_map else {}
        return {f"linear_{name}": value for name, value in of_map.items()}

    @torch.no_grad()
    def calibrate(self, datamodule: WindowDataModule) -> None:
        """Pick the shares of the linear map."""
        super().calibrate(datamodule)
        if not self.linear_map:
            return
        loss = torch.zeros(2, len(SHARES), dtype=torch.float64)
        for batch in datamodule.batches("calibration", self.device):
            found, (mean, std) = self._of_network(batch), self.scale(batch.channel)
            error, shift = (found.point - batch.target) / std, (self.linear_map.point(batch) - found.point) / std
            quantiles = (found.quantiles - mean.unsqueeze(1)) / std.unsqueeze(1)
            target = (batch.target - mean) / std
            for i, share in enumerate(SHARES):
                squared = (error + share * shift).square()
                pinball = quantile_loss(quantiles + share * shift.unsqueeze(1), target, self.levels)
                loss[:, i] += (torch.stack([squared, pinball]) * batch.target_mask).sum((1, 2)).cpu()
        self.linear_shares.copy_(torch.tensor(SHARES)[loss.argmin(1)])
        log.info("the linear map is %.0f %% of the point and %.0f %% of the quantiles", *(100 * self.linear_shares))

    def describe(self) -> dict[str, Any]:
        if not self.linear_map:
            return {}
        of_point, of_quantiles = (round(share, 2) for share in self.linear_shares.tolist())
        return {
            "linear_shares": {"point": of_point, "quantiles": of_quantiles},
            "linear_map": self.linear_map.describe(),
        }

    def _standardised(self, batch: Batch, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        covariates, seen = batch.covariates, batch.covariate_mask
        if len(self.covariate_columns) < self.num_covariates:
            covariates, seen = covariates[..., self.covariate_columns], seen[..., self.covariate_columns]
        if self.covariate_columns:
            # a cloudburst unlike any in training must not blow up the network
            scaled = ((covariates - self.covariate_mean) / self.covariate_std).clamp(-3, 3)
            covariates = torch.where(seen, scaled, 0.0)
        net = self.net if self.average is None or self.training else self.average
        return net((batch.context - mean) / std, batch.context_mask, batch.calendar, covariates, seen, batch.channel)

    def loss(self, batch: Batch) -> Tensor:
        mean, std = self.scale(batch.channel)
        if self.mixup:
            batch = mixup(batch, std, self.mixup)
        point, quantiles = self._standardised(batch, mean, std)
        members = len(point) // len(mean)
        target, weight = (
            ((batch.target - mean) / std).repeat(members, 1),
            batch.target_mask.float().repeat(members, 1),
        )
        error = quantile_loss(quantiles, target, self.levels)
        if self.point == "head":
            error = error + self.point_weight * POINT_LOSSES[self.point_loss](point, target, reduction="none")
        return (error * weight).sum() / weight.sum().clamp(min=1)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """Step, and move the average before a checkpoint of this step may be written."""
        super().optimizer_step(*args, **kwargs)
        self._move_average(self.trainer.global_step + 1)

    @torch.no_grad()
    def _move_average(self, step: int) -> None:
        if self.average is None:
            return
        # early steps forget faster, or the average would keep the random start
        decay = min(self.ema_decay, (1 + step) / (10 + step))
        get_ema_multi_avg_fn(decay)(*self._averaged, step)

    @cached_property
    def _averaged(self) -> tuple[list[Tensor], list[Tensor]]:
        """The averages and what they are of; looking them up at every step would take as long as averaging."""
        assert self.average is not None
        pairs = zip(self.average.parameters(), self.net.parameters(), strict=True)
        averages, trained = zip(*((a, p) for a, p in pairs if p.requires_grad), strict=True)
        return list(averages), list(trained)

    def predict_unclipped(self, batch: Batch) -> Forecast:
        found = self._of_network(batch)
        if not self.linear_map:
            return found
        shift = self.linear_map.point(batch) - found.point
        of_point, of_quantiles = self.linear_shares
        return Forecast(found.point + of_point * shift, found.quantiles + (of_quantiles * shift).unsqueeze(1))

    def _of_network(self, batch: Batch) -> Forecast:
        """What the network alone forecasts."""
        mean, std = self.scale(batch.channel)
        head, quantiles = self._standardised(batch, mean, std)
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
            every = self.trainer.check_val_every_n_epoch or 1  # other epochs have no new val/wql
            plan = {"scheduler": schedule, "monitor": "val/wql", "frequency": every}
            return {"optimizer": optimizer, "lr_scheduler": plan}
        rate = lambda epoch: h.lr_decay ** max(0, epoch + 1 - h.lr_decay_start_epoch)  # noqa: E731
        decay = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
        return {"optimizer": optimizer, "lr_scheduler": decay}


def _averaged(net: nn.Module) -> nn.Module:
    """A copy for the moving average; frozen weights are shared, not copied."""
    frozen = {id(p): p for p in net.parameters() if not p.requires_grad}
    return copy.deepcopy(net, frozen).requires_grad_(False)
