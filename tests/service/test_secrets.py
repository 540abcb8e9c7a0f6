"""No output of the service holds one of its secrets, whatever fails: logs, stderr, answers, tasks and alerts."""

from __future__ import annotations

import base64
import errno
import io
import json
import logging
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from receivers import web_receiver
from running_service import RunningService, wait_until
from servers import free_port, redis_program
from service_data import TOKEN, plant_csv
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.service.app import create_app
from timevis.service.client import ServiceError
from timevis.service.db.database import make_engine, open_database
from timevis.service.db.monitor_tables import TRIAL, Delivery, FailingReceiver, Monitor
from timevis.service.db.tables import Dataset, Sessions, Task, new_id
from timevis.service.monitoring.alerts import deliver_due, raise_alert
from timevis.service.monitoring.sending import new_secret
from timevis.service.operations.logs import configure_logs
from timevis.service.profiling import start_reader
from timevis.service.settings import SECRET_VARIABLES, Secret, Settings
from timevis.service.storage import Storage
from timevis.service.tasks import jobs
from timevis.service.tasks.jobs import Worker, execute

OWNER_TOKEN, USER_PASSWORD = "token-of-the-owner", "password-of-anna"
DATABASE, BROKER, MAIL, STORE = ("password-of-the-" + name for name in ("database", "broker", "mail", "store"))
WEBHOOK = new_secret()
SETTINGS = (OWNER_TOKEN, DATABASE, BROKER, MAIL, STORE)


