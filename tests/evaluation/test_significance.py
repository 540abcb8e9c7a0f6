from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.sandwich_covariance import S_hac_simple, weights_bartlett
from window_frames import window_frame

from timevis.errors import RunFolderError
from timevis.evaluation.significance import (
    Difference,
    RunScores,
    diebold_mariano,
    paired_differences,
    score_intervals,
)
from timevis.evaluation.window_table import WindowTable


def difference(
    a: pd.DataFrame, b: pd.DataFrame, metric: str, horizon: int, naive: pd.DataFrame | None = None
) -> Difference:
    """The paired difference of two runs in one metric."""
    scores = [RunScores.of(WindowTable.from_frame(windows, naive), [metric]) for windows in (a, b)]
    return paired_differences([(scores[0], scores[1])], horizon)[0][metric]


@pytest.fixture
def errors() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(200, 3))


def test_values_equal_the_metrics_and_lie_in_their_intervals(errors):
    result = score_intervals(window_frame(errors), window_frame(errors * 2), horizon=5)
    assert result["metrics"]["mae"].value == pytest.approx(np.abs(errors).mean())
    assert result["metrics"]["mase"].value == pytest.approx((np.abs(errors).mean(0) / [2, 3, 4]).mean())
    assert result["skill"]["mae"].value == pytest.approx(0.5)
    for interval in (*result["metrics"].values(), *result["seasonal_naive"].values()):
        assert interval.low <= interval.value <= interval.high


@pytest.mark.filterwarnings("error")
def test_the_interval_of_a_bias_in_large_units_overflows_nothing(errors):
    bias = score_intervals(window_frame(5e5 * errors), window_frame(1e6 * errors), horizon=5)["metrics"]["bias"]
    assert bias.low <= bias.value <= bias.high


def test_intervals_do_not_depend_on_the_order_of_rows(errors):
    frame, naive = window_frame(errors), window_frame(errors * 2)
    assert score_intervals(frame, naive, 5) == score_intervals(frame.sample(frac=1, random_state=1), naive, 5)


@given(st.integers(0, 200), st.sampled_from(["mae", "relative_wql", "rmse"]))
@settings(max_examples=25)
def test_p_is_below_5_percent_exactly_where_the_interval_excludes_zero(seed: int, metric: str):
    noise = np.random.default_rng(seed).normal(size=(2, 60, 2))
    a, b = window_frame(noise[0]), window_frame(1.15 * noise[1])
    found = difference(a, b, metric, 3, b)
    assert (found.p < 0.05) == (found.percent_low > 0 or found.percent_high < 0)


def test_the_relative_wql_of_a_run_against_itself_is_1(errors):
    frame = window_frame(errors)
    result = score_intervals(frame, frame, 5)
    assert result["metrics"]["relative_wql"] == pytest.approx((1, 1, 1))
    assert result["skill"]["wql"] == pytest.approx((0, 0, 0))


def test_the_relative_wql_of_two_runs_has_the_ratio_of_their_geometric_means(errors):
    a, b = window_frame(errors * [1, 2, 4]), window_frame(np.roll(errors, 3, 0))
    found = difference(a, b, "relative_wql", 5, window_frame(errors[::-1]))
    ratios = np.abs(errors * [1, 2, 4]).mean(0) / np.abs(errors).mean(0)
    assert found.percent == pytest.approx(100 * (np.exp(np.log(ratios).mean()) - 1))


def test_intervals_of_a_wide_run_belong_to_its_metrics():
    errors = np.random.default_rng(0).normal(size=(500, 321))
    result = score_intervals(window_frame(errors), window_frame(errors * 2), 24)
    assert result["metrics"]["mae"].value == pytest.approx(np.abs(errors).mean())
    for interval in (*result["metrics"].values(), *result["seasonal_naive"].values()):
        assert interval.low <= interval.value <= interval.high


def test_a_reference_with_twice_the_error_everywhere_gives_a_skill_interval_of_zero_width(errors):
    skill = score_intervals(window_frame(errors), window_frame(errors * 2), horizon=5)["skill"]
    assert skill["wql"] == pytest.approx((0.5, 0.5, 0.5))


def test_differences_of_many_pairs_are_those_of_each_pair(errors):
    frames = [window_frame(np.roll(errors, shift, 0) * factor) for shift, factor in ((0, 1), (17, 1.1), (5, 0.9))]
    scores = [RunScores.of(WindowTable.from_frame(frame, frames[0]), ["mae", "relative_wql"]) for frame in frames]
    together = paired_differences([(scores[1], scores[0]), (scores[2], scores[0]), (scores[2], scores[1])], 5)
    for (a, b), found in zip(((1, 0), (2, 0), (2, 1)), together, strict=True):
        for metric, value in found.items():
            alone = difference(frames[a], frames[b], metric, 5, frames[0])
            assert list(asdict(value).values()) == pytest.approx(list(asdict(alone).values()), rel=1e-9)


