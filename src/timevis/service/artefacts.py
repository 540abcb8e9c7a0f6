"""The artefact store: copies of the files below the home folders, which the hosts of one service share.

A file is copied under a temporary name and then renamed. The name of a copy of a file in a folder (a run or a
dataset) ends with the digest of its content, so that a copy never changes; the row of the folder in the database,
which is written last, names the copies that belong together.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from fsspec.core import url_to_fs
from sqlalchemy import delete
from sqlalchemy.orm import Session

from timevis.errors import ConfigError, DataError
from timevis.messages import Text
from timevis.service.db.tables import FolderCopy, Sessions
from timevis.service.settings import Settings
from timevis.utils.files import atomic_write, write_text

log = logging.getLogger(__name__)

REVISIONS = "revisions"
"""Folder of the home with one file for each folder that was copied: the revision of the row that it agrees with."""
CHUNK_BYTES = 2**20
DIGEST_CHARACTERS = 16
MAX_ATTEMPTS = 5
"""Copies are removed when newer ones replace them; a folder that is read meanwhile is read again."""


def open_store(settings: Settings, sessions: Sessions) -> ArtefactStore | None:
    """The artefact store of the settings; None if the files are only in the home folder.

    Raises
    ------
    ConfigError
        TIMEVIS_STORE cannot be used.
    """
    url = settings.store.get_secret_value()
    return ArtefactStore(url, settings.home, sessions) if url else None


class ArtefactStore:
    """Copies files and folders below a home folder to a place that other hosts can read, and fetches their copies.

    Parameters
    ----------
    url : str
        A folder as fsspec names it, for example ``file:///mnt/timevis`` or ``s3://bucket/timevis``.
    home : Path
        The home folder of this host.
    sessions : sessionmaker

    Raises
    ------
    ConfigError
        The URL cannot be used, for example because a package for its protocol is not installed.
    """

    def __init__(self, url: str, home: Path, sessions: Sessions) -> None:
        try:
            self.files, root = url_to_fs(url, use_listings_cache=False)  # other hosts write there, too
        except (ImportError, ValueError, OSError) as error:
            raise ConfigError(
                Text("TIMEVIS_STORE cannot be used ({reason})", reason=str(error)),
                Text(
                    "give the URL of a folder, for example file:///mnt/timevis, and install what fsspec needs for it"
                ),
            ) from None
        self.root, self.home, self.sessions = root.rstrip("/"), home, sessions
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._copied: dict[Path, tuple[tuple[int, int], str]] = {}

    def copy_file(self, path: Path) -> None:
        """Copy a file below the home folder whose content never changes."""
        with path.open("rb") as source:
            self._write(source, self._key(path))

    def has(self, path: Path) -> bool:
        """Whether there is a copy of a file below the home folder."""
        return bool(self.files.exists(self._key(path)))

    def fetch_file(self, path: Path, digest: str | None = None) -> None:
        """Fetch a file below the home folder if it is absent here; does nothing if the store has none.

        Raises
        ------
        DataError
            The content does not have the SHA-256 `digest`.
        """
        if not path.exists():
            with suppress(FileNotFoundError):
                self._read(self._key(path), path, digest)

    def copy_folder(
        self, folder: Path, may_write: Callable[[Session], bool] = lambda _: True, left_out: Collection[str] = ()
    ) -> bool:
        """Copy the files of a folder that have changed, and then write its row.

        Parameters
        ----------
        folder : Path
            The folder of a run or a dataset.
        may_write : callable
            Called in the transaction that writes the row; False leaves the row as it was.
        left_out : collection of str
            Names at the top of the folder that are not copied.

        Returns
        -------
        bool
            Whether the row was written.
        """
        digests = {}
        for path in _files_of(folder, left_out):
            with suppress(FileNotFoundError):  # a temporary file of the process that writes the folder
                digests[str(path.relative_to(folder))] = self._copy_changed(path, folder)
        row = FolderCopy(id=folder.name, kind=folder.parent.name, revision=uuid.uuid4().hex, home=str(self.home))
        row.files = digests
        with self.sessions.begin() as session:
            if not may_write(session):
                return False
            before = session.get(FolderCopy, folder.name)
            replaced = set() if before is None else set(before.files.items()) - set(digests.items())
            session.merge(row)
        self._write_revision(folder, row.revision)
        for name, digest in replaced:
            self._remove(self._copy_key(folder, name, digest))
        return True

    def fetch_folder(self, folder: Path) -> None:
        """Make a folder agree with its row, unless it agreed with it before; a folder without a row stays as it is.

        A folder that this host has changed since it agreed with the row is newer than the row, and stays as it is.

        Raises
        ------
        DataError
            A copy is damaged.
        FileNotFoundError
            The store lacks a file.
        """
        if folder.is_symlink():  # a run of the command line, which is never changed
            return
        with self._locks[folder.name]:
            for attempt in range(MAX_ATTEMPTS):
                known = self._revision(folder)  # before the row, so that a row that differs is a newer one
                with self.sessions() as session:
                    row = session.get(FolderCopy, folder.name)
                if row is None or (row.revision == known and folder.is_dir()):
                    return
                try:
                    self._fetch_files(folder, row)
                    return
                except FileNotFoundError:
                    if attempt + 1 == MAX_ATTEMPTS:
                        raise

    def read_part(self, folder: Path, name: str, start: int, length: int) -> bytes:
        """Bytes of the copy of a file in a folder; empty if there is none, or if it ends before `start`."""
        with self.sessions() as session:
            row = session.get(FolderCopy, folder.name)
        if row is None or name not in row.files:
            return b""
        try:
            with self.files.open(self._copy_key(folder, name, row.files[name]), "rb") as file:
                file.seek(start)
                return bytes(file.read(length))
        except FileNotFoundError:  # a newer copy has replaced it; the next call reads that one
            return b""

    def remove(self, path: Path) -> None:
        """Remove the copy of a file or a folder below the home folder."""
        with self.sessions.begin() as session:
            session.execute(delete(FolderCopy).where(FolderCopy.id == path.name))
        (self.home / REVISIONS / path.name).unlink(missing_ok=True)
        key = self._key(path)
        with suppress(FileNotFoundError):
            self.files.rm(key, recursive=self.files.isdir(key))

    def _key(self, path: Path) -> str:
        return f"{self.root}/{path.relative_to(self.home).as_posix()}"

    def _copy_key(self, folder: Path, name: str, digest: str) -> str:
        return f"{self._key(folder)}/{name}.{digest[:DIGEST_CHARACTERS]}"

    def _copy_changed(self, path: Path, folder: Path) -> str:
        """Copy a file unless this process has copied it as it is; returns the digest of its content."""
        with path.open("rb") as source:  # a file that is replaced meanwhile is read to its end
            status = os.fstat(source.fileno())
            mark = (status.st_size, status.st_mtime_ns)
            known, digest = self._copied.get(path, (None, ""))
            if known != mark:
                name = path.relative_to(folder).as_posix()
                digest = self._write(source, lambda digest: self._copy_key(folder, name, digest))
                self._copied[path] = (mark, digest)
        return digest

    def _write(self, source: IO[bytes], key: str | Callable[[str], str]) -> str:
        """Write a file under a temporary name and rename it to `key`, or to what `key` makes of its digest."""
        digest, temporary = hashlib.sha256(), f"{self.root}/.{uuid.uuid4().hex}"
        self.files.makedirs(self.root, exist_ok=True)
        try:
            with self.files.open(temporary, "wb") as target:
                while chunk := source.read(CHUNK_BYTES):
                    digest.update(chunk)
                    target.write(chunk)
            final = key if isinstance(key, str) else key(digest.hexdigest())
            self.files.makedirs(final.rpartition("/")[0], exist_ok=True)
            self.files.mv(temporary, final)
        except BaseException:
            self._remove(temporary)
            raise
        return digest.hexdigest()

    def _read(self, key: str, path: Path, digest: str | None) -> None:
        """Read a copy into a temporary file, check it, and rename it."""
        content_hash = hashlib.sha256()
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.files.open(key, "rb") as source, atomic_write(path) as temporary, temporary.open("wb") as target:
            while chunk := source.read(CHUNK_BYTES):
                content_hash.update(chunk)
                target.write(chunk)
            target.flush()
            if digest is not None and content_hash.hexdigest() != digest:
                raise DataError(
                    Text("the copy {key} is damaged", code="copy-damaged", key=key),
                    Text("remove it and copy the file again, or use a backup"),
                )

    def _remove(self, key: str) -> None:
        with suppress(FileNotFoundError):
            self.files.rm_file(key)

    def _fetch_files(self, folder: Path, row: FolderCopy) -> None:
        for name, digest in row.files.items():
            path = folder / name
            if not (path.is_file() and _digest(path) == digest):
                self._read(self._copy_key(folder, name, digest), path, digest)
        for path in _files_of(folder):
            if path.relative_to(folder).as_posix() not in row.files:
                path.unlink(missing_ok=True)
        move_uploads(folder / "config.yaml", Path(row.home), self.home)
        self._write_revision(folder, row.revision)

    def _revision(self, folder: Path) -> str | None:
        try:
            return (self.home / REVISIONS / folder.name).read_text(encoding="ascii")
        except FileNotFoundError:
            return None

    def _write_revision(self, folder: Path, revision: str) -> None:
        (self.home / REVISIONS).mkdir(exist_ok=True)
        write_text(self.home / REVISIONS / folder.name, revision)


def _files_of(folder: Path, left_out: Collection[str] = ()) -> Iterator[Path]:
    """The files of a folder, without those whose name, or the name of whose folder, begins with a dot."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if parts[0] not in left_out and not any(part.startswith(".") for part in parts) and path.is_file():
            yield path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def move_uploads(config: Path, before: Path, after: Path) -> None:
    """Let the config of a run, if there is one, name the stored upload below another home folder."""
    if config.is_file() and before != after:
        text = config.read_text(encoding="utf-8")
        changed = text.replace(f"{before}/uploads/", f"{after}/uploads/")
        if changed != text:
            write_text(config, changed)
