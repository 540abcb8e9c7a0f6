"""Who a run was."""

from dataclasses import replace

import numpy as np
import pandas as pd

from timevis.data.catalog import load_panel
from timevis.data.panel import panel_from_array
from timevis.identity import data_hash


def test_a_table_with_empty_rows_twice_has_the_hash_of_the_table_without(tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=200, freq="h"), "load": rng.normal(size=200)})
    table.loc[[5, 120], "load"] = np.nan
    hashes = []
    for name, rows in (("once", table), ("twice", pd.concat([table, table.iloc[[5, 7, 120]]]))):
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
        panel, _ = load_panel({"name": "csv", "path": str(tmp_path / f"{name}.csv")})
        hashes.append(data_hash(panel, len(panel)))
    assert hashes[0] == hashes[1]


def test_data_are_others_where_channels_read_covariates_of_others():
    panel = replace(
        panel_from_array(np.ones((5, 2)), freq="h"),
        covariates=np.tile(np.arange(2, dtype=np.float32), (5, 1)),
        covariate_names=("price",),
        covariate_known=(True,),
        covariate_columns=np.array([[0, 1]]),
    )
    swapped = replace(panel, covariate_columns=np.array([[1, 0]]))
    assert data_hash(swapped, 5) != data_hash(panel, 5)
