"""One worker process with a PostgreSQL and a Redis that are installed on the machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from service_data import TINY_RUN, TOKEN, plant_csv, upload

from timevis.service.app import create_app
from timevis.service.settings import Settings

pytestmark = pytest.mark.slow
WAIT_SECONDS = 120


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """The redis-server of the system on a socket."""
    path = tmp_path / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(tmp_path)]
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
