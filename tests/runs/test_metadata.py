"""The metadata of a run: hashes of its data."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from panels import panel_of

from timevis.data.catalog import load_panel
from timevis.errors import DataError
from timevis.inference.rescore import rescore
from timevis.runs.reload import data_hash


def test_the_hash_of_the_data_depends_on_values_covariates_times_and_names():
    panel, _ = load_panel({"name": "synthetic", "rows": 200})
    prices = np.arange(200, dtype=np.float32)[:, None]
    panel = replace(panel, covariates=prices, covariate_names=("price",), covariate_known=(True,))
    others = [
        panel.with_values(panel.values + 1),
        replace(panel, covariates=panel.covariates + 1),
        replace(panel, index=panel.index + pd.Timedelta(days=1)),
        replace(panel, freq="D"),
        replace(panel, channels=tuple(name.upper() for name in panel.channels)),
        replace(panel, timezone="Asia/Shanghai"),
    ]
    assert len({data_hash(one, 150) for one in (panel, *others)}) == 1 + len(others)
    later = panel.values.copy()
    later[150:] += 1
    assert data_hash(panel.with_values(later), 150) == data_hash(panel, 150)


def test_covariates_that_differ_after_the_rows_do_not_change_their_hash():
    panel, _ = load_panel({"name": "synthetic", "rows": 200})
    prices = np.arange(200, dtype=np.float32)[:, None].repeat(2, axis=1)
    own = np.array([[0, 1]])
    shared = replace(panel, covariates=prices[:, :1], covariate_names=("price",), covariate_known=(True,))
    prices[150:, 1] += 5
    later = replace(shared, covariates=prices, covariate_columns=own)
    assert data_hash(later, 150) == data_hash(shared, 150)
    assert data_hash(later, 151) != data_hash(shared, 151)
    swapped = replace(later, covariate_columns=own[:, ::-1])
    assert data_hash(swapped, 200) != data_hash(later, 200)


def test_a_run_is_not_rescored_on_data_with_the_same_values_at_different_times(finished_run, tmp_path):
    path, values = tmp_path / "plant.csv", np.sin(np.arange(400) * np.pi / 12)
    pd.DataFrame({"time": pd.date_range("2024-01-01", periods=400, freq="h"), "load": values}).to_csv(path)
    run = finished_run("model=linear", "data=file", f"data.path={path}", "data.target=[load]")
    pd.DataFrame({"time": pd.date_range("2024-01-02", periods=400, freq="h"), "load": values}).to_csv(path)
    with pytest.raises(DataError, match="values, times or names have changed before"):
        rescore(run, tmp_path / "again")


def test_repeated_empty_rows_do_not_change_the_hash(tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=200, freq="h"), "load": rng.normal(size=200)})
    table.loc[[5, 120], "load"] = np.nan
    hashes = []
    for name, rows in (("once", table), ("twice", pd.concat([table, table.iloc[[5, 7, 120]]]))):
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
        panel, _ = load_panel({"name": "file", "path": str(tmp_path / f"{name}.csv")})
        hashes.append(data_hash(panel, len(panel)))
    assert hashes[0] == hashes[1]


def test_the_hash_depends_on_which_covariate_column_belongs_to_which_channel():
    prices = np.tile(np.arange(2), (5, 1))
    panel = panel_of(
        np.ones((5, 2)), prices, (True,), covariate_names=("price",), covariate_columns=np.array([[0, 1]])
    )
    swapped = replace(panel, covariate_columns=np.array([[1, 0]]))
    assert data_hash(swapped, 5) != data_hash(panel, 5)
