"""The benchmarks compare like with like."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from transformers import GenerationMixin

from timevis.models.qwen.backbone_files import find


def test_the_peer_of_decoding_samples_without_rules_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "scripts"))
    for name in ("benchmarks", "benchmarks.contest", "benchmarks.decode"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    from benchmarks import decode

    for name, value in {"SAMPLES": 2, "HORIZON": 2, "VALUES": 5, "WINDOWS": 1}.items():
        monkeypatch.setattr(decode, name, value)
    folder = Path(shutil.copytree(find("nano"), tmp_path / "chat"))
    rules = {"do_sample": True, "repetition_penalty": 1.1, "temperature": 0.7, "top_p": 0.8, "eos_token_id": [0, 1]}
    (folder / "generation_config.json").write_text(json.dumps(rules))
    used, prepare = [], GenerationMixin._get_logits_processor

    def spy(self, *args, **kwargs):
        found = prepare(self, *args, **kwargs)
        used.append([type(rule).__name__ for rule in found])
        return found

    monkeypatch.setattr(GenerationMixin, "_get_logits_processor", spy)
    decode.peer_a_work(str(folder))()
    assert used == [["DigitsOnly"]]
