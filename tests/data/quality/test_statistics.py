from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from panels import panel_of

from timevis.data.quality.statistics import (
    autocorrelation,
    describe_channels,
    moving_average,
    non_negative_channels,
    seasonal_strength,
    summary_statistics,
)
from timevis.data.split import Split

series = hnp.arrays(
    np.float64, st.integers(30, 90), elements=st.one_of(st.floats(-1e3, 1e3, width=32), st.just(np.nan))
)


def test_a_channel_is_non_negative_if_it_is_often_zero_or_a_count_and_never_negative() -> None:
    often_zero = np.where(np.arange(420) % 20 == 0, 0.0, 1.0)
    often_zero[7] = np.nan
    seldom_zero = np.where(np.arange(420) % 21 == 0, 0.0, 1.5)
    count = np.where(np.arange(420) % 9 == 0, 1.0, 40.0)
    negative = np.where(np.arange(420) == 5, -1.0, count)
    channels = np.stack([often_zero, count, seldom_zero, negative, np.full(420, np.nan)], 1)
    assert non_negative_channels(channels).tolist() == [True, True, False, False, False]


@settings(max_examples=50)
@given(series)
def test_summary_statistics_agree_with_pandas(values: np.ndarray) -> None:
    statistics, expected = summary_statistics(values), pd.Series(values)
    assert statistics["observed"] == expected.count()
    assert statistics["missing"] == expected.isna().sum()
    if expected.count():
        assert statistics["mean"] == pytest.approx(expected.mean(), abs=1e-9)
        assert statistics["std"] == pytest.approx(expected.std(ddof=0), abs=1e-9)
        assert statistics["q95"] == pytest.approx(expected.quantile(0.95), abs=1e-9)


@settings(max_examples=50)
@given(series, st.integers(2, 12))
def test_the_moving_average_agrees_with_pandas_away_from_the_edges(values: np.ndarray, width: int) -> None:
    expected = pd.Series(values).rolling(width, min_periods=-(-width // 2)).mean().shift(-(width - width // 2 - 1))
    inside = slice(width, len(values) - width)
    np.testing.assert_allclose(moving_average(values, width)[inside], expected[inside], atol=1e-6)


@settings(max_examples=50)
@given(series)
def test_autocorrelations_lie_within_one_and_ignore_level_and_scale(values: np.ndarray) -> None:
    lags = [1, 5, 200]
    correlations = autocorrelation(values, lags)
    assert correlations[2] is None
    assert all(r is None or -1 <= r <= 1 for r in correlations)
    if np.nanstd(values) > 1e-3 if np.isfinite(values).any() else False:
        np.testing.assert_allclose(
            np.array(correlations, float), np.array(autocorrelation(3 * values + 7, lags), float), atol=1e-6
        )


def test_seasonal_strength_is_one_for_a_pattern_and_zero_for_noise() -> None:
    rng = np.random.default_rng(0)
    assert seasonal_strength(np.tile(rng.normal(size=24), 30), 24) == pytest.approx(1)
    noise = seasonal_strength(rng.normal(size=2400), 24)
    assert noise is not None
    assert noise < 0.02
    assert seasonal_strength(rng.normal(size=40), 24) is None


def test_the_reported_seasonality_is_that_of_the_training_part() -> None:
    values = np.random.default_rng(0).normal(size=(24 * 60, 1)).astype(np.float32)
    changed = values.copy()
    changed[24 * 40 :] += 100 * np.tile(np.arange(24), 20)[:, None]
    a, b = (describe_channels(panel_of(v), Split.on_axis(24 * 40, 24 * 50, 24 * 60))["c0"] for v in (values, changed))
    assert a["seasonality"] == b["seasonality"]
    assert a["autocorrelation"] == b["autocorrelation"]
    assert a["max"] != b["max"]
