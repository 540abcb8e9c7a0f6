"""Lists of models on each database, and the connections that changes of a model use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from service_data import TOKEN, summary_with
from sqlalchemy import event
from sqlalchemy.exc import TimeoutError as NoConnectionError

from timevis.service.app import create_app
from timevis.service.db.tables import Model, Task, new_id
from timevis.service.settings import WEB_THREADS, Settings


def add_row(http: FlaskClient, **columns: Any) -> str:
    """A model without a run."""
    identifier = new_id()
    with http.application.extensions["timevis"].sessions.begin() as session:
        session.add(Model(id=identifier, kind="linear", run_id="1" * 32, summary=summary_with({}), **columns))
    return identifier


def test_letters_outside_ascii_and_capital_letters_are_found_alike_on_every_database(
    database_url: str, make_settings: Callable[..., Settings]
) -> None:
    http = create_app(make_settings(TIMEVIS_DATABASE_URL=database_url)).test_client()
    http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    model = add_row(http, name="Ärger", tags=["GPU", "für B", '50 % "q" \\'])

    def found(key: str, text: str) -> list[str]:
        return [item["id"] for item in http.get("/api/models", query_string={key: text}).json["items"]]

    for tag in ("GPU", "für B", '50 % "q" \\'):
        assert found("tag", tag) == [model], tag
    for tag in ("gpu", "für b", "GP", "%"):
        assert found("tag", tag) == [], tag
    assert found("search", "RGER") == [model]
    if not database_url.startswith("postgresql"):  # whose letters depend on the locale of its cluster
        assert found("search", "ÄRG") == found("search", "ärg") == [model]


def test_a_model_is_changed_restored_and_shown_with_one_connection(http: FlaskClient, dataset: str) -> None:
    model = add_row(http, name="small", dataset_id=dataset)
    engine, used = http.application.extensions["timevis"].sessions.kw["bind"], set()
    event.listen(engine, "before_cursor_execute", lambda *_: used.add(engine.pool.checkedout()))
    for change in ({"notes": "new"}, {"champion": True}, {"champion": False}):
        answer = http.patch(f"/api/models/{model}", json=change)
        assert {key: answer.json[key] for key in change} == change
    http.delete(f"/api/models/{model}")
    assert http.post(f"/api/models/{model}/restore").json["deleted"] is None
    assert used == {1}
    assert engine.pool.size() >= 2 * WEB_THREADS


def test_a_request_that_gets_no_connection_is_answered_with_503(
    http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_connection(*_: Any) -> None:
        raise NoConnectionError("QueuePool limit reached")

    monkeypatch.setattr("timevis.service.api.models.find_present", no_connection)
    answer = http.patch(f"/api/models/{new_id()}", json={"notes": "new"})
    assert (answer.status_code, answer.json["code"]) == (503, "database-unavailable")


def test_the_list_of_tasks_has_the_skill_of_a_training_and_of_the_only_model_of_a_forecast(
    database_url: str, make_settings: Callable[..., Settings]
) -> None:
    http = create_app(make_settings(TIMEVIS_DATABASE_URL=database_url)).test_client()
    http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    models = [add_row(http, name=name) for name in ("one", "two")]
    skill = {"mae": None, "wql": {"value": 0.12, "low": 0.05, "high": None}}
    with http.application.extensions["timevis"].sessions.begin() as session:
        model = session.get_one(Model, models[0])
        model.summary = {**model.summary, "skill": skill}
    rows: dict[str, dict[str, Any]] = {
        "training": {"kind": "train", "result": {"model": models[0], "skill": skill}, "request": {"model": "linear"}},
        "failed": {"kind": "train", "state": "failed", "request": {"model": "linear"}},
        "forecast": {"kind": "predict", "request": {"models": models[:1]}},
        "items": {"kind": "predict", "request": {"items": [{"model": models[0]}] * 2}},
        "of two models": {"kind": "predict", "request": {"models": models}},
        "untrained": {"kind": "predict", "request": {"method": "seasonal_naive"}},
    }
    ids = {name: new_id() for name in rows}
    with http.application.extensions["timevis"].sessions.begin() as session:
        session.add_all(
            Task(id=ids[name], queue="cpu", **{"state": "completed", **row}) for name, row in rows.items()
        )
    shown = {item["id"]: item["skill"] for item in http.get("/api/tasks").json["items"]}
    found = [shown[identifier] for identifier in ids.values()]
    assert found == [skill["wql"], None, skill["wql"], skill["wql"], None, None]
