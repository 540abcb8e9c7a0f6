"""Report the progress of a run in status.json, and with a log line after each validation."""

from __future__ import annotations

import logging
import math
from typing import Any

import pytorch_lightning as pl

from timevis.runs.status import Status

log = logging.getLogger(__name__)


class StatusUpdates(pl.Callback):
    """Writes epoch, step, metrics, and the batch of a validation or test pass into the status of a run."""

    def __init__(self, status: Status) -> None:
        self.status = status
        self._batch = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        total = trainer.estimated_stepping_batches
        self.status.update(steps_total=int(total) if total != float("inf") else None)

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any, **kwargs: Any) -> None:
        self.status.update(epoch=trainer.current_epoch, step=trainer.global_step)
        log_interval: int = trainer.log_every_n_steps  # type: ignore[attr-defined]  # set by Lightning at run time
        if trainer.global_step % log_interval == 0:
            self.status.update(metrics=_finite_metrics(trainer))

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.status.update(metrics=_finite_metrics(trainer), batch=None, batches_total=None)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._start_pass(trainer.num_val_batches)

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._start_pass(trainer.num_test_batches)

    def on_validation_batch_end(self, *args: Any, **kwargs: Any) -> None:
        self._count_batch()

    def on_test_batch_end(self, *args: Any, **kwargs: Any) -> None:
        self._count_batch()

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.status.update(batch=None, batches_total=None)

    def _start_pass(self, batches: list[int | float]) -> None:
        self._batch = 0
        self.status.update(batch=0, batches_total=sum(batches))

    def _count_batch(self) -> None:
        self._batch += 1
        self.status.update(batch=self._batch)


def _finite_metrics(trainer: pl.Trainer) -> dict[str, float]:
    return {name: float(value) for name, value in trainer.callback_metrics.items() if math.isfinite(value)}


class ValidationLines(pl.Callback):
    """Logs epoch, step, training loss and validation error after each validation of a fit."""

    def __init__(self) -> None:
        self.best = float("inf")

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.state.fn != "fit" or trainer.sanity_checking or not trainer.is_global_zero:
            return
        metrics = trainer.callback_metrics
        relative_wql, loss = float(metrics["tuning/relative_wql"]), metrics.get("train/loss")
        is_best = relative_wql < self.best
        self.best = min(self.best, relative_wql)
        log.info(
            "epoch %d, step %d: %stuning/relative_wql %.5f%s",
            trainer.current_epoch,
            trainer.global_step,
            f"train/loss {float(loss):.5f}, " if loss is not None else "",
            relative_wql,
            " (best so far)" if is_best else "",
        )

    def state_dict(self) -> dict[str, float]:
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        self.best = state_dict["best"]
