"""Lock a run folder, so that only one process at a time trains or resumes the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from timevis.errors import RunFolderError
from timevis.messages import Text

LOCK_FILE = ".lock"


@contextmanager
def lock_run_folder(folder: Path) -> Iterator[None]:
    """Context that holds the lock of a run folder. The system releases it also if the process is killed.

    Raises
    ------
    RunFolderError
        Another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK_FILE, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise RunFolderError(
            Text("run-in-use", "{path} is in use: another process is running or resuming this run", path=str(folder)),
            Text("wait-for-run", "wait until it has ended, or stop it first"),
        ) from None
    try:
        yield
    finally:
        lock.release()


def is_locked(folder: Path) -> bool:
    """Whether another process holds the lock of a run folder."""
    try:
        with lock_run_folder(folder):
            return False
    except RunFolderError:
        return True
