"""The nano backbone in the package."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
from panels import panel_of
from transformers import AutoModelForCausalLM, AutoTokenizer

from timevis.data.datamodule import WindowDataModule
from timevis.models.backbone.files import find_backbone_folder
from timevis_research.nano.tokenizer import build_tokenizer
from timevis_research.nano.zero_shot import forecast_windows, load_network, score_zero_shot


@pytest.fixture(scope="module")
def daily():
    """Hourly series with a daily profile and little noise."""
    rng = np.random.default_rng(0)
    index = pd.date_range("2024-03-04", periods=24 * 70, freq="h")
    angle = 2 * np.pi * np.asarray(index.hour) / 24
    wave = np.stack([np.sin(angle), np.maximum(np.cos(angle - 2), 0) ** 2, np.cos(angle) + np.cos(2 * angle)], 1)
    values = 100 + 20 * wave + rng.normal(size=wave.shape)
    return WindowDataModule(panel_of(values, index=index), val_windows=6)


def test_the_folder_is_small_and_loads_with_the_classes_of_transformers():
    folder = find_backbone_folder("nano")
    assert sum(p.stat().st_size for p in folder.iterdir()) < 8_000_000
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.config.model_type == "qwen3"
    assert 1_000_000 <= model.num_parameters() <= 3_000_000
    assert AutoTokenizer.from_pretrained(folder).get_vocab() == build_tokenizer().get_vocab()


def test_the_model_card_and_the_settings_describe_the_pretraining():
    folder = find_backbone_folder("nano")
    settings = json.loads((folder / "timevis.json").read_text())
    assert settings["name"] == "nano"
    assert "synthetic" in settings["note"]
    assert "pretrain_nano.py" in (folder / "README.md").read_text()


def test_zero_shot_forecasts_of_daily_series_are_better_than_the_last_value(daily):
    network, codec = load_network("nano")
    for batch in daily.batches("val"):
        deviation = batch.context.std(1, keepdim=True)
        forecast = forecast_windows(network, codec, batch, deviation, num_samples=20)
        error = (forecast.quantiles[:, 7] - batch.target).abs().mean()
        naive_error = (batch.context[:, -1:] - batch.target).abs().mean()
        assert error < 0.5 * naive_error


def test_zero_shot_scores_include_ratios_to_seasonal_naive(daily):
    scores = score_zero_shot(partial(forecast_windows, *load_network("nano"), num_samples=10), daily)
    assert set(scores) == {"wql", "mase", "coverage_80", "wql_ratio", "mase_ratio", "mae_ratio"}
    assert 0 < scores["mae_ratio"] < 2
