"""Train in several processes of this machine: a supervisor starts one process per device and waits for all.

Lightning's own launcher would start the script again with the same arguments, and Hydra would create another run
folder. Here each process gets the run folder, and its rank in the environment variables that Lightning reads.
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
from timevis.messages import Setting, Text
from timevis.runs.folder import RunFolder
from timevis.runs.status import FINAL_STATES, Status, continue_advice, state_of
from timevis.utils.interrupts import StopRequest, handle_signals
from timevis.utils.machine import threads_per_job

GRACE_SECONDS = 30.0
"""Time that the other processes have to end after one has failed."""
POLL_SECONDS = 0.1


def supervise(folder: RunFolder, processes: int, group: str | None, resumed: bool = False) -> float:
    """Run `timevis.cli.rank_process` in several processes; returns ``val/relative_wql``.

    Parameters
    ----------
    folder : RunFolder
    processes : int
    group : str, optional
        The sweep that the run belongs to.
    resumed : bool
        Whether the run goes on with what earlier processes left in its folder.

    Raises
    ------
    TimeVisError
        A process failed; the error of the first one.
    Cancelled
        A signal requested that the run stops; it was passed on to the processes.
    """
    with handle_signals() as stop, tempfile.TemporaryDirectory(prefix="timevis-") as temporary_folder:
        error_files = [Path(temporary_folder) / f"{rank}.json" for rank in range(processes)]
        port = _free_port()
        workers = [
            start_rank(folder, rank, processes, group, port, error_file, resumed)
            for rank, error_file in enumerate(error_files)
        ]
        killed_rank = _wait(workers, stop)
        state = state_of(folder.path)
        if all(worker.returncode == 0 for worker in workers):
            return folder.results.validation_score
        if stop.signal is not None:
            if state not in FINAL_STATES:
                cancelled = stop.to_error()
                cancelled.advice = continue_advice(folder.path)
                _write_final_status(folder, "cancelled", cancelled)
            stop.raise_if_requested()
        failure = _find_failure(workers, error_files, killed_rank)
        if state != "cancelled":
            _write_final_status(folder, "failed", failure)
    raise failure


def _wait(workers: list[subprocess.Popen], stop: StopRequest) -> int | None:
    """Wait until all processes have ended, and pass on a stop request; returns the rank of a killed process."""
    is_stop_sent, killed_rank = False, None
    while any(worker.poll() is None for worker in workers):
        if stop.signal is not None and not is_stop_sent:
            _send_signal(workers, signal.SIGINT)
            is_stop_sent = True
        if any(worker.poll() not in (None, 0) for worker in workers):
            killed_rank = next((rank for rank, w in enumerate(workers) if w.returncode == -signal.SIGKILL), None)
            _end(workers)
        time.sleep(POLL_SECONDS)
    return killed_rank


def _find_failure(workers: list[subprocess.Popen], error_files: list[Path], killed_rank: int | None) -> TimeVisError:
    """The cause of a failed run.

    The other processes only report that they lost the connection to the one that failed first.
    """
    if killed_rank is not None:
        message = Text("process {rank} was killed from outside", rank=killed_rank)
        advice = Text(
            "probably the memory was exhausted: use a smaller {batch_size} or fewer {devices}",
            batch_size=Setting("model.fit.batch_size"),
            devices=Setting("trainer.devices"),
        )
        return TimeVisError(message, advice)
    written = [path for path in error_files if path.exists()]
    if written:
        first = min(written, key=lambda path: path.stat().st_mtime_ns)
        return TimeVisError.from_json(json.loads(first.read_text(encoding="utf-8")))
    codes = {rank: worker.returncode for rank, worker in enumerate(workers)}
    message = Text("processes ended with {codes}", codes=str(codes))
    return TimeVisError(message, Text("see train.log in the run folder"))


def _write_final_status(folder: RunFolder, state: str, error: TimeVisError) -> None:
    """Write the final state of a run whose own processes could not; the other fields stay."""
    last_status = folder.status
    status = Status(folder.path, elapsed=last_status.elapsed if last_status else 0.0)
    status.update(**(vars(last_status) if last_status else {}))
    status.finish(state, error)


def start_rank(
    folder: RunFolder, rank: int, processes: int, group: str | None, port: int, error_file: Path, resumed: bool
) -> subprocess.Popen:
    environment = os.environ | {
        "LOCAL_RANK": str(rank),
        "NODE_RANK": "0",
        "WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": str(threads_per_job(processes)),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    # -P: the workers import from where this process does, and not from the working directory
    command = [sys.executable, "-P", "-m", "timevis.cli.rank_process"]
    command += [str(folder.path), group or "", str(error_file), "resumed" if resumed else ""]
    # in a new session, so that Ctrl-C reaches only the supervisor, which passes it on once
    return subprocess.Popen(command, env=environment, start_new_session=True)


def _send_signal(workers: list[subprocess.Popen], number: int) -> None:
    for worker in workers:
        if worker.poll() is None:
            worker.send_signal(number)


def _end(workers: list[subprocess.Popen]) -> None:
    """Wait until the other processes fail at their next collective call, then kill the rest."""
    limit = time.monotonic() + GRACE_SECONDS
    while any(worker.poll() is None for worker in workers) and time.monotonic() < limit:
        time.sleep(POLL_SECONDS)
    _send_signal(workers, signal.SIGKILL)
    for worker in workers:
        worker.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
