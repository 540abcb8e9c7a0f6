"""Stored series in a range, and small lines of lists."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from panels import panel_of
from service_data import TOKEN, plant_csv, upload
from tiny import TINY_LSTM

from timevis.runs.record import RunRecord
from timevis.service.app import create_app
from timevis.service.db.tables import Dataset, Model
from timevis.service.series import bucket_edges, missing_stretches, newest_values, rounded, summarise_buckets
from timevis.service.settings import Settings
from timevis.service.tasks.summary import newest_forecast, summarise_run


def test_each_bucket_has_the_mean_minimum_and_maximum_of_its_rows() -> None:
    values = np.random.default_rng(0).normal(size=100_003).astype(np.float32)
    values[[777, 54_321]] = 100, -100
    values[200:260] = np.nan
    edges = bucket_edges(len(values), 2000)
    mean, low, high = summarise_buckets(values, edges)
    assert len(mean) == 2000
    assert (np.nanmax(high), np.nanmin(low)) == (100, -100)
    for bucket in (0, 4, 15, 1999):
        rows = values[edges[bucket] : edges[bucket + 1]]
        if np.isnan(rows).all():
            assert np.isnan([mean[bucket], low[bucket], high[bucket]]).all()
        else:
            np.testing.assert_allclose(mean[bucket], np.nanmean(rows), rtol=1e-5)
            assert (low[bucket], high[bucket]) == (np.nanmin(rows), np.nanmax(rows))


def test_few_rows_are_not_changed() -> None:
    values = np.array([1.0, np.nan, 3.0], np.float32)
    for part in summarise_buckets(values, bucket_edges(3, 10)):
        np.testing.assert_array_equal(part, values)
    assert [len(part) for part in summarise_buckets(values[:0], bucket_edges(0, 10))] == [0, 0, 0]


def test_missing_stretches_have_a_first_row_and_a_length() -> None:
    starts, lengths = missing_stretches(np.array([np.nan, 1, np.nan, np.nan, 2, np.nan], np.float32))
    assert (starts.tolist(), lengths.tolist()) == ([0, 2, 5], [1, 2, 1])
    assert len(missing_stretches(np.ones(3, np.float32))[0]) == 0


def test_the_list_of_datasets_has_the_newest_week_on_every_database(
    database_url: str, make_settings: Callable[..., Settings]
) -> None:
    http = create_app(make_settings(TIMEVIS_DATABASE_URL=database_url)).test_client()
    http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    dataset = upload(http, plant_csv()).json["id"]
    home = http.application.extensions["timevis"].settings.home
    shutil.rmtree(home / "datasets" / dataset)
    (item,) = http.get("/api/datasets").json["items"]
    load = 50 + 20 * np.sin(np.arange(600) * 2 * np.pi / 24) + np.random.default_rng(0).normal(0, 3, 600)
    expected = load.round(2)[-168:].reshape(56, 3).mean(1)
    np.testing.assert_allclose(item["line"]["values"], expected, atol=0.1)
    assert (item["line"]["start"], item["line"]["end"]) == ("2026-01-19T00:00:00", "2026-01-25T23:00:00")
    assert len(json.dumps(item["line"])) < 600
    assert http.get(f"/api/datasets/{dataset}").json["line"] == item["line"]


def test_newer_rows_and_another_reading_change_the_line(http: FlaskClient) -> None:
    dataset = upload(http, plant_csv()).json["id"]
    frame = pd.DataFrame({"time": pd.date_range("2026-01-26", periods=24, freq="h"), "load": 7.0, "site": "north"})
    data = {"file": (io.BytesIO(frame.to_csv(index=False).encode()), "newer.csv")}
    rows = http.post(f"/api/datasets/{dataset}/rows", data=data, content_type="multipart/form-data").json
    assert rows["line"]["end"] == "2026-01-26T23:00:00"
    assert rows["line"]["values"][-8:] == [7.0] * 8
    newest = plant_csv().decode().split()[-1].split(",")[1]
    changed = http.patch(f"/api/datasets/{dataset}", json={"missing_values": [newest]})
    assert changed.json["line"]["end"] == "2026-01-25T22:00:00"


def test_a_row_without_stored_lines_is_listed(http: FlaskClient, add_model: Callable[..., str], dataset: str) -> None:
    model = add_model(*TINY_LSTM)
    with http.application.extensions["timevis"].sessions.begin() as session:
        for kind, key, identifier in ((Dataset, "line", dataset), (Model, "forecast", model)):
            row = session.get(kind, identifier)
            row.summary = {name: value for name, value in row.summary.items() if name != key}
    assert http.get("/api/datasets").json["items"][0]["line"] is None
    assert http.get("/api/models").json["items"][0]["forecast"] is None


def test_the_list_of_models_has_the_newest_forecast_rows_of_the_scored_period(
    http: FlaskClient, add_model: Callable[..., str]
) -> None:
    model = add_model(*TINY_LSTM)
    period = http.get(f"/api/models/{model}/scored-period").json
    shutil.rmtree(http.application.extensions["timevis"].settings.home / "runs")
    (item,) = http.get("/api/models").json["items"]
    forecast = item["forecast"]
    rows = [row for row, median in enumerate(period["median"]) if median is not None][-24:]
    assert len(rows) == 24
    assert [forecast[key] for key in ("channel", "start", "end")] == [
        period["channel"],
        *(period["time"][row] for row in (rows[0], rows[-1])),
    ]
    for name in ("truth", "median"):
        own, whole = (np.array(lines[name], np.float64) for lines in (forecast, period))  # None becomes NaN
        np.testing.assert_allclose(own, whole[rows], atol=0.01 * np.nanmax(whole))
    assert len(json.dumps(forecast)) < 1200
    assert "forecast" not in item["summary"]


def test_a_run_without_its_forecasts_is_listed_without_a_picture(
    http: FlaskClient, add_model: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    service, model = http.application.extensions["timevis"], add_model(*TINY_LSTM)
    with service.sessions() as session:
        folder = service.storage.run(session.get(Model, model).run_id)
    assert newest_forecast(RunRecord.load(folder)) is not None
    (folder / "predictions.parquet").unlink()
    summary = summarise_run(RunRecord.load(folder))
    assert (summary["forecast"], summary["window_set"]["horizon"]) == (None, RunRecord.load(folder).horizon)
    assert "predictions.parquet" in caplog.text


@pytest.mark.parametrize(
    ("freq", "rows", "shown"),
    [("h", 1000, 168), ("15min", 1000, 672), ("D", 1000, 56), ("MS", 30, 30), ("6h", 1000, 56)],
)
def test_a_line_shows_a_week_or_56_longer_steps(freq: str, rows: int, shown: int) -> None:
    values = np.arange(rows, dtype=np.float32)[:, None]
    values[-2:] = np.nan  # the newest rows have no value yet
    panel = panel_of(values, freq=freq)
    line = newest_values(panel)
    first = max(0, rows - 2 - shown)
    assert line is not None
    assert line["start"] == panel.local_index[first].isoformat()
    assert line["end"] == panel.local_index[rows - 3].isoformat()
    assert len(line["values"]) == min(56, rows - 2)


def test_a_series_without_values_has_no_line() -> None:
    assert newest_values(panel_of(np.full((100, 1), np.nan, np.float32), freq="h")) is None


def test_rounding_keeps_what_a_picture_shows() -> None:
    assert rounded([[1_000_000.25, 1_000_000.75, None], [1_000_000.5, 1_000_000.123456, None]]) == [
        [1_000_000.25, 1_000_000.75, None],
        [1_000_000.5, 1_000_000.123, None],
    ]
    assert rounded([[12_345.678, 98_765.432]]) == [[12_300.0, 98_800.0]]
    assert rounded([[3.3333333, 3.3333333]]) == [[3.3333333, 3.3333333]]
    assert rounded([[None], []]) == [[None], []]
