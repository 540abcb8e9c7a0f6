"""Write two checkpoints: the best one by validation error, and the last one, at which a run is resumed."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint, EarlyStopping, ModelCheckpoint

from timevis.data.datamodule import WindowLoader
from timevis.messages import Text
from timevis.runs.folder import BEST_CHECKPOINT, CHECKPOINTS, LAST_CHECKPOINT

COLLECTIVE_CHECK_STEPS = 20
"""Several processes decide together, at every 20th step only, because the decision takes longer than a step."""


def require_finite(loss: torch.Tensor, step: int) -> None:
    """Raise a FloatingPointError if training has diverged."""
    if not math.isfinite(loss):
        raise FloatingPointError(Text("the training loss is {loss} at step {step}", loss=str(float(loss)), step=step))


class BestCheckpoint(ModelCheckpoint):
    """Writes checkpoints/best.ckpt, the weights with the lowest ``tuning/relative_wql``."""

    def __init__(self) -> None:
        super().__init__(
            filename=Path(BEST_CHECKPOINT).stem,
            monitor="tuning/relative_wql",
            mode="min",
            save_top_k=1,
            auto_insert_metric_name=False,
            enable_version_counter=False,
            save_on_train_epoch_end=False,
        )

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self.dirpath = str(Path(trainer.default_root_dir) / CHECKPOINTS)
        super().setup(trainer, pl_module, stage)


class LastCheckpoint(Checkpoint):
    """Writes checkpoints/last.ckpt, within epochs, after each epoch and at the end of the fit.

    Parameters
    ----------
    every_seconds : float
        Minimum time between two checkpoints within an epoch.
    """

    def __init__(self, every_seconds: float = 30.0) -> None:
        self.every_seconds = every_seconds
        self._saved_at = 0.0
        self._loss: torch.Tensor | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._saved_at = time.monotonic()
        loader, progress = trainer.train_dataloader, trainer.fit_loop.epoch_loop.batch_progress.current
        if isinstance(loader, WindowLoader):
            # an epoch may have fewer batches than the loader, so the position is taken from the trainer
            completed: int = progress.processed  # type: ignore[attr-defined]  # Lightning's type is the base class
            position = completed if completed < trainer.num_training_batches else 0
            loader.load_state_dict({"next": position, "epoch": trainer.current_epoch})
        for callback in trainer.early_stopping_callbacks:
            # Lightning restores the count of validations without improvement, but not the decision to stop
            if isinstance(callback, EarlyStopping) and callback.wait_count >= callback.patience:
                trainer.should_stop = True

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._loss = outputs["loss"]
        remaining = trainer.num_training_batches - batch_idx - 1
        if remaining == 0:
            return  # Lightning cannot resume between the last batch and validation; the end of the epoch saves
        step, age = trainer.fit_loop.total_batch_idx + 1, time.monotonic() - self._saved_at
        is_due = age >= self.every_seconds or (remaining == 1 and age >= self.every_seconds / 10)
        if trainer.world_size > 1:
            decides = remaining == 1 or step % COLLECTIVE_CHECK_STEPS == 0
            is_due = decides and trainer.strategy.reduce_boolean_decision(is_due, all=False)
        if is_due:
            self.save_step(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.save(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.save(trainer)  # again, because Lightning counts the last epoch as completed only now

    def save_step(self, trainer: pl.Trainer) -> None:
        """`save` at the end of a training batch."""
        # Lightning logs a step after the callbacks; without this a resumed run would not log the step at all
        trainer._logger_connector.update_train_step_metrics()
        self.save(trainer)

    def save(self, trainer: pl.Trainer) -> None:
        """Write last.ckpt now.

        Raises
        ------
        FloatingPointError
            Training has diverged; the earlier checkpoint stays.
        """
        if self._loss is not None:
            require_finite(self._loss, trainer.global_step)
        for logger in trainer.loggers:
            logger.save()
        path = Path(trainer.default_root_dir) / CHECKPOINTS / LAST_CHECKPOINT
        part = path.with_name(f".{LAST_CHECKPOINT}.part")
        trainer.save_checkpoint(part)
        if trainer.is_global_zero:
            part.replace(path)
        self._saved_at = time.monotonic()
