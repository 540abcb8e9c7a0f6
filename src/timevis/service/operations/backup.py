"""Back up and restore all that the service stores: the rows of the database and the files of the home folder.

A backup is a tar file with ``manifest.json``, one file of JSON lines for each table, and the folders of the home. It
does not depend on the kind of database, so that a backup of SQLite can be restored into PostgreSQL.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Table, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timevis import __version__
from timevis.errors import ConfigError, DataError
from timevis.messages import Text
from timevis.service.artefacts import move_uploads
from timevis.service.db.database import make_engine, open_database
from timevis.service.db.tables import Base, Dataset, FolderCopy, Model, Sessions, Task
from timevis.service.settings import FOLDERS, Settings
from timevis.service.storage import Storage
from timevis.service.tasks.states import COMPLETED, QUEUED, RUNNING
from timevis.service.written_answers import SUFFIX
from timevis.utils.files import require_absent

FORMAT = 1
LEFT_OUT_TABLES = ("workers", "folder_copies", "audit_retention")
LEFT_OUT_FOLDERS = ("logs",)
ROWS_AT_ONCE = 1000
log = logging.getLogger(__name__)


def back_up(settings: Settings, path: Path) -> dict[str, int]:
    """Write a backup, also while the service runs; returns the number of rows of each table.

    The rows are one snapshot. The files of a training that runs are copied as they are; its task is queued again
    after a restore and resumes from the checkpoint.

    Raises
    ------
    ConfigError
        The file exists already.
    """
    require_absent(path, Text("choose another name"))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    sessions = open_database(settings.database_url)
    fetch_all(Storage.open(settings, sessions), sessions)
    sessions.kw["bind"].dispose()
    engine = make_engine(settings.database_url)
    if engine.dialect.name != "sqlite":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                counts, revision = _add_rows(archive, engine)
                for folder in (settings.home / name for name in FOLDERS if name not in LEFT_OUT_FOLDERS):
                    for entry in sorted(folder.rglob("*")):
                        if _is_stored(entry, folder):
                            _add_file(archive, entry, str(entry.relative_to(settings.home)))
                manifest = {"format": FORMAT, "version": __version__, "revision": revision, "created": time.time()}
                manifest |= {"home": str(settings.home), "rows": counts}  # last, so that a truncated file has none
                _add_stream(archive, io.BytesIO(json.dumps(manifest).encode()), "manifest.json")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
        engine.dispose()
    return counts


def _is_stored(entry: Path, folder: Path) -> bool:
    """Whether a path is a file that cannot be made again; written answers can be."""
    is_hidden = any(part.startswith(".") for part in entry.relative_to(folder).parts)
    return entry.is_file() and not is_hidden and not (folder.name == "results" and entry.name.endswith(SUFFIX))


def _add_rows(archive: tarfile.TarFile, engine: Any) -> tuple[dict[str, int], str | None]:
    counts: dict[str, int] = {}
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "sqlite":  # whose driver begins no transaction before a SELECT
            connection.exec_driver_sql("BEGIN")
        revision = MigrationContext.configure(connection).get_current_revision()
        for table in _tables():
            with tempfile.TemporaryFile() as file:
                for number, row in enumerate(connection.execute(select(table)).mappings(), start=1):
                    file.write(json.dumps(dict(row)).encode() + b"\n")
                    counts[table.name] = number
                _add_stream(archive, file, f"tables/{table.name}.jsonl")
    return counts, revision


def _tables() -> list[Table]:
    """In an order in which a row refers only to rows of earlier tables."""
    return [table for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT_TABLES]


def _add_stream(archive: tarfile.TarFile, file: Any, name: str) -> None:
    information = tarfile.TarInfo(name)
    information.size = file.seek(0, os.SEEK_END)
    file.seek(0)
    archive.addfile(information, file)


def _add_file(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a file with the size that it has now; files grow or are replaced, but are never shortened."""
    try:
        file = path.open("rb")
    except FileNotFoundError:  # a training has replaced it since the folder was listed
        return
    with file:
        archive.addfile(archive.gettarinfo(arcname=name, fileobj=file), file)


