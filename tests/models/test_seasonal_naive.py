import numpy as np
import pytest
import torch
from panels import panel_of

from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import SeriesStore
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.utils.levels import QUANTILE_LEVELS


def prepared(series, context_length=24, **kwargs):
    datamodule = WindowDataModule(panel_of(series), context_length=context_length, horizon=12)
    model = SeasonalNaive.from_data(datamodule, **kwargs)
    model.prepare(datamodule)
    model.calibrate(datamodule)
    return model, datamodule


T = np.arange(2000)
NOISE = np.random.default_rng(0).normal(size=2000)


@pytest.mark.parametrize(
    ("series", "season"),
    [
        (NOISE.cumsum(), 1),
        (np.sin(2 * np.pi * T / 24) + 0.02 * NOISE.cumsum(), 24),
        (np.where(T % 168 < 120, np.sin(2 * np.pi * T / 24), 0) + 0.1 * NOISE, 168),
    ],
    ids=["a random walk", "a daily season", "a weekly season"],
)
def test_the_season_is_selected_on_validation(series, season):
    assert int(prepared(series)[0].chosen) == season


def test_a_season_given_by_the_user_is_a_candidate():
    panel = panel_of(np.sin(2 * np.pi * T / 60) + 0.1 * NOISE)
    datamodule = WindowDataModule(panel, context_length=24, horizon=12, season=60)
    model = SeasonalNaive.from_data(datamodule)
    model.prepare(datamodule)
    assert int(model.chosen) == 60


def test_the_season_is_selected_for_each_channel():
    series = np.stack([NOISE.cumsum(), np.sin(2 * np.pi * T / 24) + 0.02 * NOISE.cumsum()], axis=1)
    assert prepared(series)[0].chosen.tolist() == [1, 24]


def test_the_forecast_repeats_the_last_season():
    model, datamodule = prepared(T % 24, season=24)
    batch = datamodule.gather("test", torch.arange(30))
    assert torch.equal(model.point(batch), batch.target)


def test_the_last_value_is_repeated_where_no_earlier_season_is_observed():
    model, _ = prepared(100 + NOISE, season=168)
    series = 100 + NOISE[:400].astype(np.float32)
    starts_late = np.where(np.arange(400) < 290, np.nan, series)
    for values, origin, first_row in ((series, 30, 0), (series, 160, 0), (starts_late, 300, 290)):
        batch = SeriesStore(panel_of(values)).gather(torch.tensor([origin]), torch.tensor([0]), 24, 12)
        rows = origin - 168 + np.arange(12)
        expected = np.where(rows >= first_row, series[rows], series[origin - 1])
        np.testing.assert_array_equal(model.point(batch).numpy()[0], expected)


@pytest.mark.parametrize("season", [1, 24])
def test_a_missing_value_is_replaced_by_that_of_an_earlier_season(season):
    model, _ = prepared(np.stack([NOISE, NOISE], axis=1), season=season)
    series = 100 + np.stack([NOISE[:400], NOISE[400:800]], axis=1).astype(np.float32)
    series[np.random.default_rng(1).random(series.shape) < 0.6] = np.nan  # runs of several seasons without a value
    series[24:36, 1] = np.nan
    origins = torch.arange(48, 388, 5)
    for channel in (0, 1):
        batch = SeriesStore(panel_of(series)).gather(origins, torch.full_like(origins, channel), 24, 12)
        for origin, point in zip(origins.tolist(), model.point(batch).numpy(), strict=True):
            last = series[:origin, channel][np.isfinite(series[:origin, channel])][-1]
            for step in range(12):
                earlier = series[origin - season + step % season :: -season, channel]
                observed = earlier[np.isfinite(earlier)]
                assert point[step] == (observed[0] if len(observed) else last)


def test_the_forecast_does_not_depend_on_the_context_length():
    series = np.sin(2 * np.pi * T / 24) + 0.1 * NOISE
    forecasts = []
    for context_length in (24, 200):
        model, datamodule = prepared(series, context_length)
        forecasts.append(torch.cat([model.point(b) for b in datamodule.batches("test")]))
    assert torch.equal(*forecasts)


def test_the_80_percent_interval_covers_80_percent_of_the_calibration_targets():
    model, datamodule = prepared(np.sin(2 * np.pi * T / 24) + 0.1 * NOISE)
    is_covered = []
    for batch in datamodule.batches("calibration"):
        quantiles = model.forecast(batch).quantiles
        is_covered.append((batch.target >= quantiles[:, 2]) & (batch.target <= quantiles[:, 12]))
    assert torch.cat(is_covered).float().mean() == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("windows", [1, 5, 30])
