"""status.json: the state and progress of a run, written by a thread every few seconds."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

from timevis.errors import RunFolderError, TimeVisError
from timevis.messages import Text
from timevis.utils.commands import resume_command
from timevis.utils.files import display_path, read_json, write_json

NAME = "status.json"
HEARTBEAT_SECONDS = 3.0
LOST_AFTER_SECONDS = 30.0
FINAL_STATES = ("completed", "failed", "cancelled")
STATE_TEXTS = {
    "queued": Text("state-queued", "queued"),
    "running": Text("state-running", "running"),
    "completed": Text("state-completed", "completed"),
    "failed": Text("state-failed", "failed"),
    "cancelled": Text("state-cancelled", "cancelled"),
    "lost": Text("state-lost", "lost"),
}


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
        self._start = time.time() - elapsed
        self._fields: dict[str, Any] = {
            "state": "running",
            "stage": "start",
            "epoch": None,
            "step": None,
            "steps_total": None,
            "batch": None,
            "batches_total": None,
            "downloaded_bytes": None,
            "bytes_total": None,
            "metrics": {},
            "started": time.time(),
            "pid": pid or os.getpid(),
            "host": socket.gethostname(),
            "error": None,
            "advice": None,
            "error_code": None,
            "advice_code": None,
        }
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
        """Seconds spent on this run, including those of earlier processes."""
        return time.time() - self._start

    def update(self, **fields: Any) -> None:
        """Change fields; new metrics are added to the earlier ones."""
        with self._lock:
            # a new dict, because the heartbeat may be writing the old one
            self._fields["metrics"] = self._fields["metrics"] | fields.pop("metrics", {})
            self._fields |= fields

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
            file.write(json.dumps(self.snapshot()))
            file.truncate()

    def snapshot(self) -> dict[str, Any]:
        """The fields as status.json shows them now."""
        with self._lock:
            return self._fields | {"elapsed": round(self.elapsed, 1), "heartbeat": time.time()}

    def write(self) -> None:
        """Write status.json now."""
        write_json(self.path, self.snapshot())

    def _write_heartbeats(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            try:
                self.write()
            except OSError:  # a full disk must not end the thread, because there may be space later
                continue


def read_status(folder: Path, now: float | None = None) -> dict[str, Any] | None:
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
    dict or None
        None if the folder has no status.
    """
    continue_run = continue_advice(Path(folder))
    try:
        status = read_json(Path(folder) / NAME)
    except FileNotFoundError:
        return None
    except RunFolderError:
        status = None
    if not _is_valid(status):
        damaged = TimeVisError(Text("status-damaged", "{file} is damaged", file=NAME), continue_run)
        return {"state": "lost", **damaged.to_json()}
    if status["state"] != "running":  # a queued run has no heartbeat yet
        return status
    age = (time.time() if now is None else now) - status["heartbeat"]
    is_ended = status.get("host") == socket.gethostname() and not _process_exists(status["pid"])
    if is_ended or age > LOST_AFTER_SECONDS:
        lost = TimeVisError(
            Text("process-ended", "process {pid} ended without a final status", pid=status["pid"])
            if is_ended
            else Text("no-heartbeat", "no heartbeat for {seconds} s", seconds=round(age)),
            Text("probably-killed", "the process was probably killed; {advice}", advice=continue_run),
        )
        status |= {"state": "lost", **lost.to_json()}
    return status


def continue_advice(folder: Path) -> Text:
    """Advice to continue the run in a folder."""
    return Text("continue-run", "continue it with {command}", command=resume_command(display_path(folder)))


def _is_valid(status: Any) -> bool:
    if not isinstance(status, dict) or not isinstance(status.get("state"), str):
        return False
    if status["state"] != "running":
        return True
    return isinstance(status.get("heartbeat"), int | float) and type(status.get("pid")) is int


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # a process of another user
        return True
    return True
