"""Trainings that a worker carries out in a process of their own."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hub_server import serve_hub, write_qwen
from running_service import wait_until
from service_data import TINY_RUN

from timevis.service.tasks.jobs import Worker, execute

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
