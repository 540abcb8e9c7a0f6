"""A resumed run ends with exactly the weights and metrics of an uninterrupted run."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from plant import plant_rows
from tiny import ROOT, TINY, TINY_LSTM
from trainers import leave_out_reports, watch_runs

from timevis.errors import ConfigError, DataError, RunFolderError, TimeVisError
from timevis.runs.folder import RunFolder
from timevis.training.resume import reopen
from timevis.training.run import run

EVERY_STEP = "callbacks.last_checkpoint.every_seconds=0"
TINY_QWEN = (
    "model=qwen",
    "model.lora.dropout=0.2",
    "model.val_samples=4",
    "model.calibrate_temperature=false",
    "model.fit.batch_size=4",
    "model.fit.max_epochs=2",
    "model.fit.steps_per_epoch=3",
    "evaluation.max_windows=4",
    "evaluation.val_windows=4",
)


class Killed(BaseException):
    """Ends a run as a kill does: no except clause of the run catches it."""


class KillAt(pl.Callback):
    """Ends the run at the n-th training or validation batch, or when its fit ends."""

    def __init__(self, where: str, n: int) -> None:
        self.where, self.n = where, n

    def _count(self) -> None:
        self.n -= 1
        if self.n == 0:
            raise Killed

    def on_train_batch_start(self, *args) -> None:
        if self.where == "train":
            self._count()

    def on_validation_batch_start(self, *args) -> None:
        if self.where == "val":
            self._count()

    def on_train_end(self, *args) -> None:
        if self.where == "end":
            self._count()


def interrupt(monkeypatch, cfg, path, where, n, overrides=()):
    """Run until a batch, and leave the folder as a killed process would."""
    with monkeypatch.context() as patch:
        watch_runs(patch, KillAt(where, n))
        with pytest.raises(Killed):
            run(cfg, path, overrides)


def kill_after_fit(monkeypatch, cfg, path):
    with monkeypatch.context() as patch:
        patch.setattr("timevis.training.stages.evaluate", lambda *args, **kwargs: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            run(cfg, path)


def resume(cfg, path, *overrides):
    cfg.resume = str(path)
    return run(cfg, path, [f"resume={path}", *overrides])


def assert_same(one, other):
    for name in ("last.ckpt", "best.ckpt"):
        a, b = (torch.load(p / "checkpoints" / name, weights_only=True) for p in (one, other))
        assert (a["epoch"], a["global_step"]) == (b["epoch"], b["global_step"])
        for key, tensor in a["state_dict"].items():
            assert torch.equal(tensor, b["state_dict"][key]), key
    a, b = (pd.read_csv(p / "metrics.csv") for p in (one, other))
    pd.testing.assert_frame_equal(a, b[a.columns], check_exact=True)
    assert not b["step"].duplicated().any()
    assert RunFolder(one).results.metrics == RunFolder(other).results.metrics


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, lstm_config):
    path = tmp_path_factory.mktemp("reference") / "lstm"
    with pytest.MonkeyPatch.context() as patch:
        leave_out_reports(patch)
        run(lstm_config("model.lr_schedule=plateau"), path)
    return path


@pytest.mark.parametrize(("where", "n"), [("train", 3), ("train", 5), ("train", 8), ("val", 2), ("val", 3)])
@pytest.mark.usefixtures("no_report")
def test_an_lstm_killed_at_any_batch_and_resumed_equals_an_uninterrupted_one(
    uninterrupted, tmp_path, lstm_config, monkeypatch, where, n
):
    cfg = lstm_config("model.lr_schedule=plateau", EVERY_STEP)
    interrupt(monkeypatch, cfg, tmp_path / "run", where, n)
    resume(cfg, tmp_path / "run")
    assert_same(uninterrupted, tmp_path / "run")


@pytest.mark.usefixtures("no_report")
def test_a_killed_and_resumed_qwen_equals_an_uninterrupted_one(tmp_path, compose_config, monkeypatch):
    cfg = compose_config(*TINY_QWEN, EVERY_STEP)
    run(cfg, tmp_path / "whole")
    interrupt(monkeypatch, cfg, tmp_path / "run", "train", 5)
    resume(cfg, tmp_path / "run")
    assert_same(tmp_path / "whole", tmp_path / "run")


@pytest.mark.usefixtures("no_report")
def test_a_run_killed_before_its_first_checkpoint_is_trained_from_the_start(
    uninterrupted, tmp_path, lstm_config, monkeypatch
):
    cfg = lstm_config("model.lr_schedule=plateau")
    interrupt(monkeypatch, cfg, tmp_path / "run", "train", 2)
    resume(cfg, tmp_path / "run")
    assert_same(uninterrupted, tmp_path / "run")


@pytest.mark.usefixtures("no_report")
def test_a_run_killed_after_its_fit_is_only_scored(uninterrupted, tmp_path, lstm_config, monkeypatch):
    cfg = lstm_config("model.lr_schedule=plateau")
    kill_after_fit(monkeypatch, cfg, tmp_path / "run")
    fit_seconds = (tmp_path / "run/checkpoints/fit.json").read_text()
    resume(cfg, tmp_path / "run")
    assert_same(uninterrupted, tmp_path / "run")
    assert (tmp_path / "run/checkpoints/fit.json").read_text() == fit_seconds


@pytest.mark.usefixtures("no_report")
def test_a_run_killed_after_its_fit_is_trained_further_with_more_epochs(tmp_path, lstm_config, monkeypatch):
    kill_after_fit(monkeypatch, lstm_config(), tmp_path / "run")
    resume(lstm_config("trainer.max_epochs=5"), tmp_path / "run", "trainer.max_epochs=5")
    assert torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)["global_step"] == 20


@pytest.mark.usefixtures("no_report")
def test_a_run_without_a_last_checkpoint_that_was_killed_after_its_fit_is_fitted_again(
    tmp_path, lstm_config, monkeypatch
):
    cfg = lstm_config("~callbacks.last_checkpoint")
    kill_after_fit(monkeypatch, cfg, tmp_path / "run")
    assert (tmp_path / "run/checkpoints/fit.json").is_file()
    value = resume(cfg, tmp_path / "run")
    assert value == run(lstm_config(), tmp_path / "whole")


class Opens:
    """Would leave a file where it is unpickled."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.usefixtures("no_report")
