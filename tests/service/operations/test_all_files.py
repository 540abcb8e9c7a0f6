"""All files of a service go to the store and come back, and what is removed leaves it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from timevis.service.db.database import open_database
from timevis.service.db.tables import Dataset, FolderCopy, Sessions, Task
from timevis.service.operations.backup import fetch_all, share_all
from timevis.service.settings import Settings
from timevis.service.storage import Storage
from timevis.service.tasks.retention import DAY_SECONDS, purge

RUN, DATASET, FORECAST = "a" * 32, "b" * 32, "c" * 32


@pytest.fixture
def service(make_settings: Callable[..., Settings], tmp_path: Path) -> tuple[Settings, Sessions]:
    """A home folder with an upload, a dataset, a run and a forecast, whose rows are in a database."""
    settings = make_settings(TIMEVIS_STORE=f"file://{tmp_path / 'store'}")
    sessions = open_database(settings.database_url)
    storage = Storage(settings.home)
    source = storage.temporary_upload(".csv")
    source.write_text("time,load\n")
    stored = storage.store_file(source)
    for folder in (storage.dataset(DATASET), storage.run(RUN)):
        folder.mkdir()
        (folder / "file.txt").write_text("content")
    storage.result(FORECAST).write_text("rows")
    file = {"content_hash": stored.content_hash, "suffix": stored.suffix, "size": stored.size}
    with sessions.begin() as session:
        report = {"rows": 2, "frequency": "h", "start": "", "end": "", "timezone": None, "channels": {}}
        session.add(Dataset(id=DATASET, name="plant", file_name="plant.csv", options={}, report=report, **file))
        session.flush()
        values = {"queue": "cpu", "state": "completed", "request": {}}
        session.add(Task(kind="train", run_id=RUN, dataset_id=DATASET, **values))
        session.add(Task(id=FORECAST, kind="predict", finished=0.0, **values))
    return settings, sessions


def files_of(folder: Path) -> set[str]:
    names = ("uploads", "datasets", "runs", "results")
    return {str(path.relative_to(folder)) for name in names for path in (folder / name).rglob("*") if path.is_file()}


def test_a_home_is_copied_once_and_another_one_gets_all_of_it(
    service: tuple[Settings, Sessions], tmp_path: Path
) -> None:
    settings, sessions = service
    assert share_all(Storage.open(settings, sessions), sessions) == 4
    assert share_all(Storage.open(settings, sessions), sessions) == 0
    variables = {"TIMEVIS_HOME": str(tmp_path / "other"), "TIMEVIS_STORE": settings.store.get_secret_value()}
    other = Settings.from_environment(variables)
    fetch_all(Storage.open(other, sessions), sessions)
    assert files_of(other.home) == files_of(settings.home)
    assert len(files_of(other.home)) == 4


def test_what_is_purged_leaves_the_store(service: tuple[Settings, Sessions], tmp_path: Path) -> None:
    settings, sessions = service
    share_all(Storage.open(settings, sessions), sessions)
    with sessions.begin() as session:
        session.query(Task).filter(Task.run_id == RUN).update({"run_id": None})
    later = time.time() + 2 * DAY_SECONDS
    assert purge(sessions, settings, later)["folders"] == 1
    assert {name.partition("/")[0] for name in files_of(tmp_path / "store")} == {"uploads", "datasets", "results"}
    with sessions() as session:
        assert [row.id for row in session.query(FolderCopy)] == [DATASET]
