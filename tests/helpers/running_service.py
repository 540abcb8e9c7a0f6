"""A running service, and the processes that belong to it."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from timevis.service.client import Client


@dataclass
class RunningService:
    """`timevis serve` in its own process."""

    process: subprocess.Popen[bytes]
    home: Path
    client: Client
    log: Path

    def children(self) -> dict[int, str]:
        """Process id and command of the parts of the service."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {int(pid): command_of(int(pid)) for pid in listed}

    def kill(self, part: str) -> None:
        """Send SIGKILL to the one part whose command contains a text."""
        (pid,) = [pid for pid, command in self.children().items() if part in command]
        os.kill(pid, signal.SIGKILL)


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