def test_a_checkpoint_that_holds_an_object_is_refused_and_not_loaded(tmp_path, lstm_config, monkeypatch):
    cfg = lstm_config(EVERY_STEP)
    interrupt(monkeypatch, cfg, tmp_path / "run", "train", 3)
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    torch.save(torch.load(last, weights_only=True) | {"more": Opens(tmp_path / "opened")}, last)
    with pytest.raises(TimeVisError, match="contains objects other than weights") as caught:
        resume(cfg, tmp_path / "run")
    assert "weights_only" not in str(caught.value)
    assert not (tmp_path / "opened").exists()


@pytest.mark.usefixtures("no_report")
def test_a_run_that_was_about_to_stop_early_stops(tmp_path, lstm_config, monkeypatch):
    cfg = lstm_config("model.fit.patience=1", "model.learning_rate=0.0", "model.fit.max_epochs=9")
    run(cfg, tmp_path / "whole")
    assert torch.load(tmp_path / "whole/checkpoints/last.ckpt", weights_only=True)["global_step"] == 8
    interrupt(monkeypatch, cfg, tmp_path / "run", "end", 1)
    resume(cfg, tmp_path / "run")
    assert_same(tmp_path / "whole", tmp_path / "run")


@pytest.mark.usefixtures("no_report")
def test_a_completed_run_is_trained_further_only_with_more_epochs(tmp_path, lstm_config):
    run(lstm_config(), tmp_path / "run")
    with pytest.raises(RunFolderError, match="has completed"):
        resume(lstm_config(), tmp_path / "run")
    resume(lstm_config("trainer.max_epochs=5"), tmp_path / "run", "trainer.max_epochs=5")
    run(lstm_config("trainer.max_epochs=5"), tmp_path / "whole")
    last = torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)
    whole = torch.load(tmp_path / "whole/checkpoints/last.ckpt", weights_only=True)
    assert last["global_step"] == 20
    assert all(torch.equal(last["state_dict"][k], v) for k, v in whole["state_dict"].items())
    assert RunFolder(tmp_path / "run").config.trainer.max_epochs == 5


@pytest.mark.usefixtures("no_report")
@pytest.mark.usefixtures("no_report")
def test_a_run_is_resumed_with_its_own_rows_after_rows_were_appended_to_its_file(tmp_path, lstm_config, caplog):
    def write(rows: int, first: float = 0.0) -> None:
        frame = plant_rows(rows)[["time", "a"]]
        frame.loc[5, "a"] += first
        frame.to_csv(tmp_path / "plant.csv", index=False)

    def start(name: str, epochs: int, *overrides: str) -> float:
        longer = (f"trainer.max_epochs={epochs}", *overrides)
        cfg = lstm_config("data=file", f"data.path={tmp_path / 'plant.csv'}", *longer)
        return run(cfg, tmp_path / name, longer)

    write(400)
    start("whole", 2)
    start("grown", 1)
    write(430)
    start("grown", 2, f"resume={tmp_path / 'grown'}")
    assert "plant has 30 rows after those that the run was started with" in caplog.text
    whole, grown = (RunFolder(tmp_path / name).results for name in ("whole", "grown"))
    assert grown.metrics == whole.metrics
    assert grown.window_set == whole.window_set
    write(430, first=1.0)
    with pytest.raises(DataError, match="the data differ from the data") as error:
        start("grown", 3, f"resume={tmp_path / 'grown'}")
    assert "more rows may follow them" in str(error.value.advice)


