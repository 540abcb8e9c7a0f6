"""A saved forecaster with a backbone leaves out the frozen weights and gives the same forecasts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from small_networks import perturb_trained
from transformers import AutoConfig, AutoModelForCausalLM

from timevis.errors import RunFolderError
from timevis.models.backbone.files import find_backbone_folder
from timevis.models.digits.forecaster import QwenForecaster
from timevis.models.serialization import load, save


@pytest.fixture(params=["lora", "full"])
def trained(request, make_forecaster) -> tuple[QwenForecaster, torch.Tensor, object]:
    forecaster, data = make_forecaster(f"model.tune={request.param}")
    perturb_trained(forecaster)
    batch = data.gather("test", torch.arange(2))
    return forecaster, forecaster.forecast(batch).samples, batch


def test_a_loaded_forecaster_gives_the_same_forecast(trained, tmp_path) -> None:
    forecaster, expected, batch = trained
    save(forecaster, tmp_path)
    loaded = load(tmp_path)
    assert torch.equal(loaded.forecast(batch).samples, expected)


def test_a_saved_model_loads_its_backbone_from_the_path_in_model_json(make_forecaster, tmp_path) -> None:
    folder = Path(shutil.copytree(find_backbone_folder("nano"), tmp_path / "old"))
    forecaster, data = make_forecaster(f"model.backbone.path={folder}")
    save(forecaster, tmp_path / "model")
    folder.rename(tmp_path / "new")
    settings = tmp_path / "model" / "model.json"
    with pytest.raises(RunFolderError, match="old does not exist") as raised:
        load(tmp_path / "model")
    assert str(settings) in str(raised.value.advice)
    settings.write_text(settings.read_text().replace(str(folder), str(tmp_path / "new")))
    batch = data.gather("test", torch.arange(2))
    assert torch.equal(load(tmp_path / "model").forecast(batch).samples, forecaster.forecast(batch).samples)


def test_the_state_has_the_trained_parameters_but_not_the_frozen_backbone(make_forecaster) -> None:
    forecaster, _ = make_forecaster("model.lora.rank=2")
    names = set(forecaster.state_dict())
    assert any("lora_A" in name for name in names)
    assert any("tables.own" in name for name in names)
    assert not any("base_layer" in name or "embed_tokens" in name for name in names)


def test_the_state_leaves_out_an_output_layer_tied_to_the_embedding(make_forecaster, tmp_path) -> None:
    folder = Path(shutil.copytree(find_backbone_folder("nano"), tmp_path / "tied"))
    config = AutoConfig.from_pretrained(folder)
    config.tie_word_embeddings = True
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    forecaster, _ = make_forecaster(f"model.backbone.path={folder}")
    assert not [name for name in forecaster.state_dict() if "lm_head" in name or "embed_tokens" in name]
    forecaster.load_state_dict(forecaster.state_dict())


def test_decoding_restores_the_weights_after_merging_adapters(trained) -> None:
    forecaster, _, batch = trained
    before = {name: p.detach().clone() for name, p in forecaster.named_parameters()}
    forecaster.forecast(batch)
    assert all(torch.equal(before[name], p) for name, p in forecaster.named_parameters())
    loss = float(forecaster.loss(batch).detach())
    forecaster.forecast(batch)
    assert float(forecaster.loss(batch).detach()) == loss


def test_a_state_of_another_backbone_raises_an_error(make_forecaster) -> None:
    forecaster, _ = make_forecaster()
    state = forecaster.state_dict()
    state["fingerprint"] = 255 - state["fingerprint"]
    with pytest.raises(RunFolderError, match="fingerprint"):
        forecaster.load_state_dict(state)


def test_a_state_with_a_missing_entry_raises_an_error(make_forecaster) -> None:
    forecaster, _ = make_forecaster()
    state = {k: v for k, v in forecaster.state_dict().items() if "tables.own" not in k}
    with pytest.raises(RunFolderError, match=r"tables\.own"):
        forecaster.load_state_dict(state)


def test_describe_identifies_the_backbone(make_forecaster) -> None:
    forecaster, _ = make_forecaster()
    about = forecaster.describe()["backbone"]
    assert about["name"] == "nano"
    assert about["parameters"] > 500_000
    assert 0 < about["trainable"] < about["parameters"]
    assert len(about["fingerprint"]) == 16


def test_options_that_follow_the_backbone_are_saved_with_their_values(make_forecaster) -> None:
    forecaster, _ = make_forecaster()
    saved = forecaster.hparams
    assert saved["digits"] == 3
    assert saved["calendar"] == forecaster.backbone.settings["fields"]
    assert saved["codec"]["rule"] == "mean_std"
    assert saved["prompt"]["style"] == "short"
