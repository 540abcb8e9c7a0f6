"""Outliers and placeholders are reported; outliers are masked on request."""

from __future__ import annotations

import numpy as np
import pytest
from cleaned_tables import HOURS, VALUES, clean_frame, wide_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.data.outliers import find_outliers, fit_bounds
from timevis.data.quality.findings import data_findings


@pytest.mark.parametrize(("value", "step"), [(-999, 50), (9999, 8), (-99.9, 20)])
def test_a_probable_placeholder_is_reported_whatever_its_count(value: float, step: int) -> None:
    values = VALUES.copy()
    values[::step] = value
    panel, report = clean_frame(wide_frame(values=values))
    (note,) = (note for note in map(str, report.notes) if f"is {value:g} in {len(values[::step])} rows" in note)
    assert f"data.missing_values=[{value:g}]" in note
    assert np.isfinite(panel.values).all()
    measured = np.linspace(0, 999, 400)
    measured[100:110] = 999
    notes = clean_frame(wide_frame(values=measured))[1].notes
    assert not any("data.missing_values" in note for note in map(str, notes))


def values_with_spikes() -> np.ndarray:
    values = VALUES.copy()
    values[[50, 300, 390]] = 100.0
    return values


def test_outliers_are_reported_and_masked_only_on_request_and_never_in_the_test_part() -> None:
    panel, report = clean_frame(wide_frame(values=values_with_spikes()))
    assert np.isfinite(panel.values).all()
    assert report.outliers["load"]["count"] == 3
    assert [p["time"] for p in report.outliers["load"]["places"]] == [str(HOURS[i]) for i in (50, 300, 390)]
    panel, report = clean_frame(wide_frame(values=values_with_spikes()), cleaning={"outliers": "mask"})
    assert np.isnan(panel.values[:, 0]).nonzero()[0].tolist() == [50, 300]
    assert (report.outliers["load"]["count"], report.outliers["load"]["masked"]) == (3, 2)


@settings(max_examples=25)
@given(st.floats(-50, 50), st.integers(280, 399))
def test_values_after_the_training_part_do_not_change_the_bounds(value: float, row: int) -> None:
    changed = values_with_spikes()
    changed[row] = value
    (a, _), (b, _) = (
        clean_frame(wide_frame(values=v), cleaning={"outliers": "mask"}) for v in (values_with_spikes(), changed)
    )
    np.testing.assert_array_equal(a.values[:280], b.values[:280])
    other_rows = np.delete(np.arange(400), row)
    np.testing.assert_array_equal(a.values[other_rows], b.values[other_rows])


def test_bounds_depend_on_the_time_of_day_and_on_the_skewness() -> None:
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


def test_rain_is_not_an_outlier_if_nearly_all_rows_are_dry() -> None:
    values = np.zeros((2000, 1), np.float32)
    values[::40] = 5
    assert len(find_outliers(values, *fit_bounds(values, 1))) == 0


def test_steady_growth_is_no_outlier_and_the_largest_spike_is_listed_and_named_first() -> None:
    values = VALUES + np.arange(400, dtype=np.float32) * 2.0
    assert "load" not in clean_frame(wide_frame(values=values))[1].outliers
    values[[60, 380]] *= 2
    report = clean_frame(wide_frame(values=values))[1]
    assert [p["time"] for p in report.outliers["load"]["places"]] == [str(HOURS[i]) for i in (60, 380)]
    message = str(next(f.message for f in data_findings(report.to_dict()) if f.message.code == "outliers-kept"))
    assert message.index("2024-01-16") < message.index("2024-01-03")
