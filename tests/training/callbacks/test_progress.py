"""Progress is logged in lines where there is no terminal for a progress bar."""

from __future__ import annotations

import io
import logging

import pytest
import pytorch_lightning as pl
import torch
from rich.console import Console
from torch import nn
from torch.utils.data import DataLoader
from trainers import quiet_trainer

from timevis.training.callbacks import progress
from timevis.training.callbacks.progress import ProgressLine
from timevis.training.run import run


class Small(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def training_step(self, batch: torch.Tensor) -> torch.Tensor:
        return self.layer(batch).mean()

    def test_step(self, batch: torch.Tensor) -> None:
        pass

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.mark.parametrize(("terminal", "every"), [(False, 0.0), (False, 30.0), (True, 0.0)])
def test_progress_lines_are_logged_at_intervals_where_there_is_no_terminal(
    terminal: bool, every: float, caplog: pytest.LogCaptureFixture
) -> None:
    line = ProgressLine(Console(file=io.StringIO(), force_terminal=terminal), every)
    trainer = quiet_trainer(has_scores=False, max_epochs=1, callbacks=[line])
    batches = DataLoader(torch.ones(5, 1), batch_size=1)
    module = Small()
    with caplog.at_level(logging.INFO, "timevis.training.callbacks.progress"):
        trainer.fit(module, batches)
        trainer.test(module, batches, verbose=False)
    messages = [
        r.getMessage().split(",")[0] for r in caplog.records if r.name == "timevis.training.callbacks.progress"
    ]
    expected = [f"{stage}: batch {i} of 5" for stage in ("fit", "test") for i in range(1, 6)]
    assert messages == ([] if terminal or every else expected)


def test_the_time_left_is_logged_when_a_batch_takes_minutes(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]

    class Slow(Small):
        def test_step(self, batch: torch.Tensor) -> None:
            now[0] += 100

    line = ProgressLine(Console(file=io.StringIO(), force_terminal=False, get_time=lambda: now[0]))
    trainer = quiet_trainer(has_scores=False, callbacks=[line])
    with caplog.at_level(logging.INFO, "timevis.training.callbacks.progress"):
        trainer.test(Slow(), DataLoader(torch.ones(4, 1), batch_size=1), verbose=False)
    messages = [r.getMessage() for r in caplog.records if r.name == "timevis.training.callbacks.progress"]
    assert messages[1:] == [f"test: batch {i} of 4, about {400 - 100 * i} s left" for i in (2, 3, 4)]


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_log_of_a_run_has_progress_lines_if_the_progress_bar_is_enabled(
    tmp_path, lstm_config, monkeypatch: pytest.MonkeyPatch, is_enabled: bool
) -> None:
    monkeypatch.setattr(progress, "LOG_INTERVAL_SECONDS", 0.0)
    run(lstm_config(f"trainer.enable_progress_bar={str(is_enabled).lower()}"), tmp_path / "run")
    log = (tmp_path / "run/train.log").read_text()
    assert all((f"{stage}: batch" in log) is is_enabled for stage in ("fit", "validation", "test"))
