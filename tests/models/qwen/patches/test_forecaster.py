"""The patch forecaster: its information flow, its trained and saved parameters, and its training."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
import torch
from run_results import results_with
from small_networks import perturb_trained
from trainers import quiet_trainer

from timevis.errors import ConfigError
from timevis.models.qwen.backbone.lora import LayerTuning
from timevis.models.qwen.patches.forecaster import QwenPatchForecaster
from timevis.models.qwen.patches.heads import Readout
from timevis.models.qwen.patches.network import NoBackbone, PatchNet
from timevis.models.serialization import load, save


def backbone_parameters(forecaster):
    return dict(forecaster.net.backbone.named_parameters())


@pytest.mark.parametrize(("length", "patch", "stride"), [(48, 16, 8), (50, 16, 8), (16, 16, 8), (13, 5, 5)])
def test_patches_cover_the_context_to_its_last_value(length: int, patch: int, stride: int) -> None:
    net = PatchNet(NoBackbone(), 8, length, 4, patch_length=patch, stride=stride, calendar=())
    rows = torch.arange(length).float().expand(2, -1)
    patches = net.split_into_patches(rows)
    assert patches.shape == (2, net.num_patches, patch)
    assert set(patches.flatten().tolist()) == set(range(length))
    assert net.patch_ends.tolist() == patches[0, :, -1].tolist()


def shuffle_all_but_the_last_value(context: torch.Tensor) -> torch.Tensor:
    """Another order of the values with the same mean, standard deviation and last value."""
    order = torch.randperm(context.shape[1] - 1, generator=torch.Generator().manual_seed(0))
    return torch.cat([context[:, order], context[:, -1:]], dim=1)


@pytest.mark.parametrize("normalization", ["mean_std", "last"])
@pytest.mark.parametrize("path", ["nano", "attention"])
@pytest.mark.parametrize("readout", get_args(Readout))
@torch.no_grad()
def test_only_normalisation_bypasses_the_backbone(make_patches, path, normalization, readout) -> None:
    options = {"backbone.path": path, "normalization": normalization, "readout": readout}
    forecaster, data = make_patches(*(f"model.{name}={value}" for name, value in options.items()))
    batch = data.gather("test", torch.arange(0, 60, 20))
    shuffled = replace(batch, context=shuffle_all_but_the_last_value(batch.context))
    quantiles, shuffled_quantiles = (forecaster.forecast(x).quantiles for x in (batch, shuffled))
    assert not torch.allclose(quantiles, shuffled_quantiles, rtol=1e-3)
    for parameter in (forecaster.average or forecaster.net).backbone.parameters():
        parameter.zero_()
    torch.testing.assert_close(forecaster.forecast(batch).quantiles, forecaster.forecast(shuffled).quantiles)


@torch.no_grad()
def test_a_query_depends_on_the_calendar_at_the_end_of_its_patch_only(make_patches) -> None:
    forecaster, _ = make_patches("model.readout=queries", "model.patch_length=4", "model.stride=4")
    head = (forecaster.average or forecaster.net).readout
    assert head.patch_ends.tolist() == [3, 5]
    tokens, calendar = torch.zeros(2, 1, head.position.shape[1]), torch.zeros(2, 6, 5, dtype=torch.int64)
    calendar[1, 5, 1] = 7
    inputs = head.backbone_input(tokens, calendar, torch.tensor([0, 0]))
    assert inputs.shape[1] == 3
    assert torch.equal(inputs[0, :2], inputs[1, :2])
    assert not torch.equal(inputs[0, 2], inputs[1, 2])
    assert not torch.equal(head.position[0], head.position[1])
    states = torch.randn(2, 3, head.position.shape[1])
    out = head.eval()(states)
    assert out.shape == (2, head.outputs, 6)
    states[:, 1] += 1
    assert torch.equal(head(states)[..., 4:], out[..., 4:])
    assert not torch.allclose(head(states)[..., :4], out[..., :4])


def test_the_forecast_depends_on_the_weights_of_the_backbone(make_patches) -> None:
    forecaster, data = make_patches()
    batch = data.gather("test", torch.arange(2))
    before = forecaster.forecast(batch).point
    for name, parameter in backbone_parameters(forecaster).items():
        if "layers.3.mlp.down_proj" in name:
            parameter.mul_(-1)
    assert not torch.allclose(before, forecaster.forecast(batch).point, rtol=1e-3)


@torch.no_grad()
def test_the_backbone_is_causal(make_patches) -> None:
    forecaster, _ = make_patches()
    x = torch.randn(2, 7, 128)
    changed = torch.cat([x[:, :5], torch.randn(2, 2, 128)], 1)
    one, two = forecaster.net.backbone(x), forecaster.net.backbone(changed)
    torch.testing.assert_close(one[:, :5], two[:, :5])
    assert not torch.allclose(one[:, 5:], two[:, 5:])


@pytest.mark.parametrize("tune", get_args(LayerTuning))
def test_tune_chooses_the_trained_parameters(make_patches, tune: str) -> None:
    forecaster, _ = make_patches(f"model.tune={tune}")
    trained = {name for name, p in backbone_parameters(forecaster).items() if p.requires_grad}
    assert bool(trained) == (tune != "none")
    assert any("norm" in name for name in trained) == (tune in ("norms", "full"))
    assert any("lora_" in name for name in trained) == (tune == "lora")
    assert any("mlp" in name and "lora_" not in name for name in trained) == (tune == "full")
    assert forecaster.net.embed.weight.requires_grad
    assert forecaster.net.readout.head.weight.requires_grad


def test_the_backbone_has_a_separate_learning_rate(make_patches) -> None:
    forecaster, _ = make_patches("model.tune=full", "model.backbone_learning_rate=1e-5")
    own, backbone = forecaster.parameter_groups()
    assert "lr" not in own
    assert backbone["lr"] == 1e-5
    assert len(backbone["params"]) == len(backbone_parameters(forecaster))


@pytest.mark.parametrize("override", ["tune=norms", "tune=lora", "tune=full", "tune=none", "backbone.path=none"])
def test_a_fit_lowers_the_loss(make_patches, override: str) -> None:
    torch.manual_seed(0)
    small = ("model.fit.batch_size=32", "evaluation.val_windows=3", "model.ema_decay=0")
    forecaster, data = make_patches(f"model.{override}", *small)
    batch = data.gather("train", torch.arange(0, 64 * 180, 180))
    before = forecaster.loss(batch).item()
    trainer = quiet_trainer(max_epochs=1, limit_train_batches=20, num_sanity_val_steps=0)
    trainer.fit(forecaster.train(), datamodule=data)
    assert trainer.callback_metrics["tuning/wql"].isfinite()
    assert forecaster.eval().loss(batch).item() < 0.8 * before


@pytest.fixture(params=["tune=norms", "tune=lora", "tune=full", "backbone.path=attention", "backbone.path=none"])
def trained(request, make_patches) -> tuple[QwenPatchForecaster, torch.Tensor, object]:
    forecaster, data = make_patches(f"model.{request.param}")
    perturb_trained(forecaster)
    forecaster.update_average(0)
    batch = data.gather("test", torch.arange(2))
    return forecaster, forecaster.forecast(batch).quantiles, batch


def test_a_loaded_forecaster_gives_the_same_forecast(trained, tmp_path) -> None:
    forecaster, expected, batch = trained
    save(forecaster, tmp_path)
    loaded = load(tmp_path)
    assert torch.equal(loaded.forecast(batch).quantiles, expected)
    assert loaded.hparams == forecaster.hparams


def test_the_state_leaves_out_the_frozen_backbone_also_in_the_moving_average(make_patches) -> None:
    forecaster, _ = make_patches("model.ema_decay=0.9")
    saved = [name for name in forecaster.state_dict() if ".backbone." in name]
    assert {name.split(".")[0] for name in saved} == {"net", "average"}
    assert all("norm" in name for name in saved)
    frozen = [p for p in forecaster.net.backbone.parameters() if not p.requires_grad]
    shared = {id(p) for p in forecaster.average.backbone.parameters()}
    assert all(id(p) in shared for p in frozen)


def test_the_model_label_names_the_backbone(make_patches) -> None:
    labels = {}
    for path in ("nano", "attention", "none"):
        about = make_patches(f"model.backbone.path={path}")[0].describe()["backbone"]
        labels[path] = results_with({"run.model": "qwen_patch", "run.backbone": about}).run.label
        assert len(about["fingerprint"]) == 16
        assert about["trainable"] <= about["parameters"]
    assert labels == {
        "nano": "qwen_patch [nano]",
        "attention": "qwen_patch [one attention block]",
        "none": "qwen_patch [no backbone]",
    }


@pytest.mark.parametrize("tune", get_args(LayerTuning))
def test_trained_parameters_of_a_bfloat16_backbone_are_float32(make_patches, tied_folder, tune: str) -> None:
    forecaster, data = make_patches(
        "model/backbone=local",
        f"model.backbone.path={tied_folder}",
        "model.backbone.dtype=bfloat16" if tune != "full" else "model.backbone.dtype=auto",
        f"model.tune={tune}",
    )
    forecaster.train().loss(data.gather("train", torch.arange(4))).backward()
    trained = [p for p in forecaster.net.parameters() if p.requires_grad]
    assert all(p.dtype == torch.float32 and p.grad.isfinite().all() for p in trained)


def test_a_forecast_in_bfloat16_is_close_to_one_in_float32(make_patches) -> None:
    torch.manual_seed(0)
    exact, data = make_patches()
    torch.manual_seed(0)
    fast, _ = make_patches("model.bf16=true")
    batch = data.gather("test", torch.arange(4))
    one, two = exact.forecast(batch).point, fast.forecast(batch).point
    assert not torch.equal(one, two)
    assert float(((one - two) / exact.channel_std).abs().max()) < 0.05


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.tune=head", "choices: full, lora, none, norms"),
        ("model.tune=lora model.lora.targets=[q_prj]", "q_prj"),
        ("+model.lora.ranc=3", "ranc"),
        ("+model.backbone.pth=x", "pth"),
        ("model.patch_length=49", "patch_length=49"),
        ("model.stride=20", "stride=20"),
        ("model.normalization=batch", "choices: "),
        ("model.readout=query", "queries"),
        ("model.readout=queries model.backbone.path=none", "model.readout=states"),
        ("model.calendar=[hours]", "hours"),
        ("model.backbone.layers=9", "layers"),
        ("model/backbone=local", "model.backbone.path is missing"),
    ],
)
def test_an_invalid_option_is_named_in_the_error(make_patches, override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_patches(*override.split())
    assert message in f"{caught.value.message!s} {caught.value.advice!s}"
