"""Create the Lightning Trainer of a run."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.loggers import Logger
from pytorch_lightning.strategies import StrategyRegistry
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from timevis.config.instantiate import check_target_name, instantiate_section
from timevis.config.options import NOT_OPTIONS, check_choice
from timevis.config.sections import TrainerOptions
from timevis.config.suggestions import did_you_mean, unknown_key_error
from timevis.errors import ConfigError
from timevis.evaluation.scores import Scores
from timevis.messages import Text
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.status import Status
from timevis.training.callbacks.progress import ProgressLine
from timevis.training.callbacks.status import StatusUpdates, ValidationLines
from timevis.training.callbacks.step_hooks import FiniteLoss, FitClock, SeedEachStep, StopAtBatch
from timevis.training.devices import Devices
from timevis.utils.interrupts import StopRequest

NOT_PASSED_ON = ("accelerator", "devices", "precision", "enable_progress_bar", "others")
"""Options that are passed to the Trainer in another form."""


def check_trainer(options: TrainerOptions) -> Devices:
    """Check that the Trainer has the arguments and the strategy that the config names, and find the devices.

    Raises
    ------
    ConfigError
    """
    arguments = [name for name in inspect.signature(pl.Trainer).parameters if name not in NOT_OPTIONS]
    for name in options.others:
        if name not in arguments:
            raise unknown_key_error(f"trainer.{name}", did_you_mean(name, arguments))
    check_choice(options.strategy, ("auto", *StrategyRegistry.available_strategies()), "trainer.strategy")
    return Devices.from_options(options)


def check_class_names(config: RunConfig) -> None:
    """Check the names of all callbacks and loggers, before data are read; nothing is imported.

    Raises
    ------
    ConfigError
        A name is not allowed; see `timevis.config.instantiate.import_allowed_class`.
    """
    for section, entries in (("callbacks", config.callbacks), ("logger", config.logger.others)):
        for name, entry in entries.items():
            if isinstance(entry, dict) and "_target_" in entry:
                check_target_name(entry["_target_"], f"{section}.{name}._target_")


def make_trainer(
    config: RunConfig,
    folder: RunFolder,
    status: Status,
    stop: StopRequest,
    clock: FitClock,
    loggers: Sequence[Logger],
) -> pl.Trainer:
    """A Trainer whose callbacks and loggers write into the run folder.

    Parameters
    ----------
    config : RunConfig
    folder : RunFolder
    status : Status
        Is kept up to date.
    stop : StopRequest
        Is checked at the end of each batch.
    clock : FitClock
    loggers : sequence of Logger
    """
    configured = [
        instantiate_section(entry, pl.Callback, f"callbacks.{name}", folder.path)
        for name, entry in config.callbacks.items()
        if entry is not None
    ]
    callbacks: list[pl.Callback] = [
        *configured,
        SeedEachStep(config.run.seed),
        FiniteLoss(),
        StatusUpdates(status),
        ValidationLines(),
        clock,
        StopAtBatch(stop),
    ]
    return _trainer(config.trainer, callbacks, logger=list(loggers), default_root_dir=folder.path)


def make_single_trainer(options: TrainerOptions, *callbacks: pl.Callback, **arguments: Any) -> pl.Trainer:
    """A Trainer with the same options on one device, which writes nothing; `arguments` override options."""
    single: dict[str, Any] = {"devices": 1, "num_nodes": 1, "strategy": "auto", "logger": False}
    single |= {"enable_checkpointing": False, "profiler": None}
    return _trainer(options, callbacks, **(arguments | single))


def _trainer(options: TrainerOptions, callbacks: Sequence[pl.Callback], **arguments: Any) -> pl.Trainer:
    """A Trainer with the options of a config and TimeVis's progress bar; `arguments` take precedence."""
    devices = Devices.from_options(options)
    values = {f.name: getattr(options, f.name) for f in fields(options) if f.name not in NOT_PASSED_ON}
    values |= {"accelerator": devices.accelerator, "precision": devices.precision, "devices": options.devices}
    chosen = {name: value for name, value in (values | options.others).items() if value is not None} | arguments
    limit = chosen.get("limit_train_batches", 1.0)
    max_batches = options.max_batches if "max_steps" not in arguments else -1
    if max_batches > 0 and (limit > max_batches if isinstance(limit, int) else limit == 1.0):
        chosen["limit_train_batches"] = max_batches  # Lightning does not validate an epoch that max_steps ends
    progress = [ProgressLine()] if options.enable_progress_bar else []
    try:
        return pl.Trainer(
            **chosen,
            callbacks=[Scores(), *callbacks, *progress],
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
        )
    except (MisconfigurationException, TypeError, ValueError) as error:
        message = Text(
            "trainer-refused",
            "the section trainer is refused by Lightning: {reason}",
            reason=str(error).splitlines()[0],
        )
        raise ConfigError(message, field="trainer") from error
