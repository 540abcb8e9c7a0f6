"""Logs, metrics, retention, backups."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask.testing import FlaskClient
from service_data import TINY_RUN, TOKEN, plant_csv, summary_with, upload
from sqlalchemy import select

from timevis.cli.main import main
from timevis.errors import ConfigError, DataError, TimeVisError
from timevis.messages import Text
from timevis.service import troubleshooting
from timevis.service.app import create_app
from timevis.service.context import Context
from timevis.service.db.tables import Dataset, Model, Task, new_id
from timevis.service.operations import backup
from timevis.service.operations.logs import configure_logs
from timevis.service.settings import Settings
from timevis.service.tasks.retention import DAY_SECONDS, purge
from timevis.utils.explain import explain


def context_of(http: FlaskClient) -> Context:
    found: Context = http.application.extensions["timevis"]
    return found


def add_model(http: FlaskClient, dataset: str, state: str = "completed", finished: float = 0.0) -> tuple[str, Path]:
    """A task in a final state with a run folder, and its model if it completed; returns the id of the task."""
    service, run_id = context_of(http), new_id()
    values = {"kind": "train", "queue": "cpu", "request": {"model": "linear", "dataset": dataset}}
    task = Task(id=new_id(), dataset_id=dataset, run_id=run_id, state=state, **values)
    task.finished = finished
    folder = service.storage.run(run_id)
    folder.mkdir()
    (folder / "config.yaml").write_text(f"data: {{path: {service.settings.home}/uploads/x.csv}}")
    with service.sessions.begin() as session:
        session.add(task)
        session.flush()
        if state == "completed":
            values = {"name": "m", "kind": "linear", "task_id": task.id, "dataset_id": dataset, "run_id": run_id}
            session.add(Model(id=task.id, summary=summary_with({}), **values))
    return task.id, folder


@pytest.fixture
def own_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.mark.usefixtures("own_logging")
def test_log_lines_are_json_with_the_identifiers_of_request_token_and_task(http: FlaskClient, tmp_path: Path) -> None:
    path = configure_logs(tmp_path, "web", "error")
    assert configure_logs(tmp_path, "web", "error") == tmp_path / "web-2.log"  # the first is in use
    path = tmp_path / "web-2.log"
    answer = http.post(f"/api/tasks/{'0' * 32}/cancel", headers={"X-Request-Id": "of-a-proxy"})
    assert answer.headers["X-Request-Id"] == "of-a-proxy"
    assert re.fullmatch("[0-9a-f]{32}", http.get("/", headers={"X-Request-Id": "a b"}).headers["X-Request-Id"])
    with structlog.contextvars.bound_contextvars(task_id="t1"):
        logging.getLogger("timevis").warning("task %s", "text with \n and \x1b")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    request = next(line for line in lines if "cancel" in line["event"])
    assert (request["request_id"], request["token"], request["level"]) == ("of-a-proxy", "owner", "info")
    assert (lines[-1]["task_id"], lines[-1]["event"]) == ("t1", "task text with \n and \x1b")


@pytest.mark.usefixtures("own_logging")
def test_logs_rotate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timevis.service.operations.logs.MAX_BYTES", 1000)
    configure_logs(tmp_path, "worker-cpu", "critical")
    for number in range(100):
        logging.getLogger("timevis").error("line %d", number)
    assert len(list(tmp_path.glob("worker-cpu.log*"))) == 6


def test_metrics_count_requests_and_tasks_and_need_a_token(http: FlaskClient, dataset: str) -> None:
    http.post("/api/train", json={"dataset": dataset, "model": "seasonal_naive", **TINY_RUN})
    http.get("/api/tasks", headers={"Authorization": "Bearer wrong"})
    text = http.get("/api/metrics").text
    assert 'timevis_tasks{kind="train",state="queued"} 1.0' in text
    assert 'timevis_queued_tasks{queue="cpu"} 1.0' in text
    assert "timevis_datasets 1.0" in text
    assert 'timevis_http_requests_total{method="POST",route="/api/train",status="202"} 1.0' in text
    assert 'timevis_http_requests_total{method="GET",route="/api/tasks",status="401"} 1.0' in text
    del http.environ_base["HTTP_AUTHORIZATION"]
    assert http.get("/api/metrics").status_code == 401


def test_deleted_models_and_datasets_are_removed_after_their_time(http: FlaskClient, dataset: str) -> None:
    service, now = context_of(http), time.time()
    task, folder = add_model(http, dataset)
    kept, kept_folder = add_model(http, dataset)
    (upload_file,) = (service.settings.home / "uploads").iterdir()
    for path in (f"models/{task}", f"models/{kept}", f"datasets/{dataset}"):
        assert http.delete(f"/api/{path}").status_code == 204
    assert sum(purge(service.sessions, service.settings, now + 29 * DAY_SECONDS).values()) == 0
    http.post(f"/api/models/{kept}/restore")
    later = now + 31 * DAY_SECONDS
    assert purge(service.sessions, service.settings, later)["models"] == 1
    assert not folder.exists()
    assert kept_folder.exists()
    assert upload_file.exists()  # the restored model needs the data
    http.delete(f"/api/models/{kept}")
    assert purge(service.sessions, service.settings, later + 31 * DAY_SECONDS)["datasets"] == 1
    assert not upload_file.exists()
    assert [*(service.settings.home / "datasets").iterdir(), *(service.settings.home / "runs").iterdir()] == []
    assert http.get(f"/api/tasks/{task}").status_code == 200


def test_an_upload_that_two_datasets_share_stays_until_both_are_removed(http: FlaskClient, dataset: str) -> None:
    service = context_of(http)
    other = upload(http, plant_csv(), name="other").json["id"]
    assert other != dataset
    http.delete(f"/api/datasets/{dataset}")
    assert purge(service.sessions, service.settings, time.time() + 31 * DAY_SECONDS)["datasets"] == 1
    assert len(list((service.settings.home / "uploads").iterdir())) == 1
    assert http.get(f"/api/datasets/{other}").status_code == 200


def test_unused_files_are_kept_unless_a_setting_says_otherwise(
    http: FlaskClient, dataset: str, make_settings: Callable[..., Settings]
) -> None:
    service = context_of(http)
    upload(http, b"this,is\nno,table of numbers\n")
    _, failed = add_model(http, dataset, "failed", time.time())
    _, completed = add_model(http, dataset)
    later = time.time() + 10 * DAY_SECONDS
    assert sum(purge(service.sessions, service.settings, later).values()) == 0
    settings = make_settings(TIMEVIS_KEEP_UNUSED_DAYS="7")
    found = purge(service.sessions, settings, later)
    assert (found["failed runs"], found["unreadable uploads"]) == (1, 1)
    assert (failed.exists(), completed.exists()) == (False, True)
    assert len(list((service.settings.home / "uploads").iterdir())) == 1


def test_a_backup_is_restored_into_another_home_and_another_kind_of_database(
    http: FlaskClient, dataset: str, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = context_of(http)
    task, _ = add_model(http, dataset, "running")
    monkeypatch.setenv("TIMEVIS_HOME", str(service.settings.home))
    path = tmp_path / "backups/first.tar"
    assert main(["backup", str(path)]) == 0
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="exists already"):
        backup.back_up(service.settings, path)
    with pytest.raises(ConfigError, match="already"):
        backup.restore(service.settings, path)

    variables = {"TIMEVIS_HOME": str(tmp_path / "new"), "TIMEVIS_DATABASE_URL": postgres_url, "TIMEVIS_TOKEN": TOKEN}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["restore", str(path)]) == 0
    settings = Settings.from_environment()
    new = create_app(settings).test_client()
    new.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    assert new.get(f"/api/datasets/{dataset}").json == http.get(f"/api/datasets/{dataset}").json
    assert new.get(f"/api/tasks/{task}").json["state"] == "queued"
    assert new.get(f"/api/datasets/{dataset}/series").status_code == 200
    (config,) = settings.home.glob("runs/*/config.yaml")
    assert f"{settings.home}/uploads/x.csv" in config.read_text()


@pytest.mark.parametrize("damage", ["truncated", "changed", "no backup"])
def test_a_damaged_backup_restores_nothing(http: FlaskClient, dataset: str, tmp_path: Path, damage: str) -> None:
    service, path = context_of(http), tmp_path / "backup.tar"
    backup.back_up(service.settings, path)
    if damage == "truncated":
        os.truncate(path, path.stat().st_size // 2)
    elif damage == "no backup":
        path.write_bytes(b"not a tar file" * 100)
    else:
        content = path.read_bytes()
        position = content.index(b"2026-01-05 04:00:00")
        path.write_bytes(content[:position] + b"2027" + content[position + 4 :])
    home = tmp_path / "new"
    settings = Settings.from_environment({"TIMEVIS_HOME": str(home), "TIMEVIS_TOKEN": TOKEN})
    with pytest.raises(DataError):
        backup.restore(settings, path)
    assert [file for file in home.rglob("*") if file.is_file() and "timevis.db" not in file.name] == []
    assert create_app(settings).test_client().get("/api/health").json["database"]["ok"]
    shutil.rmtree(home)


def test_rows_that_are_added_during_a_backup_are_not_in_it(
    http: FlaskClient, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, add_stream = context_of(http), backup._add_stream

    def add_rows_between_tables(archive: tarfile.TarFile, file: Any, name: str) -> None:
        add_stream(archive, file, name)
        if name == "tables/datasets.jsonl":
            with service.sessions.begin() as session:
                first = session.get(Dataset, dataset)
                columns = {column.name: getattr(first, column.name) for column in Dataset.__table__.columns}
                session.add(Dataset(**columns | {"id": new_id()}))
            with service.sessions.begin() as session:
                other = session.scalar(select(Dataset.id).where(Dataset.id != dataset))
                session.add(Task(kind="train", queue="cpu", request={}, dataset_id=other))

    monkeypatch.setattr(backup, "_add_stream", add_rows_between_tables)
    assert backup.back_up(service.settings, tmp_path / "backup.tar") == {"datasets": 1}
    settings = Settings.from_environment({"TIMEVIS_HOME": str(tmp_path / "new"), "TIMEVIS_TOKEN": TOKEN})
    assert backup.restore(settings, tmp_path / "backup.tar")["datasets"] == 1


def test_a_backup_with_rows_of_a_dataset_that_is_not_in_it_is_refused(
    http: FlaskClient, dataset: str, tmp_path: Path
) -> None:
    service = context_of(http)
    add_model(http, dataset)
    with sqlite3.connect(service.settings.home / "timevis.db") as connection:  # without foreign keys
        connection.execute("DELETE FROM datasets")
    connection.close()
    backup.back_up(service.settings, tmp_path / "backup.tar")
    settings = Settings.from_environment({"TIMEVIS_HOME": str(tmp_path / "new"), "TIMEVIS_TOKEN": TOKEN})
    with pytest.raises(DataError, match="refer to rows that are not in it"):
        backup.restore(settings, tmp_path / "backup.tar")
    assert list((settings.home / "runs").iterdir()) == []


def test_a_member_of_a_backup_cannot_leave_the_home_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("x")
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        archive.add(outside, arcname="../../outside2.txt")
    settings = Settings.from_environment({"TIMEVIS_HOME": str(tmp_path / "new/home"), "TIMEVIS_TOKEN": TOKEN})
    with pytest.raises(DataError, match="is not a backup"):
        backup.restore(settings, tmp_path / "evil.tar")
    assert not (tmp_path / "outside2.txt").exists()
    assert not (tmp_path / "new/outside2.txt").exists()


def test_trainings_are_logged_to_weights_and_biases_only_by_setting(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    for mode in ("disabled", "offline"):
        settings = make_settings(TIMEVIS_WANDB_MODE=mode, TIMEVIS_HOME=str(tmp_path / mode))
        http = create_app(settings).test_client()
        http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
        dataset = upload(http, plant_csv(rows=200)).json["id"]
        body = {"dataset": dataset, "model": "seasonal_naive", **TINY_RUN}
        assert http.post("/api/train", json=body).status_code == 202
        (config,) = settings.home.glob("runs/*/config.yaml")
        assert ("mode: offline" in config.read_text()) == (mode == "offline")
    with pytest.raises(ConfigError, match="TIMEVIS_WANDB_MODE"):
        make_settings(TIMEVIS_WANDB_MODE="on")


def test_errors_link_to_sections_of_the_page_on_troubleshooting(http: FlaskClient) -> None:
    text = (Path(__file__).parents[2] / troubleshooting.PAGE).read_text(encoding="utf-8")
    anchors = {line[4:].lower().replace(" ", "-") for line in text.splitlines() if line.startswith("### ")}
    sections = {troubleshooting.UNREACHABLE_REDIS, troubleshooting.STUCK_TRAINING}
    sections |= set(troubleshooting.SECTIONS.values())
    assert {section.partition("#")[2] for section in sections} == anchors
    memory = troubleshooting.with_section(explain(MemoryError("CUDA out of memory. Tried to allocate 2 GiB")))
    assert str(memory.advice).endswith("; see docs/troubleshooting.md#out-of-memory")
    full_disk = explain(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "last.ckpt"))
    assert str(troubleshooting.with_section(full_disk).advice).endswith(troubleshooting.FULL_DISK)
    lost = TimeVisError(Text("the worker of the task was lost {count} times", code="worker-lost", count=3))
    assert str(troubleshooting.with_section(lost).advice) == f"see {troubleshooting.STUCK_TRAINING}"
    other = TimeVisError(Text("the series has too few rows"))
    assert troubleshooting.with_section(other) is other
    broker = http.get("/api/health").json["broker"]  # nothing listens there
    assert broker["detail"].endswith(troubleshooting.UNREACHABLE_REDIS)
