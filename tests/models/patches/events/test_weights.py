"""The packaged reader and event layers: what they read, and what they forecast."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
import torch

from timevis.data.events import TextEvent
from timevis.models.patches.events.reader import (
    channels_of_events,
    encode,
    load_reader,
    read_config,
    read_text,
    row_probability,
)
from timevis.models.patches.weights import load_patch_network
from timevis_research.words.wordings import trained_texts


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("the road is closed", "closed"),
        ("道路施工", "reduction"),
        ("the sensor is switched off", "sensor_off"),
        ("a public holiday", "holiday"),
        ("一切正常", "none"),
    ],
)
def test_the_reader_reads_the_kind_of_an_event(text: str, kind: str) -> None:
    assert read_text(text).kind == kind
    assert read_text(text).probability > 0.8


def test_a_reading_has_the_value_and_the_words_that_no_trained_sentence_has() -> None:
    half = read_text("traffic is cut in half")
    assert (half.kind, half.value) == ("factor", 0.5)
    limit = read_text("at most 1200 are possible")
    assert (limit.kind, limit.value) == ("limit", 1200)
    assert read_text("the road is closed").value is None
    assert read_text("the road is closed").is_sure
    strange = read_text("The zorblax of road 7 is closed, 道路鳎")
    assert strange.unknown_words == ("zorblax", "鳎")
    assert not strange.is_sure
    assert not any(read_text(text).unknown_words for text in trained_texts())


@pytest.mark.parametrize(
    "text", ["The road is closed tomorrow from 7 to 15 o'clock.", "5月8日07:00到15:00道路封闭。"]
)
@torch.no_grad()
def test_the_reader_finds_the_rows_of_a_sentence(text: str) -> None:
    today = (date(2024, 5, 7) - date(1970, 1, 1)).days
    hours = torch.arange(72)
    reading = load_reader()(encode([text]), [today])
    probability = row_probability(reading, hours[None] // 24, hours[None] % 24 * 60)[0]
    assert torch.equal((probability > 0.5).nonzero().flatten(), torch.arange(24 + 7, 24 + 15))


def test_the_layers_belong_to_the_packaged_patch_weights() -> None:
    assert read_config()["patch_weights"] == load_patch_network("nano-patch").fingerprint


@torch.no_grad()
def test_only_events_of_a_window_change_its_forecast(make_patches) -> None:
    forecaster, data = make_patches("model.tune=none", "context_length=96", "horizon=24")
    at = lambda row: data.panel.local_index[row]  # noqa: E731
    batch = data.gather("test", torch.tensor([0]))
    origin = int(batch.origin[0])
    expected = forecaster.predict_unclipped(batch)

    def forecast(*events: TextEvent) -> torch.Tensor:
        panel = replace(data.panel, events=events)
        series = type(batch.series)(panel)
        return forecaster.predict_unclipped(replace(batch, series=series)).quantiles

    later = TextEvent(at(origin + 30), None, "the road is closed")
    torch.testing.assert_close(forecast(later), expected.quantiles, rtol=1e-4, atol=1e-2)
    nothing = TextEvent(at(origin), None, "一切正常")
    one_pass, _ = make_patches("model.tune=none", "model.averages=false", "context_length=96", "horizon=24")
    torch.testing.assert_close(forecast(nothing), one_pass.predict_unclipped(batch).quantiles, rtol=0.02, atol=20)
    closed = TextEvent(at(origin), at(origin) + pd.Timedelta(days=2), "the road is closed")
    median = forecast(closed)[0, 7]
    assert median.mean() < 0.3 * expected.quantiles[0, 7].mean()
    tuned, _ = make_patches("model.tune=norms", "context_length=96", "horizon=24")
    assert forecaster.reads_events
    assert not tuned.reads_events


def test_the_later_one_of_overlapping_events_counts(make_patches) -> None:
    _, data = make_patches("model.tune=none")
    start = data.panel.local_index[0]
    half = start + pd.Timedelta(hours=2)
    events = (TextEvent(start, None, "the road is closed"), TextEvent(half, None, "一切正常"))
    rows = type(data.series)(replace(data.panel, events=events)).events
    channels = channels_of_events(rows, torch.tensor([0]), 4)
    assert channels[0, :2, 0].min() > 0.8
    assert channels[0, 2:, 0].max() < 0.2
