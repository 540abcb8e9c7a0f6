"""The config of a run as typed objects, which are checked once and then passed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig

from timevis.config.instantiate import class_of
from timevis.config.members import Member
from timevis.config.options import section_from_config
from timevis.config.sections import (
    EvaluationOptions,
    FitOptions,
    LoggerOptions,
    RunOptions,
    TrainerOptions,
    duration_text,
    section_to_dict,
)
from timevis.data.options import DataOptions
from timevis.data.panel import Panel
from timevis.data.split import Split, train_on_short_series
from timevis.runs.default_lengths import default_lengths, steps_of_epoch

if TYPE_CHECKING:
    from timevis.data.datamodule import WindowDataModule
    from timevis.models.forecaster import Forecaster

NOT_HYPERPARAMETERS = ("name", "fit", "_target_")
"""Keys of the section `model` that `Forecaster.from_data` does not take."""


@dataclass(frozen=True)
class ModelOptions:
    """The section `model`: a forecaster class and its hyperparameters.

    Attributes
    ----------
    name : str
    forecaster_class : type
    hyperparameters : dict
        Keyword arguments of `Forecaster.from_data`.
    """

    name: str
    forecaster_class: type[Forecaster]
    hyperparameters: dict[str, Any]

    @property
    def members(self) -> list[Member]:
        """The models that are fitted before this one as its members; only an ensemble has any."""
        return self.forecaster_class.members_of(self.hyperparameters)

    @classmethod
    def from_config(cls, section: DictConfig) -> ModelOptions:
        """Find the class that the section names, and check the hyperparameters.

        Raises
        ------
        ConfigError
            The section names no forecaster class, or a hyperparameter is unknown or has an invalid value.
        """
        from pytorch_lightning import LightningModule

        from timevis.models.adapted import as_forecaster

        forecaster_class = as_forecaster(class_of(section, LightningModule, "model"))
        values = section_to_dict(section, "model")
        hyperparameters = {name: value for name, value in values.items() if name not in NOT_HYPERPARAMETERS}
        forecaster_class.check_options(hyperparameters)
        return cls(str(values["name"]), forecaster_class, hyperparameters)


@dataclass(frozen=True)
class RunConfig:
    """The checked config of a run.

    Attributes
    ----------
    run : RunOptions
        `context_length`, `horizon`, `conformal` and `seed`.
    data : DataOptions
    evaluation : EvaluationOptions
    model : ModelOptions
    fit : FitOptions
        The section `model.fit`.
    trainer : TrainerOptions
    logger : LoggerOptions
    callbacks : mapping
        Lightning callbacks by name, each with a ``_target_``; one that is None is not used.
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
        """Check a config that was composed from conf/train.yaml or read from a run folder.

        Raises
        ------
        ConfigError
            Names the key.
        """
        config = cls(model=ModelOptions.from_config(cfg.model), **_sections_without_model(cfg))
        minutes, trainer = config.run.minutes, config.trainer
        if minutes is None or trainer.max_time is not None or config.model.forecaster_class.limits_its_own_time:
            return config
        return replace(config, trainer=replace(trainer, max_time=duration_text(60 * minutes)))

    def completed_for(self, panel: Panel) -> RunConfig:
        """The config with values for the `lengths` that are None, derived from the panel.

        A config in which all of them have values is returned unchanged: a resumed run keeps the values of its start.
        """
        if not self.derived_keys:
            return self
        split = self.data.split_rows(panel)
        ends = split.longest_ends
        lengths = default_lengths(panel.freq, ends, self.run.horizon)
        context_length = self.run.context_length
        if context_length is None:
            model, longest = self.model, max(1, (ends[0] - lengths.horizon) // 2)
            context_length = min(
                longest,
                model.forecaster_class.default_context_length(
                    lengths.context_length, panel, split, model.hyperparameters
                ),
            )
        split = train_on_short_series(split, context_length, lengths.horizon)
        first, stop = split.training_bounds(context_length, lengths.horizon, self.fit.train_fraction)
        min_steps, max_steps = steps_of_epoch(
            self.fit,
            int(np.broadcast_to(stop - first, len(panel.channels)).sum()),
            len(panel.channels),
            context_length + lengths.horizon,
            self.model.forecaster_class.default_steps_per_epoch,
            self.model.hyperparameters,
        )
        limit = self.trainer.limit_train_batches
        return replace(
            self,
            run=replace(self.run, context_length=context_length, horizon=lengths.horizon),
            data=replace(self.data, season=self.data.season or lengths.season),
            evaluation=replace(self.evaluation, stride=self.evaluation.stride or lengths.stride),
            fit=replace(self.fit, steps_per_epoch=max_steps, min_steps_per_epoch=min_steps),
            trainer=replace(self.trainer, limit_train_batches=max_steps if limit is None else limit),
        )

    @property
    def context_length(self) -> int:
        """The context length of a complete config."""
        assert self.run.context_length is not None
        return self.run.context_length

    @property
    def horizon(self) -> int:
        """The horizon of a complete config."""
        assert self.run.horizon is not None
        return self.run.horizon

    @property
    def derived_keys(self) -> dict[str, Any]:
        """The keys of the config that are None, and that `completed_for` gives a value."""
        return {key: value for key, value in self.lengths.items() if value is None}

    @property
    def lengths(self) -> dict[str, Any]:
        """The keys of the config whose values follow from the data if they are None."""
        lengths: dict[str, Any] = {
            "context_length": self.run.context_length,
            "horizon": self.run.horizon,
            "data.season": self.data.season,
            "evaluation.stride": self.evaluation.stride,
            "model.fit.min_steps_per_epoch": self.fit.min_steps_per_epoch,
        }
        if self.model.forecaster_class.default_steps_per_epoch is not None:
            lengths["model.fit.steps_per_epoch"] = self.fit.steps_per_epoch
            lengths["trainer.limit_train_batches"] = self.trainer.limit_train_batches
        return lengths

    def datamodule(self, panel: Panel, split: Split | None = None) -> WindowDataModule:
        """Build the data module of a panel; `split` replaces the split of the config.

        Lengths that are None are derived from the panel; see `completed_for`.
        """
        config = self.completed_for(panel)
        from timevis.data.datamodule import WindowDataModule

        return WindowDataModule(
            panel,
            context_length=config.context_length,
            horizon=config.horizon,
            split=split or self.data.split,
            split_by=self.data.split_by,
            season=config.data.season,
            batch_size=self.fit.batch_size,
            eval_batch_size=self.fit.eval_batch_size,
            val_batch_size=self.fit.val_batch_size,
            stride=config.evaluation.stride or 1,
            max_windows=self.evaluation.max_windows,
            val_windows=self.evaluation.val_windows,
            train_fraction=self.fit.train_fraction,
            min_batches=config.fit.min_steps_per_epoch or 1,
            seed=self.run.seed,
        )

    def forecaster(self, datamodule: WindowDataModule) -> Forecaster:
        """Build the model for the data; it is not fitted."""
        return self.model.forecaster_class.from_data(datamodule, **self.model.hyperparameters)


def check_sections_without_model(cfg: DictConfig) -> None:
    """As `RunConfig.from_config`, but without the hyperparameters of the model, for which PyTorch is imported.

    Raises
    ------
    ConfigError
        Names the key.
    """
    _sections_without_model(cfg)


def _sections_without_model(cfg: DictConfig) -> dict[str, Any]:
    return {
        "run": section_from_config(RunOptions, {f.name: cfg[f.name] for f in fields(RunOptions)}, ""),
        "data": DataOptions.from_config(cfg.data),
        "evaluation": section_from_config(
            EvaluationOptions, section_to_dict(cfg.evaluation, "evaluation"), "evaluation"
        ),
        "fit": section_from_config(FitOptions, section_to_dict(cfg.model.fit, "model.fit"), "model.fit"),
        "trainer": TrainerOptions.from_config(cfg.trainer),
        "logger": LoggerOptions.from_config(cfg.logger),
        "callbacks": section_to_dict(cfg.callbacks, "callbacks"),
    }
