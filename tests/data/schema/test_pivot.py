"""Long tables, and the covariates beside their series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cleaned_tables import VALUES, clean_frame, wide_frame

from timevis.errors import DataError


def long() -> pd.DataFrame:
    parts = [
        wide_frame(values=VALUES + i).assign(sensor=s, price=VALUES, own=i + VALUES) for i, s in enumerate("cab")
    ]
    return pd.concat(parts).sample(frac=1, random_state=0)


def test_a_long_table_becomes_one_channel_for_each_series() -> None:
    panel, report = clean_frame(long()[["time", "sensor", "load"]])
    assert panel.channels == ("a", "b", "c")
    np.testing.assert_allclose(panel.values[:, 2], VALUES, rtol=1e-6)
    assert any("'sensor' names the series" in note for note in report.notes)
    panel, _ = clean_frame(long()[["time", "sensor", "load", "own"]])
    assert panel.channels == ("a/load", "a/own", "b/load", "b/own", "c/load", "c/own")


def test_covariates_of_a_long_table_are_shared_if_equal_in_all_series() -> None:
    panel, _ = clean_frame(long(), id="sensor", target=["load"], covariates={"price": "known", "own": "observed"})
    assert panel.covariate_names == ("price", "own")
    assert panel.covariate_known == (True, False)
    assert panel.channel_covariate_columns.tolist() == [[0, 0, 0], [1, 2, 3]]
    np.testing.assert_array_equal(panel.covariates[:, 0], VALUES.astype(np.float32))


def test_a_row_without_a_series_name_is_an_error_with_its_row() -> None:
    frame = long().reset_index(drop=True)
    frame.loc[6, "sensor"] = None
    with pytest.raises(DataError, match="row 7, column 'sensor' is empty"):
        clean_frame(frame, id="sensor")
