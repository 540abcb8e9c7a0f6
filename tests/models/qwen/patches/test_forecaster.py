"""The patch forecaster: all goes through the backbone, only what is trained is kept, and it learns."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
import torch
from small_networks import disturb
from trainers import quiet_trainer

from timevis.errors import ConfigError
from timevis.models.qwen.backbone.lora import LayerTuning
from timevis.models.qwen.patches.forecaster import QwenPatchForecaster
from timevis.models.qwen.patches.heads import Readout
from timevis.models.qwen.patches.network import NoBackbone, PatchNet
from timevis.models.serialization import load, save
from timevis.runs.record import model_label

BACKBONE_SUBSTITUTES = ["attention", "none"]
PATHS = ["nano", *BACKBONE_SUBSTITUTES]
QUERIES = "model.readout=queries"


def backbone_parameters(forecaster):
    return dict(forecaster.net.backbone.named_parameters())


@pytest.mark.parametrize(("length", "patch", "stride"), [(48, 16, 8), (50, 16, 8), (16, 16, 8), (13, 5, 5)])
def test_patches_cover_the_context_to_its_last_value(length: int, patch: int, stride: int) -> None:
    net = PatchNet(NoBackbone(), 8, length, 4, patch_length=patch, stride=stride, calendar=())
    rows = torch.arange(length).float().expand(2, -1)
    patches = net._patches(rows)
    assert patches.shape == (2, net.num_patches, patch)
    assert set(patches.flatten().tolist()) == set(range(length))
    assert net.ends.tolist() == patches[0, :, -1].tolist()


def shuffled_but_for_the_last(context: torch.Tensor) -> torch.Tensor:
    """The same mean, deviation and last value, in another order."""
    order = torch.randperm(context.shape[1] - 1, generator=torch.Generator().manual_seed(0))
    return torch.cat([context[:, order], context[:, -1:]], dim=1)


@pytest.mark.parametrize("normalization", ["mean_std", "last"])
@pytest.mark.parametrize("path", ["nano", "attention"])
@pytest.mark.parametrize("readout", get_args(Readout))
@torch.no_grad()
def test_nothing_but_normalisation_goes_around_the_backbone(make_patches, path, normalization, readout) -> None:
    words = {"backbone.path": path, "normalization": normalization, "readout": readout}
    forecaster, data = make_patches(*(f"model.{name}={word}" for name, word in words.items()))
    batch = data.gather("test", torch.arange(0, 60, 20))
    other = replace(batch, context=shuffled_but_for_the_last(batch.context))
    assert not torch.allclose(forecaster.forecast(batch).quantiles, forecaster.forecast(other).quantiles, rtol=1e-3)
    for parameter in (forecaster.average or forecaster.net).backbone.parameters():
        parameter.zero_()
    torch.testing.assert_close(forecaster.forecast(batch).quantiles, forecaster.forecast(other).quantiles)


@torch.no_grad()
def test_queries_know_when_and_whose_their_patch_is(make_patches) -> None:
    forecaster, _ = make_patches(QUERIES, "model.patch_length=4", "model.stride=4")
    net = (forecaster.average or forecaster.net).readout
    assert net.ends.tolist() == [3, 5]
    tokens, later = torch.zeros(2, 1, net.position.shape[1]), torch.zeros(2, 6, 5, dtype=torch.int64)
    later[1, 5, 1] = 7
    asked = net.asked(tokens, later, torch.tensor([0, 0]))
    assert asked.shape[1] == 3
    assert torch.equal(asked[0, :2], asked[1, :2])
    assert not torch.equal(asked[0, 2], asked[1, 2])
    assert not torch.equal(net.position[0], net.position[1])
    states = torch.randn(2, 3, net.position.shape[1])
    out = net.eval()(states)
    assert out.shape == (2, net.outputs, 6)
    states[:, 1] += 1
    assert torch.equal(net(states)[..., 4:], out[..., 4:])
    assert not torch.allclose(net(states)[..., :4], out[..., :4])


def test_other_weights_of_the_backbone_make_another_forecast(make_patches) -> None:
    forecaster, data = make_patches()
    batch = data.gather("test", torch.arange(2))
    before = forecaster.forecast(batch).point
    for name, parameter in backbone_parameters(forecaster).items():
        if "layers.3.mlp.down_proj" in name:
            parameter.mul_(-1)
    assert not torch.allclose(before, forecaster.forecast(batch).point, rtol=1e-3)


@torch.no_grad()
def test_the_layers_read_causally(make_patches) -> None:
    forecaster, _ = make_patches()
    x = torch.randn(2, 7, 128)
    changed = torch.cat([x[:, :5], torch.randn(2, 2, 128)], 1)
    one, two = forecaster.net.backbone(x), forecaster.net.backbone(changed)
    torch.testing.assert_close(one[:, :5], two[:, :5])
    assert not torch.allclose(one[:, 5:], two[:, 5:])


@pytest.mark.parametrize("tune", get_args(LayerTuning))
def test_what_is_trained_is_what_the_config_says(make_patches, tune: str) -> None:
    forecaster, _ = make_patches(f"model.tune={tune}")
    trained = {name for name, p in backbone_parameters(forecaster).items() if p.requires_grad}
    assert bool(trained) == (tune != "none")
    assert any("norm" in name for name in trained) == (tune in ("norms", "full"))
    assert any("lora_" in name for name in trained) == (tune == "lora")
    assert any("mlp" in name and "lora_" not in name for name in trained) == (tune == "full")
    assert forecaster.net.embed.weight.requires_grad
    assert forecaster.net.readout.head.weight.requires_grad


def test_the_backbone_has_a_learning_rate_of_its_own(make_patches) -> None:
    forecaster, _ = make_patches("model.tune=full", "model.backbone_learning_rate=1e-5")
    own, backbone = forecaster.parameter_groups()
    assert "lr" not in own
    assert backbone["lr"] == 1e-5
    assert len(backbone["params"]) == len(backbone_parameters(forecaster))


@pytest.mark.parametrize("override", ["tune=norms", "tune=lora", "tune=full", "tune=none", "backbone.path=none"])
def test_a_plain_trainer_lowers_its_loss(make_patches, override: str) -> None:
    torch.manual_seed(0)
    few = ("model.fit.batch_size=32", "evaluation.val_windows=3", "model.ema_decay=0")
    forecaster, data = make_patches(f"model.{override}", *few)
    batch = data.gather("train", torch.arange(0, 64 * 180, 180))
    before = forecaster.loss(batch).item()
    trainer = quiet_trainer(max_epochs=1, limit_train_batches=20, num_sanity_val_steps=0)
    trainer.fit(forecaster.train(), datamodule=data)
    assert trainer.callback_metrics["val/wql"].isfinite()
    assert forecaster.eval().loss(batch).item() < 0.8 * before


@pytest.fixture(params=["tune=norms", "tune=lora", "tune=full", "backbone.path=attention", "backbone.path=none"])
def trained(request, make_patches) -> tuple[QwenPatchForecaster, torch.Tensor, object]:
    forecaster, data = make_patches(f"model.{request.param}")
    disturb(forecaster)
    forecaster.update_average(0)
    batch = data.gather("test", torch.arange(2))
    return forecaster, forecaster.forecast(batch).quantiles, batch


def test_a_saved_forecaster_forecasts_the_same(trained, tmp_path) -> None:
    forecaster, expected, batch = trained
    save(forecaster, tmp_path)
    again = load(tmp_path)
    assert torch.equal(again.forecast(batch).quantiles, expected)
    assert again.hparams == forecaster.hparams


def test_the_saved_weights_leave_out_the_frozen_backbone_in_the_average_too(make_patches) -> None:
    forecaster, _ = make_patches("model.ema_decay=0.9")
    inside = [name for name in forecaster.state_dict() if ".backbone." in name]
    assert {name.split(".")[0] for name in inside} == {"net", "average"}
    assert all("norm" in name for name in inside)
    frozen = [p for p in forecaster.net.backbone.parameters() if not p.requires_grad]
    shared = {id(p) for p in forecaster.average.backbone.parameters()}
    assert all(id(p) in shared for p in frozen)


def test_every_output_names_the_backbone(make_patches) -> None:
    labels = {}
    for path in PATHS:
        about = make_patches(f"model.backbone.path={path}")[0].describe()["backbone"]
        labels[path] = model_label({"model": "qwen_patch", "backbone": about})
        assert len(about["fingerprint"]) == 16
        assert about["trainable"] <= about["parameters"]
    assert labels == {
        "nano": "qwen_patch [nano]",
        "attention": "qwen_patch [one attention block]",
        "none": "qwen_patch [no backbone]",
    }


@pytest.mark.parametrize("tune", get_args(LayerTuning))
def test_a_backbone_in_bfloat16_is_trained_in_float32(make_patches, tied_folder, tune: str) -> None:
    forecaster, data = make_patches(
        "model/backbone=local",
        f"model.backbone.path={tied_folder}",
        "model.backbone.dtype=bfloat16" if tune != "full" else "model.backbone.dtype=auto",
        f"model.tune={tune}",
    )
    forecaster.train().loss(data.gather("train", torch.arange(4))).backward()
    trained = [p for p in forecaster.net.parameters() if p.requires_grad]
    assert all(p.dtype == torch.float32 and p.grad.isfinite().all() for p in trained)


def test_products_in_bfloat16_come_close(make_patches) -> None:
    torch.manual_seed(0)
    exact, data = make_patches()
    torch.manual_seed(0)
    fast, _ = make_patches("model.bf16=true")
    batch = data.gather("test", torch.arange(4))
    one, two = exact.forecast(batch).point, fast.forecast(batch).point
    assert not torch.equal(one, two)
    assert float(((one - two) / exact.channel_std).abs().max()) < 0.05


@pytest.mark.parametrize(
    ("override", "words"),
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
def test_a_wrong_setting_is_named(make_patches, override: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_patches(*override.split())
    assert words in f"{caught.value.message} {caught.value.advice}"
