"""What a command cost on which machine: processor, processor time and load, for rows of results."""

from __future__ import annotations

import os
import platform
import resource
import time
from pathlib import Path
from typing import Any

CPU_INFO = Path("/proc/cpuinfo")


def machine() -> dict[str, Any]:
    """The model and number of the processors, and the system."""
    model = platform.processor()
    if CPU_INFO.is_file():
        names = [line.partition(":")[2].strip() for line in CPU_INFO.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {"processor": model or platform.machine(), "cores": os.cpu_count(), "system": platform.platform()}


class Measured:
    """The cost of the child processes that end between making this object and `to_dict`."""

    def __init__(self) -> None:
        self._seconds, self._processor_seconds, self._load = time.monotonic(), self._used(), os.getloadavg()[0]

    @staticmethod
    def _used() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def to_dict(self) -> dict[str, float]:
        """Seconds by the clock and of the processors, and the load (processes that run or wait) before and after.

        The load is the mean of a minute; the load after contains the measured processes.
        """
        return {
            "seconds": round(time.monotonic() - self._seconds, 1),
            "processor_seconds": round(self._used() - self._processor_seconds, 1),
            "load_before": round(self._load, 2),
            "load_after": round(os.getloadavg()[0], 2),
        }
