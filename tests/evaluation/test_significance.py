import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from statsmodels.stats.sandwich_covariance import S_hac_simple, weights_bartlett

from timevis.errors import RunFolderError
from timevis.evaluation.bootstrap import LOSSES, WindowTable, block_counts, optimal_block_length
from timevis.evaluation.significance import bootstrap_metrics, diebold_mariano, paired_differences
from timevis.metrics import COVERAGES, SUMS


def window_frame(errors: np.ndarray, horizon: int = 1, stride: int = 1) -> pd.DataFrame:
    """Window rows of a forecast with the error `errors` [O, C] at every step, of a series whose values are all 10."""
    origins, channels = errors.shape
    size = np.abs(errors).ravel() * horizon
    sums = dict.fromkeys(SUMS, size)
    sums |= {
        "count": np.full(errors.size, float(horizon)),
        "abs_target": np.full(errors.size, 10.0 * horizon),
        "error": errors.ravel() * horizon,
        "sq_error": errors.ravel() ** 2 * horizon,
        **{f"inside_{k}": np.zeros(errors.size) for k in COVERAGES},
    }
    return pd.DataFrame(
        {
            "origin": np.repeat(np.arange(origins) * stride, channels),
            "channel": np.tile([f"c{i}" for i in range(channels)], origins),
            "std": np.tile(np.arange(1.0, channels + 1), origins),
            "mase_scale": np.tile(np.arange(2.0, channels + 2), origins),
            **sums,
        }
    )


@pytest.fixture
def errors() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(200, 3))


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 5))
def test_every_resample_has_as_many_draws_as_there_are_origins(size: int, block: int, seed: int):
    counts = block_counts(size, min(block, size), 20, seed)
    assert counts.shape == (20, size)
    assert (counts.sum(1) == size).all()
    assert (counts >= 0).all()


def test_every_origin_is_drawn_equally_often():
    counts = block_counts(30, 7, 20_000, seed=0)
    assert np.abs(counts.mean(0) - 1).max() < 0.05


def test_values_equal_the_metrics_and_lie_in_their_intervals(errors):
    result = bootstrap_metrics(window_frame(errors), window_frame(errors * 2), horizon=5)
    assert result["metrics"]["mae"].value == pytest.approx(np.abs(errors).mean())
    assert result["metrics"]["mase"].value == pytest.approx((np.abs(errors).mean(0) / [2, 3, 4]).mean())
    assert result["skill"]["mae"].value == pytest.approx(0.5)
    for interval in (*result["metrics"].values(), *result["reference"].values()):
        assert interval.low <= interval.value <= interval.high


def test_a_reference_with_twice_the_error_everywhere_gives_a_skill_interval_of_zero_width(errors):
    skill = bootstrap_metrics(window_frame(errors), window_frame(errors * 2), horizon=5)["skill"]
    assert skill["wql"] == pytest.approx((0.5, 0.5, 0.5))


def test_row_order_and_seed_decide_as_they_should(errors):
    frame, naive = window_frame(errors), window_frame(errors * 2)
    result = bootstrap_metrics(frame, naive, horizon=5)
    assert result == bootstrap_metrics(frame.sample(frac=1, random_state=1), naive, horizon=5)
    assert result["metrics"]["mae"] != bootstrap_metrics(frame, naive, horizon=5, seed=1)["metrics"]["mae"]


@given(st.integers(0, 100), st.sampled_from(["mae", "wql", "mase", "mse_scaled"]))
@settings(max_examples=20)
def test_identical_models_do_not_differ(seed: int, metric: str):
    frame = window_frame(np.random.default_rng(seed).normal(size=(50, 2)))
    found = paired_differences(frame, frame, [metric], horizon=4, resamples=100)[metric]
    assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_swapping_the_models_changes_the_sign_of_the_difference(errors):
    a, b = window_frame(errors), window_frame(np.roll(errors, 17, 0) * 1.1)
    forward, backward = (paired_differences(x, y, ["mae"], horizon=5)["mae"] for x, y in ((a, b), (b, a)))
    mirrored = (-backward.difference, -backward.high, -backward.low)
    assert (forward.difference, forward.low, forward.high) == pytest.approx(mirrored)
    assert forward.p == backward.p


@given(st.integers(0, 200))
@settings(max_examples=25)
def test_p_is_below_5_percent_exactly_where_the_interval_excludes_zero(seed: int):
    noise = np.random.default_rng(seed).normal(size=(2, 60, 1))
    found = paired_differences(window_frame(noise[0]), window_frame(1.15 * noise[1]), ["mae"], horizon=3)["mae"]
    if not 0.03 < found.p < 0.07:
        assert (found.p < 0.05) == (found.low > 0 or found.high < 0)


def test_a_95_percent_interval_covers_the_true_value_about_95_times_in_100():
    # errors of overlapping windows: a moving average over the horizon, mean zero
    horizon, covered = 8, []
    for seed in range(200):
        noise = np.random.default_rng(seed).normal(size=400 + horizon - 1)
        errors = np.convolve(noise, np.full(horizon, 1 / horizon), "valid")[:, None]
        frame = window_frame(errors)
        bias = bootstrap_metrics(frame, frame, horizon, resamples=300, seed=seed)["metrics"]["bias"]
        covered.append(bias.low <= 0 <= bias.high)
    assert 0.88 <= np.mean(covered) <= 0.98