def test_the_error_on_a_completed_run_of_a_model_without_epochs_does_not_advise_max_epochs(tmp_path, compose_config):
    cfg = compose_config("model=linear")
    run(cfg, tmp_path / "run")
    with pytest.raises(RunFolderError, match="has completed") as caught:
        resume(cfg, tmp_path / "run")
    assert "max_epochs" not in str(caught.value.advice)


@pytest.mark.usefixtures("no_report")
def test_a_completed_run_that_is_interrupted_in_further_training_can_be_resumed(tmp_path, lstm_config, monkeypatch):
    run(lstm_config(), tmp_path / "run")
    longer = lstm_config("trainer.max_epochs=5")
    longer.resume = str(tmp_path / "run")
    interrupt(monkeypatch, longer, tmp_path / "run", "train", 6, ["resume=...", "trainer.max_epochs=5"])
    resume(lstm_config(), tmp_path / "run")
    last = torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)
    assert last["global_step"] == 20
    assert (tmp_path / "run/checkpoints/fit.json").is_file()


def test_another_logger_replaces_the_logger_of_the_run(tmp_path, lstm_config):
    RunFolder.create(tmp_path / "run", lstm_config("logger=wandb"))
    cfg = lstm_config("trainer.log_every_n_steps=3")
    cfg.resume = str(tmp_path / "run")
    folder, _ = reopen(cfg, ["resume=...", "logger=none", "trainer.log_every_n_steps=3"])
    assert set(folder.config.logger) == {"log_data"}
    assert folder.config.trainer.log_every_n_steps == 3
    assert folder.config.trainer.max_epochs == 3


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("cpu", {"accelerator": "cpu"}),
        ("ddp", {"devices": 2, "strategy": "ddp"}),
        ("default", {"accelerator": "auto", "log_every_n_steps": 10}),
    ],
)
def test_a_trainer_chosen_by_name_changes_only_the_keys_that_it_sets(tmp_path, lstm_config, name, changed):
    before = RunFolder.create(tmp_path / "run", lstm_config("trainer.gradient_clip_val=0.5")).config.trainer
    cfg = lstm_config(f"trainer={name}")
    cfg.resume = str(tmp_path / "run")
    cfg.trainer.gradient_clip_val = 9.0  # as of the default model
    overrides = ["resume=...", f"trainer={name}"]
    cfg.trainer.log_every_n_steps = 10
    folder, _ = reopen(cfg, overrides)
    assert folder.config.trainer == {**before, **changed}


@pytest.mark.parametrize(
    ("override", "message"),
    [("max_epochs=2", "trained for 3 epochs"), ("devices=none", "is not a number of devices")],
)
@pytest.mark.usefixtures("no_report")
def test_an_invalid_trainer_option_is_refused_before_anything_is_written(
    uninterrupted, lstm_config, override, message
):
    before = (uninterrupted / "config.yaml").read_text()
    cfg = lstm_config(f"trainer.{override}")
    cfg.resume = str(uninterrupted)
    with pytest.raises(ConfigError, match=message):
        reopen(cfg, ["resume=...", f"trainer.{override}"])
    assert (uninterrupted / "config.yaml").read_text() == before
    assert RunFolder(uninterrupted).status.state == "completed"


@pytest.mark.parametrize("override", ["model=linear", "horizon=12", "data.rows=700"])
def test_a_resumed_run_takes_only_trainer_and_logger_overrides(uninterrupted, lstm_config, override):
    with pytest.raises(ConfigError, match="cannot change with resume"):
        resume(lstm_config(), uninterrupted, override)


@pytest.mark.slow
@pytest.mark.usefixtures("no_report")
def test_a_process_killed_in_the_middle_of_an_epoch_is_lost_and_can_be_resumed(tmp_path, train_in_process):
    path = tmp_path / "run"
    long = [*TINY, *TINY_LSTM, "model.fit.steps_per_epoch=60", "model.fit.max_epochs=6", "model.fit.patience=99"]
    command = [sys.executable, str(ROOT / "train.py"), *long, EVERY_STEP, f"hydra.run.dir={path}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    limit = time.monotonic() + 120
    while not (path / "checkpoints/best.ckpt").exists() and time.monotonic() < limit:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    folder = RunFolder(path)
    assert folder.status.state == "lost"
    assert "fit.json" not in {entry.name for entry in folder.checkpoints.iterdir()}
    assert train_in_process(f"resume={path}") == 0
    assert train_in_process(*long, f"hydra.run.dir={tmp_path / 'whole'}") == 0
    assert_same(tmp_path / "whole", path)
