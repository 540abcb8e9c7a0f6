"""A refit trains the model again on all rows: with the options of the run, as long, and with its calibration."""

import numpy as np
import pytest
import torch
from plant import plant_rows
from pytorch_lightning.callbacks import Timer

from timevis.inference.predict import predict
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.training.refit import refit, refit_trainer


def test_a_refit_has_the_precision_of_the_run(finished_run, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)  # as on a GPU that the run leaves alone
    config = RunConfig.from_config(RunFolder(finished_run("model=linear")).config)
    options = refit_trainer(config, 2, 10)
    assert (options.max_epochs, options.precision) == (2, "32-true")


def test_a_refit_uses_the_last_rows_and_keeps_the_calibration(plant):
    folder = RunFolder(plant)
    before, after = folder.load_forecaster(), refit(folder)
    assert torch.equal(before.residuals.offsets, after.residuals.offsets)
    values = plant_rows(600)[["a", "b"]].to_numpy()
    np.testing.assert_allclose(after.channel_mean, values.mean(0), rtol=1e-6)
    changed = [k for k, v in after.state_dict().items() if not torch.equal(v, before.state_dict()[k])]
    assert any(not k.startswith(("channel_", "mase_")) for k in changed)


def test_a_refit_lasts_as_many_epochs_as_the_best_weights_and_is_reproducible(finished_run):
    overrides = ("model=lstm", "model.hidden_size=8", "model.fit.max_epochs=2", "model.fit.steps_per_epoch=3")
    folder = RunFolder(finished_run(*overrides))
    weights = (folder.path / "model" / "model.safetensors").read_bytes()
    first, second = refit(folder), refit(folder)
    for name, value in first.state_dict().items():
        torch.testing.assert_close(value, second.state_dict()[name], rtol=0, atol=0, equal_nan=True, msg=name)
    assert (folder.path / "model" / "model.safetensors").read_bytes() == weights
    assert len(predict(folder.path, refit=True)) == 2 * 6


def test_a_refit_of_a_run_with_few_steps_has_the_epochs_of_the_run(finished_run, monkeypatch):
    run = finished_run("model=lstm", "model.hidden_size=8", "model.fit.batch_size=64", "trainer.max_steps=2")
    trainers = []
    monkeypatch.setattr(
        "timevis.training.refit.refit_trainer",
        lambda *options: trainers.append(refit_trainer(*options)) or trainers[-1],
    )
    refit(RunFolder(run))
    assert (trainers[0].current_epoch, trainers[0].global_step) == (1, 2)


def test_max_steps_and_max_time_of_the_run_do_not_end_its_refit(finished_run, monkeypatch):
    model = ("model=lstm", "model.hidden_size=8", "model.fit.batch_size=64", "model.fit.min_steps_per_epoch=1")
    limits = ("trainer.max_steps=13", "trainer.max_time='00:01:00:00'")  # 13 steps: the training part once
    folder = RunFolder(finished_run(*model, *limits))
    trainers = []
    monkeypatch.setattr(
        "timevis.training.refit.refit_trainer",
        lambda *options: trainers.append(refit_trainer(*options)) or trainers[-1],
    )
    refit(folder)
    (trainer,) = trainers
    assert trainer.current_epoch == 1
    assert trainer.global_step == trainer.num_training_batches > 13
    assert not any(isinstance(callback, Timer) for callback in trainer.callbacks)


@pytest.mark.parametrize(
    "ended_by", [("model.fit.max_epochs=2",), ("trainer.max_epochs=null", "trainer.max_steps=6")]
)
def test_a_refit_of_a_run_without_best_weights_trains_as_long_as_the_run(finished_run, caplog, ended_by):
    overrides = ("model=lstm", "model.hidden_size=8", "model.fit.steps_per_epoch=3", "callbacks.best_checkpoint=null")
    folder = RunFolder(finished_run(*overrides, *ended_by))
    with caplog.at_level("INFO"):
        refit(folder)
    assert ", 2 epochs" in caplog.text
