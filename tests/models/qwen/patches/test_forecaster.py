"""The patch forecaster: its trained and saved parameters, its training, and its forecast without a training."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from run_results import results_with
from small_networks import perturb_trained
from trainers import quiet_trainer

from timevis.errors import TimeVisError
from timevis.models.qwen.backbone.lora import LayerTuning
from timevis.models.qwen.patches.forecaster import QwenPatchForecaster
from timevis.models.serialization import load, save


@pytest.mark.parametrize("tune", get_args(LayerTuning))
def test_tune_chooses_the_trained_parameters(make_patches, tune: str) -> None:
    forecaster, _ = make_patches(f"model.tune={tune}")
    parameters = dict(forecaster.net.named_parameters())
    trained = {name for name, p in parameters.items() if p.requires_grad}
    assert bool(trained) == forecaster.trainable == (tune != "none")
    if tune == "full":
        assert trained == set(parameters)
    elif tune != "none":
        assert all({"lora": "lora_", "norms": "norm"}[tune] in name for name in trained)


@torch.no_grad()
def test_the_forecast_in_raw_units_is_that_of_the_network(make_patches) -> None:
    forecaster, data = make_patches("model.tune=none", "model.point=median")
    batch = data.gather("test", torch.arange(3))
    mean, std = forecaster.scale(batch.channel)
    median, quantiles = forecaster.net((batch.context - mean) / std, batch.context_mask, batch.calendar)
    forecast = forecaster.predict_unclipped(batch)
    torch.testing.assert_close(forecast.point, median * std + mean)
    torch.testing.assert_close(forecast.quantiles, quantiles * std.unsqueeze(1) + mean.unsqueeze(1))


@pytest.mark.parametrize(("tune", "rate"), [("norms", 1e-2), ("lora", 3e-3), ("full", 1e-3)])
def test_a_fit_lowers_the_loss(make_patches, tune: str, rate: float) -> None:
    torch.manual_seed(0)
    small = ("model.fit.batch_size=32", "evaluation.val_windows=3", "model.ema_decay=0")
    options = (f"model.tune={tune}", f"model.learning_rate={rate}", "model.backbone.path=random")
    forecaster, data = make_patches(*options, *small)
    batch = data.gather("train", torch.arange(0, 64 * 180, 180))
    before = forecaster.loss(batch).item()
    trainer = quiet_trainer(max_epochs=1, limit_train_batches=20, num_sanity_val_steps=0)
    trainer.fit(forecaster.train(), datamodule=data)
    assert trainer.callback_metrics["tuning/wql"].isfinite()
    assert forecaster.eval().loss(batch).item() < 0.9 * before


@pytest.fixture(params=["norms", "lora", "full", "none"])
def trained(request, make_patches) -> tuple[QwenPatchForecaster, torch.Tensor, object]:
    forecaster, data = make_patches(f"model.tune={request.param}")
    perturb_trained(forecaster)
    if forecaster.trainable:
        forecaster.update_average(0)
    batch = data.gather("test", torch.arange(2))
    return forecaster, forecaster.forecast(batch).quantiles, batch


def test_a_loaded_forecaster_gives_the_same_forecast(trained, tmp_path) -> None:
    forecaster, expected, batch = trained
    save(forecaster, tmp_path)
    loaded = load(tmp_path)
    assert torch.equal(loaded.forecast(batch).quantiles, expected)
    assert loaded.hparams == forecaster.hparams


def test_the_state_leaves_out_the_frozen_weights_also_in_the_moving_average(make_patches) -> None:
    forecaster, _ = make_patches("model.tune=lora", "model.ema_decay=0.9")
    saved = [name for name in forecaster.state_dict() if name.split(".")[0] in ("net", "average")]
    assert {name.split(".")[0] for name in saved} == {"net", "average"}
    assert all("lora_" in name for name in saved)
    frozen = [p for p in forecaster.net.parameters() if not p.requires_grad]
    shared = {id(p) for p in forecaster.average.parameters()}
    assert all(id(p) in shared for p in frozen)


def test_the_model_label_names_the_weights(make_patches) -> None:
    labels = {}
    for path in ("nano-patch", "random"):
        about = make_patches(f"model.backbone.path={path}")[0].describe()["backbone"]
        labels[path] = results_with({"run.model": "qwen_patch", "run.backbone": about}).run.label
        assert len(about["fingerprint"]) == 16
        assert about["trainable"] <= about["parameters"]
    assert labels == {"nano-patch": "qwen_patch [nano-patch]", "random": "qwen_patch [random patches]"}


def test_a_forecast_in_bfloat16_is_close_to_one_in_float32(make_patches) -> None:
    exact, data = make_patches()
    fast, _ = make_patches("model.bf16=true")
    batch = data.gather("test", torch.arange(4))
    one, two = exact.forecast(batch).point, fast.forecast(batch).point
    assert not torch.equal(one, two)
    assert float(((one - two) / exact.channel_std).abs().max()) < 0.05


def test_the_context_is_long_where_none_is_set_and_the_data_allow_it(make_patches) -> None:
    forecaster, _ = make_patches("context_length=null")
    assert forecaster.context_length == 528


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.tune=head", "choices: full, lora, none, norms"),
        ("model.tune=lora model.lora.targets=[q_prj]", "q_prj"),
        ("+model.lora.ranc=3", "ranc"),
        ("+model.backbone.pth=x", "pth"),
        ("model.point=head", "no separate output"),
        ("model.backbone.path=nano", "does not read patches"),
        ("model.backbone.path=/nowhere/mine", "/nowhere/mine"),
        ("model.backbone.path=null", "model.backbone.path is missing"),
    ],
)
def test_an_invalid_option_is_named_in_the_error(make_patches, override: str, message: str) -> None:
    with pytest.raises(TimeVisError) as caught:
        make_patches(*override.split())
    assert message in f"{caught.value.message!s} {caught.value.advice!s}"
