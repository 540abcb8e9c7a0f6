"""One fit in several processes of this machine: a supervisor starts one worker per device and waits for them.

Lightning's own launcher starts the script again with the same arguments, which under Hydra composes another run
folder; here every worker is given the run folder, by the environment that Lightning documents for its clusters.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from timevis.errors import TimeVisError
from timevis.runs.folder import RunFolder
from timevis.runs.status import FINAL, Status
from timevis.utils.commands import resume_command
from timevis.utils.interrupts import handle_signals
from timevis.utils.threads import threads_per_job

GRACE_SECONDS = 30.0
KILLED = "by the system where memory ran out: try a smaller model.fit.batch_size, or fewer trainer.devices"


def supervise(folder: RunFolder, processes: int, group: str | None) -> float:
    """Run `timevis.cli.rank_process` in every process and return `val/wql`.

    Raises
    ------
    TimeVisError
        The reason of the first process that failed.
    Cancelled
        This process was asked to stop, and has handed that on.
    """
    with handle_signals() as stop, tempfile.TemporaryDirectory(prefix="timevis-") as place:
        reasons = [Path(place) / f"{rank}.json" for rank in range(processes)]
        port = _free_port()
        workers = [_start(folder, rank, processes, group, port, reasons[rank]) for rank in range(processes)]
        told, killed = False, None
        while any(worker.poll() is None for worker in workers):
            if stop.signal is not None and not told:
                _signal(workers, signal.SIGINT)
                told = True
            if any(worker.poll() not in (None, 0) for worker in workers):
                killed = next((rank for rank, w in enumerate(workers) if w.returncode == -signal.SIGKILL), None)
                _end(workers)
            time.sleep(0.1)
        status = folder.status or {}
        if all(worker.returncode == 0 for worker in workers):
            return folder.results["validation"]["wql"]
        if stop.signal is not None:
            if status.get("state") not in FINAL:
                advice = f"continue it with {resume_command(folder.shown)}"
                _conclude(folder, "cancelled", stop.to_error().message, advice)
            stop.raise_if_requested()
        # process 0 may have written its own reason, which only says that it lost another
        first = min((r for r in reasons if r.exists()), key=lambda r: r.stat().st_mtime_ns, default=None)
        codes = {rank: worker.returncode for rank, worker in enumerate(workers)}
        failure = TimeVisError(f"processes ended with {codes}", "see train.log in the run folder")
        if killed is not None:  # it had no time for a word, and the others only say that they lost it
            failure = TimeVisError(f"process {killed} was killed from outside", KILLED)
        elif first is not None:
            failure = TimeVisError(**json.loads(first.read_text(encoding="utf-8")))
        if status.get("state") != "cancelled":
            _conclude(folder, "failed", failure.message, failure.advice)
    raise failure


def _conclude(folder: RunFolder, state: str, error: str, advice: str) -> None:
    """Write how a run ended whose own processes could not; the rest of its status stays."""
    last = folder.status or {}
    status = Status(folder.path, elapsed=last.get("elapsed", 0.0))
    status.update(**last)
    status.finish(state, error, advice)


def _start(
    folder: RunFolder, rank: int, processes: int, group: str | None, port: int, reason: Path
) -> subprocess.Popen:
    environment = os.environ | {
        "LOCAL_RANK": str(rank),
        "NODE_RANK": "0",
        "WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": str(threads_per_job(processes)),
    }
    command = [sys.executable, "-m", "timevis.cli.rank_process", str(folder.path), group or "", str(reason)]
    # a session of its own: Ctrl-C reaches the supervisor alone, which hands it on once
    return subprocess.Popen(command, env=environment, start_new_session=True)


def _signal(workers: list[subprocess.Popen], number: int) -> None:
    for worker in workers:
        if worker.poll() is None:
            worker.send_signal(number)


def _end(workers: list[subprocess.Popen]) -> None:
    """Give the others time to fail by themselves, since a lost peer ends their next collective call, then kill."""
    limit = time.monotonic() + GRACE_SECONDS
    while any(worker.poll() is None for worker in workers) and time.monotonic() < limit:
        time.sleep(0.1)
    _signal(workers, signal.SIGKILL)
    for worker in workers:
        worker.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
