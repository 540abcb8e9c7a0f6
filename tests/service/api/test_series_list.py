"""The series of a dataset as a list."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from flask.testing import FlaskClient
from tiny import TINY_LSTM

from timevis.runs.folder import RunFolder
from timevis.service.context import context
from timevis.service.db.tables import Dataset, Model, new_id
from timevis.service.series import OUTLIERS_FILE, VALUES_FILE

SERIES, ROWS = 5000, 400


def test_a_series_has_a_line_its_defects_and_the_errors_of_a_model(
    http: FlaskClient, add_model: Callable[..., str], dataset: str
) -> None:
    model = add_model(*TINY_LSTM)
    service = http.application.extensions["timevis"]
    with service.sessions() as session:
        results = RunFolder(service.storage.run(session.get(Model, model).run_id)).results
    channel = results.window_set.channels[0]
    with service.sessions.begin() as session:  # as if the model was trained on it
        row = session.get(Dataset, dataset)
        row.report = {**row.report, "channels": {channel: row.report["channels"]["load"]}}
    page = http.get(f"/api/datasets/{dataset}/series-list?model={model}&points=50").json
    (item,) = page["items"]
    own, naive = (results.by_channel[channel], results.seasonal_naive_by_channel[channel])
    assert (page["total"], item["channel"], item["missing"], len(item["line"])) == (1, channel, 3, 50)
    assert (item["mae"], item["naive_mae"]) == (own["mae"], naive["mae"])
    assert abs(item["skill"] - (1 - own["wql"] / naive["wql"])) < 1e-12
    series = http.get(f"/api/datasets/{dataset}/series?points=50").json
    np.testing.assert_allclose(
        *([np.nan if v is None else v for v in line] for line in (item["line"], series["value"])), rtol=1e-6
    )
    assert http.get(f"/api/datasets/{dataset}/series-list").json["items"][0]["mae"] is None
    assert http.get(f"/api/datasets/{dataset}/series-list?model={new_id()}").status_code == 404


def test_five_thousand_series_are_sorted_and_searched_a_page_at_a_time(http: FlaskClient) -> None:
    values = np.random.default_rng(0).normal(size=(SERIES, ROWS)).astype(np.float32)
    values[:, :5] = np.nan
    values[17] = np.nan
    outliers = np.array([[9, 4321], [10, 4321], [3, 40]])
    names = [f"Store {number:04d}" for number in range(SERIES)]
    facts = [{"observed": ROWS - 5, "missing": 5 + number % 7, "mean": float(number)} for number in range(SERIES)]
    report = {"channels": dict(zip(names, facts, strict=True)), "rows": ROWS, "frequency": "D", "timezone": None}
    report |= {"start": "2020-01-01", "end": "2020-12-31"}
    report["channels"]["Store 0017"]["mean"] = None
    with http.application.app_context():
        row = Dataset(id=new_id(), name="stores", file_name="stores.csv", size=1, options={}, report=report)
        row.content_hash, row.suffix = "0" * 64, ".csv"
        folder = context().storage.dataset(row.id)
        folder.mkdir(parents=True)
        np.save(folder / VALUES_FILE, values)
        np.save(folder / OUTLIERS_FILE, outliers)
        with context().sessions.begin() as session:
            session.add(row)
            path = f"/api/datasets/{row.id}/series-list"
    page = http.get(f"{path}?page=50&per_page=100").json
    assert (page["total"], [item["position"] for item in page["items"]]) == (SERIES, list(range(4900, 5000)))
    assert all(len(item["line"]) == 60 for item in page["items"])
    worst = http.get(f"{path}?sort=outliers&order=desc&per_page=3").json["items"]
    assert [(item["channel"], item["outliers"]) for item in worst] == [
        ("Store 4321", 2),
        ("Store 0040", 1),
        ("Store 0000", 0),
    ]
    last = http.get(f"{path}?sort=mean&order=desc&page={SERIES}&per_page=1").json["items"]
    assert [(item["channel"], item["line"]) for item in last] == [("Store 0017", [])]
    few = http.get(f"{path}?search=432 store&sort=channel&order=desc").json
    assert (few["total"], few["items"][0]["channel"]) == (15, "Store 4432")
