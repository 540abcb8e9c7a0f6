"""The patch forecaster: its trained and saved parameters, its training, and its forecast without a training."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from panels import panel_of
from run_results import results_with
from small_networks import perturb_trained
from trainers import quiet_trainer

from timevis.data.panel import Panel
from timevis.errors import TimeVisError
from timevis.models.backbone.lora import LayerTuning
from timevis.models.patches.forecaster import QwenPatchForecaster
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
        own = {name for name in parameters if name.startswith("data_inputs.")}
        assert all({"lora": "lora_", "norms": "norm"}[tune] in name for name in trained - own)
        assert own <= trained


@torch.no_grad()
def test_the_forecast_in_raw_units_is_that_of_the_network(make_patches) -> None:
    forecaster, data = make_patches("model.tune=none", "model.point=median", "model.averages=false")
    batch = data.gather("test", torch.arange(3))
    mean, std = forecaster.scale(batch.channel)
    median, quantiles = forecaster.net((batch.context - mean) / std, batch.context_mask, batch.calendar)
    forecast = forecaster.predict_unclipped(batch)
    torch.testing.assert_close(forecast.point, median * std + mean)
    torch.testing.assert_close(forecast.quantiles, quantiles * std.unsqueeze(1) + mean.unsqueeze(1))


def panel_with_covariates(channels: int = 1) -> Panel:
    """An hourly series that a known covariate raises now and then, beside an observed covariate without meaning."""
    rng = np.random.default_rng(0)
    raised = (rng.random(2100) < 0.2).astype(float)
    values = np.stack([(30 + 10 * i) * raised + rng.normal(size=2100) for i in range(channels)], 1)
    return panel_of(values, np.stack([raised, rng.normal(size=2100)], 1), (True, False))


@torch.no_grad()
@pytest.mark.parametrize("horizon", [6, 200])  # 200 rows are forecast in two passes
@pytest.mark.parametrize(("covariates", "columns"), [("known", [0]), ("all", [0, 1]), ("none", [])])
def test_the_option_covariates_selects_the_columns_that_are_read(
    make_patches, covariates: str, columns: list[int], horizon: int
) -> None:
    options = f"model.covariates={covariates}", f"horizon={horizon}"
    forecaster, data = make_patches(*options, panel=panel_with_covariates())
    assert list(forecaster.covariates_read) == columns
    perturb_trained(forecaster)
    forecaster.update_average(0)
    batch = data.gather("test", torch.tensor([0]))
    before = forecaster.forecast(batch).point
    for column, rows in ((0, slice(48, 48 + horizon)), (1, slice(0, 48))):
        changed = data.gather("test", torch.tensor([0]))
        changed.covariates[:, rows, column] = 1 - changed.covariates[:, rows, column]
        assert torch.equal(before, forecaster.forecast(changed).point) == (column not in columns)
    changed = data.gather("test", torch.tensor([0]))
    changed.covariates[:, 48:, 1] += 1  # the future of an observed covariate
    assert torch.equal(before, forecaster.forecast(changed).point)


@torch.no_grad()
def test_before_a_fit_covariates_and_channels_do_not_change_the_forecast(make_patches) -> None:
    panel = panel_with_covariates(2)
    tuned, data = make_patches("model.covariates=known", panel=panel)
    assert tuned.net.data_inputs is not None
    untuned, _ = make_patches("model.tune=none", "model.averages=false", panel=panel)
    assert untuned.covariates_read == ()
    batch = data.gather("test", torch.arange(4))
    torch.testing.assert_close(tuned.forecast(batch).quantiles, untuned.forecast(batch).quantiles)


def test_a_fit_learns_what_a_known_covariate_does(make_patches) -> None:
    def loss_after_fit(covariates: str) -> float:
        torch.manual_seed(0)
        options = f"model.covariates={covariates}", "model.ema_decay=0", "model.learning_rate=1e-3"
        forecaster, data = make_patches(*options, "model.fit.batch_size=32", panel=panel_with_covariates())
        trainer = quiet_trainer(max_epochs=1, limit_train_batches=40, num_sanity_val_steps=0)
        trainer.fit(forecaster.train(), datamodule=data)
        with torch.no_grad():
            return float(forecaster.eval().loss(data.gather("test", torch.arange(len(data.windows["test"])))))

    assert loss_after_fit("known") < 0.6 * loss_after_fit("none")


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
    assert all("lora_" in name or "data_inputs." in name for name in saved)
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


def quarters(rows: int = 130) -> Panel:
    """A quarterly series with a season and a small noise."""
    rng = np.random.default_rng(0)
    values = 20 + np.tile([5.0, 0.0, -5.0, 2.0], rows)[:rows] + 0.1 * rng.normal(size=rows)
    return panel_of(values[:, None], freq="QS")


@torch.no_grad()
def test_a_season_of_four_quarters_is_read_although_a_patch_has_24_rows(make_patches, tmp_path) -> None:
    forecaster, data = make_patches("model.tune=none", "context_length=20", "horizon=6", panel=quarters())
    assert forecaster.net.stretch == 6
    batch = data.gather("test", torch.arange(4))
    save(forecaster, tmp_path / "model")
    forecast = forecaster.forecast(batch).point
    assert torch.equal(load(tmp_path / "model").forecast(batch).point, forecast)
    del forecaster.hparams["stretch"]  # as in runs that were stored before
    save(forecaster, tmp_path / "older")
    older = load(tmp_path / "older").forecast(batch).point
    assert (forecast - batch.target).abs().mean() < 1 < (older - batch.target).abs().mean()


@torch.no_grad()
def test_the_default_context_of_months_has_the_usual_rows_after_it_is_stretched(make_patches) -> None:
    panel = panel_of(np.random.default_rng(0).normal(size=(1200, 1)), freq="MS")
    forecaster, _ = make_patches("context_length=null", "horizon=12", panel=panel)
    assert (forecaster.context_length, forecaster.net.stretch) == (264, 2)


@torch.no_grad()
def test_covariates_of_a_stretched_context_are_those_of_their_rows(make_patches) -> None:
    panel = panel_with_covariates()
    monthly = panel_of(panel.values[:400], panel.covariates[:400], (True, False), freq="MS")
    forecaster, data = make_patches("model.covariates=known", "context_length=60", "horizon=6", panel=monthly)
    assert forecaster.net.stretch == 2
    perturb_trained(forecaster)
    forecaster.update_average(0)
    batch, changed = (data.gather("test", torch.tensor([0])) for _ in range(2))
    changed.covariates[:, -1, 0] = 1 - changed.covariates[:, -1, 0]
    assert not torch.equal(forecaster.forecast(batch).point, forecaster.forecast(changed).point)
