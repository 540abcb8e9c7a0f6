"""What is saved of a forecaster with a backbone, and that it forecasts the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from small_networks import disturb
from transformers import AutoConfig, AutoModelForCausalLM

from timevis.errors import RunFolderError
from timevis.models.qwen.backbone.files import find_backbone_folder
from timevis.models.qwen.digits.forecaster import QwenForecaster
from timevis.models.serialization import load, save


@pytest.fixture(params=["lora", "full"])
def trained(request, make_forecaster) -> tuple[QwenForecaster, torch.Tensor, object]:
    forecaster, data = make_forecaster(f"model.tune={request.param}")
    disturb(forecaster)
    batch = data.gather("test", torch.arange(2))
    return forecaster, forecaster.forecast(batch).samples, batch


def test_a_saved_forecaster_forecasts_the_same(trained, tmp_path) -> None:
    forecaster, expected, batch = trained
    save(forecaster, tmp_path)
    again = load(tmp_path)
    assert torch.equal(again.forecast(batch).samples, expected)


def test_a_saved_model_finds_its_backbone_where_its_settings_say(make_forecaster, tmp_path) -> None:
    folder = Path(shutil.copytree(find_backbone_folder("nano"), tmp_path / "here"))
    forecaster, data = make_forecaster(f"model.backbone.path={folder}")
    save(forecaster, tmp_path / "model")
    folder.rename(tmp_path / "there")
    settings = tmp_path / "model" / "model.json"
    with pytest.raises(RunFolderError, match="here does not exist") as told:
        load(tmp_path / "model")
    assert str(settings) in told.value.advice
    settings.write_text(settings.read_text().replace(str(folder), str(tmp_path / "there")))
    batch = data.gather("test", torch.arange(2))
    assert torch.equal(load(tmp_path / "model").forecast(batch).samples, forecaster.forecast(batch).samples)


def test_the_saved_weights_leave_out_the_frozen_backbone(make_forecaster) -> None:
    forecaster, _ = make_forecaster("model.lora.rank=2")
    names = set(forecaster.state_dict())
    assert any("lora_A" in name for name in names)
    assert any("tables.own" in name for name in names)
    assert not any("base_layer" in name or "embed_tokens" in name for name in names)


def test_a_head_tied_to_the_embedding_is_left_out_too(make_forecaster, tmp_path) -> None:
    folder = Path(shutil.copytree(find_backbone_folder("nano"), tmp_path / "tied"))
    config = AutoConfig.from_pretrained(folder)
    config.tie_word_embeddings = True
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    forecaster, _ = make_forecaster(f"model.backbone.path={folder}")
    assert not [name for name in forecaster.state_dict() if "lm_head" in name or "embed_tokens" in name]
    forecaster.load_state_dict(forecaster.state_dict())


def test_decoding_with_merged_adapters_leaves_the_weights_untouched(trained) -> None:
    forecaster, _, batch = trained
    before = {name: p.detach().clone() for name, p in forecaster.named_parameters()}
    forecaster.forecast(batch)
    assert all(torch.equal(before[name], p) for name, p in forecaster.named_parameters())
    loss = float(forecaster.loss(batch).detach())
    forecaster.forecast(batch)
    assert float(forecaster.loss(batch).detach()) == loss


def test_weights_of_another_backbone_are_refused(make_forecaster) -> None:
    forecaster, _ = make_forecaster()
    state = forecaster.state_dict()
    state["fingerprint"] = 255 - state["fingerprint"]
    with pytest.raises(RunFolderError, match="fingerprint"):
        forecaster.load_state_dict(state)


def test_weights_that_do_not_fit_are_refused(make_forecaster) -> None:
    forecaster, _ = make_forecaster()
    state = {k: v for k, v in forecaster.state_dict().items() if "tables.own" not in k}
    with pytest.raises(RunFolderError, match=r"tables\.own"):
        forecaster.load_state_dict(state)


def test_every_output_names_the_backbone(make_forecaster) -> None:
    forecaster, _ = make_forecaster()
    about = forecaster.describe()["backbone"]
    assert about["name"] == "nano"
    assert about["parameters"] > 500_000
    assert 0 < about["trainable"] < about["parameters"]
    assert len(about["fingerprint"]) == 16


def test_what_the_config_leaves_open_is_saved_as_found(make_forecaster) -> None:
    forecaster, _ = make_forecaster()
    saved = forecaster.hparams
    assert saved["digits"] == 3
    assert saved["calendar"] == forecaster.backbone.settings["fields"]
    assert saved["codec"]["rule"] == "mean_std"
    assert saved["prompt"]["style"] == "short"