@given(st.integers(0, 100), st.sampled_from(["mae", "wql", "mase", "mse_scaled"]))
@settings(max_examples=20)
def test_identical_models_do_not_differ(seed: int, metric: str):
    frame = window_frame(np.random.default_rng(seed).normal(size=(50, 2)))
    found = difference(frame, frame, metric, horizon=4)
    assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_swapping_the_models_changes_the_sign_of_the_difference(errors):
    a, b = window_frame(errors), window_frame(np.roll(errors, 17, 0) * 1.1)
    forward, backward = (difference(x, y, "mae", horizon=5) for x, y in ((a, b), (b, a)))
    mirrored = (-backward.difference, -backward.high, -backward.low)
    assert (forward.difference, forward.low, forward.high) == pytest.approx(mirrored)
    assert forward.p == pytest.approx(backward.p)


def test_fewer_origins_than_five_horizons_give_a_value_without_an_interval(errors):
    few, enough = (window_frame(errors[:origins]) for origins in (20, 21))  # 20 origins in a row span 24 rows
    twice = window_frame(errors[:20] * 2)
    result = score_intervals(few, twice, horizon=5)
    assert result["skill"]["mae"].value == pytest.approx(0.5)
    assert np.isnan([result["skill"]["mae"].low, result["metrics"]["mae"].high]).all()
    assert np.isnan(difference(few, few, "mae", 5).p)
    assert np.isfinite(score_intervals(enough, enough, horizon=5)["metrics"]["mae"].high)
    assert np.isnan(score_intervals(window_frame(errors[:4]), window_frame(errors[:4]), 1)["metrics"]["mae"].high)


def test_different_windows_are_refused(errors):
    a, b = window_frame(errors), window_frame(errors[1:])
    with pytest.raises(RunFolderError, match="not scored on the same windows"):
        difference(a, b, "mae", 5)


@pytest.mark.parametrize("horizon", [1, 4])
def test_diebold_mariano_agrees_with_the_hac_variance_of_statsmodels(horizon):
    a, b = np.random.default_rng(horizon).gamma(2, size=(2, 150))
    result, loss = diebold_mariano(a[:, None], b[:, None], horizon), a - b
    n = len(loss)
    hac = S_hac_simple(loss - loss.mean(), horizon - 1, weights_func=lambda lags: np.ones(lags + 1))
    plain = loss.mean() / np.sqrt(hac.item() / n**2)
    assert result.statistic[0] == pytest.approx(
        plain * np.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    )


def test_diebold_mariano_uses_bartlett_weights_if_the_variance_with_equal_weights_is_negative():
    loss = np.tile([1.0, -1.0], 20) + 0.01
    result, n = diebold_mariano(loss[:, None], np.zeros((40, 1)), 2), 40
    hac = S_hac_simple(loss - loss.mean(), 1, weights_func=weights_bartlett).item()
    assert result.statistic[0] == pytest.approx(
        0.01 / np.sqrt(hac / n**2) * np.sqrt((n + 1 - 4 + 2 / n) / n), rel=1e-6
    )


def test_diebold_mariano_rejects_equal_forecasts_about_5_times_in_100():
    horizon = 6
    noise = np.random.default_rng(0).normal(size=(400, 300 + horizon - 1))
    losses = np.stack([np.convolve(row, np.full(horizon, 1.0), "valid") for row in noise], 1)
    assert 0.02 <= np.mean(diebold_mariano(losses, np.zeros_like(losses), horizon).p < 0.05) <= 0.1


def test_diebold_mariano_of_equal_losses_has_statistic_0_and_p_1(errors):
    frame = window_frame(errors)
    same = difference(frame, frame, "wql", horizon=5)
    assert (same.dm_statistic, same.dm_p) == (0, 1)
    other = difference(frame, window_frame(errors * 3), "mae", 5)
    assert other.dm_statistic < 0
    assert other.dm_p < 1e-6


def test_p_agrees_with_the_interval_of_the_percentage_not_with_that_of_the_difference():
    """A forecast that is always 30 % better, of errors whose level changes slowly, is certainly better."""
    level = np.exp(np.linspace(-3, 3, 200))[:, None]
    noise = np.exp(np.random.default_rng(1).normal(0, 0.1, (2, 200, 1)))
    found = difference(window_frame(0.7 * level * noise[0]), window_frame(level * noise[1]), "mae", 1)
    assert found.high > 0
    assert found.percent_high < -25
    assert found.p < 0.001
