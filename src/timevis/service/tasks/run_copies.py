"""Copy the folder of a training to the artefact store while the training runs."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from timevis.runs.folder import CHECKPOINTS, FIT_FINISHED, LAST_CHECKPOINT
from timevis.runs.status import NAME as STATUS
from timevis.runs.status import read_status
from timevis.service.db.tables import Task
from timevis.service.storage import Storage
from timevis.service.tasks import states
from timevis.utils.files import write_json
from timevis.utils.json_types import to_json_types

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
LOG_SECONDS = 5.0
"""Time between two copies without a new checkpoint, so that other hosts can show the log."""


class RunCopies:
    """Copies a run folder when it has a new checkpoint, and its log at intervals; without a store it does nothing.

    A copy that fails is tried again at the next look, and ends no training. `copy` makes the last one.
    """

    def __init__(self, storage: Storage, sessions: states.Sessions, task: Task, folder: Path) -> None:
        self.storage, self.sessions, self.task, self.folder = storage, sessions, task, folder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="copies", daemon=True)

    def __enter__(self) -> RunCopies:
        if self.storage.store is not None:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def copy(self, completed: bool = False) -> None:
        """Copy the folder as it is now, without the checkpoints of a completed run, which nothing needs."""
        if self.storage.store is not None:
            left_out = (CHECKPOINTS,) if completed else ()
            self.storage.store.copy_folder(self.folder, lambda s: states.still_owns(s, self.task), left_out)

    def _run(self) -> None:
        copied, looks = self._marks(), 0
        while not self._stop.wait(LOOK_SECONDS):
            marks, looks = self._marks(), looks + 1
            if marks == copied and looks * LOOK_SECONDS < LOG_SECONDS:
                continue
            try:
                self.copy()
                copied, looks = marks, 0
            except Exception as error:  # of the store or of the network; the next look tries again
                log.warning("task %s: its run could not be copied (%s)", self.task.id, error)

    def _marks(self) -> list[int]:
        """Values that change with each checkpoint."""
        paths = (self.folder / CHECKPOINTS / name for name in (LAST_CHECKPOINT, FIT_FINISHED))
        return [path.stat().st_mtime_ns if path.exists() else 0 for path in paths]


def take_over(storage: Storage, run_id: str) -> Path:
    """The folder of a run that this host goes on with, fetched if another host has changed it since.

    The task of the run is nobody's at this time. A run that its last host left as running is therefore lost.
    """
    folder = storage.fetched_run(run_id)
    status = read_status(folder)
    if storage.store is not None and status is not None and status.state == "running":
        write_json(folder / STATUS, to_json_types(replace(status, state="lost")))
    return folder
