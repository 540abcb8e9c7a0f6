"""Forecasters of the real config, kept small."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from small_networks import SMALL
from transformers import Qwen2Config, Qwen2ForCausalLM

from timevis.config.compose import compose
from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import Panel
from timevis.models.qwen.backbone.load import load_backbone
from timevis.models.qwen.digits.forecaster import QwenForecaster
from timevis.models.qwen.patches.forecaster import QwenPatchForecaster
from timevis.training import factory


@cache
def _panel(name: str) -> Panel:
    return load_panel(compose([f"data={name}", "model=linear"]).data)[0]


@pytest.fixture
def bundled_panel() -> Callable[[str], Panel]:
    return _panel


def _built(overrides: tuple[str, ...], panel: Panel | None) -> tuple[Any, WindowDataModule]:
    cfg = compose(["data=traffic", "context_length=48", "horizon=6", *overrides])
    data = factory.datamodule(cfg, panel or _panel("traffic"))
    forecaster = factory.forecaster(cfg, data)
    forecaster.prepare(data)
    return forecaster.eval(), data


@pytest.fixture
def make_forecaster() -> Callable[..., tuple[QwenForecaster, WindowDataModule]]:
    """A prepared digit forecaster on the traffic data, from the real config with short windows and few samples."""

    def make(*overrides: str, panel: Panel | None = None) -> tuple[QwenForecaster, WindowDataModule]:
        few = ("model=qwen", "model.num_samples=4", "model.val_samples=3")
        return _built((*few, *overrides), panel)

    return make


@pytest.fixture
def make_patches() -> Callable[..., tuple[QwenPatchForecaster, WindowDataModule]]:
    """The same for the patch forecaster, with float32 products."""

    def make(*overrides: str, panel: Panel | None = None) -> tuple[QwenPatchForecaster, WindowDataModule]:
        return _built(("model=qwen_patch", "model.bf16=false", *overrides), panel)

    return make


@pytest.fixture
def tied_folder(tmp_path: Path) -> Path:
    """A tiny Qwen2 whose output layer is its embedding, with the tokenizer of nano."""
    load_backbone("nano").tokenizer.save_pretrained(tmp_path)
    config = Qwen2Config(**{**SMALL, "vocab_size": 1104}, tie_word_embeddings=True)
    Qwen2ForCausalLM(config).save_pretrained(tmp_path)
    return tmp_path
