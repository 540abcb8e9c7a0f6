"""Two checkpoints: the best one by validation, and the last one, from which a run goes on."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint, EarlyStopping, ModelCheckpoint

from timevis.data.loader import WindowLoader
from timevis.runs.folder import BEST_CHECKPOINT, CHECKPOINTS, LAST_CHECKPOINT


def require_finite(loss: torch.Tensor, step: int) -> None:
    """End a run that has diverged, in a FloatingPointError."""
    if not math.isfinite(loss):
        raise FloatingPointError(f"the training loss is {float(loss)} at step {step}")


class BestCheckpoint(ModelCheckpoint):
    """Keeps checkpoints/best.ckpt, the weights with the lowest `val/wql`."""

    def __init__(self) -> None:
        super().__init__(
            filename=Path(BEST_CHECKPOINT).stem,
            monitor="val/wql",
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
    """Keeps checkpoints/last.ckpt, written within epochs too and when the fit ends.

    Parameters
    ----------
    every_seconds : float
        Least time between two checkpoints within an epoch.
    """

    def __init__(self, every_seconds: float = 30.0) -> None:
        self.every_seconds = every_seconds
        self._saved_at = 0.0
        self._loss: torch.Tensor | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._saved_at = time.monotonic()
        loader, progress = trainer.train_dataloader, trainer.fit_loop.epoch_loop.batch_progress.current
        if isinstance(loader, WindowLoader):
            # an epoch may end before the loader does, so only the trainer knows whether it goes on within one
            done = vars(progress)["processed"]
            position = done if done < trainer.num_training_batches else 0
            loader.load_state_dict({"next": position, "epoch": trainer.current_epoch})
        for callback in trainer.early_stopping_callbacks:
            # Lightning keeps the count of a run that was about to stop, but not that it was
            if isinstance(callback, EarlyStopping) and callback.wait_count >= callback.patience:
                trainer.should_stop = True

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._loss = outputs["loss"]
        left = trainer.num_training_batches - batch_idx - 1
        if left == 0:
            return  # validation comes next: Lightning cannot go on between the two, and the epoch's end saves anyway
        step, age = trainer.fit_loop.total_batch_idx + 1, time.monotonic() - self._saved_at
        due = age >= self.every_seconds or (left == 1 and age >= self.every_seconds / 10)
        if trainer.world_size > 1:
            # every rank must decide alike, and asking at each step would cost more than the step
            due = (left == 1 or step % 20 == 0) and trainer.strategy.reduce_boolean_decision(due, all=False)
        if due:
            self.save_step(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.save(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.save(trainer)  # once more, since only now the last epoch counts as completed

    def save_step(self, trainer: pl.Trainer) -> None:
        """`save` at the end of a training batch."""
        # Lightning logs a step only after its callbacks, and a resumed run does not repeat the step
        trainer._logger_connector.update_train_step_metrics()
        self.save(trainer)

    def save(self, trainer: pl.Trainer) -> None:
        """Write last.ckpt now, unless the loss is no number any more.

        Raises
        ------
        FloatingPointError
            The weights would be of no use.
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