def test_intervals_cover_the_true_difference_if_errors_are_autocorrelated_beyond_the_horizon():
    # blocks as long as the horizon would give 69 % coverage
    horizon, covered = 4, []
    for seed in range(200):
        errors = lfilter([1], [1, -0.8], np.random.default_rng(seed).normal(size=(2, 700)))[:, 200:, None]
        a, b = (window_frame(10 + e, horizon=horizon) for e in errors)
        found = paired_differences(a, b, ["mae"], horizon, resamples=300, seed=seed)["mae"]
        covered.append(found.low <= 0 <= found.high)
    assert 0.82 <= np.mean(covered) <= 0.98


def test_the_interval_of_the_bias_takes_the_autocorrelation_of_the_sign_into_account():
    # the sign of the error is autocorrelated and its size is not; the block length of WQL would give 42 % coverage
    covered = []
    for seed in range(100):
        noise = np.random.default_rng(seed).normal(size=(2, 700))
        errors = (np.sign(lfilter([1], [1, -0.9], noise[0])) * np.abs(noise[1]))[200:, None]
        frame = window_frame(errors)
        bias = bootstrap_metrics(frame, frame, 4, resamples=300, seed=seed)["metrics"]["bias"]
        covered.append(bias.low <= 0 <= bias.high)
    assert np.mean(covered) >= 0.8


@pytest.mark.parametrize(
    ("seed", "expected"), [(0, [0.887, 7.587, 31.101]), (1, [0.887, 10.767, 35.373]), (2, [1.181, 8.212, 21.071])]
)
def test_optimal_block_lengths_equal_those_of_arch(seed, expected):
    """The expected lengths are from `arch.bootstrap.optimal_block_length` of arch 8.0.0, circular."""
    noise = np.random.default_rng(seed).normal(size=700)
    series = [lfilter([1], [1, -phi], noise)[200:] for phi in (0.0, 0.5, 0.9)]
    assert [optimal_block_length(x) for x in series] == np.ceil(expected).tolist()


def test_constant_and_not_finite_series_have_block_length_1():
    assert [optimal_block_length(x) for x in (np.ones(50), np.full(50, np.nan), np.arange(3.0))] == [1, 1, 1]


def test_fewer_than_two_blocks_give_a_value_without_an_interval(errors):
    result = bootstrap_metrics(window_frame(errors[:9]), window_frame(errors[:9] * 2), horizon=5)
    assert result["skill"]["mae"].value == pytest.approx(0.5)
    assert np.isnan([result["skill"]["mae"].low, result["metrics"]["mae"].high]).all()
    assert np.isnan(paired_differences(window_frame(errors[:9]), window_frame(errors[:9]), ["mae"], 5)["mae"].p)


def test_the_overlap_is_the_horizon_in_units_of_the_stride(errors):
    lengths = [WindowTable.from_frame(window_frame(errors, stride=s)).overlap(24) for s in (1, 5, 24, 100)]
    assert lengths == [24, 5, 1, 1]


def test_different_windows_are_refused(errors):
    a, b = window_frame(errors), window_frame(errors[1:])
    with pytest.raises(RunFolderError, match="not scored on the same windows"):
        paired_differences(a, b, ["mae"], 5)
    with pytest.raises(RunFolderError, match="same window twice"):
        WindowTable.from_frame(pd.concat([a, a]))


@pytest.mark.parametrize("metric", LOSSES)
def test_the_mean_loss_of_the_origins_equals_the_metric(metric, errors):
    frame = window_frame(errors, horizon=3)
    value = bootstrap_metrics(frame, frame, 3, resamples=2)["metrics"][metric].value
    assert WindowTable.from_frame(frame).losses()[metric].mean() == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("horizon", [1, 4])
def test_diebold_mariano_agrees_with_the_hac_variance_of_statsmodels(horizon):
    a, b = np.random.default_rng(horizon).gamma(2, size=(2, 150))
    result, difference = diebold_mariano(a, b, horizon), a - b
    n = len(difference)
    hac = S_hac_simple(difference - difference.mean(), horizon - 1, weights_func=lambda lags: np.ones(lags + 1))
    plain = difference.mean() / np.sqrt(hac.item() / n**2)
    assert result.statistic == pytest.approx(plain * np.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n))


def test_diebold_mariano_uses_bartlett_weights_if_the_variance_with_equal_weights_is_negative():
    difference = np.tile([1.0, -1.0], 20) + 0.01
    result, n = diebold_mariano(difference, np.zeros(40), 2), 40
    hac = S_hac_simple(difference - difference.mean(), 1, weights_func=weights_bartlett).item()
    assert result.statistic == pytest.approx(0.01 / np.sqrt(hac / n**2) * np.sqrt((n + 1 - 4 + 2 / n) / n), rel=1e-6)


def test_diebold_mariano_rejects_equal_forecasts_about_5_times_in_100():
    horizon, rejected = 6, []
    for seed in range(400):
        noise = np.random.default_rng(seed).normal(size=300 + horizon - 1)
        difference = np.convolve(noise, np.full(horizon, 1.0), "valid")
        rejected.append(diebold_mariano(difference, np.zeros(300), horizon).p < 0.05)
    assert 0.02 <= np.mean(rejected) <= 0.1


def test_diebold_mariano_of_equal_losses_has_statistic_0_and_p_1(errors):
    frame = window_frame(errors)
    same = paired_differences(frame, frame, ["wql"], horizon=5)["wql"]
    assert (same.dm_statistic, same.dm_p) == (0, 1)
    other = paired_differences(frame, window_frame(errors * 3), ["mae"], 5)["mae"]
    assert other.dm_statistic < 0
    assert other.dm_p < 1e-6
