from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from run_results import results_with

from timevis.data.quality.statistics import autocorrelation
from timevis.evaluation.error_profile import (
    SavedForecasts,
    calendar_error_sums,
    error_statistics,
    excess_coverage_from_ties,
    mean_error_by,
    pit_density,
    reliability,
    timestamps_around,
)
from timevis.report.charts import calendar_charts
from timevis.runs.record import RunRecord
from timevis.utils.levels import QUANTILE_LEVELS

HORIZON = 24


def saved_forecasts(
    truth: np.ndarray, quantiles: np.ndarray, start: str = "2024-01-01", freq: str = "h"
) -> SavedForecasts:
    """Forecasts [N, 15, H] of consecutive windows of one channel with std 2."""
    num_windows = len(truth)
    times = pd.date_range(start, periods=num_windows * HORIZON, freq=freq)[::HORIZON]
    predictions = pd.DataFrame(
        {
            "origin": np.arange(num_windows) * HORIZON,
            "timestamp": times,
            "channel": "a",
            "spread": True,
            "worst": False,
            "truth": list(truth),
            "point": list(quantiles[:, 7]),
            "quantiles": [[list(q) for q in window] for window in quantiles],
            "context": [np.zeros(48)] * num_windows,
        }
    )
    windows = pd.DataFrame({"channel": ["a"], "std": [2.0]})
    return SavedForecasts.from_tables(predictions, windows, freq)


@pytest.fixture
def calibrated() -> SavedForecasts:
    """Forecasts of the standard normal distribution, and truths drawn from it."""
    normal = np.random.default_rng(0).normal(size=(400, HORIZON))
    levels = np.quantile(np.random.default_rng(1).normal(size=400_000), QUANTILE_LEVELS)
    return saved_forecasts(normal, np.tile(levels[None, :, None], (400, 1, HORIZON)))


def test_quantiles_of_the_true_distribution_are_reliable(calibrated):
    observed = reliability(calibrated)
    np.testing.assert_allclose(observed, QUANTILE_LEVELS, atol=0.015)
    edges, density = pit_density(observed)
    assert len(edges) == len(density) + 1 == 17
    assert (density * np.diff(edges)).sum() == pytest.approx(1)
    np.testing.assert_allclose(density, 1, atol=0.15)


@pytest.mark.parametrize("rate", [0.13, 0.7])
def test_quantiles_of_counts_are_reliable(rate):
    counts = np.random.default_rng(0).poisson(rate, (400, HORIZON)).astype(float)
    levels = np.quantile(np.random.default_rng(1).poisson(rate, 400_000), QUANTILE_LEVELS, method="inverted_cdf")
    observed = reliability(saved_forecasts(counts, np.tile(levels[None, :, None], (400, 1, HORIZON))))
    np.testing.assert_allclose(observed, QUANTILE_LEVELS, atol=0.04)
    assert pit_density(observed)[1].max() < 2


def test_excess_coverage_from_ties_is_the_coverage_above_nominal_of_calibrated_counts(calibrated):
    counts = np.random.default_rng(0).poisson(0.7, (400, HORIZON)).astype(float)
    levels = np.quantile(np.random.default_rng(1).poisson(0.7, 400_000), QUANTILE_LEVELS, method="inverted_cdf")
    forecasts = saved_forecasts(counts, np.tile(levels[None, :, None], (400, 1, HORIZON)))
    assert (counts <= levels[12]).mean() - excess_coverage_from_ties(forecasts) == pytest.approx(0.8, abs=0.04)
    assert excess_coverage_from_ties(forecasts) > 0.1
    assert excess_coverage_from_ties(calibrated) == pytest.approx(0, abs=1e-3)


def test_a_truth_that_equals_one_quantile_counts_as_below_it(calibrated):
    truth, quantiles = calibrated.truth.copy(), calibrated.quantiles
    truth[:50] = quantiles[:50, 3]
    truth[0, :5] = np.nan
    below = (truth[:, None] <= quantiles).sum((0, 2)) / np.isfinite(truth).sum()
    np.testing.assert_array_equal(reliability(saved_forecasts(truth, quantiles)), below)


def test_errors_are_assigned_to_the_hour_and_weekday_of_the_target():
    truth = np.zeros((14, HORIZON))
    quantiles = np.zeros((14, 15, HORIZON))
    quantiles[1, :, 5] = 4.0  # 2024-01-02, a Tuesday, 05:00
    sums = calendar_error_sums(saved_forecasts(truth, quantiles), scaled=True)
    hours, weekdays = mean_error_by(sums, "hour"), mean_error_by(sums, "weekday")
    assert hours[5] == pytest.approx(4 / 2 / 14)
    assert weekdays[1] == pytest.approx(4 / 2 / 48)
    assert hours.drop(5).sum() == weekdays.drop(1).sum() == 0


@pytest.mark.parametrize(
    ("freq", "names"),
    [
        ("h", ["hour", "weekday", "hour_weekday"]),
        ("D", ["weekday"]),
        ("B", ["weekday"]),
        ("W-SUN", ["month"]),
        ("MS", ["month"]),
        ("YS", []),
    ],
)
def test_error_charts_use_the_calendar_fields_that_vary_at_the_frequency(freq, names):
    results = results_with({"window_set.freq": freq, "window_set.channels": ["a"]})
    report = {"card": {"unit": "", "units": {}}}
    record = RunRecord(Path("run"), results)
    record.data_report = report
    truth = np.zeros((3, HORIZON))
    charts = calendar_charts(record, saved_forecasts(truth, np.ones((3, 15, HORIZON)), freq=freq))
    assert [chart.name for chart in charts] == names


def test_timestamps_are_in_local_time():
    index = timestamps_around(pd.Timestamp("2024-07-01 00:00", tz="UTC"), 2, 3, "h", "Europe/Berlin")
    assert index.hour.tolist() == [0, 1, 2, 3, 4]


def test_timestamps_follow_the_calendar_of_the_frequency():
    index = timestamps_around(pd.Timestamp("2024-03-01"), 1, 2, "MS")
    assert index.strftime("%m-%d").tolist() == ["02-01", "03-01", "04-01"]


def test_missing_truths_are_left_out_of_the_statistics():
    truth, quantiles = np.zeros((3, HORIZON)), np.full((3, 15, HORIZON), 2.0)
    truth[0, :12] = np.nan
    row = error_statistics(saved_forecasts(truth, quantiles)).loc["a"]
    assert (row["values"], row["bias"], row["std"], row["max"]) == (3 * HORIZON - 12, 2.0, 0.0, 2.0)


def test_autocorrelation_of_an_ar_process_decays_as_its_coefficient():
    rng = np.random.default_rng(0)
    series = np.zeros((500, 60))
    for t in range(1, 60):
        series[:, t] = 0.7 * series[:, t - 1] + rng.normal(size=500)
    series[::5, 40] = np.nan
    np.testing.assert_allclose(autocorrelation(series[:, 20:], range(4)), 0.7 ** np.arange(4), atol=0.03)


def test_the_scaled_mae_of_a_window_is_its_mean_absolute_error_in_standard_deviations():
    quantiles = np.zeros((2, 15, HORIZON))
    quantiles[1] = 6.0
    assert saved_forecasts(np.zeros((2, HORIZON)), quantiles).frame["scaled_mae"].tolist() == [0.0, 3.0]
