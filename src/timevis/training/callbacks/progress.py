"""A progress bar in the terminal: the whole fit with its time left, and every pass over validation and test.

Where there is no terminal but a pipe or a file, a line every half minute.
"""

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

EVERY = 30.0
"""Seconds between lines where there is no terminal."""
REMEMBERED = 600.0
"""Seconds of which the time left is told: several batches of a real Qwen, each of which may take a minute."""


class ProgressLine(pl.Callback):
    """One line for the fit, and a passing one for each evaluation within it.

    Parameters
    ----------
    console : Console, optional
        The terminal by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()
        self._bar: Progress | None = None
        self._fit: TaskID | None = None
        self._pass: TaskID | None = None
        self._told = 0.0

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
                speed_estimate_period=REMEMBERED,
            )
            self._bar.start()
            self._told = self.console.get_time()
        known = total if total not in (float("inf"), -1) else None
        return self._bar.add_task(name, total=known, completed=completed, note="")

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._fit = self._pass = None

    def _step(self) -> None:
        if self._bar is not None and self._pass is not None:
            self._bar.advance(self._pass)
            self._tell(self._pass)

    def _tell(self, which: TaskID) -> None:
        if self._bar is None or self.console.is_terminal or self.console.get_time() < self._told + EVERY:
            return
        self._told = self.console.get_time()
        task = self._bar.tasks[self._bar.task_ids.index(which)]
        of = f" of {task.total:.0f}" if task.total is not None else ""
        left = f", about {task.time_remaining:.0f} s left" if task.time_remaining is not None else ""
        log.info("%s: batch %.0f%s%s", task.description, task.completed, of, left)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._fit = self._start("fit", trainer.estimated_stepping_batches, trainer.global_step)

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any, **kwargs: Any) -> None:
        if self._bar is not None and self._fit is not None:
            shown = {name: trainer.progress_bar_metrics.get(name) for name in ("train/loss", "val/wql")}
            note = "  ".join(f"{name} {float(value):.4g}" for name, value in shown.items() if value is not None)
            self._bar.update(self._fit, completed=trainer.global_step, note=note)
            self._tell(self._fit)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._stop()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._pass = self._start("validation", sum(trainer.num_val_batches))

    def on_validation_batch_end(self, *args: Any, **kwargs: Any) -> None:
        self._step()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._fit is None:
            self._stop()
        elif self._bar is not None and self._pass is not None:
            self._bar.remove_task(self._pass)
            self._pass = None

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._pass = self._start("test", sum(trainer.num_test_batches))

    def on_test_batch_end(self, *args: Any, **kwargs: Any) -> None:
        self._step()

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._stop()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._stop()