def test_a_few_validation_windows_are_enough_for_medians_and_intervals(windows):
    rng, errors, coverages = np.random.default_rng(0), [], []
    for _ in range(20):
        panel = panel_of(20 * np.sin(2 * np.pi * np.arange(160) / 12) + rng.normal(size=160), freq="MS")
        datamodule = WindowDataModule(panel, context_length=24, horizon=12, split=(100, 111 + windows, 160))
        model = SeasonalNaive.fitted(datamodule)
        batch = datamodule.gather("test", torch.arange(len(datamodule.windows["test"])))
        forecast = model.forecast(batch)
        low, median, high = forecast.quantiles[:, [2, 7, 12]].unbind(1)
        errors.append([float((path - batch.target).abs().mean()) for path in (median, forecast.point)])
        coverages.append(float(((batch.target >= low) & (batch.target <= high)).float().mean()))
    median, point = np.mean(errors, axis=0)
    assert median < 1.1 * point
    assert np.mean(coverages) > 0.6


def test_steps_with_enough_errors_do_not_use_the_errors_of_their_neighbours():
    model, datamodule = prepared(NOISE.cumsum(), season=1)
    batch = datamodule.gather("calibration", torch.arange(len(datamodule.windows["calibration"])))
    error = batch.target - model.point(batch)
    size = torch.nanquantile(error.abs(), 2 * torch.tensor(QUANTILE_LEVELS[8:]) - 1, dim=0)
    torch.testing.assert_close(model.residuals.offsets[0, 8:], size)
    torch.testing.assert_close(model.residuals.offsets[0, :7], -size.flip(0))


@pytest.mark.parametrize("rows", [20, 2000])
def test_the_median_is_the_repeated_value_on_a_ramp_and_on_a_series_that_drifts_in_validation(rows):
    series = np.arange(20.0)
    if rows == 2000:  # warmer by 2 degrees from the day before, in the first half of validation only
        series = 10 * np.sin(2 * np.pi * T / 24) + 0.5 * NOISE + np.clip(T - 1400, 0, 100) * 2 / 24
    datamodule = WindowDataModule(panel_of(series), context_length=3, horizon=1 if rows == 20 else 12)
    model = SeasonalNaive.fitted(datamodule)
    inside = []
    for batch in datamodule.batches("test"):
        forecast = model.forecast(batch)
        assert torch.equal(forecast.quantiles[:, 7], forecast.point)
        torch.testing.assert_close(
            forecast.quantiles - forecast.point.unsqueeze(1), forecast.point.unsqueeze(1) - forecast.quantiles.flip(1)
        )
        inside.append((batch.target >= forecast.quantiles[:, 2]) & (batch.target <= forecast.quantiles[:, 12]))
    assert torch.cat(inside).float().mean() >= 0.8


def test_seasons_and_quantiles_do_not_depend_on_val_windows():
    series = np.sin(2 * np.pi * T / 24)
    series[1390:1420] = series[1390]  # the first validation windows would select a season of one row
    results = []
    for val_windows in (1, 2, 50, None):
        datamodule = WindowDataModule(panel_of(series), context_length=24, horizon=12, val_windows=val_windows)
        model = SeasonalNaive.from_data(datamodule)
        model.prepare(datamodule)
        model.calibrate(datamodule)
        results.append((int(model.chosen), model.residuals.offsets.flatten().tolist()))
    assert all(result == results[0] for result in results)


def test_a_channel_without_validation_values_gets_the_relative_interval_width_of_the_others():
    series = np.stack([NOISE, 10 * NOISE[::-1], 10 * NOISE], axis=1)
    series[1300:, 2] = np.nan  # 1400 of 2000 rows are for training
    model, _ = prepared(series, season=1)
    width = [float((q[-1] - q[0]).mean()) for q in model.residuals.offsets]
    assert width[2] == pytest.approx(width[1], rel=0.2)
    assert width[2] == pytest.approx(10 * width[0], rel=0.2)


def test_a_channel_whose_calibration_rows_are_missing_gets_the_season_of_the_others():
    wave = np.sin(2 * np.pi * T / 24) + 0.02 * NOISE.cumsum()
    gap = wave.copy()
    gap[1350:1550] = np.nan  # the first half of validation is 1400 to 1500
    assert prepared(np.stack([wave, gap], axis=1))[0].chosen.tolist() == [24, 24]


def test_a_short_series_does_not_take_the_weekly_season_from_the_others():
    weekly = np.where(T % 168 < 120, np.sin(2 * np.pi * T / 24), 0) + 0.1 * NOISE
    late = np.where(np.arange(2000) < 1850, np.nan, weekly)
    panel = panel_of(np.stack([weekly, late], axis=1), series=np.array([0, 1]))
    datamodule = WindowDataModule(panel, context_length=24, horizon=6, split_by="series")
    model = SeasonalNaive.from_data(datamodule)
    model.prepare(datamodule)
    assert int(model.chosen[0]) == 168
    assert int(model.chosen[1]) <= 24
