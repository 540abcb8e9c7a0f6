"""The config of a run as typed objects, made and checked once and then passed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig

from timevis.config.instantiate import class_of
from timevis.config.options import section_from_config
from timevis.config.sections import EvaluationOptions, FitOptions, LoggerOptions, RunOptions, TrainerOptions, plain
from timevis.data.datamodule import WindowDataModule
from timevis.data.options import DataOptions
from timevis.data.panel import Panel
from timevis.data.split import Split
from timevis.models.forecaster import Forecaster

NOT_HYPERPARAMETERS = ("name", "fit", "_target_")


@dataclass(frozen=True)
class ModelOptions:
    """The section `model`: a forecaster class and its hyperparameters.

    Attributes
    ----------
    name : str
    forecaster_class : type
    hyperparameters : dict
        Plain keyword arguments of `Forecaster.from_data`.
    """

    name: str
    forecaster_class: type[Forecaster]
    hyperparameters: dict[str, Any]

    @classmethod
    def from_config(cls, section: DictConfig) -> ModelOptions:
        """Find the class that the section names, and let it check its hyperparameters.

        Raises
        ------
        ConfigError
            The section names no forecaster, or a hyperparameter is unknown or has a wrong value.
        """
        forecaster_class = class_of(section, Forecaster, "model")
        values = plain(section)
        hyperparameters = {name: value for name, value in values.items() if name not in NOT_HYPERPARAMETERS}
        forecaster_class.check_options(hyperparameters)
        return cls(str(values["name"]), forecaster_class, hyperparameters)


@dataclass(frozen=True)
class RunConfig:
    """Everything that a run is told, checked.

    Attributes
    ----------
    run : RunOptions
        `context_length`, `horizon` and `seed`.
    data : DataOptions
    evaluation : EvaluationOptions
    model : ModelOptions
    fit : FitOptions
        The section `model.fit`.
    trainer : TrainerOptions
    logger : LoggerOptions
    callbacks : mapping
        Lightning callbacks by name, each with a ``_target_``; None leaves one out.
    """

    run: RunOptions
    data: DataOptions
    evaluation: EvaluationOptions
    model: ModelOptions
    fit: FitOptions
    trainer: TrainerOptions
    logger: LoggerOptions
    callbacks: Mapping[str, Any]

    @classmethod
    def from_config(cls, cfg: DictConfig) -> RunConfig:
        """Check a config as composed from conf/train.yaml, or as read from a run folder.

        Raises
        ------
        ConfigError
            Names the key.
        """
        run = section_from_config(RunOptions, {name: cfg[name] for name in ("context_length", "horizon", "seed")}, "")
        return cls(
            run=run,
            data=DataOptions.from_config(cfg.data),
            evaluation=section_from_config(EvaluationOptions, plain(cfg.evaluation), "evaluation"),
            model=ModelOptions.from_config(cfg.model),
            fit=section_from_config(FitOptions, plain(cfg.model.fit), "model.fit"),
            trainer=TrainerOptions.from_config(cfg.trainer),
            logger=LoggerOptions.from_config(cfg.logger),
            callbacks=plain(cfg.callbacks),
        )

    def datamodule(self, panel: Panel, split: Split | None = None) -> WindowDataModule:
        """The windows of a panel; `split` replaces the split of the config."""
        return WindowDataModule(
            panel,
            context_length=self.run.context_length,
            horizon=self.run.horizon,
            split=split or self.data.split,
            season=self.data.season,
            batch_size=self.fit.batch_size,
            eval_batch_size=self.fit.eval_batch_size,
            val_batch_size=self.fit.val_batch_size,
            stride=self.evaluation.stride,
            max_windows=self.evaluation.max_windows,
            val_windows=self.evaluation.val_windows,
            train_fraction=self.fit.train_fraction,
            min_batches=self.fit.min_steps_per_epoch,
            seed=self.run.seed,
        )

    def forecaster(self, datamodule: WindowDataModule) -> Forecaster:
        """The model, built for the data and not yet fitted."""
        return self.model.forecaster_class.from_data(datamodule, **self.model.hyperparameters)
