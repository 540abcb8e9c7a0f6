"""The averaged forecasts of a patch network that is not trained: their parts, their shares, and exact sign flips."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from timevis.models.patches.means import (
    MIN_HORIZONS,
    ForecastMean,
    MeanSettings,
    of_hourly_series,
    of_seasonal_differences,
)
from timevis.models.serialization import load, save

LEVELS = 15
LENGTH, HORIZON = 96, 7


def calendar_of(rows: int, minutes: int) -> Tensor:
    time = torch.arange(rows) * minutes
    day = time // 1440
    return torch.stack([time % 60, time // 60 % 24, day % 7, 1 + day % 28, torch.ones_like(day)], 1)[None]


def last_value(context: Tensor, mask: Tensor, calendar: Tensor) -> Tensor:
    """A forecast that is the last value at all levels and steps."""
    horizon = calendar.shape[1] - context.shape[1]
    return context[:, -1, None, None].expand(-1, LEVELS, horizon)


def test_hourly_series_are_split_and_merged_in_the_order_of_rows() -> None:
    context = torch.arange(LENGTH + 1.0)[None]  # one row more than whole hours
    calendar = calendar_of(LENGTH + 1 + HORIZON, 30)
    forecast = of_hourly_series(last_value, 2)(context, torch.ones_like(context) > 0, calendar)
    assert forecast.shape == (1, LEVELS, HORIZON)
    assert forecast[0, 0].tolist() == [95, 96, 95, 96, 95, 96, 95]


def test_every_hourly_series_reads_its_own_hours() -> None:
    seen = []

    def record(context: Tensor, mask: Tensor, calendar: Tensor) -> Tensor:
        seen.append(calendar)
        return last_value(context, mask, calendar)

    context = torch.zeros(1, LENGTH)
    of_hourly_series(record, 4)(context, context == 0, calendar_of(LENGTH + HORIZON, 15))
    assert seen[0].shape == (4, (LENGTH + 8) // 4, 5)
    assert [rows[:, 0].unique().tolist() for rows in seen[0]] == [[0], [15], [30], [45]]
    assert (seen[0][:, 1:, 1] - seen[0][:, :-1, 1]).remainder(24).unique().tolist() == [1]


def test_a_series_that_repeats_exactly_has_its_season_as_the_forecast_of_differences() -> None:
    season = torch.tensor([3.0, -1.0, 4.0, 1.0, -5.0])
    context = season.repeat(20)[None]
    forecast = of_seasonal_differences(last_value, 5, 40)(
        context, torch.ones_like(context) > 0, calendar_of(100 + HORIZON, 60)
    )
    assert forecast[0, 3].tolist() == [3, -1, 4, 1, -5, 3, -1]


def test_shares_are_selected_only_by_a_clear_gain_and_on_enough_windows() -> None:
    mean = ForecastMean(1000, MeanSettings(usual_context=500, season=24))
    usual = mean.shares.tolist()
    candidates = mean.candidates()
    assert candidates == [(0.0, 0.0), (0.0, 0.2), (0.0, 0.5)]
    losses = torch.tensor([1.0, 1.0, 0.5])
    mean.select(losses, MIN_HORIZONS - 0.1)
    assert mean.shares.tolist() == usual
    mean.select(torch.tensor([1.0, 1.0, 0.995]), 10)
    assert mean.shares.tolist() == usual
    mean.select(losses, 10)
    assert mean.shares.tolist() == pytest.approx([0.0, 0.5])


def test_short_contexts_have_neither_differences_nor_hours() -> None:
    assert ForecastMean(60, MeanSettings(528, season=24)).candidates() == [(0.0, 0.0)]
    half_hours = ForecastMean(2 * 72, MeanSettings(528, season=48, steps_per_hour=2))
    assert half_hours.candidates()[-1] == (1.0, 0.0)


@torch.no_grad()
def test_the_forecast_of_the_negated_series_is_the_negated_forecast(make_patches) -> None:
    forecaster, data = make_patches("model.tune=none", "model.bf16=false")
    batch = data.gather("test", torch.arange(3))
    mean, _ = forecaster.scale(batch.channel)
    first = forecaster.predict_unclipped(batch)
    second = forecaster.predict_unclipped(replace(batch, context=2 * mean - batch.context))
    negated = (2 * mean).unsqueeze(1) - second.quantiles.flip(1)
    torch.testing.assert_close(first.quantiles, negated, rtol=1e-4, atol=1e-2)


@torch.no_grad()
def test_selected_shares_are_saved_and_a_forecaster_without_averages_has_none(make_patches, tmp_path) -> None:
    forecaster, data = make_patches("model.tune=none", "context_length=96")
    forecaster.mean.shares.copy_(torch.tensor([0.0, 0.5]))
    save(forecaster, tmp_path / "model.ckpt")
    again = load(tmp_path / "model.ckpt")
    assert again.mean.shares.tolist() == [0.0, 0.5]
    assert again.describe()["mean_shares"] == {"hourly_series": 0.0, "seasonal_differences": 0.5}
    batch = data.gather("test", torch.arange(3))
    assert torch.equal(again.eval().forecast(batch).quantiles, forecaster.eval().forecast(batch).quantiles)
    fast, _ = make_patches("model.tune=none", "model.averages=false")
    assert fast.mean is None
    tuned, _ = make_patches("model.tune=norms")
    assert tuned.mean is None
