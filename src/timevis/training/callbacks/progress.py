"""Progress of a fit: a line on the terminal, and status.json."""

from __future__ import annotations

import logging
import math
from typing import Any

import pytorch_lightning as pl
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from timevis.runs.status import Status

log = logging.getLogger(__name__)

LOG_INTERVAL_SECONDS = 30.0
SPEED_WINDOW_SECONDS = 600.0
"""Time over which the speed is averaged; a batch of a large backbone may take a minute."""


class ProgressLine(pl.Callback):
    """A progress line for the fit, and a second one for each validation within it.

    Parameters
    ----------
    console : Console, optional
        None takes the terminal.
    log_interval : float, optional
        Seconds between two log lines if there is no terminal; None takes `LOG_INTERVAL_SECONDS`.
    """

    def __init__(self, console: Console | None = None, log_interval: float | None = None) -> None:
        self.console = console or Console()
        self.log_interval = LOG_INTERVAL_SECONDS if log_interval is None else log_interval
        self._bar: Progress | None = None
        self._fit_task: TaskID | None = None
        self._evaluation_task: TaskID | None = None
        self._logged_at = 0.0

    def _start(self, name: str, total: float, completed: int = 0) -> TaskID:
        if self._bar is None:
            self._bar = Progress(
                TextColumn("{task.description:<10}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
                console=self.console,
                disable=not self.console.is_terminal,
                speed_estimate_period=SPEED_WINDOW_SECONDS,
            )
            self._bar.start()
            self._logged_at = self.console.get_time()
        known_total = total if total not in (float("inf"), -1) else None
        return self._bar.add_task(name, total=known_total, completed=completed, note="")

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._fit_task = self._evaluation_task = None

    def _count_evaluation_batch(self) -> None:
        if self._bar is not None and self._evaluation_task is not None:
            self._bar.advance(self._evaluation_task)
            self._log_progress(self._bar, self._evaluation_task)

    def _log_progress(self, bar: Progress, task_id: TaskID) -> None:
        """Log a line if there is no terminal and the last line is `log_interval` seconds old."""
        if self.console.is_terminal or self.console.get_time() < self._logged_at + self.log_interval:
            return
        self._logged_at = self.console.get_time()
        task = bar.tasks[bar.task_ids.index(task_id)]
        total = f" of {task.total:.0f}" if task.total is not None else ""
        left = f", about {task.time_remaining:.0f} s left" if task.time_remaining is not None else ""
        log.info("%s: batch %.0f%s%s", task.description, task.completed, total, left)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._fit_task = self._start("fit", trainer.estimated_stepping_batches, trainer.global_step)

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any, **kwargs: Any) -> None:
        if self._bar is not None and self._fit_task is not None:
            metrics = {name: trainer.progress_bar_metrics.get(name) for name in ("train/loss", "tuning/relative_wql")}
            note = "  ".join(f"{name} {float(value):.4g}" for name, value in metrics.items() if value is not None)
            self._bar.update(self._fit_task, completed=trainer.global_step, note=note)
            self._log_progress(self._bar, self._fit_task)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._stop()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._evaluation_task = self._start("validation", sum(trainer.num_val_batches))

    def on_validation_batch_end(self, *args: Any, **kwargs: Any) -> None:
        self._count_evaluation_batch()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._fit_task is None:
            self._stop()
        elif self._bar is not None and self._evaluation_task is not None:
            self._bar.remove_task(self._evaluation_task)
            self._evaluation_task = None

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._evaluation_task = self._start("test", sum(trainer.num_test_batches))

    def on_test_batch_end(self, *args: Any, **kwargs: Any) -> None:
        self._count_evaluation_batch()

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._stop()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._stop()


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
