"""Faults of a running service, against real processes and a real Redis.

After each of them every task ends in exactly one final state, no process is left, and no artefact is half written.
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import torch
from celery import Celery
from running_service import WAIT_SECONDS, RunningService, command_of, wait_until
from service_data import TINY_RUN

from timevis.service.client import ServiceError
from timevis.service.db.database import open_database
from timevis.service.db.tables import Model, Sessions, Task, Worker
from timevis.service.tasks.queue import TASK_NAME
from timevis.service.tasks.states import FINAL

pytestmark = pytest.mark.slow
OTHER_WORKER = ("-m", "timevis", "serve", "worker", "--queues", "cpu", "--loglevel", "warning")
SHIFTED_WORKER = """
import sys, time
real = time.time
time.time = lambda: real() + float(sys.argv[1])
from timevis.cli.main import main
sys.exit(main(["serve", "worker", "--queues", "cpu", "--loglevel", "warning"]))
"""


def active_tasks(service: RunningService) -> list[dict[str, Any]]:
    lists = [service.client.call("GET", "tasks", params={"state": state}) for state in ("queued", "running")]
    return [task for found in lists for task in found["items"]]


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(started: RunningService) -> Iterator[None]:
    service = started
    yield
    for task in active_tasks(service):
        service.client.cancel(task["id"])
    wait_until(lambda: not active_tasks(service))
    wait_until(lambda: service.trainings() == [])
    with open_database(f"sqlite:///{service.home / 'timevis.db'}")() as session:
        tasks = {task.id: task for task in session.query(Task).filter(Task.kind == "train")}
        models = {model.task_id for model in session.query(Model)}
    assert {task.id for task in tasks.values() if task.state == "completed"} == models
    assert {task.state for task in tasks.values()} <= set(FINAL)
    assert [path for path in (service.home / "uploads").iterdir() if path.name.startswith(".")] == []
    for checkpoint in service.home.glob("runs/*/checkpoints/*.ckpt"):
        assert checkpoint.name == "damaged.ckpt" or torch.load(checkpoint, weights_only=True)["global_step"] > 0


def test_a_training_goes_on_while_web_and_redis_are_killed_and_the_database_is_locked(
    service: RunningService, plant: str
) -> None:
    task = service.start_long_training(plant)
    service.kill("serve web")
    task = service.wait_for_step(task["id"], task["progress"]["step"], attempt=1)
    service.kill("valkey")
    task = service.wait_for_step(task["id"], task["progress"]["step"], attempt=1)
    wait_until(lambda: service.client.health()["ready"])
    with sqlite3.connect(service.home / "timevis.db", isolation_level=None) as database:
        database.execute("BEGIN EXCLUSIVE")
        time.sleep(7)  # longer than TIMEVIS_LOST_AFTER_SECONDS
        assert service.client.task(task["id"])["state"] == "running"
        database.execute("ROLLBACK")
    database.close()
    service.wait_for_step(task["id"], task["progress"]["step"], attempt=1)
    service.client.cancel(task["id"])  # on two cores there is one training at a time
    quick = service.client.wait(service.client.train(plant, "seasonal_naive", **TINY_RUN), WAIT_SECONDS)
    assert quick["state"] == "completed", quick


def test_a_suspended_web_process_is_started_again(service: RunningService) -> None:
    suspended = service.kill("serve web", signal.SIGSTOP)
    wait_until(lambda: suspended not in service.children())
    wait_until(lambda: [pid for pid, command in service.children().items() if "serve web" in command])
    wait_until(lambda: _is_ready(service))
    assert "web lives but does not answer" in (service.home / "logs/all.log").read_text()


def _is_ready(service: RunningService) -> bool:
    try:
        return bool(service.client.health()["ready"])
    except OSError:
        return False


def test_a_training_whose_worker_is_stopped_or_killed_is_resumed_by_the_next_one(
    service: RunningService, plant: str
) -> None:
    task = service.start_long_training(plant)
    pid = service.kill("worker --queues cpu", signal.SIGTERM)
    wait_until(lambda: command_of(pid) == "")
    task = service.wait_for_step(task["id"], task["progress"]["step"], attempt=1)
    service.kill("worker --queues cpu")
    service.wait_for_step(task["id"], task["progress"]["step"], attempt=2)
    assert len(service.trainings()) == 1


def suspend_worker(service: RunningService) -> int:
    """Suspend the worker while it holds no lock of the SQLite database; every other process would wait for it."""
    with closing(sqlite3.connect(service.home / "timevis.db", isolation_level=None, timeout=2)) as database:

        def suspended() -> int | None:
            pid = service.kill("worker --queues cpu", signal.SIGSTOP)
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
                return None
            database.execute("ROLLBACK")
            return pid

        return int(wait_until(suspended))


def test_a_training_of_a_suspended_worker_goes_on_in_another_one(service: RunningService, plant: str) -> None:
    task = service.start_long_training(plant)
    (training,) = service.trainings()
    suspended = suspend_worker(service)
    environment = service.environment | {"TIMEVIS_BROKER_URL": service.broker_url}
    other = subprocess.Popen([sys.executable, *OTHER_WORKER], env=environment)
    try:
        service.wait_for_step(task["id"], task["progress"]["step"], attempt=2)
        assert service.trainings() == [training]
        os.kill(suspended, signal.SIGCONT)
        wait_until(lambda: service.trainings() not in ([], [training]))
        service.wait_for_step(task["id"], service.client.task(task["id"])["progress"]["step"], attempt=2)
        assert len(service.trainings()) == 1
    finally:
        os.kill(suspended, signal.SIGCONT)
        other.terminate()
        assert other.wait(60) == 0


def test_a_killed_training_is_tried_again_then_fails_and_its_retry_resumes_and_can_be_cancelled(
    service: RunningService, plant: str
) -> None:
    task = service.start_long_training(plant)
    (pid,) = service.trainings()
    os.kill(pid, signal.SIGKILL)
    service.wait_for_step(task["id"], task["progress"]["step"], attempt=2)
    (pid,) = service.trainings()
    os.kill(pid, signal.SIGKILL)
    failed = service.client.wait(task, WAIT_SECONDS)
    assert failed["state"] == "failed"
    assert "SIGKILL" in failed["error"]
    assert failed["error_code"] == {"code": "process-ended-by-signal", "params": {"signal": "SIGKILL"}}
    assert failed["advice_code"]["code"] == "{advice}; see {section}"
    inner = failed["advice_code"]["params"]["advice"]
    assert (inner["code"], inner["params"]) == (
        "retry the task to resume it from its last checkpoint; the memory may have been exhausted",
        {},
    )
    assert inner["text"] in failed["advice"]
    again = service.client.retry(task["id"])
    service.wait_for_step(again["id"], failed["progress"]["step"])
    service.client.cancel(again["id"])
    assert service.client.wait(again, WAIT_SECONDS)["state"] == "cancelled"
    damage(service, again)


def damage(service: RunningService, task: dict[str, Any]) -> None:
    """A truncated checkpoint makes the next attempt fail with a message that names it."""
    with open_database(f"sqlite:///{service.home / 'timevis.db'}")() as session:
        row = session.get(Task, task["id"])
        assert row is not None
        path = service.home / f"runs/{row.run_id}/checkpoints/last.ckpt"
    os.truncate(path, path.stat().st_size // 2)
    failed = service.client.wait(service.client.retry(task["id"]), WAIT_SECONDS)
    assert failed["state"] == "failed"
    assert "last.ckpt is damaged" in failed["error"]
    assert failed["error_code"]["code"] == "{path} is damaged ({reason})"
    path.rename(path.with_name("damaged.ckpt"))


def test_a_full_disk_fails_the_training_and_keeps_its_last_checkpoint(service: RunningService, plant: str) -> None:
    task = service.start_long_training(plant)
    (pid,) = service.trainings()
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (8192, 8192))  # type: ignore[attr-defined]
    failed = service.client.wait(task, WAIT_SECONDS)
    assert failed["state"] == "failed"
    assert "File too large" in failed["error"]
    cause = {"code": "file-too-large", "params": {}, "text": "the file would be too large"}
    assert failed["error_code"]["params"]["cause"] == cause
    again = service.client.retry(task["id"])
    service.wait_for_step(again["id"], failed["progress"]["step"])


def test_a_message_that_is_delivered_often_and_a_late_cancel_leave_one_final_state(
    service: RunningService, plant: str
) -> None:
    celery = Celery(broker=service.broker_url)
    tasks = []
    for number in range(3):
        task = service.client.train(plant, "seasonal_naive", **TINY_RUN, seed=number)
        for _ in range(4):
            celery.send_task(TASK_NAME, (task["id"],), queue="cpu")
        tasks.append(task)
    last_stages = ("validate", "test", "report")

    def is_ending() -> bool:
        found = service.client.task(tasks[2]["id"])
        return found["state"] in FINAL or found["progress"].get("stage") in last_stages

    wait_until(is_ending)
    service.client.cancel(tasks[2]["id"])
    ended = [service.client.wait(task, WAIT_SECONDS) for task in tasks]
    assert [task["state"] for task in ended[:2]] == ["completed"] * 2
    assert ended[2]["state"] in ("completed", "cancelled")
    for task in ended:
        assert task["attempt"] == 1
        assert bool(task["result"]) == (task["state"] == "completed")
        celery.send_task(TASK_NAME, (task["id"],), queue="cpu")
    celery.close()


def test_workers_with_wrong_clocks_take_no_task_for_lost(service: RunningService, plant: str) -> None:
    task = service.start_long_training(plant)
    environment = service.environment | {"TIMEVIS_BROKER_URL": service.broker_url}
    workers = [
        subprocess.Popen([sys.executable, "-c", SHIFTED_WORKER, seconds], env=environment)
        for seconds in ("-3600", "3600")
    ]
    database = open_database(f"sqlite:///{service.home / 'timevis.db'}")
    try:
        for worker in workers:
            wait_until(lambda pid=worker.pid: any(f":{pid}" in name for name in worker_names(database)))
        time.sleep(8)  # longer than TIMEVIS_LOST_AFTER_SECONDS
        service.wait_for_step(task["id"], task["progress"]["step"], attempt=1)
    finally:
        for worker in workers:
            worker.terminate()
            assert worker.wait(60) == 0


def worker_names(database: Sessions) -> list[str]:
    with database() as session:
        return [worker.id for worker in session.query(Worker)]


def test_a_truncated_model_fails_its_forecast_only(
    service: RunningService, trained: dict[str, Any], plant: str
) -> None:
    model = service.client.wait(service.client.train(plant, "linear", **TINY_RUN), WAIT_SECONDS)["result"]["model"]
    with open_database(f"sqlite:///{service.home / 'timevis.db'}")() as session:
        row = session.get(Model, model)
        assert row is not None
        folder = service.home / "runs" / row.run_id
    for name in ("model/model.safetensors", "results.json", "report.html"):
        os.truncate(folder / name, 20)
    forecast = service.client.forecast(model, trained["result"]["model"])
    assert [item["error"] is not None for item in forecast["items"]] == [True, False]
    with pytest.raises(ServiceError) as found:
        service.client.call("GET", f"models/{model}")
    assert (found.value.status, found.value.code) == (409, "invalid-run")
    assert service.client.call("GET", "models")["total"] >= 2
