"""Follow a training run: its log, metrics and events for clients, and copies of its folder in the artefact store."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import BoundedSemaphore
from types import TracebackType
from typing import Any

from timevis.runs.folder import CHECKPOINTS, FIT_FINISHED, LAST_CHECKPOINT
from timevis.runs.record import METRICS_CSV, History
from timevis.runs.status import NAME as STATUS
from timevis.runs.status import read_status
from timevis.service.db.tables import Sessions, Task
from timevis.service.storage import Storage
from timevis.service.tasks import states
from timevis.service.tasks.states import FINAL, RUNNING, codes_of
from timevis.utils.files import write_json
from timevis.utils.json_types import to_json_types

MAX_LOG_BYTES = 64 * 1024
MAX_METRICS_BYTES = 2**26
MAX_STREAMS = 8
"""Event streams of one web process at the same time; each one occupies one of its 16 threads."""
POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 5.0
"""Time between two comments of a stream in which nothing happens; a client that has gone is noticed by them."""
STREAM_SECONDS = 3600.0
"""A stream ends after this time, and the client opens the next one."""
STATE_COLUMNS = ("state", "attempt", "cancel_requested", "stop_requested", "error", "advice")
_free_streams = BoundedSemaphore(MAX_STREAMS)
log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
LOG_SECONDS = 5.0
"""Time between two copies without a new checkpoint, so that other hosts can show the log."""


def read_log(storage: Storage, task: Task, since: int) -> tuple[str, int]:
    """The log of a task from a position on, in bytes, at most `MAX_LOG_BYTES`, and the position after it."""
    log = storage.read_part(task.run_id, "train.log", since, MAX_LOG_BYTES) if task.run_id else b""
    ended_without_log = not since and task.state in FINAL  # the training ended before it wrote train.log
    if not log and (task.run_id is None or ended_without_log):
        log = _read_part(storage.task_log(task.id), since)
    return log.decode("utf-8", errors="replace"), since + len(log)


def _read_part(path: Path, since: int) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        file.seek(since)
        return file.read(MAX_LOG_BYTES)


def read_history(storage: Storage, run_id: str) -> History:
    """The logged steps of a run, also while it runs.

    Raises
    ------
    RunFolderError
        The file is damaged.
    """
    content = storage.read_part(run_id, METRICS_CSV, 0, MAX_METRICS_BYTES)
    return History.parse(content, storage.run(run_id) / METRICS_CSV)


def seconds_left(task: Task) -> float | None:
    """Estimate of the time until a running fit or ensemble ends; None if there is none."""
    progress = task.progress
    if task.state == RUNNING and (end := progress.get("expected_end")) is not None:
        return float(round(max(0.0, end - time.time()), 1))
    step, total, elapsed = progress.get("step"), progress.get("steps_total"), progress.get("elapsed")
    if task.state != RUNNING or not step or not total or not elapsed:
        return None
    return float(round(elapsed * max(0, total - step) / step, 1))


class EventStream:
    """An iterator over events that counts as open until it ends or is closed.

    Raises
    ------
    TooManyStreams
        `MAX_STREAMS` are open.
    """

    def __init__(self, events: Iterator[str]) -> None:
        if not _free_streams.acquire(blocking=False):
            raise TooManyStreams
        self._events, self._is_open = events, True

    def __iter__(self) -> EventStream:
        return self

    def __next__(self) -> str:
        try:
            return next(self._events)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Called by the server also if the client has gone, or has asked for the headers only."""
        if self._is_open:
            self._is_open = False
            _free_streams.release()


class TooManyStreams(Exception):
    """As many event streams are open as one web process allows."""


def events(sessions: Sessions, storage: Storage, task_id: str, since: int = 0) -> Iterator[str]:
    """Server-sent events of a task until it ends.

    ``state`` and ``progress`` come at the start and when they change, ``log`` for new text of the log, and ``end``
    last. The identifier of an event is the position in the log up to which text was sent, so that a client which
    opens the stream again with it, as browsers do, gets no text twice.

    Parameters
    ----------
    since : int
        Position in the log from which on text is sent.
    """
    shown: dict[str, Any] = {}
    sent = started = time.monotonic()
    yield "retry: 2000\n\n"
    while True:
        with sessions() as session:
            task = session.get(Task, task_id)
        if task is None:
            return
        text, since = read_log(storage, task, since)
        current = {
            "state": {key: getattr(task, key) for key in STATE_COLUMNS} | codes_of(task),
            "progress": {**task.progress, "seconds_left": seconds_left(task)},
        }
        new = {name: value for name, value in current.items() if shown.get(name) != value}
        new |= {"log": {"text": text, "log_position": since}} if text else {}
        shown |= current
        for name, value in new.items():
            yield _event(name, value, since)
        if task.state in FINAL and not text:
            yield _event("end", {"state": task.state, "result": task.result}, since)
            return
        now = time.monotonic()
        if now - started > STREAM_SECONDS:
            return
        if new:
            sent = now
        elif now - sent >= HEARTBEAT_SECONDS:
            sent = now
            yield ": the task goes on\n\n"
        if not text:
            time.sleep(POLL_SECONDS)


def _event(name: str, value: dict[str, Any], position: int) -> str:
    return f"id: {position}\nevent: {name}\ndata: {json.dumps(to_json_types(value))}\n\n"


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
