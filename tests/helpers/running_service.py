"""A running service, the processes that belong to it, and trainings that last until something ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service_data import LONG_LSTM_RUN, TOKEN

from timevis.service.client import Client

WAIT_SECONDS = 180
SETTINGS = {
    "TIMEVIS_TOKEN": TOKEN,
    "TIMEVIS_LOST_AFTER_SECONDS": "5",
    "TIMEVIS_GRACE_SECONDS": "15",
    "TIMEVIS_MAX_ATTEMPTS": "2",
}


@dataclass
class RunningService:
    """`timevis serve` in its own process. It can be started again in the same home folder."""

    home: Path
    port: int
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.client = Client(f"http://127.0.0.1:{self.port}", TOKEN)
        self.log = self.home / "serve.log"
        self.start()

    @property
    def environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if key != "TIMEVIS_BROKER_URL"}
        return inherited | SETTINGS | self.settings | {"TIMEVIS_HOME": str(self.home)}

    @property
    def broker_url(self) -> str:
        """The private broker, whose socket is elsewhere if the path of the home folder is too long."""
        (pid,) = [pid for pid, command in self.children().items() if "serve web" in command]
        variables = Path(f"/proc/{pid}/environ").read_text().split("\0")
        return next(v.partition("=")[2] for v in variables if v.startswith("TIMEVIS_BROKER_URL="))

    def start(self) -> None:
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "timevis", "serve", "--port", str(self.port)],
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._is_ready)

    def _is_ready(self) -> bool:
        text = self.log.read_text(errors="replace")
        assert self.process.poll() is None, text
        return "is running" in text

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def children(self) -> dict[int, str]:
        """Process id and command of the parts of the service."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {int(pid): command_of(int(pid)) for pid in listed}

    def kill(self, part: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to the one part whose command contains a text; returns its process id."""
        (pid,) = [pid for pid, command in self.children().items() if part in command]
        os.kill(pid, number)
        return pid

    def trainings(self) -> list[int]:
        """Processes that train a run below the home of the service."""
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [pid for pid in pids if f'resume="{self.home}' in command_of(pid)]

    def task(self, task_id: str) -> dict[str, Any] | None:
        """A task; None while the web process is starting."""
        try:
            return self.client.task(task_id)
        except OSError:
            return None

    def wait_for_step(self, task_id: str, step: int, **expected: Any) -> dict[str, Any]:
        """Wait until a training has gone beyond a step; meanwhile it must be queued or running."""

        def beyond() -> dict[str, Any] | None:
            found = self.task(task_id)
            if found is None:
                return None
            assert found["state"] in ("queued", "running"), found
            is_expected = all(found[key] == value for key, value in expected.items())
            return found if is_expected and found["progress"].get("step", 0) > step else None

        return dict(wait_until(beyond))

    def start_long_training(self, dataset: str) -> dict[str, Any]:
        """A training that has made some steps and goes on until something ends it."""
        task = self.client.train(dataset, "lstm", **LONG_LSTM_RUN)
        return self.wait_for_step(task["id"], 0)


def wait_until(condition: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
