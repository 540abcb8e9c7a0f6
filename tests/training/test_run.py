import errno
import json
import math

import numpy as np
import pandas as pd
import pytest
import torch
from omegaconf import OmegaConf
from trainers import quiet_trainer

from timevis.data.catalog import load_panel
from timevis.errors import DataError, RunFolderError, TimeVisError
from timevis.messages import Text
from timevis.models.lstm import LSTM
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.training.run import run
from timevis.utils.explain import explain


@pytest.mark.parametrize("model", ["seasonal_naive", "linear", "boosted"])
@pytest.mark.usefixtures("no_report")
def test_a_model_without_gradients_is_scored_with_seasonal_naive(model, compose_config, tmp_path):
    value = run(compose_config(f"model={model}"), tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    assert math.isfinite(value)
    assert folder.results.seasonal_naive["mae"].value > 0
    assert folder.results.skill.wql.value is not None
    again = folder.load_forecaster()
    config = RunConfig.from_config(folder.config)
    datamodule = config.datamodule(load_panel(config.data)[0])
    batch = next(datamodule.batches("test"))
    row = folder.table("predictions").iloc[0]
    assert again.forecast(batch).point[0].tolist() == pytest.approx(row["point"].tolist(), rel=1e-5)


@pytest.mark.usefixtures("no_report")
def test_a_run_that_scores_validation_does_not_depend_on_the_test_part(compose_config, tmp_path):
    load = 100 + 20 * np.sin(np.arange(600) * np.pi / 12) + np.random.default_rng(0).normal(size=600)
    scored = []
    for name, test in (("one", 1.0), ("other", 50.0)):
        times = pd.date_range("2024-01-01", periods=600, freq="h")
        table = pd.DataFrame({"time": times, "load": np.where(np.arange(600) < 480, load, test * load)})
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        data = ("data=file", f"data.path={tmp_path / name}.csv")
        run(compose_config("model=linear", *data, "evaluation.split=validation"), tmp_path / name)
        scored.append(RunFolder(tmp_path / name))
    windows = scored[0].table("windows")
    assert windows["origin"].min() >= 420  # where validation starts
    assert windows["origin"].max() + 6 <= 480
    pd.testing.assert_frame_equal(windows, scored[1].table("windows"))
    window_set = scored[0].results.window_set
    assert (window_set.part, window_set.borders) == ("validation", [420, 480, 600])
    assert window_set.hash == scored[1].results.window_set.hash
    assert "skill against seasonal naive on validation" in (scored[0].path / "train.log").read_text()


@pytest.mark.usefixtures("no_report")
def test_a_run_logs_what_its_model_does_not_read_and_lengths_that_do_not_suit_the_data(compose_config, tmp_path):
    run(compose_config("model=linear", "data=traffic", "context_length=12"), tmp_path / "run")
    log = (tmp_path / "run" / "train.log").read_text()
    unread = "covariates that this model does not read"
    assert f"known {unread}: holiday; models that can read them: boosted, lstm, qwen" in log
    assert f"observed {unread}: temp, rain_1h, clouds_all; models that can read them: boosted, lstm" in log
    assert "context_length=12 is shorter than a season of 24 rows" in log
    run(compose_config("model=linear", "data=synthetic", "data.rows=600", "context_length=390"), tmp_path / "long")
    log = (tmp_path / "long" / "train.log").read_text()
    assert "context_length=390 and horizon=6 leave only 25 forecast origins in the 420 training rows" in log
    assert "clipped at zero" not in log


@pytest.mark.usefixtures("no_report")
def test_a_run_logs_which_forecasts_are_clipped_at_zero(compose_config, tmp_path):
    hours = pd.date_range("2024-01-01", periods=600, freq="h")
    sun = pd.DataFrame(
        {"time": hours, "sun": (hours.hour - 12).map(lambda h: max(0, 6 - abs(h))), "x": np.linspace(-1, 1, 600)}
    )
    sun.to_csv(tmp_path / "sun.csv", index=False)
    run(compose_config("model=linear", "data=file", f"data.path={tmp_path / 'sun.csv'}"), tmp_path / "run")
    log = (tmp_path / "run" / "train.log").read_text()
    assert "so forecasts are clipped at zero: sun\n" in log
    notes = json.loads((tmp_path / "run" / "data_report.json").read_text())["notes"]
    assert any(note.endswith("forecasts are clipped at zero: sun") for note in notes)


@pytest.mark.usefixtures("no_report")
def test_every_epoch_logs_its_own_training_loss_however_rarely_steps_are_logged(lstm_config, tmp_path):
    run(lstm_config("trainer.log_every_n_steps=100"), tmp_path / "run")
    lines = (tmp_path / "run" / "train.log").read_text().splitlines()
    losses = [line.split("train/loss ")[1].split(",")[0] for line in lines if "train/loss" in line]
    assert len(set(losses)) == len(losses) == 3


@pytest.mark.usefixtures("no_report")
def test_the_same_seed_gives_the_same_numbers(lstm_config, tmp_path):
    first = run(lstm_config(), tmp_path / "a")
    assert run(lstm_config(), tmp_path / "b") == first
    assert run(lstm_config("seed=1"), tmp_path / "c") != first


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("more", [(), ("trainer.accumulate_grad_batches=2",), ("trainer.limit_train_batches=1.0",)])
def test_a_fit_that_ends_within_its_first_epoch_is_validated(lstm_config, tmp_path, caplog, more):
    with caplog.at_level("INFO"):
        run(lstm_config("trainer.max_steps=2", *more), tmp_path / "run")
    assert "best weights: epoch 0, step 2" in caplog.text


@pytest.mark.usefixtures("no_report")
def test_max_time_bounds_the_fit(lstm_config, tmp_path):
    endless = ("model.fit.max_epochs=1000000", "callbacks.early_stopping=null", "trainer.max_steps=null")
    run(lstm_config(*endless, "trainer.max_time=00:00:00:02"), tmp_path / "run")
    results = RunFolder(tmp_path / "run").results
    assert 1 < results.cost.fit_seconds < 20


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["trainer.max_time=00:00:00:00"], "before its first step\n.*trainer.max_time"),
        (["~callbacks.last_checkpoint", "~callbacks.best_checkpoint"], "no checkpoint\n.*callbacks.best_checkpoint"),
    ],
)
@pytest.mark.usefixtures("no_report")
def test_a_fit_without_a_checkpoint_fails_with_a_message_that_names_the_option(
    lstm_config, tmp_path, overrides, message
):
    with pytest.raises(RunFolderError, match=message):
        run(lstm_config(*overrides), tmp_path / "run")


