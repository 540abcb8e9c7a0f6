from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timevis.data.items import Item
from timevis.data.panel import DatasetCard, Panel, panel_from_array
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


def with_own_covariates(own: list[bool], channels: int) -> Panel:
    """Covariates that each channel has for itself, or that all share, where the column says which it is."""
    read = np.empty((len(own), channels), int)
    for k, each in enumerate(own):
        read[k] = read[:k].max(initial=-1) + 1 + np.arange(channels) * each
    columns = int(read.max(initial=-1)) + 1
    return replace(
        panel_from_array(np.tile(np.arange(channels), (3, 1)), freq="h"),
        covariates=np.tile(np.arange(columns, dtype=np.float32), (3, 1)),
        covariate_names=tuple(f"x{k}" for k in range(len(own))),
        covariate_known=tuple(own),
        covariate_columns=read if columns > len(own) else None,
    )


@given(st.data(), st.lists(st.booleans(), max_size=4), st.integers(1, 4))
def test_a_channel_reads_the_same_covariates_wherever_it_is_picked_to(data, own, channels) -> None:
    panel = with_own_covariates(own, channels).with_covariates({"all": True}, np.full((3, 1), 99, np.float32))
    js = data.draw(st.permutations(range(channels)).map(lambda p: p[: 1 + len(p) // 2]))
    ks = data.draw(st.lists(st.integers(0, len(own)), unique=True))
    picked = panel.pick(js, ks).pick(covariates=range(len(ks)))
    assert picked.values[0].tolist() == js
    assert picked.covariate_names == tuple(panel.covariate_names[k] for k in ks)
    assert (picked.covariate_columns is None) == (len(js) == 1 or not any([*own, False][k] for k in ks))
    expected = panel.covariates[0, panel.columns_read[np.ix_(ks, js)]] if ks else np.empty((0, len(js)))
    np.testing.assert_array_equal(picked.covariates[0][picked.columns_read], expected)
    assert picked.extend(2).covariates.shape == (5, picked.covariates.shape[1])
