"""Run one training as a child process, ``python -m timevis train``, and watch it through status.json."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from timevis.config.compose import in_quotes
from timevis.errors import TimeVisError
from timevis.messages import Text
from timevis.runs.folder import is_locked
from timevis.runs.status import read_status
from timevis.service.settings import environment_of_child
from timevis.service.tasks.states import CANCELLED, COMPLETED, FAILED, is_searching
from timevis.service.troubleshooting import printed_text, retry_when_mended

POLL_SECONDS = 0.3
PROGRESS_KEYS = (
    *("stage", "epoch", "step", "steps_total", "batch", "batches_total", "downloaded_bytes", "bytes_total"),
    *("member", "members", "combination", "expected_end", "metrics", "elapsed", "started", "pid", "host"),
)
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    A `state` of None means that the task returns to its queue: the worker stops, or `error` says why the task
    cannot be completed yet. The attempt counts if `is_counted`.
    """

    state: str | None
    error: TimeVisError | None = None
    is_counted: bool = False


def train_command(folder: Path) -> list[str]:
    """The command line of a training; the config is in the folder, so no text of a request becomes an argument."""
    return [sys.executable, "-m", "timevis", "train", in_quotes(f"resume={folder}")]


def wait_for_earlier_attempt(
    folder: Path,
    *,
    report: Callable[[dict[str, Any]], bool],
    is_cancelled: Callable[[], bool],
    is_stopping: Callable[[], bool],
) -> Outcome | None:
    """Wait while the process of an earlier attempt holds the lock of a run; the parameters are as in `run_training`.

    A worker that was only suspended, and therefore taken for lost, ends its process as soon as it goes on.

    Returns
    -------
    Outcome or None
        None if the run is free, else how the task ended.
    """
    while is_locked(folder):
        if is_cancelled():
            return Outcome(CANCELLED)
        if not report(progress_of(folder)) or is_stopping():
            return Outcome(None)
        time.sleep(POLL_SECONDS)
    return None


def run_training(
    folder: Path,
    log: Path,
    *,
    threads: int,
    devices: str,
    megabytes: int | None,
    grace_seconds: float,
    report: Callable[[dict[str, Any]], bool],
    is_cancelled: Callable[[], bool],
    is_stopping: Callable[[], bool],
    is_stopped: Callable[[], bool],
) -> Outcome:
    """Start the process of a training and wait for it.

    Parameters
    ----------
    folder : Path
        A run folder with a config; an interrupted run is resumed from its checkpoint.
    log : Path
        File for what the process prints.
    threads : int
        Threads of PyTorch.
    devices : str
        Value of CUDA_VISIBLE_DEVICES; empty for a training without a GPU.
    megabytes : int, optional
        Limit of memory; None for a training with a GPU, whose driver reserves address space for its whole memory.
    grace_seconds : float
        Time between SIGTERM and SIGKILL.
    report : callable
        Receives the progress at every poll; returns False if the task belongs to another worker, which ends the
        process.
    is_cancelled, is_stopping : callable
        Whether the task was cancelled, and whether the worker stops.
    is_stopped : callable
        Whether the search for better models is to end. The process then receives SIGINT once, while it fits a member.
    """
    environment = environment_of_child() | {"OMP_NUM_THREADS": str(threads), "CUDA_VISIBLE_DEVICES": devices}
    with log.open("ab") as output:
        process = subprocess.Popen(
            train_command(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            **child_options(megabytes),
        )
    cancelled = stopping = disowned = stopped = False
    deadline: float | None = None
    try:
        while process.poll() is None:
            progress = progress_of(folder)
            disowned = disowned or not report(progress)
            cancelled = cancelled or is_cancelled()
            stopping = stopping or is_stopping()
            if deadline is None and (cancelled or stopping or disowned):
                deadline = time.monotonic() + grace_seconds
                _signal_group(process, signal.SIGTERM)
            elif deadline is not None and time.monotonic() > deadline:
                _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
            elif deadline is None and not stopped and is_stopped() and _is_searching(process, progress):
                stopped = True
                process.send_signal(signal.SIGINT)
            time.sleep(POLL_SECONDS)
    finally:  # also if a report fails; and processes that it may have left
        _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    report(progress_of(folder))
    if process.returncode == 0:
        return Outcome(COMPLETED)
    if cancelled:
        return Outcome(CANCELLED)
    if stopping or disowned:
        return Outcome(None)
    status = read_status(folder)
    if stopped and status is not None and status.state == CANCELLED:  # the search ended before SIGINT arrived
        return Outcome(None)
    if status is not None and status.state == FAILED:
        return Outcome(FAILED, TimeVisError.from_json(vars(status)))
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        error = TimeVisError(
            Text("the training process was ended by {signal}", code="process-ended-by-signal", signal=name),
            Text("retry the task to resume it from its last checkpoint; the memory may have been exhausted"),
        )
        return Outcome(FAILED, error)
    return Outcome(FAILED, _printed_error(log, process.returncode))


def _is_searching(process: subprocess.Popen[bytes], progress: dict[str, Any]) -> bool:
    """Whether this process, and not one of an earlier attempt, has a result and fits a further member."""
    return progress.get("pid") == process.pid and is_searching(progress)


def progress_of(folder: Path) -> dict[str, Any]:
    """What status.json says of a run."""
    status = read_status(folder)
    values = vars(status) if status is not None else {}
    return {key: values[key] for key in PROGRESS_KEYS if values.get(key) is not None}


def child_options(megabytes: int | None = None) -> dict[str, Any]:
    """Arguments of Popen: a process group of its own, so that Ctrl-C does not reach the child before the parent.

    Parameters
    ----------
    megabytes : int, optional
        Limit of the memory that the child allocates (not on Windows).
    """
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True, "preexec_fn": partial(_prepare_child, os.getpid(), megabytes)}


def _die_with_parent(parent: int) -> None:
    """In a child process: receive SIGTERM when the parent ends, however it ends (Linux only)."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before the call above, so that no signal would come
            os._exit(1)


def _prepare_child(parent: int, megabytes: int | None) -> None:
    """In a child process: limit its memory, and end with its parent."""
    if megabytes is not None:
        import resource  # which Windows does not have

        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 2**20, megabytes * 2**20))
    _die_with_parent(parent)


def terminate(process: subprocess.Popen[bytes]) -> None:
    """Send SIGTERM. Windows has no signals: there, the process and its children end at once."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
    else:
        process.terminate()


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    if sys.platform == "win32":
        terminate(process)  # the checkpoint of the last epoch remains
        return
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _printed_error(log: Path, code: int) -> TimeVisError:
    """The last error that a process printed, and its advice; its exit code if it printed none."""
    _, marker, printed = log.read_text(encoding="utf-8", errors="replace").rpartition("Error: ")
    error, _, advice = printed.strip().partition("\n")
    if not marker or not error:
        return TimeVisError(
            Text("the training process ended with exit code {exit_code}", exit_code=code), retry_when_mended()
        )
    return TimeVisError(printed_text(error[:2000]), printed_text(advice.strip()[:2000]) if advice else None)
