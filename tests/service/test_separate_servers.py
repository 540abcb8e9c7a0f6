"""Processes with a PostgreSQL of the machine and a Redis of their own, each with a home folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.core import url_to_fs
from running_service import wait_until
from servers import free_port, redis_program
from service_data import TINY_LSTM_RUN, TINY_RUN, TOKEN, plant_csv, upload

from timevis.service.app import create_app
from timevis.service.client import Client
from timevis.service.db.database import open_database
from timevis.service.db.tables import FolderCopy
from timevis.service.settings import Settings

pytestmark = pytest.mark.slow
WAIT_SECONDS = 120


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis on a socket."""
    path = tmp_path / "redis.sock"
    command = [redis_program(), "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield f"redis+socket://{path}"
    process.kill()
    process.wait()


def test_a_training_runs_from_its_message_to_its_model(
    make_settings: Callable[..., Settings], postgres_url: str, redis_url: str
) -> None:
    settings = make_settings(TIMEVIS_DATABASE_URL=postgres_url, TIMEVIS_BROKER_URL=redis_url)
    http = create_app(settings).test_client()
    http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    variables = {"HOME": settings.home, "DATABASE_URL": postgres_url, "BROKER_URL": redis_url, "TOKEN": TOKEN}
    environment = os.environ | {f"TIMEVIS_{name}": str(value) for name, value in variables.items()}
    worker = subprocess.Popen(
        [sys.executable, "-m", "timevis", "serve", "worker", "--queues", "cpu"], env=environment
    )
    try:
        dataset = upload(http, plant_csv()).json["id"]
        body = {"dataset": dataset, "model": "seasonal_naive", **TINY_RUN}
        answer = http.post("/api/train", json=body, headers={"Prefer": "wait=30"})
        path, deadline = f"/api/tasks/{answer.json['id']}", time.monotonic() + WAIT_SECONDS
        while (task := http.get(path).json)["state"] in ("queued", "running"):
            assert time.monotonic() < deadline, task
            time.sleep(0.2)
        assert task["state"] == "completed", task
        assert http.get("/api/models").json["items"][0]["id"] == task["result"]["model"]
        health = http.get("/api/health").json
        assert health["database"] == {"ok": True, "detail": "postgresql"}
        assert health["broker"]["ok"]
        assert health["worker"]["detail"].startswith("no worker consumes the queue interactive")
        worker.terminate()
        assert worker.wait(30) == 0
    finally:
        worker.kill()


def test_another_host_resumes_a_training_from_the_copy_of_its_checkpoint(
    postgres_url: str, redis_url: str, store_url: str, tmp_path: Path
) -> None:
    common = {"STORE": store_url, "DATABASE_URL": postgres_url, "BROKER_URL": redis_url, "TOKEN": TOKEN}
    common |= {"LOST_AFTER_SECONDS": "4", "RESEND_SECONDS": "2", "TRAININGS": "1"}

    def start(name: str, *arguments: str) -> subprocess.Popen[bytes]:
        variables = common | {"HOME": str(tmp_path / name)}
        environment = os.environ | {f"TIMEVIS_{key}": value for key, value in variables.items()}
        command = [sys.executable, "-m", "timevis", "serve", *arguments, "--loglevel", "warning"]
        processes.append(subprocess.Popen(command, env=environment))
        return processes[-1]

    def task() -> dict[str, Any]:
        found = client.task(training["id"])
        assert found["state"] not in ("failed", "cancelled"), found
        return found

    processes: list[subprocess.Popen[bytes]] = []
    port = free_port()
    client = Client(f"http://127.0.0.1:{port}", TOKEN)
    try:
        first = start("first", "worker", "--queues", "cpu")
        start("third", "worker", "--queues", "interactive")  # reads the upload
        start("web", "web", "--port", str(port))
        wait_until(lambda: is_listening(port))
        path = tmp_path / "plant.csv"
        path.write_bytes(plant_csv())
        dataset = client.upload(path)["id"]
        training = client.train(dataset, "lstm", **TINY_LSTM_RUN | {"max_epochs": 30, "patience": 30})
        wait_until(lambda: has_copied_checkpoint(postgres_url))
        (trainer,) = [pid for pid in processes_of(tmp_path / "first") if pid != first.pid]
        for pid in (first.pid, trainer):
            os.kill(pid, signal.SIGKILL)
        found = task()
        assert found["state"] == "running"
        assert "lstm" in found["log"]  # of the copy; this home has no log of the run
        start("second", "worker", "--queues", "cpu")
        wait_until(lambda: task()["state"] == "completed")
        ended = task()
        assert ended["attempt"] == 2
        (run,) = (tmp_path / "second/runs").iterdir()
        assert "resum" in (run / "train.log").read_text()
        assert client.forecast(ended["result"]["model"])["items"][0]["error"] is None
        model = client.call("GET", f"models/{ended['result']['model']}")
        epochs = [row["epoch"] for row in model["training"]["rows"] if "tuning/wql" in row]
        assert len(epochs) == len(set(epochs)) > 1
        store, root = url_to_fs(store_url)
        names = {Path(key).name.rpartition(".")[0] for key in store.find(f"{root}/runs")}
        assert {"results.json", "model.safetensors", "report.html"} <= names
        assert "last.ckpt" not in names  # nothing resumes a completed run
    finally:
        for process in processes:
            process.kill()
            process.wait()


def has_copied_checkpoint(database_url: str) -> bool:
    sessions = open_database(database_url)
    with sessions() as session:
        found = any("checkpoints/last.ckpt" in row.files for row in session.query(FolderCopy))
    sessions.kw["bind"].dispose()
    return found


def is_listening(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def processes_of(home: Path) -> list[int]:
    """Processes whose command or environment names a home folder."""
    found = []
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and f"TIMEVIS_HOME={home}\0".encode() in (path / "environ").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return found
