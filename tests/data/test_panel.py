from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from panels import panel_of

from timevis.data.new_files import NewFilePanel
from timevis.data.panel import DatasetCard, Panel


def test_appended_future_rows_have_no_values() -> None:
    panel = panel_of(np.ones(5)).extend(3)
    assert np.isnan(panel.values[5:]).all()
    assert panel.index[-1] == pd.Timestamp("2024-01-01 07:00")


def test_the_repr_of_a_panel_is_one_line() -> None:
    panel = panel_of(np.ones((48, 7)), card=DatasetCard("plant"))
    assert repr(panel) == (
        "Panel(plant: c0, c1, c2, c3, c4 and 2 more; 48 rows of h, 2024-01-01 00:00:00 to 2024-01-02 23:00:00)"
    )
    assert repr(NewFilePanel(**vars(panel))).startswith("NewFilePanel(plant: c0, ")
    assert repr(panel_of(np.ones((0, 1)))) == "Panel(test: c0; 0 rows of h)"


def panel_with_covariates(is_own: list[bool], channels: int) -> Panel:
    """Covariates that each channel has for itself or that all share; a value is the number of its column."""
    columns = np.empty((len(is_own), channels), int)
    for k, differs in enumerate(is_own):
        columns[k] = columns[:k].max(initial=-1) + 1 + np.arange(channels) * differs
    num_columns = int(columns.max(initial=-1)) + 1
    return panel_of(
        np.tile(np.arange(channels), (3, 1)),
        np.tile(np.arange(num_columns), (3, 1)),
        is_own,
        covariate_names=tuple(f"x{k}" for k in range(len(is_own))),
        covariate_columns=columns if num_columns > len(is_own) else None,
    )


@given(st.data(), st.lists(st.booleans(), max_size=4), st.integers(1, 4))
def test_a_selected_channel_keeps_its_covariates(data, is_own, channels) -> None:
    panel = panel_with_covariates(is_own, channels).with_covariates({"all": True}, np.full((3, 1), 99, np.float32))
    js = data.draw(st.permutations(range(channels)).map(lambda p: p[: 1 + len(p) // 2]))
    ks = data.draw(st.lists(st.integers(0, len(is_own)), unique=True))
    selected = panel.select(js, ks).select(covariates=range(len(ks)))
    assert selected.values[0].tolist() == js
    assert selected.covariate_names == tuple(panel.covariate_names[k] for k in ks)
    assert (selected.covariate_columns is None) == (len(js) == 1 or not any([*is_own, False][k] for k in ks))
    expected = panel.covariates[0, panel.channel_covariate_columns[np.ix_(ks, js)]] if ks else np.empty((0, len(js)))
    np.testing.assert_array_equal(selected.covariates[0][selected.channel_covariate_columns], expected)
    assert selected.extend(2).covariates.shape == (5, selected.covariates.shape[1])
