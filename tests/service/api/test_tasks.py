"""Several tasks are cancelled by one request."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from service_data import TINY_RUN

from timevis.service.db.tables import Task
from timevis.service.tasks import states

UNKNOWN = "0" * 32


def train(http: FlaskClient, dataset: str, count: int) -> list[str]:
    body = {"dataset": dataset, "model": "linear", **TINY_RUN}
    return [http.post("/api/train", json={**body, "seed": seed}).json["id"] for seed in range(count)]


def test_one_call_cancels_the_named_tasks_and_says_what_became_of_each(http: FlaskClient, dataset: str) -> None:
    queued, running, ended, other = train(http, dataset, 4)
    sessions = http.application.extensions["timevis"].sessions
    assert states.claim(sessions, running, "worker") is not None
    http.post(f"/api/tasks/{ended}/cancel")
    answer = http.post("/api/tasks/cancel", json={"tasks": [queued, running, ended, UNKNOWN]})
    assert (answer.status_code, answer.json) == (
        *(200, {"cancelled": [queued], "stopping": [running], "ended": [ended], "unknown": [UNKNOWN]}),
    )
    with sessions() as session:
        found = {task.id: (task.state, task.cancel_requested) for task in session.query(Task)}
    assert found[queued][0] == "cancelled"
    assert found[running] == ("running", True)
    assert found[other] == ("queued", False)


@pytest.mark.parametrize("chosen", ["group", "dataset", "kind", "state"])
def test_one_call_cancels_all_tasks_that_meet_a_condition(http: FlaskClient, dataset: str, chosen: str) -> None:
    body = {"dataset": dataset, "model": "linear", **TINY_RUN}
    group = http.post("/api/groups", json={"trainings": [{**body, "seed": seed} for seed in range(3)]}).json
    (alone,) = train(http, dataset, 1)
    value = {"group": group["id"], "dataset": dataset, "kind": "train", "state": "queued"}[chosen]
    cancelled = http.post("/api/tasks/cancel", json={chosen: value}).json["cancelled"]
    assert len(cancelled) == (3 if chosen == "group" else 4)
    assert http.get(f"/api/tasks/{alone}").json["state"] == ("queued" if chosen == "group" else "cancelled")
    assert http.post("/api/tasks/cancel", json={chosen: value}).json["cancelled"] == []


def test_a_call_that_says_no_task_cancels_none(http: FlaskClient, dataset: str) -> None:
    (task,) = train(http, dataset, 1)
    assert http.post("/api/tasks/cancel", json={}).status_code == 422
    assert http.get(f"/api/tasks/{task}").json["state"] == "queued"
