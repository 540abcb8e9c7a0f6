"""What every forecaster promises: `loss`, `forecast`, and two hooks around the fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from timevis.config.validate import check_arguments, check_choices
from timevis.data.cleaning.statistics import stands_at_zero
from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.metrics import ForecastMetrics

QUANTILE_LEVELS = (0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975)


@dataclass
class Forecast:
    """Forecasts in raw units.

    Attributes
    ----------
    point : float32 [B, H]
        What MSE scores: the mean, or else the median.
    quantiles : float32 [B, 15, H]
        Non-decreasing along dim 1, at `QUANTILE_LEVELS`.
    samples : float32 [B, S, H], optional
        Where the model draws paths.
    extras : dict
        Model-specific material for samples.parquet, lists of length B.
    """

    point: Tensor
    quantiles: Tensor
    samples: Tensor | None = None
    extras: dict[str, Any] = field(default_factory=dict)


def sample_quantiles(samples: Tensor) -> Tensor:
    """Quantiles at `QUANTILE_LEVELS` of samples [B, S, H] by the Weibull rule p (S + 1).

    Returns
    -------
    float32 [B, 15, H]
    """
    ordered = samples.float().sort(dim=1).values
    s = ordered.shape[1]
    position = torch.tensor(QUANTILE_LEVELS, dtype=torch.float64) * (s + 1) - 1
    position = position.clamp(0, s - 1).to(samples.device)
    low = position.floor().long()
    high = (low + 1).clamp(max=s - 1)
    weight = (position - low).float().view(1, -1, 1)
    return torch.lerp(ordered[:, low], ordered[:, high], weight)  # between equal samples it is exactly their value


class Forecaster(pl.LightningModule):
    """Base of all forecasters; a checkpoint of it forecasts raw values by itself.

    In order: `from_data`, `prepare`, a Trainer's fit where it is `trainable`, `calibrate`; then test and predict.
    Subclasses implement `loss` and `predict_unclipped` (or `forecast`), and call ``self.save_hyperparameters()`` with
    plain values.

    Parameters
    ----------
    context_length, horizon : int
    num_channels, num_covariates : int
        Of the data it is fitted on.

    Attributes
    ----------
    calibrated : tuple of str
        Prefixes of the state that `calibrate` learns; a refit on all rows keeps the run's own.
    parts : mapping
        What takes the sections of its config, by name.
    choices : mapping
        Words that a key of its config may be.
    """

    calibrated: tuple[str, ...] = ()
    parts: Mapping[str, Callable[..., Any]] = {}
    choices: Mapping[str, Iterable[str]] = {}

    def __init__(self, context_length: int, horizon: int, num_channels: int = 1, num_covariates: int = 0) -> None:
        super().__init__()
        self.context_length, self.horizon = context_length, horizon
        self.num_channels, self.num_covariates = num_channels, num_covariates
        self.channel_mean: Tensor
        self.channel_std: Tensor
        self.mase_scale: Tensor
        self.register_buffer("channel_mean", torch.zeros(num_channels, dtype=torch.float64))
        self.register_buffer("channel_std", torch.ones(num_channels, dtype=torch.float64))
        self.at_zero: Tensor
        self.register_buffer("mase_scale", torch.ones(num_channels, dtype=torch.float64))
        self.register_buffer("at_zero", torch.zeros(num_channels, dtype=torch.bool))
        self.val_metrics: ForecastMetrics  # of the latest pass over validation, and over test
        self.test_metrics: ForecastMetrics
        self._prepared = False

    @classmethod
    def from_data(cls, datamodule: WindowDataModule, **kwargs: Any) -> Self:
        """Build for a data set; `kwargs` are the plain hyperparameters of the config."""
        return cls(
            context_length=datamodule.context_length,
            horizon=datamodule.horizon,
            num_channels=datamodule.num_channels,
            num_covariates=datamodule.num_covariates,
            **kwargs,
        )

    @property
    def covariates_read(self) -> tuple[int, ...]:
        """Which of the data's covariates the forecast depends on."""
        return ()

    @classmethod
    def takers(cls) -> tuple[Callable[..., Any], ...]:
        """What takes the hyperparameters: each function hands on with ``**`` what it does not know itself."""
        return (cls,)

    @classmethod
    def check_options(cls, options: dict[str, Any]) -> None:
        """Refuse hyperparameters of the config that can be told to be wrong without data, in a ConfigError."""
        check_arguments("model", options, cls.from_data, *cls.takers())
        cls.check_parts(options)
        check_choices("model", options, cls.choices)

    @classmethod
    def check_parts(cls, options: Mapping[str, Any]) -> None:
        """Refuse unknown keys and values of the wrong kind in the sections of the config, in a ConfigError."""
        for name, function in cls.parts.items():
            check_arguments(f"model.{name}", options.get(name) or {}, function)

    @property
    def trainable(self) -> bool:
        """Whether there is anything for a Trainer to fit."""
        return any(p.requires_grad for p in self.parameters())

    def parameter_counts(self) -> tuple[int, int]:
        """How many numbers the fit learns for the point forecast, and how many the model has in all."""
        sizes = [(p.numel(), p.requires_grad) for p in self.parameters()]
        return sum(n for n, trains in sizes if trains), sum(n for n, _ in sizes)

    def prepare(self, datamodule: WindowDataModule) -> None:
        """Learn what is learnt without gradients; sees training and validation parts only. Call super first."""
        self.channel_mean.copy_(torch.from_numpy(datamodule.scaler.mean))
        self.channel_std.copy_(torch.from_numpy(datamodule.scaler.std))
        self.mase_scale.copy_(torch.from_numpy(naive_scale(datamodule)))
        self.at_zero.copy_(torch.from_numpy(stands_at_zero(datamodule.panel.values[: datamodule.split.train_end])))
        self._prepared = True

    def calibrate(self, datamodule: WindowDataModule) -> None:
        """Learn what needs the fitted model (residual quantiles, a temperature) from the validation part.

        Call super first: from here on the model is in evaluation mode.
        """
        self.eval()

    def loss(self, batch: Batch) -> Tensor:
        """Training loss of a batch, a scalar; missing targets carry no weight."""
        raise NotImplementedError

    @torch.no_grad()
    def forecast(self, batch: Batch) -> Forecast:
        """Forecast the targets of a batch from its context, none below zero where `stands_at_zero`."""
        found, channel = self.predict_unclipped(batch), batch.channel
        point, quantiles = (
            self.clip_non_negative(found.point, channel),
            self.clip_non_negative(found.quantiles, channel),
        )
        return replace(found, point=point, quantiles=quantiles)

    def predict_unclipped(self, batch: Batch) -> Forecast:
        """The forecast before clipping at zero."""
        raise NotImplementedError

    def refit_arguments(self) -> dict[str, Any]:
        """Hyperparameters that stand for what `prepare` chose on validation, for a refit on all rows."""
        return {}

    def describe(self) -> dict[str, Any]:
        """What results.json says about the model beyond its config, e.g. backbone id, size and fingerprint."""
        return {}

    def scale(self, channel: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the windows' channels, each float32 [B, 1]."""
        return self.channel_mean[channel].float().unsqueeze(1), self.channel_std[channel].float().unsqueeze(1)

    def clip_non_negative(self, values: Tensor, channel: Tensor) -> Tensor:
        """Clip forecasts [B, ..., H] of channels [B] at zero where the channel is non-negative."""
        non_negative = self.at_zero[channel].view(-1, *[1] * (values.dim() - 1))
        return torch.where(non_negative, values.clamp(min=0), values)

    def new_metrics(self) -> ForecastMetrics:
        """Sums of no window yet, in the model's scales [C] and on its device."""
        scales = self.channel_std.cpu(), self.mase_scale.cpu()
        return ForecastMetrics(self.horizon, *scales, QUANTILE_LEVELS).to(self.device)

    def on_fit_start(self) -> None:
        if not self._prepared:
            raise RuntimeError("call prepare(datamodule) before fit: the model knows no scale of its data yet")

    def configure_optimizers(self) -> Any:
        raise RuntimeError(f"{type(self).__name__} is fitted by prepare(datamodule) and calibrate(datamodule) alone")

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        loss = self.loss(batch)
        # a call to log takes as long as a small network's step: only what reaches a logger or the console makes it
        every = vars(self.trainer)["log_every_n_steps"]
        if (self.trainer.global_step + 1) % every == 0 or self.trainer.is_last_batch:
            self.log("train/loss", loss, prog_bar=True, batch_size=len(batch), on_step=True, on_epoch=False)
        return loss

    def on_validation_epoch_start(self) -> None:
        self.val_metrics = self.new_metrics()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.val_metrics.update_batch(self.forecast(batch), batch)

    def on_validation_epoch_end(self) -> None:
        values = self.val_metrics.summary()
        for name in ("wql", "mase", "mae_scaled"):
            self.log(f"val/{name}", values[name], prog_bar=name == "wql", sync_dist=False, rank_zero_only=False)

    def on_test_epoch_start(self) -> None:
        self.test_metrics = self.new_metrics()

    def test_step(self, batch: Batch, batch_idx: int) -> Any:
        forecast = self.forecast(batch)
        self.test_metrics.update_batch(forecast, batch)
        return forecast

    def predict_step(self, batch: Batch, batch_idx: int) -> Forecast:
        return self.forecast(batch)

    def on_test_epoch_end(self) -> None:
        self.log_dict({f"test/{k}": v for k, v in self.test_metrics.summary().items()}, sync_dist=False)


def naive_scale(datamodule: WindowDataModule) -> np.ndarray:
    """Mean absolute seasonal difference of each channel's training part, the denominator of MASE; float64 [C].

    Hyndman and Koehler (2006). NaN where the training part has no pair of rows a season apart or repeats exactly:
    MASE is not defined there.
    """
    season, end = datamodule.season, datamodule.split.train_end
    values, out = datamodule.panel.values, np.full(datamodule.num_channels, np.nan)
    for c in range(datamodule.num_channels):
        series = values[:end, c].astype(np.float64)
        difference = np.abs(series[season:] - series[:-season])
        seen = np.isfinite(difference)
        if seen.any() and difference[seen].mean() > 0:
            out[c] = difference[seen].mean()
    return out
