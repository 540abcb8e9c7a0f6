"""Loading a backbone, and the errors when it cannot be loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from timevis.errors import ConfigError, TimeVisError
from timevis.models.backbone.files import find_backbone_folder
from timevis.models.backbone.load import check_backbone, load_backbone
from timevis.models.digits.layout import TokenLayout
from timevis.training.run import check_config


@pytest.fixture
def nano_copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_backbone_folder("nano"), tmp_path / "copy"))


def test_the_packaged_nano_is_frozen_and_float32() -> None:
    backbone = load_backbone("nano")
    assert backbone.model.dtype == torch.float32
    assert not any(p.requires_grad for p in backbone.model.parameters())
    assert backbone.settings["digits"] == 3


def test_the_fingerprint_of_a_folder_depends_on_its_weights_only(nano_copy: Path) -> None:
    assert load_backbone(str(nano_copy)).fingerprint == load_backbone("nano").fingerprint
    file = nano_copy / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert load_backbone(str(nano_copy)).fingerprint != load_backbone("nano").fingerprint


def test_a_backbone_can_be_cut_to_its_first_layers() -> None:
    whole, cut = load_backbone("nano"), load_backbone("nano", layers=2)
    assert len(cut.model.model.layers) == 2
    assert cut.name == f"nano, first 2 of {len(whole.model.model.layers)} layers"
    assert load_backbone("nano", layers=len(whole.model.model.layers)).name == "nano"
    assert cut.fingerprint != whole.fingerprint
    weights = dict(whole.model.named_parameters())
    assert all(torch.equal(p, weights[n]) for n, p in cut.model.named_parameters())


def test_random_weights_depend_on_the_seed() -> None:
    one, two, other = (load_backbone("nano", pretrained=False, seed=s) for s in (1, 1, 2))
    first = next(p for p in one.model.parameters() if p.ndim == 2)
    assert torch.equal(first, next(p for p in two.model.parameters() if p.ndim == 2))
    assert one.fingerprint == two.fingerprint != other.fingerprint


@pytest.mark.parametrize(("quantization", "message"), [("nf4", "needs a CUDA GPU"), ("int3", "choices: nf4, none")])
def test_an_unavailable_quantization_raises_an_error(
    quantization: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=message):
        load_backbone("nano", quantization=quantization)


def test_the_note_of_dequantised_weights_says_that_they_were_4_bit(nano_copy: Path) -> None:
    config = json.loads((nano_copy / "config.json").read_text())
    config["_model_name_or_path"] = "Qwen2.5 Coder 0.5B Instruct AWQ"
    (nano_copy / "config.json").write_text(json.dumps(config))
    (nano_copy / "timevis.json").unlink()
    backbone = load_backbone(str(nano_copy))
    assert backbone.note == "Qwen2.5-Coder-0.5B-Instruct, dequantised from 4 bit."
    assert "AWQ" in backbone.name
    assert load_backbone(str(nano_copy), pretrained=False).note == ""


def test_an_unreachable_hub_raises_an_error_with_advice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(TimeVisError, match="cannot be reached") as error:
        load_backbone("Qwen/Qwen2.5-0.5B")
    assert "HF_ENDPOINT" in str(error.value.advice)
    assert "model.backbone.path" in str(error.value.advice)


@pytest.mark.parametrize("path", ["/no/such/folder", "./nothing", "a/b/c"])
def test_a_missing_folder_raises_an_error(path: str) -> None:
    with pytest.raises(TimeVisError, match="does not exist"):
        load_backbone(path)


def test_a_folder_without_a_model_raises_an_error(tmp_path: Path) -> None:
    with pytest.raises(TimeVisError, match="not a model folder"):
        load_backbone(str(tmp_path))


def test_truncated_weights_raise_an_error(nano_copy: Path) -> None:
    file = nano_copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(TimeVisError, match="weights cannot be read") as error:
        load_backbone(str(nano_copy))
    assert "copy or download it again" in str(error.value)


def test_missing_weights_raise_an_error(nano_copy: Path) -> None:
    file = nano_copy / "model.safetensors"
    weights = load_file(file)
    del weights["model.layers.1.mlp.up_proj.weight"], weights["model.norm.weight"]
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(TimeVisError, match=r"lack 2 weights, the first is model\.layers\.1\.mlp\.up_proj\.weight"):
        load_backbone(str(nano_copy))


def test_an_unsupported_architecture_raises_an_error(nano_copy: Path) -> None:
    config = json.loads((nano_copy / "config.json").read_text())
    (nano_copy / "config.json").write_text(json.dumps({**config, "model_type": "llama"}))
    with pytest.raises(ConfigError, match="llama"):
        load_backbone(str(nano_copy))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"path": None}, "is missing"),
        ({"path": "/nowhere"}, "does not exist"),
        ({"path": str(Path(__file__).parent)}, "is not a model folder"),
    ],
)
@pytest.mark.parametrize("model", ["qwen", "qwen_patch"])
def test_an_invalid_backbone_raises_an_error_before_data_are_read(compose_config, model, values, message) -> None:
    cfg = compose_config(f"model={model}")
    cfg.model.backbone = {**cfg.model.backbone, **values}
    with pytest.raises(TimeVisError, match=message):
        check_config(cfg)


def test_the_check_accepts_hub_ids_without_a_folder() -> None:
    check_backbone({"path": "Qwen/Qwen2.5-0.5B", "layers": 2})


def test_more_layers_than_a_backbone_has_raise_an_error_before_data_are_read(compose_config) -> None:
    with pytest.raises(TimeVisError, match="layers=99"):
        check_config(compose_config("model=qwen", "model.backbone.layers=99"))


def test_a_separator_of_several_tokens_raises_an_error() -> None:
    tokenizer = load_backbone("nano").tokenizer
    assert TokenLayout.from_tokenizer(tokenizer, 3, ",").tokens_per_value == 4
    with pytest.raises(ConfigError, match="not one") as raised:
        TokenLayout.from_tokenizer(tokenizer, 3, ", ;")
    assert "another model.separator" in str(raised.value.advice)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", '{"model_type":', "config.json cannot be read"),
        ("tokenizer.json", '{"version":', "tokenizer cannot be read"),
    ],
)
def test_a_truncated_json_file_raises_an_error(nano_copy: Path, file: str, content: str, message: str) -> None:
    (nano_copy / file).write_text(content)
    with pytest.raises(TimeVisError, match=message) as raised:
        load_backbone(str(nano_copy))
    assert "copy or download it again" in str(raised.value.advice)


def test_a_missing_shard_of_the_weights_is_named_in_the_error(nano_copy: Path) -> None:
    load_backbone("nano").model.save_pretrained(nano_copy, max_shard_size="1MB")
    (nano_copy / "model.safetensors").unlink()
    load_backbone(str(nano_copy))
    first = sorted(nano_copy.glob("model-*.safetensors"))[0]
    first.unlink()
    with pytest.raises(TimeVisError, match=first.name):
        load_backbone(str(nano_copy))


def test_weights_whose_size_differs_from_the_config_raise_an_error(nano_copy: Path) -> None:
    config = json.loads((nano_copy / "config.json").read_text())
    (nano_copy / "config.json").write_text(json.dumps({**config, "intermediate_size": 385}))
    with pytest.raises(TimeVisError, match=r"\[384, 128\].*asks for \[385, 128\]|\[128, 384\].*\[128, 385\]"):
        load_backbone(str(nano_copy))


def test_a_folder_without_a_tokenizer_raises_an_error(nano_copy: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (nano_copy / name).unlink()
    with pytest.raises(TimeVisError, match="tokenizer"):
        TokenLayout.from_tokenizer(load_backbone(str(nano_copy)).tokenizer, 3)


def test_an_invalid_hub_id_raises_an_error() -> None:
    with pytest.raises(TimeVisError, match="neither a folder nor a valid hub id"):
        find_backbone_folder("Qwen/Qwen 2.5")
