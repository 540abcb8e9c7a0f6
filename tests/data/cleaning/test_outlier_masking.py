"""Values that are not what was measured: declared defects, outliers, numbers that mean missing."""

from __future__ import annotations

import numpy as np
import pytest
from cleaned_tables import HOURS, VALUES, clean_frame, wide_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.data.panel import DatasetCard


@pytest.mark.parametrize(("value", "every"), [(-999, 50), (9999, 8), (-99.9, 20)])
def test_a_value_that_may_mean_missing_is_reported_however_often_it_stands(value: float, every: int) -> None:
    values = VALUES.copy()
    values[::every] = value
    panel, report = clean_frame(wide_frame(values=values))
    (note,) = (note for note in report.notes if f"is {value:g} in {len(values[::every])} rows" in note)
    assert f"data.cleaning.missing=[{value:g}]" in note
    assert np.isfinite(panel.values).all()
    measured = np.linspace(0, 999, 400)
    measured[100:110] = 999
    assert not any("data.cleaning.missing" in note for note in clean_frame(wide_frame(values=measured))[1].notes)


def test_declared_defects_are_masked_and_counted() -> None:
    card = DatasetCard("t", defects=({"start": str(HOURS[3]), "end": str(HOURS[5]), "reason": "sensor swapped"},))
    panel, report = clean_frame(wide_frame(), card)
    assert np.isnan(panel.values[3:6]).all()
    assert np.isfinite(np.delete(panel.values, range(3, 6))).all()
    assert report.defects[0]["masked"] == 3
    assert report.defects[0]["reason"] == "sensor swapped"


def spiky() -> np.ndarray:
    values = VALUES.copy()
    values[[50, 300, 390]] = 100.0
    return values


def test_outliers_are_reported_and_masked_only_on_request_and_never_in_the_test_part() -> None:
    panel, report = clean_frame(wide_frame(values=spiky()))
    assert np.isfinite(panel.values).all()
    assert report.outliers["load"]["count"] == 3
    assert [p["time"] for p in report.outliers["load"]["places"]] == [str(HOURS[i]) for i in (50, 300, 390)]
    panel, report = clean_frame(wide_frame(values=spiky()), cleaning={"outliers": "mask"})
    assert np.isnan(panel.values[:, 0]).nonzero()[0].tolist() == [50, 300]
    assert (report.outliers["load"]["count"], report.outliers["load"]["masked"]) == (3, 2)


@settings(max_examples=25)
@given(st.floats(-50, 50), st.integers(280, 399))
def test_what_comes_after_the_training_part_does_not_move_the_bounds(value: float, row: int) -> None:
    changed = spiky()
    changed[row] = value
    (a, _), (b, _) = (clean_frame(wide_frame(values=v), cleaning={"outliers": "mask"}) for v in (spiky(), changed))
    np.testing.assert_array_equal(a.values[:280], b.values[:280])
    same_rows = np.delete(np.arange(400), row)
    np.testing.assert_array_equal(a.values[same_rows], b.values[same_rows])
