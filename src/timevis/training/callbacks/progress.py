"""Show the progress of training, validation and test: a bar in a terminal, otherwise a log line every 30 s."""

from __future__ import annotations

import logging
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
