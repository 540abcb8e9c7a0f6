import numpy as np
import pandas as pd
import pytest
from panels import panel_of

from timevis.data.split import hold_out_last_rows, values_at
from timevis.errors import DataError


def test_the_last_observed_rows_are_hidden_and_can_be_looked_up():
    values = np.arange(20.0).reshape(10, 2)
    values[8:] = np.nan  # rows with the future of covariates
    panel = panel_of(values, channels=("a", "b"))
    held = hold_out_last_rows(panel, 3)
    assert len(held) == 10
    np.testing.assert_array_equal(held.values[:5], values[:5])
    assert np.isnan(held.values[5:]).all()
    times = pd.Series(panel.index[[5, 9]].append(panel.index[-1:] + pd.Timedelta("9h")))
    np.testing.assert_array_equal(values_at(panel, pd.Series(["b", "a", "a"]), times), [11, np.nan, np.nan])


def test_a_panel_that_is_too_short_is_refused():
    with pytest.raises(DataError, match="back-test of the last 5 rows"):
        hold_out_last_rows(panel_of(np.ones((5, 1))), 5)


def test_a_series_that_starts_late_is_as_short_as_its_own_rows():
    values = np.ones((10, 2))
    values[:6, 1] = np.nan
    panel = panel_of(values, channels=("a", "b"), series=np.array([0, 1]))
    np.testing.assert_array_equal(np.isnan(hold_out_last_rows(panel, 3).values).sum(0), [3, 9])
    with pytest.raises(DataError, match="the shortest series has 4 rows"):
        hold_out_last_rows(panel, 4)


def test_a_series_without_any_value_is_left_alone():
    values = np.stack([np.ones(10), np.full(10, np.nan)], axis=1)
    held = hold_out_last_rows(panel_of(values, channels=("a", "b"), series=np.array([0, 1])), 3)
    np.testing.assert_array_equal(np.isnan(held.values).sum(0), [3, 10])
