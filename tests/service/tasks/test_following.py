"""The metrics and the events of a task while it runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from tiny import TINY_LSTM

from timevis.errors import RunFolderError
from timevis.service.db.tables import Model
from timevis.service.storage import Storage
from timevis.service.tasks.following import MAX_STREAMS, EventStream, read_history


def test_rows_that_are_not_written_to_their_end_are_left_out(tmp_path: Path) -> None:
    storage, run_id = Storage(tmp_path), "0" * 32
    path = storage.run(run_id) / "metrics.csv"
    assert read_history(storage, run_id).rows == []
    path.parent.mkdir(parents=True)
    path.write_text("step,train/loss,val/wql\n10,0.5,\n20,0.25,0.125\n30,0.1")
    assert read_history(storage, run_id).rows == [
        {"step": 10, "train/loss": 0.5},
        {"step": 20, "train/loss": 0.25, "val/wql": 0.125},
    ]
    assert [row["step"] for row in read_history(storage, run_id).since(20).rows] == [20]
    path.write_text("step,val/wql\n10,x\n")
    with pytest.raises(RunFolderError, match="damaged"):
        read_history(storage, run_id)


def test_a_task_answers_with_the_metrics_from_a_step_on(http: FlaskClient, add_model: Callable[..., str]) -> None:
    task = _task_of(http, add_model(*TINY_LSTM))
    found = http.get(f"/api/tasks/{task}/metrics").json
    steps = [row["step"] for row in found["rows"]]
    assert (found["state"], steps[-1]) == ("completed", 12)
    assert any("train/loss" in row for row in found["rows"])
    assert [row["step"] for row in http.get(f"/api/tasks/{task}/metrics?since={steps[1]}").json["rows"]] == steps[1:]
    assert http.get(f"/api/tasks/{'0' * 32}/metrics").status_code == 404


def test_the_events_of_an_ended_task_are_its_state_its_log_and_its_end(
    http: FlaskClient, add_model: Callable[..., str]
) -> None:
    task = _task_of(http, add_model(*TINY_LSTM))
    answer = http.get(f"/api/tasks/{task}/events")
    assert answer.mimetype == "text/event-stream"
    events = [dict(line.split(": ", 1) for line in block.splitlines()) for block in answer.text.strip().split("\n\n")]
    names = [event.get("event") for event in events]
    assert (names[:2], names[-1]) == ([None, "state"], "end")
    shown = http.get(f"/api/tasks/{task}").json
    state = json.loads(events[1]["data"])
    assert set(state) >= {"error_code", "advice_code"}
    assert state.items() <= shown.items()
    log = "".join(json.loads(event["data"])["text"] for event in events if event.get("event") == "log")
    assert log == http.get(f"/api/tasks/{task}").json["log"]
    again = http.get(f"/api/tasks/{task}/events", headers={"Last-Event-ID": events[-1]["id"]}).text
    assert "event: log" not in again
    assert "event: end" in again


def test_the_number_of_open_event_streams_is_limited(http: FlaskClient, add_model: Callable[..., str]) -> None:
    task = _task_of(http, add_model(*TINY_LSTM))
    streams = [EventStream(iter(())) for _ in range(MAX_STREAMS)]
    try:
        refused = http.get(f"/api/tasks/{task}/events")
    finally:
        for stream in streams:
            stream.close()
    assert (refused.status_code, refused.json["code"]) == (503, "too-many-streams")
    assert refused.headers["Retry-After"] == "5"
    for _ in range(MAX_STREAMS + 1):  # each stream that has ended frees its place
        assert "event: end" in http.get(f"/api/tasks/{task}/events").text


def _task_of(http: FlaskClient, model: str) -> str:
    with http.application.extensions["timevis"].sessions() as session:
        return str(session.get_one(Model, model).task_id)
