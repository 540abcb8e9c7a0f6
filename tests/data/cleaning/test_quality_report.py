from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from panels import panel_of

from timevis.data.cleaning.outliers import find_outliers, fit_bounds
from timevis.data.cleaning.quality_report import QualityReport, describe_channels, find_gaps
from timevis.data.cleaning.statistics import (
    autocorrelation,
    moving_average,
    non_negative_channels,
    seasonal_strength,
    summary_statistics,
)

series = hnp.arrays(
    np.float64, st.integers(30, 90), elements=st.one_of(st.floats(-1e3, 1e3, width=32), st.just(np.nan))
)


def test_a_channel_is_held_at_zero_where_it_is_often_zero_and_never_below() -> None:
    often = np.where(np.arange(420) % 20 == 0, 0.0, 1.0)
    often[7] = np.nan
    seldom = np.where(np.arange(420) % 21 == 0, 0.0, 1.0)
    below = np.where(np.arange(420) == 5, -0.1, often)
    assert non_negative_channels(np.stack([often, seldom, below, np.full(420, np.nan)], 1)).tolist() == [
        True,
        False,
        False,
        False,
    ]


@settings(max_examples=50)
@given(series)
def test_moments_agree_with_pandas(values: np.ndarray) -> None:
    found, wanted = summary_statistics(values), pd.Series(values)
    assert found["observed"] == wanted.count()
    assert found["missing"] == wanted.isna().sum()
    if wanted.count():
        assert found["mean"] == pytest.approx(wanted.mean(), abs=1e-9)
        assert found["std"] == pytest.approx(wanted.std(ddof=0), abs=1e-9)
        assert found["q95"] == pytest.approx(wanted.quantile(0.95), abs=1e-9)


@settings(max_examples=50)
@given(series, st.integers(2, 12))
def test_the_moving_average_agrees_with_pandas_inside(values: np.ndarray, width: int) -> None:
    wanted = pd.Series(values).rolling(width, min_periods=-(-width // 2)).mean().shift(-(width - width // 2 - 1))
    inside = slice(width, len(values) - width)
    np.testing.assert_allclose(moving_average(values, width)[inside], wanted[inside], atol=1e-6)


@settings(max_examples=50)
@given(series)
def test_correlations_stay_within_one_and_do_not_see_level_or_scale(values: np.ndarray) -> None:
    lags = [1, 5, 200]
    found = autocorrelation(values, lags)
    assert found[2] is None
    assert all(r is None or -1 <= r <= 1 for r in found)
    if np.nanstd(values) > 1e-3 if np.isfinite(values).any() else False:
        np.testing.assert_allclose(
            np.array(found, float), np.array(autocorrelation(3 * values + 7, lags), float), atol=1e-6
        )


def test_seasonal_strength_is_one_for_a_pattern_and_zero_for_noise() -> None:
    rng = np.random.default_rng(0)
    assert seasonal_strength(np.tile(rng.normal(size=24), 30), 24) == pytest.approx(1)
    noise = seasonal_strength(rng.normal(size=2400), 24)
    assert noise is not None
    assert noise < 0.02
    assert seasonal_strength(rng.normal(size=40), 24) is None


def test_bounds_follow_the_time_of_day_and_the_skew() -> None:
    rng = np.random.default_rng(0)
    day = np.where(np.arange(24 * 100) % 24 < 12, 0.0, 50.0)
    values = (day + rng.normal(size=len(day))).astype(np.float32)[:, None]
    lower, upper = fit_bounds(values, 24)
    assert upper[3, 0] < 45
    assert upper[15, 0] > 50
    values[3 * 24 + 3] = 50
    assert find_outliers(values, lower, upper).tolist() == [[75, 0]]
    skewed = rng.exponential(size=(5000, 1)).astype(np.float32)
    assert len(find_outliers(skewed, *fit_bounds(skewed, 1))) < 5


def test_a_channel_without_training_values_has_no_outliers() -> None:
    values = np.full((100, 1), np.nan, np.float32)
    values[80:] = 5
    assert len(find_outliers(values, *fit_bounds(values[:50], 1))) == 0


def test_rain_is_no_outlier_where_nearly_all_rows_are_dry() -> None:
    values = np.zeros((2000, 1), np.float32)
    values[::40] = 5
    assert len(find_outliers(values, *fit_bounds(values, 1))) == 0


def test_gaps_are_rows_in_which_no_channel_was_observed() -> None:
    values = np.ones((20, 2), np.float32)
    values[3:5] = np.nan
    values[10:14] = np.nan
    values[16, 0] = np.nan
    gaps = find_gaps(panel_of(values))
    assert (gaps["count"], gaps["rows"], gaps["longest"]) == (2, 6, 4)
    assert [p["rows"] for p in gaps["places"]] == [4, 2]


def test_the_longest_gap_of_a_channel_is_located_whatever_the_others_hold() -> None:
    values = np.ones((40, 2), np.float32)
    values[[3, 10, 11, 12, 30, 31], 1] = np.nan
    panel = panel_of(values)
    first, second = describe_channels(panel, 30).values()
    assert first["longest_gap"] is None
    assert second["longest_gap"] == {"rows": 3, "start": str(panel.index[10])}


def test_seasonality_in_the_report_is_that_of_the_training_part() -> None:
    values = np.random.default_rng(0).normal(size=(24 * 60, 1)).astype(np.float32)
    changed = values.copy()
    changed[24 * 40 :] += 100 * np.tile(np.arange(24), 20)[:, None]
    a, b = (describe_channels(panel_of(v), 24 * 40)["c0"] for v in (values, changed))
    assert a["seasonality"] == b["seasonality"]
    assert a["autocorrelation"] == b["autocorrelation"]
    assert a["max"] != b["max"]


def test_the_report_is_json_even_where_numbers_are_not_finite() -> None:
    report = QualityReport("t", outliers={"a": {"places": [{"upper": np.float32(np.inf), "value": np.float64(1)}]}})
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["outliers"]["a"]["places"] == [
        {"upper": None, "value": 1.0}
    ]
