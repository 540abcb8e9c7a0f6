"""SIGTERM and Ctrl-C cancel a run within a batch and leave a checkpoint to resume from."""

import os
import signal
import time
from types import SimpleNamespace

import pytest
import pytorch_lightning as pl
from trainers import leave_out_reports, watch_runs

from timevis.data.datamodule import WindowLoader
from timevis.errors import Cancelled
from timevis.models.lstm import LSTM
from timevis.runs.folder import RunFolder
from timevis.training.callbacks.step_hooks import StopAtBatch
from timevis.training.run import run
from timevis.utils.interrupts import StopRequest, handle_signals


class SendSignalAtBatch(pl.Callback):
    """Sends this process a signal at the n-th batch of a stage, and counts the batches after it."""

    def __init__(self, number: int, stage: str, n: int) -> None:
        self.number, self.stage, self.n, self.batches_after = number, stage, n, 0

    def _count(self, stage: str) -> None:
        if self.n < 0:
            self.batches_after += 1
        if stage == self.stage:
            self.n -= 1
            if self.n == 0:
                self.n = -1
                os.kill(os.getpid(), self.number)

    def on_train_batch_start(self, *args) -> None:
        self._count("train")

    def on_validation_batch_start(self, *args) -> None:
        self._count("val")

    def on_test_batch_start(self, *args) -> None:
        self._count("test")


@pytest.fixture
def signal_at(monkeypatch):
    def install(number, stage, n):
        sender = SendSignalAtBatch(number, stage, n)
        watch_runs(monkeypatch, sender)
        return sender

    return install


@pytest.mark.parametrize(
    ("number", "stage", "n"),
    [
        (signal.SIGTERM, "train", 2),
        (signal.SIGINT, "train", 6),
        (signal.SIGTERM, "train", 4),  # the last batch of an epoch
        (signal.SIGTERM, "val", 1),
        (signal.SIGINT, "test", 1),
    ],
)
@pytest.mark.usefixtures("no_report")
def test_a_signal_cancels_the_run_which_can_be_resumed(
    signal_at, lstm_config, tmp_path, monkeypatch, number, stage, n
):
    sender = signal_at(number, stage, n)
    cfg = lstm_config("model.fit.eval_batch_size=4")
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with pytest.raises(Cancelled) as caught:
        run(cfg, tmp_path / "run")
    assert caught.value.exit_code == 128 + number
    assert sender.batches_after <= 1
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    folder = RunFolder(tmp_path / "run")
    assert folder.status.state == "cancelled"
    if stage == "train" and n != 4:
        assert (folder.checkpoints / "last.ckpt").is_file()
    monkeypatch.undo()
    leave_out_reports(monkeypatch)
    cfg.resume = str(tmp_path / "run")
    run(cfg, tmp_path / "run", [f"resume={tmp_path / 'run'}"])
    assert folder.status.state == "completed"


@pytest.mark.parametrize("stage", ["prepare", "calibrate"])
@pytest.mark.usefixtures("no_report")
def test_a_signal_cancels_work_without_batches_immediately(lstm_config, tmp_path, monkeypatch, stage):
    def long_work(self, datamodule):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(300):
            time.sleep(0.1)
        raise AssertionError("the work was not interrupted")

    monkeypatch.setattr(LSTM, stage, long_work)
    cfg = lstm_config()
    with pytest.raises(Cancelled):
        run(cfg, tmp_path / "run")
    assert RunFolder(tmp_path / "run").status.state == "cancelled"
    monkeypatch.undo()
    leave_out_reports(monkeypatch)
    cfg.resume = str(tmp_path / "run")
    run(cfg, tmp_path / "run", [f"resume={tmp_path / 'run'}"])
    assert RunFolder(tmp_path / "run").status.state == "completed"


@pytest.mark.parametrize("raised", [Cancelled, RuntimeError])
@pytest.mark.usefixtures("no_report")
def test_a_signal_cancels_the_reading_of_data_immediately(compose_config, tmp_path, monkeypatch, raised):
    def long_work(options):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(30)
        except Cancelled as error:
            if raised is Cancelled:
                raise
            raise RuntimeError("Operation cancelled") from error  # as Arrow does
        raise AssertionError("the work was not interrupted")

    monkeypatch.setattr("timevis.training.stages.load_panel", long_work)
    with pytest.raises(Cancelled) as caught:
        run(compose_config("model=linear"), tmp_path / "run")
    assert caught.value.exit_code == 143
    assert RunFolder(tmp_path / "run").status.state == "cancelled"


def test_processes_agree_on_a_stop_only_in_batches_that_every_process_has():
    def number_of_decisions(rank):
        loader, calls = WindowLoader(40, 8, rank=rank, world_size=2), []
        strategy = SimpleNamespace(reduce_boolean_decision=lambda decision, all: calls.append(decision))
        trainer = SimpleNamespace(world_size=2, strategy=strategy, val_dataloaders=loader, test_dataloaders=loader)
        callback = StopAtBatch(StopRequest())
        for number in range(len(loader)):
            callback.on_validation_batch_end(trainer, None, None, None, number)
            callback.on_test_batch_end(trainer, None, None, None, number)
        return len(calls)

    assert number_of_decisions(0) == number_of_decisions(1) == 4


def test_a_second_signal_ends_the_process():
    pid = os.fork()
    if pid == 0:
        with handle_signals():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGINT


def test_without_a_signal_no_error_is_raised():
    with handle_signals() as stop:
        stop.raise_if_requested()
