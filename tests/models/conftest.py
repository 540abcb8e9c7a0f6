"""Fixtures: forecasters from the real config, with short windows and few samples."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from small_networks import TINY_CONFIG
from transformers import Qwen2Config, Qwen2ForCausalLM

from timevis.config.compose import compose
from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import Panel
from timevis.models.backbone.load import load_backbone
from timevis.models.digits.forecaster import QwenForecaster
from timevis.models.patches.forecaster import QwenPatchForecaster
from timevis.runs.config import RunConfig


@cache
def _panel(name: str) -> Panel:
    return load_panel(compose([f"data={name}", "model=linear"]).data)[0]


@pytest.fixture
def bundled_panel() -> Callable[[str], Panel]:
    return _panel


def _build(overrides: tuple[str, ...], panel: Panel | None) -> tuple[Any, WindowDataModule]:
    """A prepared forecaster and its data; the traffic data if no panel is given."""
    cfg = compose(["data=traffic", "context_length=48", "horizon=6", *overrides])
    config = RunConfig.from_config(cfg)
    data = config.datamodule(panel or _panel("traffic"))
    forecaster = config.forecaster(data)
    forecaster.prepare(data)
    return forecaster.eval(), data


@pytest.fixture
def make_forecaster() -> Callable[..., tuple[QwenForecaster, WindowDataModule]]:
    """Builds a prepared digit forecaster and its data from overrides of the config."""

    def make(*overrides: str, panel: Panel | None = None) -> tuple[QwenForecaster, WindowDataModule]:
        return _build(("model=qwen", "model.num_samples=4", "model.val_samples=3", *overrides), panel)

    return make


@pytest.fixture
def make_patches() -> Callable[..., tuple[QwenPatchForecaster, WindowDataModule]]:
    """Builds a prepared patch forecaster, with float32 matrix products, and its data."""

    def make(*overrides: str, panel: Panel | None = None) -> tuple[QwenPatchForecaster, WindowDataModule]:
        return _build(("model=qwen_patch", "model.bf16=false", *overrides), panel)

    return make


@pytest.fixture
def tied_folder(tmp_path: Path) -> Path:
    """Folder of a tiny Qwen2 with tied embeddings and output layer, and the tokenizer of nano."""
    load_backbone("nano").tokenizer.save_pretrained(tmp_path)
    config = Qwen2Config(**{**TINY_CONFIG, "vocab_size": 1104}, tie_word_embeddings=True)
    Qwen2ForCausalLM(config).save_pretrained(tmp_path)
    return tmp_path
