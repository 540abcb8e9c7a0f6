from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from timevis.data.panel import panel_from_array
from timevis.errors import DataError


def test_a_float32_array_is_not_copied() -> None:
    values = np.zeros((50, 3), np.float32)
    panel = panel_from_array(values, "2024-01-01", "h")
    assert panel.values is values
    assert panel.index[1] == pd.Timestamp("2024-01-01 01:00")
    assert len(panel.channels) == 3


def test_one_series_is_one_channel_and_the_frequency_comes_from_the_index() -> None:
    panel = panel_from_array(np.arange(40.0), pd.date_range("2024", periods=40, freq="D"), channels=["x"])
    assert (panel.values.shape, panel.freq, panel.channels) == ((40, 1), "D", ("x",))


def test_an_irregular_index_is_refused() -> None:
    with pytest.raises(DataError, match="not regular"):
        panel_from_array(np.zeros(3), pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-05"]))


def test_future_rows_are_unobserved() -> None:
    panel = panel_from_array(np.ones(5), "2024-01-01", "h").extend(3)
    assert np.isnan(panel.values[5:]).all()
    assert panel.index[-1] == pd.Timestamp("2024-01-01 07:00")
