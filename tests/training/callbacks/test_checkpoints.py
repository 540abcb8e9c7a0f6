"""The last checkpoint within an epoch, and what is logged when it is written."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader
from trainers import quiet_trainer

from timevis.training.callbacks.checkpoints import LastCheckpoint
from timevis.training.loggers.open_loggers import MetricsCsv


class SmallModel(pl.LightningModule):
    """Copies the folder of the trainer right after the checkpoint of a step, as a killed process would leave it."""

    def __init__(self, copy_at_step: int | None = None, target: Path | None = None) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.copy_at_step, self.target = copy_at_step, target

    def training_step(self, batch: torch.Tensor) -> torch.Tensor:
        loss = self.layer(batch).mean()
        self.log("train/loss", loss, on_step=True, on_epoch=False)
        return loss

    def on_train_batch_end(self, *args: object) -> None:
        if self.target is not None and self.trainer.global_step == self.copy_at_step:
            shutil.copytree(self.trainer.default_root_dir, self.target)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


def fit(model: SmallModel, folder: Path, logger: MetricsCsv, checkpoint: Path | None = None) -> None:
    (folder / "checkpoints").mkdir(exist_ok=True, parents=True)
    trainer = quiet_trainer(
        has_scores=False,
        callbacks=[LastCheckpoint(every_seconds=0)],
        enable_checkpointing=True,
        default_root_dir=folder,
        logger=logger,
        log_every_n_steps=1,
        max_epochs=1,
    )
    trainer.fit(model, DataLoader(torch.ones(6, 1), batch_size=1), ckpt_path=checkpoint, weights_only=True)


def logged_steps(folder: Path) -> list[int]:
    with (folder / "metrics.csv").open(newline="") as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


def test_a_resumed_run_logs_the_same_steps_as_an_uninterrupted_one(tmp_path: Path) -> None:
    """Fails if Lightning changes `update_train_step_metrics`, which logs a step before its checkpoint is written."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    fit(SmallModel(3, killed), whole, MetricsCsv(whole))
    checkpoint = killed / "checkpoints" / "last.ckpt"
    step = torch.load(checkpoint, weights_only=True)["global_step"]
    assert step == 3
    fit(SmallModel(), killed, MetricsCsv(killed, last_step=step - 1), checkpoint)
    assert logged_steps(killed) == logged_steps(whole) == [0, 1, 2, 3, 4, 5]
