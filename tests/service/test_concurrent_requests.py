"""Requests that arrive at the same time, on SQLite and on PostgreSQL, and data that were removed meanwhile."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from service_data import TINY_RUN, TOKEN, plant_csv, upload
from sqlalchemy import update
from tiny import TINY_LSTM

from timevis.service.app import create_app
from timevis.service.db.tables import Task
from timevis.service.settings import Settings
from timevis.service.tasks import reading
from timevis.service.tasks.retention import DAY_SECONDS, purge


@pytest.fixture(params=["sqlite", "postgresql"])
def any_http(request: pytest.FixtureRequest, make_settings: Callable[..., Settings]) -> FlaskClient:
    """A client of an application on either database, whose broker cannot be reached."""
    variables = {}
    if request.param == "postgresql":
        variables = {"TIMEVIS_DATABASE_URL": str(request.getfixturevalue("postgres_url"))}
    return client_of(create_app(make_settings(**variables)))


def client_of(app: Any) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    return client


def test_a_change_of_a_dataset_that_another_request_overtakes_is_refused(
    any_http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/api/datasets/{upload(any_http, plant_csv()).json['id']}"
    profile, overtaking = reading.profile, [{"unit": "MW"}]

    def slow_profile(*arguments: Any, **options: Any) -> dict[str, Any]:
        if overtaking:
            assert client_of(any_http.application).patch(path, json=overtaking.pop()).status_code == 200
        return profile(*arguments, **options)

    monkeypatch.setattr(reading, "profile", slow_profile)
    answer = any_http.patch(path, json={"description": "a plant", "name": "P"})
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")
    found = any_http.get(path).json
    assert (found["options"], found["name"]) == ({"unit": "MW"}, "plant")
    assert any_http.patch(path, json={"description": "a plant"}).json["options"] == {
        "unit": "MW",
        "description": "a plant",
    }


def test_of_two_files_that_are_added_to_a_dataset_at_the_same_time_one_makes_a_version(
    any_http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = upload(any_http, plant_csv()).json["id"]
    rows = plant_csv(640).decode().splitlines()
    profile, overtaking = reading.profile, [rows[-20:]]

    def add(lines: list[str]) -> Any:
        content = "\n".join([rows[0], *lines]).encode()
        data = {"file": (io.BytesIO(content), "newer.csv")}
        http = client_of(any_http.application)
        return http.post(f"/api/datasets/{dataset}/rows", data=data, content_type="multipart/form-data")

    def slow_profile(*arguments: Any, **options: Any) -> dict[str, Any]:
        if overtaking:
            assert add(overtaking.pop()).status_code == 201
        return profile(*arguments, **options)

    monkeypatch.setattr(reading, "profile", slow_profile)
    answer = add(rows[-40:])
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")
    versions = {item["version"]: item["id"] for item in any_http.get("/api/datasets").json["items"]}
    assert sorted(versions) == [1, 2]
    assert answer.json["detail_code"]["params"]["identifier"] == versions[2]
    folders = any_http.application.extensions["timevis"].settings.home / "datasets"
    assert {path.name for path in folders.iterdir()} == set(versions.values())


def test_a_refused_change_of_a_dataset_leaves_its_preview_and_its_series(http: FlaskClient, dataset: str) -> None:
    def shown() -> tuple[Any, Any]:
        return tuple(http.get(f"/api/datasets/{dataset}/{part}").json for part in ("preview", "series"))

    before = shown()
    assert http.patch(f"/api/datasets/{dataset}", json={"target": ["nope"], "header": 5}).status_code == 422
    assert shown() == before
    folders = http.application.extensions["timevis"].settings.home / "datasets"
    assert [path.name for path in folders.iterdir()] == [dataset]


def test_of_several_retries_at_the_same_time_one_makes_a_task(any_http: FlaskClient) -> None:
    dataset = upload(any_http, plant_csv()).json["id"]
    task = any_http.post("/api/train", json={"dataset": dataset, "model": "linear", **TINY_RUN}).json["id"]
    assert any_http.post(f"/api/tasks/{task}/cancel").json["state"] == "cancelled"

    def retry(_: int) -> int:
        return client_of(any_http.application).post(f"/api/tasks/{task}/retry").status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(retry, range(6))) == [202, *[409] * 5]
    assert any_http.get("/api/tasks").json["total"] == 2


def test_a_retry_with_the_same_idempotency_key_is_one_task(http: FlaskClient, dataset: str) -> None:
    task = http.post("/api/train", json={"dataset": dataset, "model": "linear", **TINY_RUN}).json["id"]
    http.post(f"/api/tasks/{task}/cancel")
    answers = [http.post(f"/api/tasks/{task}/retry", headers={"Idempotency-Key": "again"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json["id"] == answers[1].json["id"]
    other = http.post("/api/train", json={"dataset": dataset, "model": "linear", **TINY_RUN}).json["id"]
    http.post(f"/api/tasks/{other}/cancel")
    reused = http.post(f"/api/tasks/{other}/retry", headers={"Idempotency-Key": "again"})
    assert reused.json["code"] == "idempotency-key-reused"


def test_a_training_whose_run_was_removed_cannot_be_retried(http: FlaskClient, dataset: str) -> None:
    task = http.post("/api/train", json={"dataset": dataset, "model": "linear", **TINY_RUN}).json["id"]
    http.post(f"/api/tasks/{task}/cancel")
    with http.application.extensions["timevis"].sessions.begin() as session:
        session.execute(update(Task).where(Task.id == task).values(run_id=None))
    answer = http.post(f"/api/tasks/{task}/retry")
    assert (answer.status_code, "was removed" in answer.json["detail"]) == (409, True)


def test_a_forecast_is_shown_after_its_dataset_was_removed_but_not_after_its_rows_were(
    http: FlaskClient, dataset: str, add_model: Callable[..., str], carry_out: Callable[..., dict]
) -> None:
    service, model = http.application.extensions["timevis"], add_model(*TINY_LSTM)
    task = carry_out("predict", models=[model], dataset=None, horizon=3)["id"]
    untrained = carry_out("predict", method="seasonal_naive", dataset=dataset, horizon=3)["id"]
    before = {key: http.get(f"/api/tasks/{key}/result").json for key in (task, untrained)}
    for path in (f"models/{model}", f"datasets/{dataset}"):
        assert http.delete(f"/api/{path}").status_code == 204
    assert purge(service.sessions, service.settings, time.time() + 31 * DAY_SECONDS)["datasets"] == 1
    assert {key: http.get(f"/api/tasks/{key}/result").json for key in before} == before
    service.storage.remove(service.storage.result(task))
    answer = http.get(f"/api/tasks/{task}/result")
    assert (answer.status_code, answer.json["code"]) == (404, "not-found")
