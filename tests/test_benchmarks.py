"""The benchmarks can be imported, and the implementations that they compare do the same work."""

from __future__ import annotations

import importlib
import json
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny import ROOT
from transformers import GenerationMixin

from timevis.models.backbone.files import find_backbone_folder
from timevis.runs.config import RunConfig


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Import a module of scripts/benchmarks."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        monkeypatch.delitem(sys.modules, name)
    return lambda name: importlib.import_module(f"benchmarks.{name.replace('-', '_')}")


@pytest.mark.parametrize("name", runpy.run_path(str(ROOT / "scripts" / "benchmark.py"))["BENCHMARKS"])
def test_each_listed_benchmark_has_a_main_function(imported, name):
    assert callable(imported(name).main)


def test_the_configs_of_the_lstm_benchmarks_are_valid_and_run_no_validation(imported):
    benchmark = imported("lstm-train")
    all_validation, linear = ["data=etth1", "evaluation.val_windows=null"], ["data=etth1", "model=linear"]
    for overrides in (benchmark.STEPWISE, all_validation, linear):
        trainer = RunConfig.from_config(benchmark.config(overrides)).trainer
        assert trainer.check_val_every_n_epoch > trainer.max_epochs  # so no validation runs while steps are timed


def test_the_generate_peer_of_decoding_ignores_the_sampling_options_of_its_folder(imported, tmp_path, monkeypatch):
    decode = imported("decode")
    for name, value in {"SAMPLES": 2, "HORIZON": 2, "CONTEXT_LENGTH": 5, "WINDOWS": 1}.items():
        monkeypatch.setattr(decode, name, value)
    folder = Path(shutil.copytree(find_backbone_folder("nano"), tmp_path / "chat"))
    generation = {
        "do_sample": True,
        "repetition_penalty": 1.1,
        "temperature": 0.7,
        "top_p": 0.8,
        "eos_token_id": [0, 1],
    }
    (folder / "generation_config.json").write_text(json.dumps(generation))
    processor_names, get_processors = [], GenerationMixin._get_logits_processor

    def record_processors(self, *args, **kwargs):
        processors = get_processors(self, *args, **kwargs)
        processor_names.append([type(processor).__name__ for processor in processors])
        return processors

    monkeypatch.setattr(GenerationMixin, "_get_logits_processor", record_processors)
    decode.peer_a_work(str(folder))()
    assert processor_names == [["DigitsOnly"]]
