"""Forecasters of the real config, kept small."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir

from timevis import build
from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import Panel
from timevis.models.qwen.digits import QwenForecaster

CONF = Path(__file__).parents[3] / "conf"


@cache
def _panel(name: str) -> Panel:
    with initialize_config_dir(str(CONF), version_base=None):
        return load_panel(compose("train", overrides=[f"data={name}", "model=linear"]).data)[0]


@pytest.fixture
def bundled_panel() -> Callable[[str], Panel]:
    return _panel


@pytest.fixture
def make_forecaster() -> Callable[..., tuple[QwenForecaster, WindowDataModule]]:
    """A prepared forecaster on the traffic data, from the real config with short windows and few samples."""

    def make(*overrides: str, panel: Panel | None = None) -> tuple[QwenForecaster, WindowDataModule]:
        short = ["context_length=48", "horizon=6", "model.num_samples=4", "model.val_samples=3"]
        with initialize_config_dir(str(CONF), version_base=None):
            cfg: Any = compose("train", overrides=["model=qwen", "data=traffic", *short, *overrides])
        data = build.datamodule(cfg, panel or _panel("traffic"))
        forecaster = build.forecaster(cfg, data)
        assert isinstance(forecaster, QwenForecaster)
        forecaster.prepare(data)
        return forecaster.eval(), data

    return make