def refusing_mail_server(server: socket.socket) -> None:
    """Repeats in its refusals what it was sent, as some servers do."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, connection.makefile("rwb", buffering=0) as lines:
            lines.write(b"220 mail\r\n")
            while line := lines.readline():
                known = {b"EHLO": b"250-mail\r\n250 AUTH PLAIN LOGIN\r\n", b"QUIT": b"221 bye\r\n"}
                words = line.split()
                told = base64.b64decode(words[-1]) if words[0].upper() == b"AUTH" and len(words) > 2 else line.strip()
                lines.write(known.get(words[0].upper(), b"535 no: " + told.replace(b"\0", b" ") + b"\r\n"))


@contextmanager
def mail_server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=refusing_mail_server, args=(server,), daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


class Outputs:
    """All that an application and its workers tell: answers, log files, and what they print."""

    def __init__(self, app: Flask, home: Path, printed: io.StringIO) -> None:
        self.http: FlaskClient = app.test_client()
        self.context = app.extensions["timevis"]
        self.home, self.printed = home, printed
        self.answers: list[str] = []
        self.secrets = [*SETTINGS, USER_PASSWORD, WEBHOOK]

    def call(self, method: str, path: str, status: int, token: str = OWNER_TOKEN, **arguments: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} | arguments.pop("headers", {})
        answer = self.http.open(f"/api/{path}", method=method, headers=headers, **arguments)
        assert answer.status_code == status, answer.text
        self.answers.append(f"{answer.text} {answer.headers}")
        return answer.json

    def texts(self) -> dict[str, str]:
        logs = {path.name: path.read_text() for path in (self.home / "logs").glob("*.log")}
        with self.context.sessions() as session:
            rows = [f"{task.error} {task.advice} {task.result}" for task in session.scalars(select(Task))]
            rows += [
                str(row.error) for table in (Delivery, FailingReceiver) for row in session.scalars(select(table))
            ]
        return logs | {"stderr": self.printed.getvalue(), "answers": str(self.answers), "rows": str(rows)}


@pytest.fixture
def outputs(
    make_settings: Callable[..., Settings], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Outputs]:
    root = logging.getLogger()
    handlers, level, printed = root.handlers[:], root.level, io.StringIO()
    monkeypatch.setattr(sys, "stderr", printed)
    with mail_server() as port:
        settings = make_settings(
            TIMEVIS_TOKEN=OWNER_TOKEN,
            TIMEVIS_DATABASE_URL=postgres_url.replace("timevis@", f"timevis:{DATABASE}@"),
            TIMEVIS_BROKER_URL=f"redis://:{BROKER}@127.0.0.1:1/0",
            TIMEVIS_SMTP_URL=f"smtp://anna:{MAIL}@127.0.0.1:{port}",
        )
        configure_logs(settings.home / "logs", "web", "info")
        yield Outputs(create_app(settings), settings.home, printed)
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def test_no_failure_of_the_service_tells_a_secret(outputs: Outputs, monkeypatch: pytest.MonkeyPatch) -> None:
    service, call = outputs.context, outputs.call
    call("POST", "users", 201, json={"name": "anna", "role": "editor", "password": USER_PASSWORD})
    made = outputs.http.post(
        "/api/tokens", json={"name": "program", "user": "anna"}, headers={"Authorization": f"Bearer {OWNER_TOKEN}"}
    )
    signed_in = outputs.http.post("/api/session", json={"name": "anna", "password": USER_PASSWORD})
    cookie = signed_in.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    outputs.secrets += [made.json["secret"], cookie, "wrong-token-of-a-visitor"]

    def uploaded(name: str, status: int) -> None:
        arguments = {"data": {"file": (io.BytesIO(plant_csv(rows=200)), name)}, "content_type": "multipart/form-data"}
        call("POST", "upload", status, token=made.json["secret"], **arguments)

    call("POST", "session", 422, json={"name": "anna", "password": [USER_PASSWORD]})
    call("POST", "session", 422, json={"name": "\x00", "password": USER_PASSWORD})
    call("GET", "tasks", 401, token="wrong-token-of-a-visitor")
    call("GET", "health", 503)  # the broker is away
    uploaded("\x00n.csv", 422)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for failure, status in ((full, 507), (RuntimeError("a defect"), 500)):
        with monkeypatch.context() as patch:
            patch.setattr(Storage, "store_upload", failing(failure))
            uploaded("plant.csv", status)
    with monkeypatch.context() as patch:  # of a statement, whose values are the hash of a password and more
        patch.setattr(Dataset, "__table__", None)
        call("POST", "users", 422, json={"name": "anna", "role": "editor", "password": USER_PASSWORD})

    def crash(worker: Worker, task: Task) -> None:
        copied = worker.settings.token.get_secret_value() + worker.settings.database_url.get_secret_value()
        raise RuntimeError(f"a defect after {len(copied)} characters")

    monkeypatch.setitem(jobs.JOBS, "compare", crash)
    with service.sessions.begin() as session:
        task = Task(id=new_id(), kind="compare", queue="interactive", request={"models": []})
        session.add(task)
    execute(Worker(service.settings, service.sessions, ("interactive",)), task.id)
    assert "a defect" in call("GET", f"tasks/{task.id}", 200)["error"]
    with web_receiver() as web:
        web.status = 500
        add_alert(service.sessions, web.address)
        assert deliver_due(service.sessions, service.settings) == 0
    shown = call("GET", "alerts", 200)["items"][0]["deliveries"]
    errors = {delivery["kind"]: delivery["error"] for delivery in shown}
    assert errors["mail"] == "the mail server refused the name or the password (535)"
    assert errors["webhook"] == "the address answered with 500"
    call("GET", "metrics", 200)

    texts = outputs.texts()
    assert "a defect after" in texts["web.log"]
    assert "a defect after" in texts["stderr"]
    assert texts["web.log"].count('"exception"') >= 3  # there are tracebacks
    assert "locals" not in texts["web.log"]
    for place, text in texts.items():
        for secret in outputs.secrets:
            assert secret not in text, place


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_: Any) -> None:
        raise error

    return fail


def add_alert(sessions: Sessions, address: str) -> None:
    """A monitor that does nothing, with an alert for a web address and a mail address."""
    receivers = [
        {"kind": "webhook", "address": address, "secret": WEBHOOK},
        {"kind": "mail", "address": "team@plant.example"},
    ]
    columns = {"schedule": {"cron": None}, "bounds": {}, "retraining": {"cron": None}, "state": {}}
    columns |= {"dataset_id": "0" * 32, "model_id": "1" * 32, "horizon": 24, "enabled": False}
    text = Text("this is a trial of the alerts of the monitor {name!r}", name="Plant A")
    with sessions.begin() as session:
        monitor = Monitor(name="Plant A", receivers=receivers, **columns)
        session.add(monitor)
        session.flush()
        raise_alert(session, monitor, TRIAL, "trial", text)


URLS = {
    "TIMEVIS_DATABASE_URL": (
        f"postgresql://timevis:{DATABASE}@127.0.0.1:1/timevis",
        f"postgresql://timevis:{DATABASE}/x@127.0.0.1:1/timevis",
        f"postgresql://timevis:x@y:{DATABASE}@127.0.0.1:1/timevis",
        f"nothing://timevis:{DATABASE}@127.0.0.1:1/timevis",
        f"postgresql//timevis:{DATABASE}@127.0.0.1:1/timevis",
    ),
    "TIMEVIS_BROKER_URL": (f"redis://:{BROKER}/x@127.0.0.1:1/0", f"redis://:x@y:{BROKER}/@127.0.0.1:1/0"),
    "TIMEVIS_SMTP_URL": (f"smtp://anna:{MAIL}#x@127.0.0.1", f"smtp://anna:{MAIL}/x@127.0.0.1", f"{MAIL}"),
    "TIMEVIS_STORE": (f"ftp://anna:{STORE}/x@127.0.0.1:1/timevis", f"nothing://anna:{STORE}@127.0.0.1/timevis"),
}
CASES = [(variable, url) for variable, urls in URLS.items() for url in urls]


@pytest.mark.parametrize(("variable", "url"), CASES)
def test_an_address_that_cannot_be_used_is_not_repeated(
    make_settings: Callable[..., Settings], variable: str, url: str
) -> None:
    def use() -> None:
        settings = make_settings(**{variable: url})
        engine = make_engine(settings.database_url)
        if settings.store:
            Storage.open(settings, None)  # type: ignore[arg-type]  # no row is needed
        engine.connect()

    with pytest.raises((ConfigError, OperationalError)) as raised:
        use()
    assert isinstance(raised.value, ConfigError) or "127.0.0.1" in str(raised.value)
    for secret in SETTINGS:
        assert secret not in f"{raised.value!r} {raised.value} {raised.value.__cause__}"


def test_a_secret_is_shown_as_three_stars(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(TIMEVIS_TOKEN=OWNER_TOKEN, TIMEVIS_SMTP_URL=f"smtp://anna:{MAIL}@127.0.0.1")
    secrets = [field.name for field in fields(settings) if isinstance(getattr(settings, field.name), Secret)]
    assert secrets == ["database_url", "broker_url", "token", "store", "smtp_url"]
    shown = [str(settings.token), f"{settings.token}", "%s" % settings.token, repr(settings), str(settings)]  # noqa: UP031
    assert shown[:3] == ["***"] * 3
    assert not any(secret in text for text in shown for secret in SETTINGS)
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(settings.token)


def test_commands_whose_database_is_away_tell_no_secret(tmp_path: Path) -> None:
    secrets = {
        "TIMEVIS_DATABASE_URL": f"postgresql://timevis:{DATABASE}@127.0.0.1:1/timevis",
        "TIMEVIS_BROKER_URL": f"redis://:{BROKER}@127.0.0.1:1/0",
        "TIMEVIS_TOKEN": OWNER_TOKEN,
        "TIMEVIS_SMTP_URL": f"smtp://anna:{MAIL}@127.0.0.1",
    }
    environment = os.environ | secrets | {"TIMEVIS_HOME": str(tmp_path)}
    for arguments in (["users", "list"], ["serve", "web", "--port", "1", "--loglevel", "info"]):
        command = [sys.executable, "-m", "timevis", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
        assert done.returncode != 0
        told = done.stdout + done.stderr + "".join(path.read_text() for path in (tmp_path / "logs").glob("*.log"))
        assert "127.0.0.1" in told  # it says what cannot be reached
        assert not [secret for secret in SETTINGS if secret in told], told


def test_the_processes_of_tasks_do_not_get_the_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRET_VARIABLES:
        monkeypatch.setenv(name, OWNER_TOKEN)
    reader = start_reader()
    try:
        environment = wait_until(Path(f"/proc/{reader.pid}/environ").read_text)  # empty until the program runs
        assert OWNER_TOKEN not in environment
        assert "PATH=" in environment
    finally:
        reader.kill()
        reader.wait()


@pytest.mark.slow
def test_the_parts_of_a_running_service_tell_no_secret(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Real processes: the broker is killed, then a worker, and no file can be written."""
    home, redis_port = tmp_path_factory.mktemp("service"), free_port()
    redis = [redis_program(), "--port", str(redis_port), "--bind", "127.0.0.1", "--requirepass", BROKER, "--save", ""]
    with mail_server() as mail_port, subprocess_of([*redis, "--dir", str(home)]) as broker:
        settings = {
            "TIMEVIS_DATABASE_URL": postgres_url.replace("timevis@", f"timevis:{DATABASE}@"),
            "TIMEVIS_BROKER_URL": f"redis://:{BROKER}@127.0.0.1:{redis_port}/0",
            "TIMEVIS_SMTP_URL": f"smtp://anna:{MAIL}@127.0.0.1:{mail_port}",
        }
        service = RunningService(home, free_port(), settings)

        def deliveries() -> list[dict[str, Any]]:
            return list(service.client.call("GET", "alerts")["items"][0]["deliveries"])

        try:
            told = []
            path = home / "plant.csv"
            path.write_bytes(plant_csv(rows=200))
            service.client.upload(path)
            database = open_database(settings["TIMEVIS_DATABASE_URL"])
            add_alert(database, "http://127.0.0.1:1/hook")
            wait_until(lambda: all(delivery["error"] for delivery in deliveries()))
            told.append(str(deliveries()))
            broker.kill()
            wait_until(lambda: not service.client.health()["broker"]["ok"])
            told.append(str(service.client.health()))
            service.kill("worker --queues interactive")
            (web,) = [pid for pid, command in service.children().items() if "serve web" in command]
            resource.prlimit(web, resource.RLIMIT_FSIZE, (1000, 1000))
            with pytest.raises(ServiceError) as full:
                service.client.upload(path, name="another")
            told.append(str(full.value))
            wait_until(lambda: "is started again" in service.log.read_text())
            database.kw["bind"].dispose()
        finally:
            service.stop()
    texts = {path.name: path.read_text() for path in home.rglob("*.log*")} | {"answers": str(told)}
    assert {"serve.log", "web.log", "worker-interactive.log", "worker-cpu.log", "beat.log"} <= set(texts)
    assert "535" in texts["answers"]
    assert "disk of the service is full" in texts["answers"]
    for place, text in texts.items():
        for secret in (TOKEN, DATABASE, BROKER, MAIL, WEBHOOK):
            assert secret not in text, place


@contextmanager
def subprocess_of(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
