"""Trainers for tests, and changes to what real runs do."""

from __future__ import annotations

from typing import Any

import pytest
import pytorch_lightning as pl

from timevis.evaluation.backtest import Scores
from timevis.training import stages


def quiet_trainer(has_scores: bool = True, **options: Any) -> pl.Trainer:
    """A plain Trainer on the CPU that writes and prints nothing; without scores, for any LightningModule."""
    silent = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    callbacks = [*([Scores()] if has_scores else []), *options.pop("callbacks", ())]
    return pl.Trainer(**{"accelerator": "cpu", **dict.fromkeys(silent, False), **options}, callbacks=callbacks)


def watch_runs(patch: pytest.MonkeyPatch, callback: pl.Callback) -> None:
    """Put a callback before all others of the trainers that runs make."""
    make_trainer = stages.make_trainer

    def watched(*args: Any) -> pl.Trainer:
        made = make_trainer(*args)
        made.callbacks.insert(0, callback)
        return made

    patch.setattr(stages, "make_trainer", watched)


def leave_out_reports(patch: pytest.MonkeyPatch) -> None:
    """Let runs, rescored runs and explanations write no report."""
    for module in ("training.stages", "inference.explain", "inference.rescore"):
        patch.setattr(f"timevis.{module}.write_report", lambda folder: None)
