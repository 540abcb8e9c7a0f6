"""What a run needs at every batch: its random numbers, a finite loss, and an ear for a stop request."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from timevis.data.loader import WindowLoader
from timevis.training.callbacks.checkpoints import LastCheckpoint, require_finite
from timevis.utils.interrupts import StopRequest


class SeedEachStep(pl.Callback):
    """Makes the random numbers of a training step a function of (seed, step, rank), so a resumed run repeats them."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        key = [self.seed, trainer.fit_loop.total_batch_idx, trainer.global_rank]
        seed = int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> 1)
        # not torch.manual_seed, which remembers every call for devices that are not there
        torch.default_generator.manual_seed(seed)
        if pl_module.device.type == "cuda":
            torch.cuda.manual_seed(seed)


class FiniteLoss(pl.Callback):
    """Ends a diverged run; looks at every step on the CPU and every 20th elsewhere, where looking means waiting."""

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if pl_module.device.type == "cpu" or trainer.global_step % 20 == 0:
            require_finite(outputs["loss"], trainer.global_step)


class StopAtBatch(pl.Callback):
    """Raises `Cancelled` at the end of the batch in which the run was asked to stop; saves its checkpoint first."""

    def __init__(self, stop: StopRequest) -> None:
        self.stop = stop

    def _asked(self, trainer: pl.Trainer) -> bool:
        asked = self.stop.signal is not None
        if trainer.world_size > 1:
            asked = trainer.strategy.reduce_boolean_decision(asked, all=False)
        if asked and self.stop.signal is None:
            self.stop.signal = signal.SIGTERM
        return asked

    def _end(self, trainer: pl.Trainer, loader: Any, batch_idx: int) -> None:
        # a collective call in a batch that not every rank has would wait for ever
        everyone = not isinstance(loader, WindowLoader) or batch_idx < loader.batches_on_every_rank
        if everyone and self._asked(trainer):
            self.stop.raise_if_requested()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if batch_idx + 1 == trainer.num_training_batches or not self._asked(trainer):
            return  # no checkpoint at the last batch of an epoch, see LastCheckpoint
        for callback in trainer.checkpoint_callbacks:
            if isinstance(callback, LastCheckpoint):
                callback.save_step(trainer)
        self.stop.raise_if_requested()

    def on_validation_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._end(trainer, trainer.val_dataloaders, batch_idx)

    def on_test_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._end(trainer, trainer.test_dataloaders, batch_idx)


class FitClock(pl.Callback):
    """Wall seconds that learning took: with gradients or without, those before a resume included."""

    def __init__(self) -> None:
        self._before = 0.0
        self._start: float | None = None

    @property
    def seconds(self) -> float:
        return self._before + (time.monotonic() - self._start if self._start is not None else 0.0)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the seconds of a block."""
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
