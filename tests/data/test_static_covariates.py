"""Columns that are constant within each series of a long table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.inference.predict import predict
from timevis.models.boosted import Boosted
from timevis.models.lstm import LSTM
from timevis.report.data_console import data_facts
from timevis.runs.folder import RunFolder

REGIONS = {"a": "north", "b": "north", "c": "south", "d": "south"}
SIZES = {"a": 10, "b": 20, "c": np.nan, "d": 40}


def stores(rows: int = 150) -> pd.DataFrame:
    times = pd.date_range("2024-01-01", periods=rows)
    noise = np.random.default_rng(0)
    tables = [
        pd.DataFrame(
            {"date": times, "store": name, "region": REGIONS[name], "size": SIZES[name], "country": "PT"}
            | {"open": times.day_of_week < 6, "sales": 10 + times.day_of_week + noise.normal(size=rows)}
        )
        for name in REGIONS
    ]
    return pd.concat(tables)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    stores().to_csv(tmp_path / "stores.csv", index=False)
    return tmp_path / "stores.csv"


def test_columns_that_are_constant_within_each_series_are_static_covariates(file: Path) -> None:
    panel, report = load_panel({"name": "file", "path": str(file)})
    assert panel.channels == tuple(REGIONS)
    assert panel.statics is not None
    assert (panel.statics.names, panel.statics.categories) == (("region", "size"), (("north", "south"), ()))
    np.testing.assert_array_equal(panel.statics.values, [[0, 10], [0, 20], [1, np.nan], [1, 40]])
    assert report.statics == {"region": {"categories": 2}, "size": {"min": 10, "max": 40}}
    assert report.roles == dict.fromkeys(["region", "size", "country"], "static") | {
        "date": "time",
        "store": "id",
        "sales": "target",
    }
    assert panel.select(channels=[3, 0]).statics.values[:, 0].tolist() == [1, 0]


@pytest.mark.parametrize("model", [LSTM, Boosted])
def test_a_forecast_depends_on_the_static_covariates_that_the_model_reads(file: Path, model: type) -> None:
    panel, _ = load_panel({"name": "file", "path": str(file)})
    datamodule = WindowDataModule(panel, context_length=14, horizon=3)
    options = {LSTM: {"hidden_size": 8, "channel_embedding": False}, Boosted: {"max_rounds": 3}}[model]
    torch.manual_seed(0)
    forecaster = model.from_data(datamodule, **options)
    forecaster.prepare(datamodule)
    batch = datamodule.gather("val", torch.arange(1))
    if model is Boosted:
        features = forecaster.table(datamodule, "train")[0][:, 2:4]
        rows = {tuple(row) for row in features[np.isfinite(features[:, 1])].tolist()}
        assert rows == {(0, 10), (0, 20), (1, 40)}
        assert forecaster.categorical_columns == [1, 2]
        return
    points = [forecaster.eval().forecast(batch).point]
    for values in forecaster.net.members[0].statics.buffers():
        values[0, 0] = 1  # the other region
    points.append(forecaster.forecast(batch).point)
    assert not torch.equal(*points)
    without = model.from_data(datamodule, covariates="none", **options)
    assert without.net.members[0].statics is None


def test_a_run_with_static_covariates_forecasts_new_rows_of_one_series(finished_run, file: Path) -> None:
    small = ("model=lstm", "model.hidden_size=8", "model.fit.max_epochs=1", "model.fit.steps_per_epoch=5")
    run = finished_run(*small, "data=file", f"data.path={file}", "context_length=14", "horizon=3")
    folder = RunFolder(run)
    facts = dict(data_facts(folder.data_report, folder.results))
    assert facts["Static covariates"] == "region (2 values), size (10 to 40)"
    own = predict(run)
    new = stores()
    new = new[new["store"] == "b"].iloc[-40:]
    table = predict(run, new)
    expected = own[own["channel"] == "b"]
    np.testing.assert_allclose(table["point"], expected["point"], rtol=1e-5)
