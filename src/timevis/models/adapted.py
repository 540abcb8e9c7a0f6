"""A LightningModule that has `loss` and `forecast`, and nothing else of TimeVis, as a forecaster."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

import pytorch_lightning as pl
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.models.forecaster import Forecast, Forecaster


class AdaptedForecaster(Forecaster):
    """Trains, calibrates and saves another LightningModule; `as_forecaster` makes a subclass for each class.

    Parameters
    ----------
    context_length, horizon, num_channels, num_covariates : int
        Passed on to the module as far as it takes them.
    options
        Further keyword arguments of the module.
    """

    module_class: ClassVar[type[pl.LightningModule]]

    def __init__(
        self, context_length: int, horizon: int, num_channels: int = 1, num_covariates: int = 0, **options: Any
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        sizes = {
            "context_length": context_length,
            "horizon": horizon,
            "num_channels": num_channels,
            "num_covariates": num_covariates,
        }
        self.save_hyperparameters({**sizes, **options})
        taken = inspect.signature(self.module_class).parameters
        self.module: Any = self.module_class(**{name: n for name, n in sizes.items() if name in taken}, **options)

    @classmethod
    def option_sources(cls) -> tuple[Callable[..., Any], ...]:
        return (cls.module_class,)

    def prepare(self, datamodule: WindowDataModule) -> None:
        super().prepare(datamodule)
        if hasattr(self.module, "prepare"):
            self.module.prepare(datamodule)

    def calibrate(self, datamodule: WindowDataModule) -> None:
        super().calibrate(datamodule)
        if hasattr(self.module, "calibrate"):
            self.module.calibrate(datamodule)

    def loss(self, batch: Batch) -> Tensor:
        return self.module.loss(batch)

    def predict_unclipped(self, batch: Batch) -> Forecast:
        return self.module.forecast(batch)

    def configure_optimizers(self) -> Any:
        return self.module.configure_optimizers()


@cache
def as_forecaster(module_class: type[pl.LightningModule]) -> type[Forecaster]:
    """The class itself if it is a `Forecaster`, else a forecaster that contains a module of the class.

    Raises
    ------
    ConfigError
        The class has no `loss` or no `forecast`.
    """
    if issubclass(module_class, Forecaster):
        return module_class
    missing = [name for name in ("loss", "forecast") if not callable(getattr(module_class, name, None))]
    if missing:
        message = Text(
            "{name} is not a model: it has no method {method}",
            name=f"{module_class.__module__}.{module_class.__qualname__}",
            method=missing[0],
        )
        advice = Text("a model has the methods loss(batch) and forecast(batch)")
        raise ConfigError(message, advice, "model._target_")
    attributes = {
        "module_class": module_class,
        "__doc__": module_class.__doc__,
        "__module__": module_class.__module__,
        "__qualname__": module_class.__qualname__,
    }
    return type(module_class.__name__, (AdaptedForecaster,), attributes)
