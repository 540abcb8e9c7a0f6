"""status.json: the state and progress of a run, written by a thread every few seconds."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from timevis.errors import RunFolderError, TimeVisError
from timevis.messages import Text
from timevis.utils.commands import resume_command
from timevis.utils.files import display_path, from_file, read_json, write_json
from timevis.utils.json_types import to_json_types

NAME = "status.json"
HEARTBEAT_SECONDS = 3.0
LOST_AFTER_SECONDS = 30.0
FINAL_STATES = ("completed", "failed", "cancelled")
STATE_TEXTS = {
    "queued": Text("queued"),
    "running": Text("running"),
    "completed": Text("completed"),
    "failed": Text("failed"),
    "cancelled": Text("cancelled"),
    "lost": Text("lost"),
}


@dataclass(frozen=True, kw_only=True)
class RunStatus:
    """State and progress of a run; None where there is no value (yet).

    Attributes
    ----------
    state : str
        ``queued``, ``running``, one of `FINAL_STATES`, or ``lost``, which no file contains; see `read_status`.
    stage : str, optional
        start, download, data, prepare, fit, calibrate, validate, test or report.
    member : str, optional
        The member of an ensemble that is fitted; epoch and step are its own.
    members : list of dict, optional
        The members of an ensemble in their order: ``name``, ``state`` (waiting, running, completed, failed or
        skipped), ``validation`` (relative WQL on validation), ``weight`` so far, ``seconds``, and ``estimate`` (of
        the seconds of a member that is not finished).
    combination : float, optional
        Relative WQL on validation of the ensemble of the members so far, which can forecast already.
    expected_end : float, optional
        When an ensemble will probably be completed, in seconds since 1970.
    elapsed : float
        Seconds that all processes of the run spent on it.
    heartbeat, started : float, optional
        Times in seconds since 1970 of the last write, and of the start of the latest process.
    """

    state: str
    stage: str | None = None
    member: str | None = None
    members: list[dict[str, Any]] | None = None
    combination: float | None = None
    expected_end: float | None = None
    epoch: int | None = None
    step: int | None = None
    steps_total: int | None = None
    batch: int | None = None
    batches_total: int | None = None
    downloaded_bytes: int | None = None
    bytes_total: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    started: float | None = None
    pid: int | None = None
    host: str | None = None
    error: str | None = None
    advice: str | None = None
    error_code: dict[str, Any] | None = None
    advice_code: dict[str, Any] | None = None
    elapsed: float = 0.0
    heartbeat: float | None = None


class Status:
    """Writes the status of a run. A final state is written at once, other changes at the next heartbeat.

    Parameters
    ----------
    folder : Path
        The run folder.
    elapsed : float
        Seconds that earlier processes spent on a resumed run.
    pid : int, optional
        The process that receives signals for the run; None takes this one.
    """

    def __init__(self, folder: Path, elapsed: float = 0.0, pid: int | None = None) -> None:
        self.path = folder / NAME
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._start = time.monotonic() - elapsed  # a clock that is set does not change it
        self._status = RunStatus(
            state="running", stage="start", started=time.time(), pid=pid or os.getpid(), host=socket.gethostname()
        )
        self._thread = threading.Thread(target=self._write_heartbeats, name="status", daemon=True)

    def __enter__(self) -> Status:
        self.write()
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def elapsed(self) -> float:
        """Seconds spent on this run, including the seconds of earlier processes."""
        return time.monotonic() - self._start

    def update(self, **fields: Any) -> None:
        """Change fields; new metrics are added to the earlier ones."""
        with self._lock:
            # a new object, because the heartbeat may be writing the old one
            metrics = self._status.metrics | fields.pop("metrics", {})
            self._status = replace(self._status, metrics=metrics, **fields)

    def finish(self, state: str, error: TimeVisError | None = None) -> None:
        """Write a final state at once."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.update(state=state, **(error.to_json() if error else {}))
        try:
            self.write()
        except OSError:
            try:
                self._overwrite()
            except OSError:
                if error is None:  # otherwise `error` already names the reason
                    raise

    def _overwrite(self) -> None:
        """Write into the existing file, because a full disk has no space for the new file of an atomic write."""
        with self.path.open("r+", encoding="utf-8") as file:
            file.write(json.dumps(to_json_types(self.snapshot())))
            file.truncate()

    def snapshot(self) -> RunStatus:
        """What status.json says now."""
        with self._lock:
            return replace(self._status, elapsed=round(self.elapsed, 1), heartbeat=time.time())

    def write(self) -> None:
        """Write status.json now."""
        write_json(self.path, to_json_types(self.snapshot()))

    def _write_heartbeats(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            try:
                self.write()
            except OSError:  # a full disk must not end the thread, because there may be space later
                continue


def read_status(folder: Path, now: float | None = None) -> RunStatus | None:
    """Read the status of a run.

    The state ``running`` becomes ``lost`` after 30 s without a heartbeat, or if the run was started on this machine
    and its process no longer exists. A damaged status, for example after a crash of the machine, is also ``lost``.

    Parameters
    ----------
    folder : Path
    now : float, optional
        Time in seconds since 1970; None takes the current time.

    Returns
    -------
    RunStatus or None
        None if the folder has no status.
    """
    continue_run, path = continue_advice(Path(folder)), Path(folder) / NAME
    damaged = _lost(Text("{file} is damaged", file=NAME), continue_run)
    try:
        status = from_file(RunStatus, read_json(path), path)
    except FileNotFoundError:
        return None
    except RunFolderError:
        return damaged
    if status.state != "running":  # a queued run has no heartbeat yet
        return status
    if status.heartbeat is None or status.pid is None:
        return damaged
    age = (time.time() if now is None else now) - status.heartbeat
    is_ended = status.host == socket.gethostname() and not _process_exists(status.pid)
    if not is_ended and age <= LOST_AFTER_SECONDS:
        return status
    lost = TimeVisError(
        Text("process {pid} ended without a final status", pid=status.pid)
        if is_ended
        else Text("no heartbeat for {seconds} s", seconds=round(age)),
        Text("the process was probably killed; {advice}", advice=continue_run),
    )
    return replace(status, state="lost", **lost.to_json())


def _lost(reason: Text, advice: Text) -> RunStatus:
    return RunStatus(state="lost", **TimeVisError(reason, advice).to_json())


def state_of(folder: Path) -> str | None:
    """The state of a run as `read_status` gives it; None if the folder has no status."""
    status = read_status(folder)
    return None if status is None else status.state


def continue_advice(folder: Path) -> Text:
    """Advice to continue the run in a folder."""
    return Text("continue it with {command}", command=resume_command(display_path(folder)))


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # a process of another user
        return True
    return True
