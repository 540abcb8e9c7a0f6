"""Pivot long tables, with covariates that are shared or differ between series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cleaned_tables import VALUES, clean_frame, wide_frame

from timevis.errors import DataError


def long_frame() -> pd.DataFrame:
    parts = [
        wide_frame(values=VALUES + i).assign(sensor=s, price=VALUES, local=i + VALUES) for i, s in enumerate("cab")
    ]
    return pd.concat(parts).sample(frac=1, random_state=0)


def test_a_long_table_becomes_one_channel_for_each_series() -> None:
    panel, report = clean_frame(long_frame()[["time", "sensor", "load"]])
    assert panel.channels == ("a", "b", "c")
    np.testing.assert_allclose(panel.values[:, 2], VALUES, rtol=1e-6)
    assert any("'sensor' names the series" in note for note in map(str, report.notes))
    panel, _ = clean_frame(long_frame()[["time", "sensor", "load", "local"]])
    assert panel.channels == ("a/load", "a/local", "b/load", "b/local", "c/load", "c/local")


def test_covariates_of_a_long_table_are_shared_if_equal_in_all_series() -> None:
    panel, _ = clean_frame(
        long_frame(), id="sensor", target=["load"], covariates={"price": "known", "local": "observed"}
    )
    assert panel.covariate_names == ("price", "local")
    assert panel.covariate_known == (True, False)
    assert panel.channel_covariate_columns.tolist() == [[0, 0, 0], [1, 2, 3]]
    np.testing.assert_array_equal(panel.covariates[:, 0], VALUES.astype(np.float32))


def test_a_row_without_a_series_name_is_an_error_with_its_row() -> None:
    frame = long_frame().reset_index(drop=True)
    frame.loc[6, "sensor"] = None
    with pytest.raises(DataError, match="row 7, column 'sensor' is empty"):
        clean_frame(frame, id="sensor")
