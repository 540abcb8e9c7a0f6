"""Callbacks that act at each batch: set the random seed, check the loss, stop the run, and measure time."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from timevis.data.datamodule import WindowLoader
from timevis.training.callbacks.checkpoints import LastCheckpoint, require_finite
from timevis.utils.interrupts import StopRequest


class SeedEachStep(pl.Callback):
    """Seeds each training step by (seed, step, rank), so that a resumed run draws the same random numbers."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        key = [self.seed, trainer.fit_loop.total_batch_idx, trainer.global_rank]
        seed = int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> 1)
        # torch.manual_seed would store each call for CUDA devices that are not initialized
        torch.default_generator.manual_seed(seed)
        if pl_module.device.type == "cuda":
            torch.cuda.manual_seed(seed)


class FiniteLoss(pl.Callback):
    """Ends a run that has diverged.

    The loss is checked at each step on the CPU, and at every 20th step on a GPU, where reading it waits for the GPU.
    """

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if pl_module.device.type == "cpu" or trainer.global_step % 20 == 0:
            require_finite(outputs["loss"], trainer.global_step)


class StopAtBatch(pl.Callback):
    """Raises `Cancelled` at the end of the batch in which a stop was requested; in training it saves first."""

    def __init__(self, stop: StopRequest) -> None:
        self.stop = stop

    def _is_stop_requested(self, trainer: pl.Trainer) -> bool:
        """Whether any process has received a signal."""
        is_requested = self.stop.signal is not None
        if trainer.world_size > 1:
            is_requested = trainer.strategy.reduce_boolean_decision(is_requested, all=False)
        if is_requested and self.stop.signal is None:
            self.stop.signal = signal.SIGTERM
        return is_requested

    def _stop_evaluation(self, trainer: pl.Trainer, loader: Any, batch_idx: int) -> None:
        # a collective call in a batch that only some ranks have would never return
        on_every_rank = not isinstance(loader, WindowLoader) or batch_idx < loader.batches_on_every_rank
        if on_every_rank and self._is_stop_requested(trainer):
            self.stop.raise_if_requested()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if batch_idx + 1 == trainer.num_training_batches or not self._is_stop_requested(trainer):
            return  # a run cannot be resumed at the last batch of an epoch, see LastCheckpoint
        for callback in trainer.checkpoint_callbacks:
            if isinstance(callback, LastCheckpoint):
                callback.save_step(trainer)
        self.stop.raise_if_requested()

    def on_validation_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._stop_evaluation(trainer, trainer.val_dataloaders, batch_idx)

    def on_test_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._stop_evaluation(trainer, trainer.test_dataloaders, batch_idx)


class FitClock(pl.Callback):
    """Measures the wall time of fitting, with and without gradients, including the time before a resume."""

    def __init__(self) -> None:
        self._before = 0.0
        self._start: float | None = None

    @property
    def seconds(self) -> float:
        return self._before + (time.monotonic() - self._start if self._start is not None else 0.0)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure the time of a block."""
        self._start = time.monotonic()
        try:
            yield
        finally:
            self._before, self._start = self.seconds, None

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._start = time.monotonic()

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._before, self._start = self.seconds, None

    def state_dict(self) -> dict[str, float]:
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        self._before = state_dict["seconds"]
