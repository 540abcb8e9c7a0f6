"""The fit of a run: from where it stands to its best weights."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytorch_lightning as pl
import torch

from timevis.data.datamodule import WindowDataModule
from timevis.errors import RunFolderError
from timevis.models.forecaster import Forecaster
from timevis.runs.folder import RunFolder
from timevis.training.callbacks.checkpoints import BestCheckpoint
from timevis.training.callbacks.step_hooks import FitClock

log = logging.getLogger(__name__)

FINISHED, BEST, LAST = "fit.json", "best.ckpt", "last.ckpt"


def resume_step(folder: RunFolder) -> int | None:
    """Optimizer steps that last.ckpt holds, None without one."""
    return _count(folder.checkpoints / LAST, "global_step")


def epochs_done(folder: RunFolder) -> int:
    """Epochs that last.ckpt holds, 0 without one."""
    return _count(folder.checkpoints / LAST, "epoch") or 0


def epochs_of_best(folder: RunFolder) -> int:
    """Epochs behind the weights that a fit ended with, at least 1."""
    path = _best(folder)
    within = path.name == BEST  # written before its epoch counts as completed
    return max(1, (_count(path, "epoch") or 0) + within)


def _count(path: Path, name: str) -> int | None:
    if not path.is_file():
        return None
    return int(torch.load(path, map_location="cpu", weights_only=True, mmap=True)[name])


def _best(folder: RunFolder) -> Path:
    """The checkpoint of the best weights, of the last ones where none were chosen."""
    best = folder.checkpoints / BEST
    return best if best.is_file() else folder.checkpoints / LAST


def forget_end(folder: RunFolder) -> None:
    """Forget that the fit had ended, so that a run interrupted while it trains on goes on training."""
    (folder.checkpoints / FINISHED).unlink(missing_ok=True)


def fit(
    trainer: pl.Trainer, forecaster: Forecaster, datamodule: WindowDataModule, folder: RunFolder, clock: FitClock
) -> None:
    """Fit, from last.ckpt if there is one, and load the best weights.

    Parameters
    ----------
    trainer : Trainer
    forecaster : Forecaster
        Prepared; holds the best weights afterwards.
    datamodule : WindowDataModule
    folder : RunFolder
    clock : FitClock
        One of the trainer's callbacks.

    Raises
    ------
    RunFolderError
        The fit has left no checkpoint.
    """
    finished, last = folder.checkpoints / FINISHED, folder.checkpoints / LAST
    if finished.is_file() and last.is_file():
        clock.load_state_dict(json.loads(finished.read_text()))
        checkpoint = torch.load(last, map_location="cpu", weights_only=True)
        trainer.fit_loop.load_state_dict(checkpoint["loops"]["fit_loop"])  # steps and epochs, for the logs to come
        log.info("the fit had ended at step %d: going on behind it", checkpoint["global_step"])
    else:
        if last.is_file():
            log.info("going on at step %s", resume_step(folder))
        trainer.fit(forecaster, datamodule=datamodule, ckpt_path=last if last.is_file() else None, weights_only=True)
        folder.write_json(f"checkpoints/{FINISHED}", clock.state_dict())
    _load_best(trainer, forecaster, folder)


def _load_best(trainer: pl.Trainer, forecaster: Forecaster, folder: RunFolder) -> None:
    path = _best(folder)
    if not path.is_file():
        if trainer.global_step == 0:
            raise RunFolderError("the fit ended before its first step", "raise trainer.max_time, or set it to null")
        raise RunFolderError("the fit has left no checkpoint", "keep callbacks.best_checkpoint or last_checkpoint")
    if path.name == LAST:
        kept = any(isinstance(callback, BestCheckpoint) for callback in trainer.checkpoint_callbacks)
        reason = "the fit ended before its first validation" if kept else "there is no callbacks.best_checkpoint"
        log.warning("%s: going on with the last weights", reason)
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    log.info("%s weights: epoch %d, step %d", path.stem, checkpoint["epoch"], checkpoint["global_step"])
    forecaster.load_state_dict(checkpoint["state_dict"])
