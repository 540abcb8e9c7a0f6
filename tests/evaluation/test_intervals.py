import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import t as student
from scipy.stats import ttest_1samp
from statsmodels.stats.multitest import multipletests

from timevis.evaluation.bootstrap import MeanInterval, SeedVariance, holm


def autoregressive(phi: float, length: int, repetitions: int, seed: int = 0) -> np.ndarray:
    """Stationary series [n, S] of expectation zero."""
    noise = np.random.default_rng(seed).normal(size=(length + 500, repetitions))
    return lfilter([1], [1, -phi], noise, axis=0)[500:]


def coverage(series: np.ndarray) -> float:
    """Share of series whose 95 % interval contains zero."""
    return float((np.abs(series.mean(0)) <= MeanInterval(series).half_widths()).mean())


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, 0.95])
@pytest.mark.parametrize("length", [200, 500])
def test_a_95_percent_interval_covers_the_expectation_93_to_97_times_in_100(length, phi):
    """2,000 series: the standard error of the share is 0.5 %."""
    assert 0.925 <= coverage(autoregressive(phi, length, 2000)) <= 0.98


def test_intervals_cover_the_expectation_of_a_moving_average_of_overlapping_windows():
    noise = np.abs(autoregressive(0.0, 523, 1000)) - np.sqrt(2 / np.pi)
    assert 0.92 <= coverage(lfilter(np.full(24, 1 / 24), 1, noise, axis=0)[23:]) <= 0.98


def test_intervals_are_a_little_wider_than_those_of_student_if_nothing_is_autocorrelated():
    series = autoregressive(0.0, 400, 500)
    exact = student.ppf(0.975, 399) * series.std(0, ddof=1) / np.sqrt(400)
    assert 1 < np.median(MeanInterval(series).half_widths() / exact) < 1.2


@given(st.floats(0.01, 1000), st.floats(-5, 5), st.integers(2, 60))
def test_the_width_follows_the_scale_and_p_follows_the_interval(scale, shift, length):
    series = autoregressive(0.5, length, 3, seed=length)
    half = MeanInterval(series).half_widths()
    assert MeanInterval(scale * series + shift).half_widths() == pytest.approx(scale * half, rel=1e-6)
    assert MeanInterval(series).p_value(half) == pytest.approx(0.05)


def test_a_constant_series_has_an_interval_of_zero_width():
    found = MeanInterval(np.ones((50, 2)))
    assert found.half_widths().tolist() == [0, 0]
    assert found.p_value(np.array([0.0, 1.0])).tolist() == [1, 0]


def test_holm_agrees_with_statsmodels_and_leaves_out_what_is_not_defined():
    p = np.array([0.01, 0.04, 0.03, 0.2, 0.011])
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert holm(np.array([0.02, np.nan, 0.03])) == pytest.approx([0.04, np.nan, 0.04], nan_ok=True)


@pytest.mark.parametrize(("deviation", "seeds"), [(0.0, 3), (0.1, 2), (1.0, 3), (1.0, 10)])
def test_an_interval_over_values_and_seeds_covers_the_expectation_of_another_seed(deviation: float, seeds: int):
    rng = np.random.default_rng(0)
    shared = autoregressive(0.8, 200, 2000)
    runs = shared + deviation * rng.normal(size=(seeds, 1, 2000)) + 0.1 * rng.normal(size=(seeds, 200, 2000))
    variance = SeedVariance.of([runs.mean(1)])
    mean, interval = runs.mean((0, 1)), MeanInterval(runs.mean(0), seeds=variance)
    half = interval.half_widths()
    assert 0.93 < np.mean(np.abs(mean) <= half) < 0.975
    np.testing.assert_array_equal(interval.p_value(mean) < 0.05, np.abs(mean) > half)
    if deviation == 1.0:
        assert np.mean(np.abs(mean) <= MeanInterval(runs.mean(0)).half_widths()) < 0.9


def test_only_the_variance_over_seeds_remains_where_no_value_varies():
    runs = np.array([1.0, 2.0, 6.0])[:, None, None] * np.ones((3, 50, 1))
    interval = MeanInterval(runs.mean(0), seeds=SeedVariance.of([runs.mean(1)]))
    assert interval.p_value(np.array([3.0])) == pytest.approx(ttest_1samp([1.0, 2.0, 6.0], 0).pvalue)
