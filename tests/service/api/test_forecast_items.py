"""Forecasts of several items, and of data that have newer rows."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from flask.testing import FlaskClient
from service_data import plant_csv

from timevis.service.db.tables import Dataset

UNKNOWN = "0" * 32


@pytest.fixture
def model(http: FlaskClient, dataset: str, add_model: Callable[..., str]) -> str:
    """Seasonal naive, trained on the file of the dataset."""
    service = http.application.extensions["timevis"]
    with service.sessions() as session:
        row = session.get_one(Dataset, dataset)
    path = service.storage.upload(row.content_hash, row.suffix)
    lengths = ("context_length=24", "horizon=6", "evaluation.max_windows=10", "evaluation.val_windows=10")
    return add_model("model=seasonal_naive", "data=file", f"data.path={path}", "data.name=plant", *lengths)


def test_items_have_names_and_one_that_does_not_exist_stops_no_other(
    http: FlaskClient, model: str, carry_out: Callable[..., dict[str, Any]]
) -> None:
    items = [{"model": model}, {"model": UNKNOWN, "name": "gone"}, {"model": model, "name": "B"}]
    refused = http.post("/api/predict", json={"items": [{"model": UNKNOWN}, {"model": model, "dataset": UNKNOWN}]})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/items/0/model")
    accepted = http.post("/api/predict", json={"items": [*items, {"model": model, "dataset": UNKNOWN}]})
    assert accepted.status_code == 202
    task = carry_out("predict", items=items)
    assert task["state"] == "completed", task
    result = http.get(f"/api/tasks/{task['id']}/result").json["items"]
    described = [(item["item_index"], item["item_name"], item["error"] is None) for item in result]
    assert described == [(0, None, True), (1, "gone", False), (2, "B", True)]
    table = pd.read_csv(io.StringIO(http.get(f"/api/tasks/{task['id']}/result?format=csv").text))
    assert not table.duplicated(["item_index", "channel", "timestamp"]).any()
    assert set(table.loc[table["item_index"] == 2, "item_name"]) == {"B"}


def test_a_model_forecasts_the_newest_version_of_its_data_and_stays_the_champion(
    http: FlaskClient, dataset: str, model: str, carry_out: Callable[..., dict[str, Any]]
) -> None:
    assert http.patch(f"/api/models/{model}", json={"champion": True}).json["champion"]
    rows = plant_csv(640).decode().splitlines()
    data = {"file": (io.BytesIO("\n".join([rows[0], *rows[-40:]]).encode()), "newer.csv")}
    newer = http.post(f"/api/datasets/{dataset}/rows", data=data, content_type="multipart/form-data").json
    assert (newer["version"], newer["champion"]) == (2, model)
    task = carry_out("predict", models=[model])
    assert task["state"] == "completed", task
    (item,) = http.get(f"/api/tasks/{task['id']}/result").json["items"]
    assert (item["dataset"], item["item"]) == (newer["id"], newer["name"])
    assert pd.Timestamp(item["time"][0]) == pd.Timestamp(newer["end"]) + pd.Timedelta(hours=1)
    assert not http.patch(f"/api/models/{model}", json={"champion": False}).json["champion"]
    assert http.get(f"/api/datasets/{newer['id']}").json["champion"] is None
    assert http.delete(f"/api/models/{model}").status_code == 204
    assert http.patch(f"/api/models/{model}", json={"name": "x"}).status_code == 404
