"""The process that runs forecasters of other libraries in an environment of their own."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
import weakref
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from timevis.errors import ConfigError, TimeVisError
from timevis.messages import Setting, Text

PYTHON_VARIABLE = "TIMEVIS_PEERS_PYTHON"
"""Environment variable with the Python program of the peers' environment. No config or run folder sets it."""
_CHILD = Path(__file__).with_name("child_process.py")
_REPOSITORY = Path(__file__).parents[3]
_KEPT_LOG_LINES = 20
_KEEP_FREED_MEMORY = {
    **{"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40)},
    "MALLOC_TOP_PAD_": str(2**26),
}
"""What `timevis.utils.machine` does; without it, page faults take a third of the time of networks."""
MAX_BUSY = 4.0
"""Limit of a request by the clock, divided by its limit of processor time."""
POLL_SECONDS = 0.2


def peers_python() -> Path:
    """The Python program of the peers' environment.

    Raises
    ------
    ConfigError
        The environment does not exist.
    """
    value = os.environ.get(PYTHON_VARIABLE)
    path = Path(value) if value else _REPOSITORY / ".venv-peers" / "bin" / "python"
    if not path.is_file():
        message = Text("the environment of the other libraries does not exist: {path}", path=str(path))
        advice = Text(
            "run `make peers`, or set {variable} to the Python program of an environment that has them",
            variable=PYTHON_VARIABLE,
        )
        raise ConfigError(message, advice)
    return path


class PeerProcess:
    """A running child process. It ends with this object, and when this process ends.

    Attributes
    ----------
    version : str
        Of the library.
    counts : dict
        ``failed_windows``: how many windows were forecast by seasonal naive so far, since a method of statsforecast
        could not be fitted on them.

    Parameters
    ----------
    load : dict
        The first request: which library and method, and what the method needs.
    minutes : float
        Processor time that each request may take, and by the clock at most `MAX_BUSY` times as much.

    Raises
    ------
    ConfigError
        The environment does not exist.
    TimeVisError
        The library cannot be loaded.
    """

    def __init__(self, load: dict[str, Any], minutes: float) -> None:
        self._seconds = minutes * 60
        self._folder = tempfile.TemporaryDirectory(prefix="timevis-peer-")
        self.path = Path(self._folder.name)
        self._log = (self.path / "log").open("w+")
        threads = str(torch.get_num_threads())
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        self._process = subprocess.Popen(
            [peers_python(), "-P", "-u", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=self.path,
            env=_KEEP_FREED_MEMORY
            | os.environ
            | dict.fromkeys(names, threads)
            | {"PYTHONHASHSEED": "0"}  # neuralforecast orders the names of inputs as a set of texts
            | {"HF_HUB_OFFLINE": os.environ.get("HF_HUB_OFFLINE", "0")},
        )
        self._finalizer = weakref.finalize(self, _stop, self._process, self._folder)
        self.version = self.request("load", **load)["version"]
        self.counts: dict[str, int] = {}

    def request(self, command: str, **values: Any) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises
        ------
        TimeVisError
            The library raised an error, the process ended, or the time limit passed.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"command": command, **values}).encode() + b"\n")
            self._process.stdin.flush()
            line = self._read_line(command)
        except (BrokenPipeError, EOFError):
            lines = self._last_lines()
            message = Text("the process of the other library ended: {lines}", lines=lines)
            raise TimeVisError(message) from None
        answer = json.loads(line)
        if "error" in answer:
            reason, lines = answer["error"], self._last_lines()
            text = Text("the other library failed in {command}: {reason}", command=command, reason=reason)
            raise TimeVisError(text, Text("{lines}", lines=lines) if lines else None)
        return dict(answer)

    def _read_line(self, command: str) -> bytes:
        assert self._process.stdout is not None
        end = self._used_seconds() + self._seconds
        latest = time.monotonic() + MAX_BUSY * self._seconds
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._process.stdout], [], [], min(POLL_SECONDS, self._seconds))
            if not ready:
                if self._used_seconds() < end and time.monotonic() < latest:
                    continue
                self._finalizer()
                minutes = self._seconds / 60
                message = Text(
                    "timeout: {command} took longer than {minutes:g} minutes of processor time, or {elapsed:g} "
                    "minutes by the clock",
                    command=command,
                    minutes=minutes,
                    elapsed=MAX_BUSY * minutes,
                )
                advice = Text("allow more with {minutes}", minutes=Setting("model.minutes"))
                raise TimeVisError(message, advice)
            part = os.read(self._process.stdout.fileno(), 65536)
            if not part:
                raise EOFError
            line += part
        return line

    def _used_seconds(self) -> float:
        """Processor time of the child process so far."""
        try:
            used = psutil.Process(self._process.pid).cpu_times()
        except psutil.NoSuchProcess:
            return 0.0
        return float(used.user + used.system)

    def forecast(self, history: torch.Tensor, inputs: torch.Tensor, levels: int, horizon: int) -> torch.Tensor:
        """Quantiles [B, Q, H] of windows with `history` [B, R] and further inputs [B, R + H, F]."""
        table = pa.table(
            {
                "history": pa.array(list(history.double().numpy())),
                "inputs": pa.array(list(inputs.double().reshape(len(history), -1).numpy())),
            }
        )
        windows, result = self.path / "windows.parquet", self.path / "result.parquet"
        pq.write_table(table, windows)
        self.counts = self.request(
            "forecast", windows=str(windows), result=str(result), input_columns=inputs.shape[2]
        )
        values = pq.read_table(result)["quantiles"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return torch.from_numpy(values.copy()).float().view(len(history), levels, horizon)

    def saved_network(self) -> bytes:
        """The network of a ``fit`` request, for `restore_network`.

        See `request` for the errors.
        """
        archive = self.path / "network.zip"
        self.request("save", archive=str(archive))
        return archive.read_bytes()

    def restore_network(self, saved: bytes) -> None:
        """Continue with a network of `saved_network` in place of a ``fit`` request."""
        archive = self.path / "network.zip"
        archive.write_bytes(saved)
        self.request("restore", archive=str(archive))

    def _last_lines(self) -> str:
        self._log.flush()
        lines = (self.path / "log").read_text(errors="replace").splitlines() if self.path.exists() else []
        return " | ".join(line for line in lines[-_KEPT_LOG_LINES:] if line.strip())

    def close(self) -> None:
        """End the process and remove its files."""
        self._finalizer()


def _stop(process: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]) -> None:
    process.kill()
    process.wait()
    folder.cleanup()