@pytest.mark.usefixtures("no_report")
def test_a_run_without_a_best_checkpoint_logs_that_it_continues_with_the_last_weights(lstm_config, tmp_path):
    run(lstm_config("~callbacks.best_checkpoint"), tmp_path / "run")
    log = (tmp_path / "run" / "train.log").read_text()
    assert "callbacks.best_checkpoint is off: using the last weights" in log
    assert "before its first validation" not in log


@pytest.mark.usefixtures("no_report")
def test_a_diverged_loss_fails_with_advice(lstm_config, tmp_path, monkeypatch):
    loss = LSTM.loss
    monkeypatch.setattr(
        LSTM, "loss", lambda self, batch: loss(self, batch) * (math.nan if self.trainer.global_step == 5 else 1)
    )
    with pytest.raises(TimeVisError, match="diverged"):
        run(lstm_config(), tmp_path / "run")
    status = RunFolder(tmp_path / "run").status
    assert status.state == "failed"
    assert "diverged" in status.error
    assert "learning_rate" in status.advice
    reason = {
        "code": "the training loss is {loss} at step {step}",
        "params": {"loss": "nan", "step": 6},
        "text": "the training loss is nan at step 6",
    }
    assert status.error_code == {"code": "training diverged: {reason}", "params": {"reason": reason}}
    saved = torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)
    assert all(bool(torch.isfinite(t).all()) for t in saved["state_dict"].values())


@pytest.mark.usefixtures("no_report")
def test_running_out_of_memory_names_a_batch_size_to_try(lstm_config, tmp_path, monkeypatch):
    def loss(self, batch):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(LSTM, "loss", loss)
    with pytest.raises(TimeVisError, match="out of memory"):
        run(lstm_config(), tmp_path / "run")
    status = RunFolder(tmp_path / "run").status
    assert "out of memory" in status.error
    assert "model.fit.batch_size=8" in status.advice


def test_failures_are_explained_with_config_keys():
    cfg = OmegaConf.create({"model": {"fit": {"batch_size": 64, "eval_batch_size": 1}}})
    cpu = RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried")
    assert "model.fit.batch_size=32 model.fit.eval_batch_size=1" in str(explain(cpu, cfg).advice)
    assert "disk is full" in str(explain(OSError(errno.ENOSPC, "No space left on device")).message)
    known = DataError(Text("row 3 is odd"))
    assert explain(known) is known
    other = explain(KeyError("x"))
    assert "KeyError" in str(other.message)
    assert "train.log" in str(other.advice)


@pytest.mark.usefixtures("no_report")
def test_the_traceback_of_an_unexpected_error_is_in_train_log(lstm_config, tmp_path, monkeypatch):
    monkeypatch.setattr(LSTM, "loss", lambda self, batch: 1 / 0)
    with pytest.raises(TimeVisError, match="ZeroDivisionError"):
        run(lstm_config(), tmp_path / "run")
    log = (tmp_path / "run/train.log").read_text()
    assert "Traceback" in log
    assert "1 / 0" in log


def test_the_modules_work_under_a_plain_trainer_without_hydra(compose_config):
    panel, _ = load_panel(compose_config().data)
    from timevis.data.datamodule import WindowDataModule

    datamodule = WindowDataModule(panel, context_length=24, horizon=6, batch_size=16, max_windows=20, val_windows=10)
    assert "test 40" in str(datamodule)
    forecaster = LSTM.from_data(datamodule, hidden_size=8, segment_length=6)
    trainer = quiet_trainer(max_epochs=1, limit_train_batches=3)
    with pytest.raises(RuntimeError, match=r"call prepare\(datamodule\) before fit"):
        trainer.fit(forecaster, datamodule=datamodule)
    forecaster.prepare(datamodule)
    trainer.fit(forecaster, datamodule=datamodule)
    forecasts = trainer.predict(forecaster, datamodule=datamodule)
    assert sum(len(forecast.point) for forecast in forecasts) == len(datamodule.windows["test"])
    (metrics,) = trainer.test(forecaster, datamodule=datamodule, verbose=False)
    assert metrics["test/wql"] > 0
    naive = SeasonalNaive.from_data(datamodule)
    naive.prepare(datamodule)
    with pytest.raises(RuntimeError, match=r"SeasonalNaive needs no Trainer; call prepare\(datamodule\), calibrate"):
        trainer.fit(naive, datamodule=datamodule)
