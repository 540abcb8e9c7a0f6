"""status.json: what a run is doing, replaced atomically by a thread every few seconds."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

from timevis.utils.files import display_path, write_json

NAME = "status.json"
HEARTBEAT_SECONDS = 3.0
LOST_AFTER_SECONDS = 30.0
FINAL = ("completed", "failed", "cancelled")


class Status:
    """The state of one run; every change reaches the disk at the next heartbeat, final states at once.

    Parameters
    ----------
    folder : Path
    elapsed : float
        Seconds that earlier processes spent on this run, when it is resumed.
    pid : int, optional
        The process that a signal is sent to; this one when None.
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
            "metrics": {},
            "started": time.time(),
            "pid": pid or os.getpid(),
            "host": socket.gethostname(),
            "error": None,
            "advice": None,
        }
        self._thread = threading.Thread(target=self._beat, name="status", daemon=True)

    def __enter__(self) -> Status:
        self._write()
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def elapsed(self) -> float:
        """Seconds spent on this run, earlier processes included."""
        return time.time() - self._start

    def update(self, **fields: Any) -> None:
        """Change fields; `metrics` is merged."""
        with self._lock:
            # a new dict: the heartbeat may be writing the old one
            self._fields["metrics"] = self._fields["metrics"] | fields.pop("metrics", {})
            self._fields |= fields

    def finish(self, state: str, error: str | None = None, advice: str | None = None) -> None:
        """Enter a final state and write it now."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.update(state=state, error=error, advice=advice)
        try:
            self._write()
        except OSError:
            try:
                self._overwrite()
            except OSError:
                if error is None:  # else that error says why
                    raise

    def _overwrite(self) -> None:
        """Write in place: on a full disk there is no room for a second file, but still for the one that is there."""
        with self.path.open("r+", encoding="utf-8") as file:
            file.write(json.dumps(self._snapshot()))
            file.truncate()

    def _snapshot(self) -> dict[str, Any]:
        with self._lock:
            return self._fields | {"elapsed": round(self.elapsed, 1), "heartbeat": time.time()}

    def _write(self) -> None:
        write_json(self.path, self._snapshot())

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            try:
                self._write()
            except OSError:  # a full disk must not end the thread: there may be room again
                continue


def read_status(folder: Path, now: float | None = None) -> dict[str, Any] | None:
    """The status of a run, or None without one.

    A running run is ``lost`` after 30 s without a heartbeat, or as soon as its process is gone from this machine.
    So is one whose status a crash of the machine has damaged.
    """
    go_on = f"go on with resume={display_path(Path(folder))}"
    try:
        status = json.loads((Path(folder) / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        status = None
    if not _is_valid(status):
        return {"state": "lost", "error": f"{NAME} is damaged", "advice": go_on}
    if status["state"] != "running":  # a queued run has no heartbeat yet
        return status
    age = (time.time() if now is None else now) - status["heartbeat"]
    gone = status.get("host") == socket.gethostname() and not _alive(status["pid"])
    if gone or age > LOST_AFTER_SECONDS:
        status["state"] = "lost"
        status["error"] = f"process {status['pid']} is gone" if gone else f"no sign of life for {age:.0f} s"
        status["advice"] = f"its process was killed; {go_on}"
    return status


def _is_valid(status: Any) -> bool:
    if not isinstance(status, dict) or not isinstance(status.get("state"), str):
        return False
    if status["state"] != "running":
        return True
    return isinstance(status.get("heartbeat"), int | float) and type(status.get("pid")) is int


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True
