"""Fit the model of a run: start or resume at the last checkpoint, and load the best weights at the end."""

from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from timevis.data.datamodule import WindowDataModule
from timevis.errors import RunFolderError
from timevis.messages import Setting, Text
from timevis.models.forecaster import Forecaster
from timevis.runs.folder import BEST_CHECKPOINT, FIT_FINISHED, LAST_CHECKPOINT, RunFolder
from timevis.training.callbacks.checkpoints import BestCheckpoint
from timevis.training.callbacks.step_hooks import FitClock
from timevis.utils.files import damaged_file_error

log = logging.getLogger(__name__)


def checkpoint_step(folder: RunFolder) -> int | None:
    """Optimizer steps completed in the last checkpoint; None without one."""
    return _counter(folder.checkpoints / LAST_CHECKPOINT, "global_step")


def completed_epochs(folder: RunFolder) -> int:
    """Epochs completed in the last checkpoint; 0 without one."""
    return _counter(folder.checkpoints / LAST_CHECKPOINT, "epoch") or 0


def epochs_of_best_weights(folder: RunFolder) -> int:
    """Epochs that led to the weights of the fitted model; at least 1."""
    path = _best_checkpoint(folder)
    epoch_is_uncounted = path.name == BEST_CHECKPOINT  # it is written before Lightning counts the epoch as completed
    return max(1, (_counter(path, "epoch") or 0) + epoch_is_uncounted)


def _counter(path: Path, name: str) -> int | None:
    if not path.is_file():
        return None
    return int(load_checkpoint(path, mmap=True)[name])


def load_checkpoint(path: Path, mmap: bool = False) -> dict[str, Any]:
    """A checkpoint without pickled objects, on the CPU.

    Raises
    ------
    RunFolderError
        The file is damaged.
    UnpicklingError
        The file contains an object, which was not loaded; `timevis.utils.explain` says so.
    """
    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True, mmap=mmap))
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
        if "Unsupported global" in str(error):  # a class or function that is not part of a state
            raise
        reason = (str(error) or type(error).__name__).splitlines()[0][:100]
        advice = Text("delete it to start from the beginning, or restore it from a backup")
        raise RunFolderError(damaged_file_error(path, reason).message, advice) from error


def _best_checkpoint(folder: RunFolder) -> Path:
    """The checkpoint with the lowest validation error, or the last one where none was selected."""
    best = folder.checkpoints / BEST_CHECKPOINT
    return best if best.is_file() else folder.checkpoints / LAST_CHECKPOINT


def mark_unfinished(folder: RunFolder) -> None:
    """Remove the file that marks a finished fit, so that the run can be trained further."""
    (folder.checkpoints / FIT_FINISHED).unlink(missing_ok=True)


def fit_in_steps(
    trainer: pl.Trainer,
    forecaster: Forecaster,
    datamodule: WindowDataModule,
    folder: RunFolder,
    clock: FitClock,
    resumed_step: int | None = None,
) -> None:
    """Fit a forecaster, or go on at the last checkpoint, and load the best weights.

    Parameters
    ----------
    trainer : Trainer
    forecaster : Forecaster
        Prepared; has the best weights afterwards.
    datamodule : WindowDataModule
    folder : RunFolder
    clock : FitClock
        One of the callbacks of the trainer.
    resumed_step : int, optional
        Optimizer steps of the last checkpoint, with which a resumed run goes on; None fits from the start.

    Raises
    ------
    RunFolderError
        The fit has written no checkpoint.
    """
    finished, last = folder.checkpoints / FIT_FINISHED, folder.checkpoints / LAST_CHECKPOINT
    if resumed_step is not None and finished.is_file():
        clock.load_state_dict(json.loads(finished.read_text()))
        checkpoint = load_checkpoint(last)
        trainer.fit_loop.load_state_dict(checkpoint["loops"]["fit_loop"])  # steps and epochs, for later log lines
        log.info("training already finished at step %d; skipping the fit", checkpoint["global_step"])
    else:
        if resumed_step is not None:
            log.info("resuming at step %d", resumed_step)
        checkpoint_path = None if resumed_step is None else last
        trainer.fit(forecaster, datamodule=datamodule, ckpt_path=checkpoint_path, weights_only=True)
        folder.write_json(f"checkpoints/{FIT_FINISHED}", clock.state_dict())
    _load_best_weights(trainer, forecaster, folder)


def _load_best_weights(trainer: pl.Trainer, forecaster: Forecaster, folder: RunFolder) -> None:
    path = _best_checkpoint(folder)
    if not path.is_file():
        if trainer.global_step == 0:
            advice = Text("increase {max_time}, or set it to null", max_time=Setting("trainer.max_time"))
            raise RunFolderError(Text("the fit ended before its first step"), advice)
        advice = Text("keep callbacks.best_checkpoint or callbacks.last_checkpoint")
        raise RunFolderError(Text("the fit has written no checkpoint"), advice)
    if path.name == LAST_CHECKPOINT:
        has_callback = any(isinstance(callback, BestCheckpoint) for callback in trainer.checkpoint_callbacks)
        reason = "the fit ended before its first validation" if has_callback else "callbacks.best_checkpoint is off"
        log.warning("%s: using the last weights", reason)
    checkpoint = load_checkpoint(path)
    log.info("%s weights: epoch %d, step %d", path.stem, checkpoint["epoch"], checkpoint["global_step"])
    forecaster.load_state_dict(checkpoint["state_dict"])
