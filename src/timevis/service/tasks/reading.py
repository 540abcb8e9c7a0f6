"""Read the file of a dataset: of an upload, of newer rows, and again with other options.

Each function reads in a child process and returns what the task answers, and a function that changes the database in
the transaction that completes the task.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from timevis.errors import ConfigError, DataError, TimeVisError
from timevis.messages import Text
from timevis.service.db.tables import MAX_NAME_CHARACTERS, Dataset, Sessions, new_id
from timevis.service.db.versions import deleted_dataset, follow, later_versions, newest_version, restore_first
from timevis.service.profiling import combine, profile, start_reader
from timevis.service.settings import Settings
from timevis.service.storage import Storage
from timevis.service.table_limits import TableLimits
from timevis.service.training import pointer_of

Change = Callable[[Session], None]
FULL_DISK_CODES = ("disk-full", "quota-used-up", "file-too-large")
UPLOAD, APPEND, CHANGE = "upload", "append", "change"


class Service(Protocol):
    """The settings, the database and the files of a service; a worker and an application have them."""

    @property
    def settings(self) -> Settings: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def storage(self) -> Storage: ...


class Refusal(TimeVisError):
    """The dataset has changed since the request was sent, so that its file is not read or not taken."""

    status = 409


class DeletedDataset(Refusal):
    """The dataset was deleted, or there is none."""

    status = 404


class ReaderProcesses:
    """Starts the processes that read files.

    One waits with its libraries imported, so that a small file is read in a fraction of a second.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: subprocess.Popen[str] | None = None
        self._is_ready = False

    def take(self) -> subprocess.Popen[str]:
        with self._lock:
            process, self._waiting = self._waiting, None
        return process if process is not None and process.poll() is None else start_reader()

    def prepare(self) -> None:
        """Start the process for the next file, now and whenever `renew` is called."""
        self._is_ready = True
        self.renew()

    def renew(self) -> None:
        """Start the process for the next file, if none waits."""
        with self._lock:
            if not self._is_ready:
                return
            if self._waiting is None or self._waiting.poll() is not None:
                self._waiting = start_reader()

    def close(self) -> None:
        with self._lock:
            self._is_ready = False
            if self._waiting is not None:
                self._waiting.kill()
                self._waiting.communicate()


