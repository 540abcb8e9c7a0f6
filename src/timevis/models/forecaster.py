"""The interface of all forecasters: `loss`, `forecast`, and hooks before and after training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from timevis.config.members import Member
from timevis.config.options import check_arguments
from timevis.data.datamodule import WindowDataModule
from timevis.data.events import EventReading
from timevis.data.panel import Panel
from timevis.data.quality.statistics import non_negative_channels
from timevis.data.split import Split
from timevis.data.windows import Batch
from timevis.intervals.conformal import Conformal, clip_at_zero
from timevis.models.declaration import Declaration, NetworkSize
from timevis.utils.levels import QUANTILE_LEVELS


@dataclass
class Forecast:
    """Forecasts in raw units.

    A point outside of the outermost quantiles is moved to the nearer one, so that point and 95 % interval agree after
    every step that changes one of them: a mean of other quantiles, recalibration, or clipping at zero. The mean of a
    distribution may lie anywhere else, so that only this much is corrected.

    Attributes
    ----------
    point : float32 [B, H]
        The point forecast, which MSE scores: the mean or the median. It lies within the 95 % interval.
    quantiles : float32 [B, 15, H]
        Non-decreasing along dim 1, at `QUANTILE_LEVELS`.
    samples : float32 [B, S, H], optional
        Sample paths, if the model draws any.
    extras : dict
        Further columns of samples.parquet; each value is a list of length B.
    """

    point: Tensor
    quantiles: Tensor
    samples: Tensor | None = None
    extras: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.point = torch.minimum(torch.maximum(self.point, self.quantiles[:, 0]), self.quantiles[:, -1])


class Forecaster(pl.LightningModule):
    """Base class of all forecasters. A checkpoint contains all that is needed to forecast raw values.

    The order of calls is `from_data`, `prepare`, ``Trainer.fit`` if the forecaster is `trainable`, and `calibrate`;
    then it can be tested and can predict. Subclasses implement `loss` and `predict_unclipped` (or `base_forecast`),
    and call ``self.save_hyperparameters()`` with plain values.

    Parameters
    ----------
    context_length, horizon : int
        In rows.
    num_channels, num_covariates : int
        Of the training data.

    Attributes
    ----------
    calibrated_state : tuple of str
        Prefixes of the entries of the state dict that `calibrate` learns. A refit on all rows copies them from the
        run.
    max_conformal_origins : int
        Origins of each half of validation whose forecasts recalibrate the intervals.
    declaration : Declaration, optional
        What the service and its page need to know; None for a model that only the command line offers.
    readable_covariates : mapping
        The kinds of covariates that the model can read, ``known``, ``observed`` or ``static``, each with the value of
        `model.covariates` that makes it read them, or with None if it always reads them.
    limits_its_own_time : bool
        Whether `minutes` is the limit of the whole run, and not only of the fit.
    sections : mapping
        The functions whose keyword arguments are the sections of the config of the model, such as ``lora``.
    default_steps_per_epoch : callable, optional
        `model.fit.steps_per_epoch` if it is null, from training rows, rows of a window, batch size, hyperparameters.
    network_size : callable, optional
        Size of the network, from context length, horizon, channels, covariates and hyperparameters; estimates of time
        and memory read it. Its module does not import PyTorch.
    """

    calibrated_state: tuple[str, ...] = ()
    max_conformal_origins: ClassVar[int] = 100
    declaration: ClassVar[Declaration | None] = None
    readable_covariates: Mapping[str, str | None] = {}
    limits_its_own_time: ClassVar[bool] = False
    sections: Mapping[str, Callable[..., Any]] = {}
    default_steps_per_epoch: ClassVar[staticmethod[[int, int, int, Mapping[str, Any]], int] | None] = None
    network_size: ClassVar[staticmethod[[int, int, int, int, Mapping[str, Any]], NetworkSize] | None] = None

    def __init__(self, context_length: int, horizon: int, num_channels: int = 1, num_covariates: int = 0) -> None:
        super().__init__()
        self.context_length, self.horizon = context_length, horizon
        self.num_channels, self.num_covariates = num_channels, num_covariates
        self.channel_mean: Tensor
        self.channel_std: Tensor
        self.mase_scale: Tensor
        self.at_zero: Tensor
        self.register_buffer("channel_mean", torch.zeros(num_channels, dtype=torch.float64))
        self.register_buffer("channel_std", torch.ones(num_channels, dtype=torch.float64))
        self.register_buffer("mase_scale", torch.ones(num_channels, dtype=torch.float64))
        self.register_buffer("at_zero", torch.zeros(num_channels, dtype=torch.bool))
        self.conformal = Conformal(QUANTILE_LEVELS)
        self._is_prepared = False

    @classmethod
    def from_data(cls, datamodule: WindowDataModule, **kwargs: Any) -> Self:
        """Build a forecaster for a data set; `kwargs` are the hyperparameters of the config."""
        return cls(
            context_length=datamodule.context_length,
            horizon=datamodule.horizon,
            num_channels=datamodule.num_channels,
            num_covariates=datamodule.num_covariates,
            **kwargs,
        )

    @property
    def covariates_read(self) -> tuple[int, ...]:
        """Column numbers of the covariates that the forecast depends on."""
        return ()

    @property
    def reads_events(self) -> bool:
        """Whether the forecast depends on the events of the data; see `timevis.data.events`."""
        return self.declaration is not None and self.declaration.reads_events(self.hparams)

    def event_reading(self, text: str) -> EventReading:
        """How a model that `reads_events` reads the text of an event."""
        raise NotImplementedError  # only models that read events have this method

    @property
    def rows_read(self) -> int:
        """Rows before the origin that the forecast depends on, without the rows from which gaps are filled."""
        return self.context_length

    @staticmethod
    def default_context_length(by_frequency: int, panel: Panel, split: Split, options: Mapping[str, Any]) -> int:
        """The context length where the user set none: the one that the frequency implies, `by_frequency`.

        Overrides may take another one, from the training rows of the panel and the hyperparameters `options`.
        """
        return by_frequency

    @classmethod
    def option_sources(cls) -> tuple[Callable[..., Any], ...]:
        """The functions whose keyword arguments are the hyperparameters.

        Each function passes on with ``**`` the arguments that it does not have itself. Their annotations say what a
        hyperparameter may be, and their docstrings what it means; see `timevis.config.options`.
        """
        return (cls.from_data, cls)

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """Refuse hyperparameters that are unknown or have a wrong value, before any data are read.

        Raises
        ------
        ConfigError
            Names the config key.
        """
        check_arguments("model", options, *cls.option_sources())
        cls.check_sections(options)

    @classmethod
    def check_sections(cls, options: Mapping[str, Any]) -> None:
        """As `check_options`, for the hyperparameters that are sections of the config, such as ``lora``."""
        for name, function in cls.sections.items():
            check_arguments(f"model.{name}", options.get(name) or {}, function)

    @property
    def validation_speedup(self) -> float:
        """How many times as fast a forecast with `validation_options` is as one without."""
        return 1.0

    @property
    def validation_options(self) -> dict[str, Any]:
        """Options of `base_forecast` for a forecast of the windows that select weights or compare models."""
        return {}

    @classmethod
    def members_of(cls, options: Mapping[str, Any]) -> list[Member]:
        """The models that are fitted before this one as its members; only an ensemble has any."""
        return []

    @property
    def seconds_of_members(self) -> dict[str, float]:
        """Seconds that members took, by the name of the stage."""
        return {}

    def with_refitted_members(self, refit: Callable[[Path], Forecaster]) -> Forecaster | None:
        """The same model of members that `refit` makes from their run folders; None for a model without members."""
        return None

    def read_run_folder(self, folder: Path) -> None:
        """Read what the model keeps in the run folder outside of its state; nothing for most models."""

    @classmethod
    def download_files(cls, options: Mapping[str, Any], report: Callable[[int, int], None]) -> None:
        """Download what a model with these hyperparameters needs and what is not on the disk, before it is built.

        `report` receives the bytes so far and the bytes of all files while files are downloaded.
        """

    @property
    def trainable(self) -> bool:
        """Whether any parameter is trained by gradient descent."""
        return any(p.requires_grad for p in self.parameters())

    def parameter_counts(self) -> tuple[int, int]:
        """Number of parameters fitted for the point forecast, and number of all parameters."""
        sizes = [(p.numel(), p.requires_grad) for p in self.parameters()]
        return sum(n for n, requires_grad in sizes if requires_grad), sum(n for n, _ in sizes)

    def prepare(self, datamodule: WindowDataModule) -> None:
        """Fit all that needs no gradients, on training and validation. Overrides call super first."""
        self.channel_mean.copy_(torch.from_numpy(datamodule.scaler.mean))
        self.channel_std.copy_(torch.from_numpy(datamodule.scaler.std))
        self.mase_scale.copy_(torch.from_numpy(mase_scale(datamodule)))
        train = datamodule.split.training_values(datamodule.panel.values)
        self.at_zero.copy_(torch.from_numpy(non_negative_channels(train)))
        self._is_prepared = True

    def calibrate(self, datamodule: WindowDataModule) -> None:
        """Learn what needs forecasts of the fitted model on validation, such as residual quantiles or a temperature.

        Overrides call super first, which switches the model to evaluation mode.
        """
        self.eval()

    def loss(self, batch: Batch) -> Tensor:
        """Training loss of a batch, a scalar; missing targets have no weight."""
        raise NotImplementedError

    @torch.no_grad()
    def forecast(self, batch: Batch, **options: Any) -> Forecast:
        """Forecast the targets of a batch from its context; `options` are passed to `base_forecast`."""
        return self.recalibrated(self.base_forecast(batch, **options), batch)

    def recalibrated(self, forecast: Forecast, batch: Batch) -> Forecast:
        """A forecast of `base_forecast` after conformal recalibration, if there is any."""
        if not self.conformal.is_used:
            return forecast
        quantiles = self.conformal(forecast.quantiles, batch.channel)
        return replace(forecast, quantiles=self.clip_non_negative(quantiles, batch.channel))

    @torch.no_grad()
    def forecast_in_order(self, batch: Batch, **options: Any) -> Forecast:
        """As `forecast`, for batches in the order of time; ``conformal=online`` learns from earlier windows."""
        if not self.conformal.is_online:
            return self.forecast(batch, **options)
        forecast = self.base_forecast(batch, **options)
        target = torch.where(batch.target_mask, batch.target, torch.nan)
        quantiles = self.conformal.forecast_in_order(forecast.quantiles, target, batch.channel, batch.origin)
        return replace(forecast, quantiles=self.clip_non_negative(quantiles, batch.channel))

    def base_forecast(self, batch: Batch) -> Forecast:
        """The forecast before conformal recalibration, clipped at zero for non-negative channels."""
        unclipped = self.predict_unclipped(batch)
        point, quantiles = (self.clip_non_negative(x, batch.channel) for x in (unclipped.point, unclipped.quantiles))
        return replace(unclipped, point=point, quantiles=quantiles)

    def predict_unclipped(self, batch: Batch) -> Forecast:
        """The forecast before clipping at zero."""
        raise NotImplementedError

    def refit_arguments(self) -> dict[str, Any]:
        """Hyperparameters that fix what `prepare` selected on validation, for a refit on all rows."""
        return {}

    def describe(self) -> dict[str, Any]:
        """Facts for results.json that the config does not contain, such as the fingerprint of a backbone."""
        return {}

    def scale(self, channel: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the channels [B] in the training part, each float32 [B, 1]."""
        return self.channel_mean[channel].float().unsqueeze(1), self.channel_std[channel].float().unsqueeze(1)

    def clip_non_negative(self, values: Tensor, channel: Tensor) -> Tensor:
        """Clip forecasts [B, ..., H] of channels [B] at zero where the channel is non-negative."""
        return clip_at_zero(values, channel, self.at_zero)

    def on_fit_start(self) -> None:
        if not self._is_prepared:
            raise RuntimeError("the scales of the channels are not set; call prepare(datamodule) before fit")

    def configure_optimizers(self) -> Any:
        raise RuntimeError(f"{type(self).__name__} needs no Trainer; call prepare(datamodule), calibrate(datamodule)")

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        loss = self.loss(batch)
        # self.log is slow compared with a step of a small network, so it is called only when the value is used
        log_interval = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if (self.trainer.global_step + 1) % log_interval == 0 or self.trainer.is_last_batch:
            self.log("train/loss", loss, prog_bar=True, batch_size=len(batch), on_step=True, on_epoch=False)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> dict[str, Any] | None:
        """The ``forecast`` of windows, and their ``batch``; None if no window of the batch is forecast."""
        return {"forecast": self.forecast_in_order(batch, **self.validation_options), "batch": batch}

    def test_step(self, batch: Batch, batch_idx: int) -> Any:
        return self.forecast_in_order(batch)

    def predict_step(self, batch: Batch, batch_idx: int) -> Forecast:
        return self.forecast(batch)


def mase_scale(datamodule: WindowDataModule, season: int | None = None) -> np.ndarray:
    """Mean absolute seasonal difference of each channel in the training part, the denominator of MASE.

    See Hyndman and Koehler (2006). `season` is in rows; None takes the season of the data.

    Returns
    -------
    float64 [C]
        NaN, since MASE is then undefined, where all seasonal differences are missing or all are zero.
    """
    season, scale = season or datamodule.season, np.full(datamodule.num_channels, np.nan)
    values = datamodule.split.training_values(datamodule.panel.values)
    for c in range(datamodule.num_channels):
        series = values[:, c].astype(np.float64)
        difference = np.abs(series[season:] - series[:-season])
        observed = np.isfinite(difference)
        if observed.any() and difference[observed].mean() > 0:
            scale[c] = difference[observed].mean()
    return scale