def restore(settings: Settings, path: Path) -> dict[str, int]:
    """Restore a backup into an empty home folder and an empty database; returns the number of rows of each table.

    Raises
    ------
    ConfigError
        The home folder or the database is not empty.
    DataError
        The file is no backup, is damaged, or was written by another version of the tables.
    """
    sessions = open_database(settings.database_url)
    with sessions() as session:
        _require_empty(session, settings)
        revision = MigrationContext.configure(session.connection()).get_current_revision()
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.home) as name:
        folder = Path(name)
        try:
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
            manifest = json.loads((folder / "manifest.json").read_text())
        except (tarfile.TarError, EOFError, OSError, ValueError) as error:
            raise DataError(
                Text("{path} is not a backup, or is damaged ({reason})", path=str(path), reason=str(error)),
                _use_another_backup(),
            ) from None
        if (manifest["format"], manifest["revision"]) != (FORMAT, revision):
            version = manifest["version"]
            raise DataError(
                Text("{path} was written by TimeVis {version} with other tables", path=str(path), version=version),
                Text("restore it with TimeVis {version}, which then can be upgraded", version=version),
            )
        _check_uploads(folder / "uploads", path)
        for config in folder.glob("runs/*/config.yaml"):
            move_uploads(config, Path(manifest["home"]), settings.home)
        moved: list[Path] = []
        try:
            with sessions.begin() as session:
                counts = {table.name: _insert(session, table, folder) for table in _tables()}
                if counts != {table.name: manifest["rows"].get(table.name, 0) for table in _tables()}:
                    raise DataError(
                        Text("{path} is damaged: rows are missing", path=str(path)), _use_another_backup()
                    )
                for row in session.scalars(select(Task).where(Task.state == RUNNING)):
                    row.state, row.owner = QUEUED, None
                for source in (folder / name for name in FOLDERS if (folder / name).is_dir()):
                    moved.append(settings.home / source.name)
                    moved[-1].rmdir()
                    source.rename(moved[-1])
        except BaseException as error:
            for target in moved:
                shutil.rmtree(target, ignore_errors=True)
                target.mkdir()
            if isinstance(error, IntegrityError):
                text = Text(
                    "{path} has rows that refer to rows that are not in it ({reason})",
                    path=str(path),
                    reason=str(error.orig),
                )
                advice = Text("use another backup, or make it again with this version of TimeVis")
                raise DataError(text, advice) from None
            raise
    share_all(Storage.open(settings, sessions), sessions)
    return counts


def _require_empty(session: Session, settings: Settings) -> None:
    for table in _tables():
        if session.scalar(select(func.count()).select_from(table)):
            raise ConfigError(
                Text("the database has {table} already", table=table.name),
                Text("restore into a new TIMEVIS_DATABASE_URL"),
            )
    for name in FOLDERS:
        if name not in LEFT_OUT_FOLDERS and any((settings.home / name).iterdir()):
            raise ConfigError(
                Text("{path} is not empty", path=str(settings.home / name)), Text("restore into a new TIMEVIS_HOME")
            )


def _check_uploads(folder: Path, backup: Path) -> None:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != path.name.partition(".")[0]:
                raise DataError(
                    Text(
                        "{path} is damaged: the upload {name} has another content", path=str(backup), name=path.name
                    ),
                    _use_another_backup(),
                )


def _use_another_backup() -> Text:
    return Text("use another backup")


def _insert(session: Session, table: Table, folder: Path) -> int:
    count = 0
    for rows in _read_rows(folder / f"tables/{table.name}.jsonl"):
        session.execute(insert(table), rows)
        count += len(rows)
    return count


def _read_rows(path: Path) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            rows.append(json.loads(line))
            if len(rows) == ROWS_AT_ONCE:
                yield rows
                rows = []
    if rows:
        yield rows


def fetch_all(storage: Storage, sessions: Sessions) -> None:
    """Fetch every upload, dataset, run and result into the home folder."""
    if storage.store is None:
        return
    with sessions() as session:
        datasets = list(session.scalars(select(Dataset)))
        runs = {*session.scalars(select(Task.run_id)), *session.scalars(select(Model.run_id))}
        forecasts = set(session.scalars(select(Task.id).where(Task.kind == "predict", Task.state == COMPLETED)))
    for dataset in datasets:
        storage.fetched_upload(dataset.content_hash, dataset.suffix)
        storage.fetched_dataset(dataset.id)
    for run_id in filter(None, runs):
        storage.fetched_run(run_id)
    for task_id in forecasts:
        storage.fetched_result(task_id)


def share_all(storage: Storage, sessions: Sessions) -> int:
    """Copy the files of this home that have no copy yet, as after the setting of TIMEVIS_STORE; returns how many."""
    if storage.store is None:
        return 0
    count = 0
    for path in _paths(storage, sessions):
        if path.exists():
            storage.share(path)
            count += 1
    if count:
        log.info("copied %d files and folders to the artefact store", count)
    return count


def _paths(storage: Storage, sessions: Sessions) -> Iterator[Path]:
    assert storage.store is not None
    with sessions() as session:
        copied = set(session.scalars(select(FolderCopy.id)))
        datasets = list(session.scalars(select(Dataset)))
        running = set(session.scalars(select(Task.run_id).where(Task.state == RUNNING)))
        runs = set(session.scalars(select(Task.run_id).where(Task.run_id.is_not(None)))) - running
        forecasts = set(session.scalars(select(Task.id).where(Task.kind == "predict", Task.state == COMPLETED)))
    yield from (storage.dataset(dataset.id) for dataset in datasets if dataset.id not in copied)
    yield from (storage.run(run_id) for run_id in filter(None, runs) if run_id not in copied)
    files = [storage.upload(dataset.content_hash, dataset.suffix) for dataset in datasets]
    files += [storage.result(task_id) for task_id in forecasts]
    yield from (path for path in files if not storage.store.has(path))
