"""Trainings that a worker carries out in a process of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hub_server import serve_hub, write_qwen
from running_service import wait_until
from service_data import TINY_RUN, TOKEN, plant_csv, upload

from timevis.errors import TimeVisError
from timevis.messages import Text
from timevis.runs.folder import lock_run_folder
from timevis.service.app import create_app
from timevis.service.db.tables import Task
from timevis.service.settings import Settings
from timevis.service.tasks import jobs
from timevis.service.tasks.jobs import Worker, execute
from timevis.service.tasks.runner import Outcome
from timevis.service.tasks.states import FAILED

pytestmark = pytest.mark.slow


def test_a_download_is_a_stage_of_its_training_and_can_be_cancelled(
    http: FlaskClient, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = http.application.extensions["timevis"]
    (tmp_path / "qwen").mkdir()
    checkpoint = write_qwen(tmp_path / "qwen")
    size = sum(file.stat().st_size for file in checkpoint.iterdir())
    body = {"dataset": dataset, "model": "qwen", "backbone": {"name": "qwen2.5-0.5b"}, **TINY_RUN}
    with serve_hub(checkpoint, seconds_per_piece=0.5) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        task = http.post("/api/train", json=body).json["id"]
        worker = Worker(service.settings, service.sessions, ("cpu",))
        thread = threading.Thread(target=execute, args=(worker, task))
        thread.start()

        def progress() -> dict[str, Any]:
            found = http.get(f"/api/tasks/{task}").json
            assert found["state"] in ("queued", "running"), found
            return dict(found["progress"])

        wait_until(lambda: progress().get("downloaded_bytes"))
        found = progress()
        assert (found["stage"], found["bytes_total"] <= size) == ("download", True)
        http.post(f"/api/tasks/{task}/cancel")
        thread.join(60)
        assert not thread.is_alive()
    assert http.get(f"/api/tasks/{task}").json["state"] == "cancelled"
    assert hub.sent < size
    assert list((tmp_path / "cache").rglob("*.incomplete")) == []


def test_a_finished_training_waits_in_its_queue_while_the_store_cannot_be_written(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    store, aside = tmp_path / "store", tmp_path / "aside"
    http = create_app(make_settings(TIMEVIS_STORE=f"file://{store}")).test_client()
    http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    service = http.application.extensions["timevis"]
    dataset = upload(http, plant_csv()).json["id"]
    training = {"dataset": dataset, "model": "seasonal_naive", **TINY_RUN}
    task = http.post("/api/train", json=training).json["id"]
    worker = Worker(service.settings, service.sessions, ("cpu",))
    store.rename(aside)
    store.write_text("no folder")
    execute(worker, task)
    waiting = http.get(f"/api/tasks/{task}").json
    assert (waiting["state"], waiting["attempt"]) == ("queued", 0)
    assert waiting["error"].startswith("the training has ended, but its run cannot be copied to the artefact store")
    assert waiting["error_code"]["code"] == "run-not-copied"
    assert waiting["advice"].endswith("check TIMEVIS_STORE; see docs/troubleshooting.md#artefact-store")
    assert http.get("/api/models").json["items"] == []

    store.unlink()
    aside.rename(store)
    execute(worker, task)
    completed = http.get(f"/api/tasks/{task}").json
    assert (completed["state"], completed["error"], completed["error_code"]) == ("completed", None, None)
    assert [model["id"] for model in http.get("/api/models").json["items"]] == [completed["result"]["model"]]
    assert list((store / "runs").rglob("results.json.*"))


@pytest.mark.parametrize("cancel", [False, True])
def test_a_training_waits_while_the_process_of_an_earlier_attempt_has_its_run(
    cancel: bool, http: FlaskClient, dataset: str
) -> None:
    service = http.application.extensions["timevis"]
    training = {"dataset": dataset, "model": "seasonal_naive", **TINY_RUN}
    task = http.post("/api/train", json=training).json["id"]
    with service.sessions() as session:
        folder = service.storage.run(session.get_one(Task, task).run_id)
    worker = Worker(service.settings, service.sessions, ("cpu",))
    thread = threading.Thread(target=execute, args=(worker, task))
    with lock_run_folder(folder):
        thread.start()
        thread.join(3)
        waiting = http.get(f"/api/tasks/{task}").json
        assert (thread.is_alive(), waiting["state"]) == (True, "running")
        assert not service.storage.task_log(task).exists()
        if cancel:
            http.post(f"/api/tasks/{task}/cancel")
            thread.join(30)
    thread.join(60)
    ended = http.get(f"/api/tasks/{task}").json
    assert (ended["state"], ended["attempt"]) == ("cancelled" if cancel else "completed", 1)


def test_the_search_of_auto_forecasts_while_it_runs_and_is_stopped_with_what_it_has(
    http: FlaskClient, carry_out: Callable[..., dict[str, Any]]
) -> None:
    service = http.application.extensions["timevis"]
    dataset = upload(http, plant_csv(rows=20_000)).json["id"]  # the fit outlasts the forecast
    options = {"members": ["seasonal_naive", "linear", "lstm"]}
    body = {"dataset": dataset, "model": "auto", "options": options, **TINY_RUN}
    asked = http.post("/api/train", json=body)
    assert asked.status_code == 202, asked.text
    task = asked.json["id"]
    stop = f"/api/tasks/{task}/stop"
    assert http.post(stop).status_code == 409
    thread = threading.Thread(target=execute, args=(Worker(service.settings, service.sessions, ("cpu",)), task))
    thread.start()

    def shown() -> dict[str, Any]:
        return dict(http.get(f"/api/tasks/{task}").json)

    def is_fitting_the_last() -> bool:
        members = shown()["progress"].get("members") or [{"state": ""}]
        return bool(members[-1]["state"] == "running")

    wait_until(is_fitting_the_last)
    assert shown()["can_stop"]
    asked = http.post("/api/predict", json={"training": task})
    assert asked.status_code == 202, asked.json
    forecast = carry_out("predict", **asked.json["request"])
    assert forecast["state"] == "completed", forecast
    (item,) = http.get(f"/api/tasks/{forecast['id']}/result").json["items"]
    assert (item["model"], item["dataset"], len(item["time"])) == (None, dataset, 6)
    stopped = http.post(stop).json
    assert (stopped["stop_requested"], stopped["can_stop"], stopped["cancel_requested"]) == (True, False, False)
    thread.join(120)
    ended = shown()
    assert ended["state"] == "completed", ended
    states = {row["name"]: row["state"] for row in ended["progress"]["members"]}
    assert [states[name] for name in ("seasonal_naive", "linear")] == ["completed"] * 2
    assert states["lstm"] in ("completed", "skipped")
    assert http.post(stop).status_code == 409

    wrong = carry_out("predict", models=[ended["result"]["model"]], known={"prize": [1.0]})
    assert (wrong["state"], wrong["error_code"]["code"]) == (
        "failed",
        "the model reads no known covariate {column!r}",
    )


@pytest.mark.parametrize("queue", ["cpu", "gpu"])
def test_the_process_of_a_training_on_the_cpu_gets_the_limit_of_memory_of_the_settings(
    http: FlaskClient,
    dataset: str,
    queue: str,
    make_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service, limits = http.application.extensions["timevis"], []

    def run_training(*_: Any, megabytes: int | None, **__: Any) -> Outcome:
        limits.append(megabytes)
        return Outcome(FAILED, TimeVisError(Text("no disk")))

    monkeypatch.setattr(jobs, "run_training", run_training)
    task = http.post("/api/train", json={"dataset": dataset, "model": "linear", **TINY_RUN}).json["id"]
    with service.sessions.begin() as session:
        session.get_one(Task, task).queue = queue
    worker = Worker(make_settings(TIMEVIS_TRAINING_MEGABYTES="777"), service.sessions, (queue,))
    monkeypatch.setattr(worker, "devices", lambda queue: nullcontext("0" if queue == "gpu" else ""))
    execute(worker, task)
    assert limits == [777 if queue == "cpu" else None]
    assert http.get(f"/api/tasks/{task}").json["state"] == "failed"
