"""From the config to the objects of a run: data module, forecaster, callbacks, loggers, trainer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.loggers import Logger
from pytorch_lightning.strategies import StrategyRegistry

from timevis.config.instantiate import class_of, made
from timevis.config.validate import check_arguments, check_choice
from timevis.data.catalog import check_source
from timevis.data.datamodule import WindowDataModule
from timevis.data.options import DataOptions
from timevis.data.panel import Panel
from timevis.data.split import Split
from timevis.errors import ConfigError
from timevis.models.forecaster import Forecaster
from timevis.runs.folder import RunFolder
from timevis.runs.status import Status
from timevis.training.callbacks.progress import ProgressLine
from timevis.training.callbacks.status import StatusUpdates, ValidationLines
from timevis.training.callbacks.step_hooks import FiniteLoss, FitClock, SeedEachStep, StopAtBatch
from timevis.training.distributed import process_count
from timevis.utils.formatting import format_count
from timevis.utils.interrupts import StopRequest

log = logging.getLogger(__name__)

NOT_HYPERPARAMETERS = ("name", "fit", "_target_")


def datamodule(cfg: DictConfig, panel: Panel, split: Split | None = None) -> WindowDataModule:
    """The windows of a panel as the config asks for them; of another split than its own when one is given."""
    fit, evaluation = cfg.model.fit, cfg.evaluation
    return WindowDataModule(
        panel,
        context_length=cfg.context_length,
        horizon=cfg.horizon,
        split=split or cfg.data.split,
        season=cfg.data.get("season"),
        batch_size=fit.batch_size,
        eval_batch_size=fit.eval_batch_size,
        val_batch_size=fit.get("val_batch_size"),
        stride=evaluation.stride,
        max_windows=evaluation.max_windows,
        val_windows=evaluation.val_windows,
        train_fraction=fit.train_fraction,
        min_batches=fit.min_steps_per_epoch,
        seed=cfg.seed,
    )


def scored_part(cfg: DictConfig) -> str:
    """The part that the config asks to score, ``test`` or ``validation``; configs of before do not say."""
    return cfg.evaluation.get("part", "test")


def scored_windows(cfg: DictConfig, data: WindowDataModule) -> WindowDataModule:
    """A data module whose test part is what the config asks to score: that of `data`, or its validation part."""
    if scored_part(cfg) == "test":
        return data
    split = data.split
    return datamodule(cfg, data.panel, Split(split.train_end, split.train_end, split.val_end))


def check_names(cfg: DictConfig) -> None:
    """Check that data, model and trainer know every option they are given, and that the devices are there."""
    check_source(DataOptions.from_config(cfg.data))
    cls = _class(cfg)
    cls.check_options(hyperparameters(cfg))
    check_arguments("trainer", dict(cfg.trainer), pl.Trainer)
    check_choice(cfg.trainer.strategy, ("auto", *StrategyRegistry.available_strategies()), "trainer.strategy")
    uses_gpu(cfg.trainer)
    process_count(cfg.trainer)


def _class(cfg: DictConfig) -> type[Forecaster]:
    return class_of(cfg.model, Forecaster, "model")


def hyperparameters(cfg: DictConfig) -> dict[str, Any]:
    """The plain arguments of the model's class."""
    values = OmegaConf.to_container(cfg.model, resolve=True)
    assert isinstance(values, dict)
    return {str(k): v for k, v in values.items() if k not in NOT_HYPERPARAMETERS}


def forecaster(cfg: DictConfig, data: WindowDataModule) -> Forecaster:
    """The model of the config, built for the data."""
    return _class(cfg).from_data(data, **hyperparameters(cfg))


def trainer(
    cfg: DictConfig, folder: RunFolder, status: Status, stop: StopRequest, clock: FitClock, loggers: Sequence[Logger]
) -> pl.Trainer:
    """A Trainer whose callbacks write into the run folder."""
    entries = cfg.callbacks.items()
    chosen = [made(entry, pl.Callback, f"callbacks.{name}") for name, entry in entries if entry is not None]
    ours: list[pl.Callback] = [
        SeedEachStep(cfg.seed),
        FiniteLoss(),
        StatusUpdates(status),
        ValidationLines(),
        clock,
        StopAtBatch(stop),
    ]
    return _trainer(cfg.trainer, [*chosen, *ours], logger=list(loggers), default_root_dir=folder.path)


def lone_trainer(options: DictConfig, *callbacks: pl.Callback, **arguments: Any) -> pl.Trainer:
    """A Trainer as `options` ask for, but on one device and without writing anything."""
    alone = {"devices": 1, "num_nodes": 1, "strategy": "auto", "logger": False, "enable_checkpointing": False}
    return _trainer(options, callbacks, **(arguments | alone))


def _trainer(options: DictConfig, callbacks: Sequence[pl.Callback], **arguments: Any) -> pl.Trainer:
    """A Trainer with the options of a config and our progress bar; `arguments` go before options."""
    values = OmegaConf.to_container(options, resolve=True)
    assert isinstance(values, dict)
    chosen: dict[str, Any] = {str(k): v for k, v in values.items() if v is not None}
    chosen |= device_options(options) | arguments
    most, limit = batches_in_all(chosen), chosen.get("limit_train_batches", 1.0)
    if most > 0 and (limit > most if isinstance(limit, int) else limit == 1.0):
        chosen["limit_train_batches"] = most  # an epoch that is cut short would not be validated
    bar = [ProgressLine()] if chosen.pop("enable_progress_bar") else []
    return pl.Trainer(
        **chosen,
        callbacks=[*callbacks, *bar],
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


def batches_in_all(options: Mapping[str, Any] | DictConfig) -> int:
    """Batches after which `trainer.max_steps` ends a fit; below zero where it does not."""
    steps = options.get("max_steps")
    return -1 if steps is None else steps * (options.get("accumulate_grad_batches") or 1)


def uses_gpu(options: DictConfig) -> bool:
    """Whether a run will compute on a CUDA GPU: ``auto`` takes one when there is one.

    Raises
    ------
    ConfigError
        A GPU is asked for, and there is none; or something else than a GPU or the CPU is.
    """
    check_choice(options.accelerator, ("auto", "cpu", "gpu", "cuda"), "trainer.accelerator")
    there = torch.cuda.is_available()
    if options.accelerator in ("gpu", "cuda") and not there:
        raise ConfigError(
            "trainer asks for a GPU, and there is no CUDA GPU here", "use trainer=default or trainer=cpu"
        )
    return there and options.accelerator != "cpu"


def device_options(options: DictConfig) -> dict[str, Any]:
    """`accelerator` and `precision` of a Trainer with these options, ``auto`` decided; raises as `uses_gpu`."""
    on_gpu = uses_gpu(options)
    precision = "bf16-mixed" if on_gpu and torch.cuda.is_bf16_supported() else "32-true"
    return {
        "accelerator": "cuda" if on_gpu else "cpu",
        "precision": precision if options.precision == "auto" else options.precision,
    }


def describe_device(options: DictConfig, processes: int = 1) -> str:
    """Where a run will compute, for people."""
    beside = f", {processes} processes" if processes > 1 else ""
    if uses_gpu(options):
        return f"{torch.cuda.get_device_name()} ({device_options(options)['precision']}{beside})"
    return f"the CPU ({format_count(torch.get_num_threads(), 'thread')}{beside})"
