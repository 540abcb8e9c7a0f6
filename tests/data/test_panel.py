from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from timevis.data.items import Item
from timevis.data.panel import DatasetCard, panel_from_array
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


def test_a_panel_is_shown_in_a_line() -> None:
    panel = panel_from_array(np.ones((48, 7)), "2024-01-01", "h", card=DatasetCard("plant"))
    assert repr(panel) == (
        "Panel(plant: channel_1, channel_2, channel_3, channel_4, channel_5 and 2 more; 48 rows of h, "
        "2024-01-01 00:00:00 to 2024-01-02 23:00:00)"
    )
    assert repr(Item(**vars(panel))).startswith("Item(plant: channel_1, ")
    assert repr(panel_from_array(np.ones((0, 1)), freq="h")) == "Panel(array: channel_1; 0 rows of h)"
