"""Uploads, which a task of a worker reads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from service_data import TOKEN, plant_csv, upload

from timevis.service.api import datasets
from timevis.service.tasks.jobs import Worker, execute


@pytest.fixture
def slow_http(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """An application whose worker does not read for a while."""
    monkeypatch.setattr(datasets, "send", lambda *_: True)
    monkeypatch.setattr(datasets, "WAIT_SECONDS", 0.1)
    return http


def test_an_upload_that_takes_long_is_a_task_and_the_same_file_sent_six_times_is_one_dataset(
    slow_http: FlaskClient,
) -> None:
    app = slow_http.application

    def send(_: int) -> Any:
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
        return upload(client, plant_csv(), name="Plant")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    assert {answer.status_code for answer in answers} == {202}
    (task_id,) = {answer.json["id"] for answer in answers}
    assert answers[0].headers["Location"] == f"/api/tasks/{task_id}"
    assert (answers[0].json["kind"], answers[0].json["state"], answers[0].json["name"]) == ("read", "queued", "Plant")
    service = app.extensions["timevis"]
    execute(Worker(service.settings, service.sessions, ("interactive",)), task_id)
    task = slow_http.get(f"/api/tasks/{task_id}").json
    assert (task["state"], task["progress"]["stage"]) == ("completed", "read")
    assert [item["id"] for item in slow_http.get("/api/datasets").json["items"]] == [task["result"]["dataset"]]
    again = upload(slow_http, plant_csv(), name="Plant")
    assert (again.status_code, again.json["id"]) == (200, task["result"]["dataset"])
    assert slow_http.get("/api/tasks").json["total"] == 0  # readings are listed if they are asked for
    assert slow_http.get("/api/tasks", query_string={"kind": "read"}).json["total"] == 1


def test_the_reading_of_a_file_can_be_cancelled(slow_http: FlaskClient, carry_out: Callable[..., Any]) -> None:
    task = upload(slow_http, plant_csv()).json["id"]
    assert slow_http.post(f"/api/tasks/{task}/cancel").json["state"] == "cancelled"
    other = upload(slow_http, plant_csv()).json["id"]  # the cancelled task does not stand in its way
    assert other != task
