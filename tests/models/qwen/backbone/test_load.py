"""Where a backbone comes from, and what is said when it does not come."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from timevis.errors import ConfigError, TimeVisError
from timevis.experiment import check_config
from timevis.models.qwen.backbone.files import find_backbone_folder
from timevis.models.qwen.backbone.load import check_backbone, load_backbone
from timevis.models.qwen.digits.layout import TokenLayout


@pytest.fixture
def copy_of_nano(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_backbone_folder("nano"), tmp_path / "copy"))


def test_nano_comes_with_the_package_in_float32() -> None:
    backbone = load_backbone("nano")
    assert backbone.model.dtype == torch.float32
    assert not any(p.requires_grad for p in backbone.model.parameters())
    assert backbone.settings["digits"] == 3


def test_a_local_folder_is_known_by_its_weights(copy_of_nano: Path) -> None:
    assert load_backbone(str(copy_of_nano)).fingerprint == load_backbone("nano").fingerprint
    file = copy_of_nano / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert load_backbone(str(copy_of_nano)).fingerprint != load_backbone("nano").fingerprint


def test_the_first_layers_can_be_kept() -> None:
    whole, part = load_backbone("nano"), load_backbone("nano", layers=2)
    assert len(part.model.model.layers) == 2
    assert part.name == f"nano, first 2 of {len(whole.model.model.layers)} layers"  # never passes for the whole
    assert load_backbone("nano", layers=len(whole.model.model.layers)).name == "nano"
    assert part.fingerprint != whole.fingerprint
    weights = dict(whole.model.named_parameters())
    assert all(torch.equal(p, weights[n]) for n, p in part.model.named_parameters())


def test_random_weights_are_the_same_for_the_same_seed() -> None:
    one, two, other = (load_backbone("nano", pretrained=False, seed=s) for s in (1, 1, 2))
    first = next(p for p in one.model.parameters() if p.ndim == 2)
    assert torch.equal(first, next(p for p in two.model.parameters() if p.ndim == 2))
    assert one.fingerprint == two.fingerprint != other.fingerprint


@pytest.mark.parametrize(("kind", "words"), [("nf4", "needs a CUDA GPU"), ("int3", "choices: nf4, none")])
def test_four_bits_are_refused_where_they_cannot_be_had(
    kind: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=words):
        load_backbone("nano", quantization=kind)


def test_weights_that_came_out_of_a_4_bit_file_say_so(copy_of_nano: Path) -> None:
    config = json.loads((copy_of_nano / "config.json").read_text())
    config["_model_name_or_path"] = "Qwen2.5 Coder 0.5B Instruct AWQ"
    (copy_of_nano / "config.json").write_text(json.dumps(config))
    (copy_of_nano / "timevis.json").unlink()
    backbone = load_backbone(str(copy_of_nano))
    assert backbone.note == "Qwen2.5-Coder-0.5B-Instruct, dequantised from 4 bit."
    assert "AWQ" in backbone.name
    assert load_backbone(str(copy_of_nano), pretrained=False).note == ""


def test_an_unreachable_hub_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(TimeVisError, match="cannot be reached") as error:
        load_backbone("Qwen/Qwen2.5-0.5B")
    assert "HF_ENDPOINT" in error.value.advice
    assert "model.backbone.path" in error.value.advice


@pytest.mark.parametrize("path", ["/no/such/folder", "./nothing", "a/b/c"])
def test_a_folder_that_does_not_exist_is_named(path: str) -> None:
    with pytest.raises(TimeVisError, match="does not exist"):
        load_backbone(path)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(TimeVisError, match="no model folder"):
        load_backbone(str(tmp_path))


def test_weights_cut_short_are_refused(copy_of_nano: Path) -> None:
    file = copy_of_nano / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(TimeVisError, match="weights cannot be read") as error:
        load_backbone(str(copy_of_nano))
    assert "get it again" in str(error.value)


def test_missing_weights_are_not_drawn_anew(copy_of_nano: Path) -> None:
    file = copy_of_nano / "model.safetensors"
    weights = load_file(file)
    del weights["model.layers.1.mlp.up_proj.weight"], weights["model.norm.weight"]
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(TimeVisError, match=r"lack the weights model\.layers\.1\.mlp\.up_proj\.weight and 1 more"):
        load_backbone(str(copy_of_nano))


def test_another_architecture_is_refused(copy_of_nano: Path) -> None:
    config = json.loads((copy_of_nano / "config.json").read_text())
    (copy_of_nano / "config.json").write_text(json.dumps({**config, "model_type": "llama"}))
    with pytest.raises(ConfigError, match="llama"):
        load_backbone(str(copy_of_nano))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"path": None}, "is missing"),
        ({"path": "/nowhere"}, "does not exist"),
        ({"path": "nano", "layers": 99}, "layers=99"),
        ({"path": str(Path(__file__).parent)}, "is no model folder"),
    ],
)
@pytest.mark.parametrize("model", ["qwen", "qwen_patch"])
def test_a_backbone_that_cannot_be_is_refused_before_there_are_data(compose_config, model, values, words) -> None:
    cfg = compose_config(f"model={model}")
    cfg.model.backbone = {**cfg.model.backbone, **values}
    with pytest.raises(TimeVisError, match=words):
        check_config(cfg)


def test_what_needs_the_hub_or_no_folder_is_left_to_the_loading() -> None:
    for path in ("Qwen/Qwen2.5-0.5B", "attention", "none"):
        check_backbone({"path": path, "layers": 2})


def test_a_separator_must_be_one_token() -> None:
    tokenizer = load_backbone("nano").tokenizer
    assert TokenLayout.from_tokenizer(tokenizer, 3, ",").tokens_per_value == 4
    with pytest.raises(ConfigError, match="not one") as told:
        TokenLayout.from_tokenizer(tokenizer, 3, ", ;")
    assert "another model.separator" in told.value.advice


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("config.json", '{"model_type":', "config.json cannot be read"),
        ("tokenizer.json", '{"version":', "tokenizer cannot be read"),
    ],
)
def test_a_file_cut_short_is_named(copy_of_nano: Path, file: str, content: str, words: str) -> None:
    (copy_of_nano / file).write_text(content)
    with pytest.raises(TimeVisError, match=words) as told:
        load_backbone(str(copy_of_nano))
    assert "get it again" in told.value.advice


def test_a_missing_part_of_the_weights_is_named(copy_of_nano: Path) -> None:
    load_backbone("nano").model.save_pretrained(copy_of_nano, max_shard_size="1MB")
    (copy_of_nano / "model.safetensors").unlink()
    load_backbone(str(copy_of_nano))
    first = sorted(copy_of_nano.glob("model-*.safetensors"))[0]
    first.unlink()
    with pytest.raises(TimeVisError, match=first.name):
        load_backbone(str(copy_of_nano))


def test_weights_of_another_size_than_the_config_says_are_refused(copy_of_nano: Path) -> None:
    config = json.loads((copy_of_nano / "config.json").read_text())
    (copy_of_nano / "config.json").write_text(json.dumps({**config, "intermediate_size": 385}))
    with pytest.raises(TimeVisError, match=r"\[384, 128\].*asks for \[385, 128\]|\[128, 384\].*\[128, 385\]"):
        load_backbone(str(copy_of_nano))


def test_a_folder_without_a_tokenizer_is_told_what_it_lacks(copy_of_nano: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (copy_of_nano / name).unlink()
    with pytest.raises(TimeVisError, match="tokenizer"):
        TokenLayout.from_tokenizer(load_backbone(str(copy_of_nano)).tokenizer, 3)


def test_an_impossible_id_of_the_hub_is_named() -> None:
    with pytest.raises(TimeVisError, match="neither a folder nor an id of the hub"):
        find_backbone_folder("Qwen/Qwen 2.5")