@dataclass(frozen=True)
class Reading:
    """Reads files for one service.

    Parameters
    ----------
    service : Service
    start : callable
        Starts a process that reads.
    is_stopped : callable
        Whether to give up; reading then raises `timevis.service.profiling.ReadingStopped`.
    """

    service: Service
    start: Callable[[], subprocess.Popen[str]] = start_reader
    is_stopped: Callable[[], bool] = field(default=lambda: False)

    def carry_out(self, request: Mapping[str, Any], created_by: str | None) -> tuple[dict[str, Any], Change]:
        """Read for a request of `upload_request`, `append_request` or `change_request`.

        Raises
        ------
        TimeVisError
            The file cannot be read, or the dataset has changed.
        """
        methods = {UPLOAD: self.upload, APPEND: self.append, CHANGE: self.change}
        return methods[request["action"]](request, created_by)

    def upload(self, request: Mapping[str, Any], created_by: str | None) -> tuple[dict[str, Any], Change]:
        """Make a dataset of a stored file, unless there is the same one."""
        with self.service.sessions() as session:
            if (same := same_dataset(session, request)) is not None:
                return {"dataset": same.id, "is_new": False}, lambda _: None
        dataset = Dataset(
            id=new_id(),
            name=request["name"] or request["file_name"].split(".")[0][:MAX_NAME_CHARACTERS] or "dataset",
            created=time.time(),
            created_by=created_by,
            **{key: request[key] for key in ("file_name", "content_hash", "suffix", "size", "options")},
        )
        dataset.describe(*self._report(dataset))
        return {"dataset": dataset.id, "is_new": True}, lambda session: session.add(dataset)

    def append(self, request: Mapping[str, Any], created_by: str | None) -> tuple[dict[str, Any], Change]:
        """Append the rows of a stored file to those of a dataset, as a new version."""
        storage, settings = self.service.storage, self.service.settings
        with self.service.sessions() as session:
            dataset = extendable_dataset(session, request["dataset"])
        newer = storage.fetched_upload(request["content_hash"], request["suffix"])
        earlier = storage.fetched_upload(dataset.content_hash, dataset.suffix)
        target = storage.temporary_upload(".parquet")
        try:
            added = combine(
                earlier,
                newer,
                target,
                dataset.options,
                dataset.report,
                shown_names={newer: request["file_name"], earlier: dataset.file_name},
                seconds=settings.profile_seconds,
                megabytes=settings.megabytes_per_reading,
                limits=table_limits(settings),
                start=self.start,
                is_stopped=self.is_stopped,
            )
            whole = storage.store_file(target)
        finally:
            target.unlink(missing_ok=True)
        version = Dataset(
            id=new_id(),
            name=dataset.name,
            file_name=dataset.file_name,
            content_hash=whole.content_hash,
            suffix=whole.suffix,
            size=whole.size,
            options=dataset.options,
            parent_id=dataset.id,
            created=time.time(),
            created_by=created_by,
        )
        version.describe(*self._report(version))

        def add(session: Session) -> None:
            _lock(session, dataset.id)
            try:
                version.champion_id = extendable_dataset(session, dataset.id).champion_id
            except Refusal:
                storage.remove(storage.dataset(version.id))
                raise
            later = later_versions(session, dataset.id)  # deleted ones, too
            version.version = 1 + max([dataset.version, *(row.version for row in later)])
            session.add(version)
            follow(session, [dataset.id, *(row.id for row in later)], version)

        return {"dataset": version.id, "added": added}, add

    def change(self, request: Mapping[str, Any], created_by: str | None) -> tuple[dict[str, Any], Change]:
        """Read the file of a dataset with other options, and rename it; nothing changes if it cannot be read."""
        storage = self.service.storage
        with self.service.sessions() as session:
            dataset = _present(session, request["dataset"])
        folder = storage.temporary_dataset()
        report, line = self._profile(dataset, request["options"], folder)

        def replace(session: Session) -> None:
            try:
                _lock(session, dataset.id)
                row = _present(session, dataset.id)
                if row.options != request["earlier_options"]:
                    raise Refusal(
                        Text(
                            "the dataset {name!r} was changed by another request at the same time", name=dataset.name
                        ),
                        Text("look at its present options, and send the change again"),
                    )
                row.options, row.name = request["options"], request["name"] or row.name
                row.describe(report, line)
                session.flush()
                storage.replace_dataset(dataset.id, folder)
            finally:
                storage.remove(folder)
            storage.share(storage.dataset(dataset.id))

        return {"dataset": dataset.id}, replace

    def _report(self, dataset: Dataset) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Read the file of a new dataset, write its cleaned panel, and return the quality report and a small line."""
        storage = self.service.storage
        described = self._profile(dataset, dataset.options, storage.dataset(dataset.id))
        storage.share(storage.dataset(dataset.id))
        return described

    def _profile(
        self, dataset: Dataset, options: Mapping[str, Any], folder: Any
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        settings = self.service.settings
        return profile(
            self.service.storage.fetched_upload(dataset.content_hash, dataset.suffix),
            options,
            folder,
            shown_name=dataset.file_name,
            seconds=settings.profile_seconds,
            megabytes=settings.megabytes_per_reading,
            limits=table_limits(settings),
            start=self.start,
            is_stopped=self.is_stopped,
        )


def table_limits(settings: Settings) -> TableLimits:
    """The largest table of an upload."""
    return TableLimits(
        rows=settings.max_rows,
        columns=settings.max_columns,
        sheets=settings.max_sheets,
        megabytes=settings.max_unpacked_megabytes,
    )


def same_dataset(session: Session, request: Mapping[str, Any]) -> Dataset | None:
    """The dataset that an earlier upload of the same file with the same options made."""
    same = select(Dataset).where(Dataset.content_hash == request["content_hash"], Dataset.deleted.is_(None))
    for dataset in session.scalars(same.order_by(Dataset.created)):
        is_named = request["name"] in (None, dataset.name)
        if is_named and (dataset.options, dataset.suffix) == (request["options"], request["suffix"]):
            return dataset
    return None


def extendable_dataset(session: Session, identifier: str) -> Dataset:
    """A dataset to which newer rows can be added: it is not deleted, and no other version extends it.

    Raises
    ------
    Refusal
    """
    dataset = _present(session, identifier)
    newest = newest_version(session, identifier)
    if newest is not None and newest.id != identifier:
        raise Refusal(
            Text(
                "version {version} of the dataset {name!r} is its newest",
                version=newest.version,
                name=dataset.name,
                identifier=newest.id,
            ),
            Text("add the rows to the newest version"),
        )
    return dataset


def absent_dataset(identifier: str) -> Text:
    """What an error says where a dataset is gone."""
    return Text("there is no dataset {identifier}", code="no-dataset", identifier=identifier)


def _present(session: Session, identifier: str) -> Dataset:
    dataset = session.get(Dataset, identifier)
    if dataset is None:
        raise DeletedDataset(absent_dataset(identifier))
    if dataset.deleted is not None:
        raise DeletedDataset(
            deleted_dataset(dataset),
            restore_first(),
        )
    return dataset


def _lock(session: Session, identifier: str) -> None:
    """Lock the row of a dataset until the transaction ends."""
    session.execute(update(Dataset).where(Dataset.id == identifier).values(size=Dataset.size))


def problem_of(request: Mapping[str, Any], error: TimeVisError) -> dict[str, Any]:
    """Status, code and JSON pointer with which a request is refused whose file could not be read."""
    if isinstance(error, Refusal):
        codes = {404: "not-found", 409: "conflict"}
        return {"status": error.status, "code": codes[error.status], "pointer": None}
    if isinstance(error, ConfigError):
        return {"status": 422, "code": "invalid-request", "pointer": pointer_of(error.field)}
    if error.message.code in FULL_DISK_CODES:
        return {"status": 507, "code": "insufficient-storage", "pointer": None}
    is_of_rows = request["action"] == APPEND and isinstance(error, DataError)
    code = "invalid-request" if is_of_rows else "invalid-data"
    return {"status": 422, "code": code, "pointer": "/file" if is_of_rows else None}


def request_digest(request: Mapping[str, Any]) -> str:
    """A text that is equal for equal requests."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
