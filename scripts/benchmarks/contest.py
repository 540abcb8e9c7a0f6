"""Contenders in processes of their own, timed in alternating rounds."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


class Contender:
    """A worker process: does one round per request and answers with its seconds.

    Parameters
    ----------
    name : str
    command : list of str
        Starts a script that calls `serve`.
    threads : int
    """

    def __init__(self, name: str, command: list[str], threads: int) -> None:
        self.name = name
        self.seconds: list[float] = []
        count = str(threads)
        env = {**os.environ, "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count, "TOKENIZERS_PARALLELISM": "false"}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.facts = self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("@"):
                return json.loads(line[1:])
        raise RuntimeError(f"{self.name} ended with exit code {self.process.wait()}; its error stands above")

    def round(self) -> float:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        answer = self._answer()
        self.seconds.append(answer.pop("seconds"))
        self.facts.update(answer)
        return self.seconds[-1]

    @property
    def rate(self) -> float:
        """Units of work per second, in the median round."""
        return self.facts.get("units", 1) / statistics.median(self.seconds)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def contest(workers: Mapping[str, list[str]], rounds: int, threads: int) -> dict[str, Contender]:
    """Time workers in alternating rounds; every worker has warmed up by itself before."""
    contenders = {name: Contender(name, command, threads) for name, command in workers.items()}
    for _ in range(rounds):
        for contender in contenders.values():
            contender.round()
    for contender in contenders.values():
        contender.close()
    return contenders


def ratio(slow: Contender, fast: Contender) -> float:
    """Median over the rounds of how many times longer `slow` took per unit of work."""
    work = fast.facts.get("units", 1) / slow.facts.get("units", 1)
    return statistics.median(a / b * work for a, b in zip(slow.seconds, fast.seconds, strict=True))


def script(module: str, *args: str, python: str = sys.executable) -> list[str]:
    """Command of a worker that lives in this folder."""
    return [python, str(Path(__file__).with_name(f"{module}.py")), *args]


def peak_memory_mb() -> float:
    """Peak resident memory of this process in MiB (Linux counts KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024)


def _memory_mb(field: str) -> float:
    """VmRSS (resident now) or VmHWM (its peak) of this process in MiB; Linux only."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[field].split()[0]) / 1024


def further_memory_mb(work: Callable[[], Any]) -> float:
    """What the first call of `work` needs beyond what the process holds already; nan where Linux is not."""
    if not Path("/proc/self/clear_refs").exists():
        work()
        return float("nan")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of what came before
    before = _memory_mb("VmRSS")
    work()
    return _memory_mb("VmHWM") - before


def serve(work: Callable[[], Any], **facts: Any) -> None:
    """Warm up once, then answer every line of standard input with the seconds of one more round.

    Parameters
    ----------
    work : callable
        One round; a dict that it returns is passed on.
    facts : JSON-able
        Said once, with ``further_mb`` of the warm-up; ``units`` is the amount of work of a round.
    """
    facts["further_mb"] = further_memory_mb(work)
    print("@" + json.dumps(facts), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        more = work()
        seconds = time.perf_counter() - start
        extra = more if isinstance(more, dict) else {}
        print("@" + json.dumps({"seconds": seconds, "peak_mb": peak_memory_mb(), **extra}), flush=True)
