"""The Lightning Trainer of a run, and its devices."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import Logger
from pytorch_lightning.strategies import StrategyRegistry
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from timevis.config.instantiate import check_target_name, instantiate_section
from timevis.config.options import NOT_OPTIONS, check_choice
from timevis.config.sections import TrainerOptions
from timevis.config.suggestions import did_you_mean, unknown_key_error
from timevis.errors import ConfigError
from timevis.evaluation.backtest import Scores
from timevis.messages import Setting, Text
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.status import Status
from timevis.training.callbacks.progress import ProgressLine, StatusUpdates, ValidationLines
from timevis.training.callbacks.step_hooks import FiniteLoss, FitClock, SeedEachStep, StopAtBatch
from timevis.utils.formatting import format_count
from timevis.utils.interrupts import StopRequest


@dataclass(frozen=True)
class Devices:
    """The devices of a run.

    Attributes
    ----------
    on_gpu : bool
    precision : str
        As `pytorch_lightning.Trainer` takes it; not ``auto``.
    processes : int
        One for each device.
    """

    on_gpu: bool
    precision: str
    processes: int

    @classmethod
    def from_options(cls, options: TrainerOptions) -> Devices:
        """Find the devices for the section `trainer`, and replace ``auto``.

        Raises
        ------
        ConfigError
            A GPU is requested but there is none, or `trainer.devices` is neither a number nor a list of GPUs.
        """
        has_gpu = torch.cuda.is_available()
        if options.accelerator in ("gpu", "cuda") and not has_gpu:
            message = Text("{trainer} requests a GPU, but this machine has no CUDA GPU", trainer=Setting("trainer"))
            raise ConfigError(message, Text("use trainer=default or trainer=cpu"), "trainer.accelerator")
        on_gpu = has_gpu and options.accelerator != "cpu"
        precision = str(options.precision)
        if precision == "auto":
            precision = "bf16-mixed" if on_gpu and torch.cuda.is_bf16_supported() else "32-true"
        return cls(on_gpu, precision, _process_count(options, on_gpu))

    @property
    def accelerator(self) -> str:
        """As `pytorch_lightning.Trainer` takes it."""
        return "cuda" if self.on_gpu else "cpu"

    def __str__(self) -> str:
        processes = f", {self.processes} processes" if self.processes > 1 else ""
        if self.on_gpu:
            return f"{torch.cuda.get_device_name()} ({self.precision}{processes})"
        return f"the CPU ({format_count(torch.get_num_threads(), 'thread')}{processes})"


def _process_count(options: TrainerOptions, on_gpu: bool) -> int:
    devices, setting = options.devices, Setting("trainer.devices", options.devices)
    if devices in ("auto", -1, "-1"):
        return max(1, torch.cuda.device_count()) if options.accelerator != "cpu" else 1
    if isinstance(devices, int) and devices > 0:
        return devices
    if isinstance(devices, list | tuple):
        if not on_gpu:
            message = Text("{devices} lists GPUs, but the run is on the CPU", devices=setting)
            raise ConfigError(message, Text("give a number"), setting.key)
        return len(devices)
    message = Text("{devices} is not a number of devices", devices=setting)
    raise ConfigError(message, Text("give 1, 2, ... or auto"), setting.key)


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
        message = Text("the section trainer is refused by Lightning: {reason}", reason=str(error).splitlines()[0])
        raise ConfigError(message, field="trainer") from error
