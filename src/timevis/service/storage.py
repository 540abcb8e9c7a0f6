"""Where files of the service are: uploads by content hash, and folders by identifiers that the service made."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from timevis.data.table import empty_file_error
from timevis.errors import DataError
from timevis.messages import Text
from timevis.service.artefacts import ArtefactStore, open_store
from timevis.service.db.tables import Sessions
from timevis.service.settings import Settings
from timevis.service.table_limits import smaller_file

SUFFIXES = (
    ".csv",
    ".tsv",
    ".txt",
    ".xlsx",
    ".xls",
    ".json",
    ".jsonl",
    ".parquet",
    ".csv.gz",
    ".tsv.gz",
    ".json.gz",
    ".jsonl.gz",
    ".zip",
)
"""Endings of files that can be uploaded; a stored file has the one of these that the client named."""
CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class Upload:
    """A stored upload."""

    content_hash: str
    suffix: str
    size: int


class Storage:
    """The files below the home folder. No path is made of a name that a client gave.

    With an artefact store, the methods whose names begin with ``fetched`` fetch what another host has made, and
    `share` copies what this host has made. Without one, both do nothing.
    """

    def __init__(self, home: Path, store: ArtefactStore | None = None) -> None:
        self.home, self.store = home, store

    @classmethod
    def open(cls, settings: Settings, sessions: Sessions) -> Storage:
        """The files of a service, with the artefact store of its settings."""
        return cls(settings.home, open_store(settings, sessions))

    def store_upload(self, stream: IO[bytes], file_name: str, max_bytes: int) -> Upload:
        """Write an upload to disk under the hash of its content, before anything reads it.

        Raises
        ------
        DataError
            The ending of the file name is unknown, or the file is empty or larger than `max_bytes`.
        """
        suffix = suffix_of(file_name)
        temporary = self.home / "uploads" / f".{uuid.uuid4().hex}"
        digest, size = hashlib.sha256(), 0
        try:
            with temporary.open("wb") as file:
                while chunk := stream.read(CHUNK_BYTES):
                    size += len(chunk)
                    if size > max_bytes:
                        text = Text("the file has more than {megabytes} MB", megabytes=max_bytes // 2**20)
                        raise DataError(text, smaller_file())
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            if not size:
                raise empty_file_error(file_name)
            upload = Upload(digest.hexdigest(), suffix, size)
            temporary.replace(self.upload(upload.content_hash, suffix))
            self.share(self.upload(upload.content_hash, suffix))
            return upload
        finally:
            temporary.unlink(missing_ok=True)

    def temporary_upload(self, suffix: str) -> Path:
        """A new path among the uploads, which `store_file` renames."""
        return self.home / "uploads" / f".{uuid.uuid4().hex}{suffix}"

    def store_file(self, path: Path) -> Upload:
        """Rename a file that `temporary_upload` named to the hash of its content."""
        with path.open("rb") as file:
            content_hash = hashlib.file_digest(file, "sha256").hexdigest()
        upload = Upload(content_hash, suffix_of(path.name), path.stat().st_size)
        path.replace(self.upload(content_hash, upload.suffix))
        self.share(self.upload(content_hash, upload.suffix))
        return upload

    def upload(self, content_hash: str, suffix: str) -> Path:
        return self.home / "uploads" / f"{_checked(content_hash)}{suffix}"

    def dataset(self, dataset_id: str) -> Path:
        """The folder of the cleaned panel of a dataset."""
        return self.home / "datasets" / _checked(dataset_id)

    def temporary_dataset(self) -> Path:
        """A new path among the datasets, which `replace_dataset` renames; one that is left over is removed later."""
        return self.home / "datasets" / f".{uuid.uuid4().hex}"

    def replace_dataset(self, dataset_id: str, folder: Path) -> None:
        """Put a folder that `temporary_dataset` named in the place of the folder of a dataset."""
        target, old = self.dataset(dataset_id), self.temporary_dataset()
        if target.exists():
            target.rename(old)
        folder.rename(target)
        shutil.rmtree(old, ignore_errors=True)

    def run(self, run_id: str) -> Path:
        return self.home / "runs" / _checked(run_id)

    def share(self, path: Path) -> None:
        """Copy a file or a folder below the home folder to the artefact store."""
        if self.store is not None and path.is_dir():
            self.store.copy_folder(path)
        elif self.store is not None:
            self.store.copy_file(path)

    def fetched_upload(self, content_hash: str, suffix: str) -> Path:
        path = self.upload(content_hash, suffix)
        if self.store is not None:
            self.store.fetch_file(path, content_hash)
        return path

    def fetched_dataset(self, dataset_id: str) -> Path:
        return self._fetched_folder(self.dataset(dataset_id))

    def fetched_run(self, run_id: str) -> Path:
        return self._fetched_folder(self.run(run_id))

    def fetched_result(self, task_id: str) -> Path:
        path = self.result(task_id)
        if self.store is not None:
            self.store.fetch_file(path)
        return path

    def _fetched_folder(self, folder: Path) -> Path:
        if self.store is not None:
            self.store.fetch_folder(folder)
        return folder

    def read_part(self, run_id: str, name: str, start: int, length: int) -> bytes:
        """Bytes of a file of a run that grows; of its copy, if that is longer because another host trains."""
        path = self.run(run_id) / name
        content = b""
        if path.is_file():
            with path.open("rb") as file:
                file.seek(start)
                content = file.read(length)
        if self.store is not None and not content:
            content = self.store.read_part(path.parent, path.name, start, length)
        return content

    def remove(self, path: Path) -> None:
        """Remove a file or a folder below the home folder, and its copy."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        if self.store is not None:
            self.store.remove(path)

    def result(self, task_id: str) -> Path:
        """The table that a forecast wrote."""
        return self.home / "results" / f"{_checked(task_id)}.parquet"

    def task_log(self, task_id: str) -> Path:
        """What the process of a task printed."""
        return self.home / "logs" / f"task-{_checked(task_id)}.log"


def suffix_of(file_name: str) -> str:
    """The known ending of a file name.

    Raises
    ------
    DataError
    """
    lower = file_name.lower()
    suffixes = [suffix for suffix in SUFFIXES if lower.endswith(suffix)]
    if not suffixes:
        raise DataError(
            Text("{name!r} has none of the suffixes {suffixes}", name=file_name, suffixes=", ".join(SUFFIXES)),
            Text("rename or convert the file"),
        )
    return max(suffixes, key=len)


def _checked(identifier: str) -> str:
    """An identifier that the service made: hexadecimal digits, so that it cannot leave its folder."""
    assert re.fullmatch(r"[0-9a-f]{32,64}", identifier), identifier
    return identifier
