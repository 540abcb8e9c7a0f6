"""Time worker processes in alternating rounds, so that changes in the load of the machine affect all of them."""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ANSWER_PREFIX = "@"
"""First character of a worker's lines of JSON, which separates them from the output of libraries."""


class Worker:
    """A process that runs one round per request and reports its seconds.

    Parameters
    ----------
    name : str
    command : list of str
        Starts a script that calls `serve_rounds`.
    threads : int

    Attributes
    ----------
    seconds : list of float
        Duration of each round.
    facts : dict
        What the worker reported besides: ``units``, ``additional_mb``, ``peak_mb`` and its own values.
    """

    def __init__(self, name: str, command: list[str], threads: int) -> None:
        self.name = name
        self.seconds: list[float] = []
        env = {**os.environ, **thread_variables(threads), "TOKENIZERS_PARALLELISM": "false"}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.facts = self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(ANSWER_PREFIX):
                return json.loads(line.removeprefix(ANSWER_PREFIX))
        raise RuntimeError(f"worker {self.name} ended with exit code {self.process.wait()}; see its error above")

    def run_round(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        answer = self._answer()
        self.seconds.append(answer.pop("seconds"))
        self.facts.update(answer)

    @property
    def rate(self) -> float:
        """Units of work per second in the median round."""
        return self.facts.get("units", 1) / statistics.median(self.seconds)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def thread_variables(threads: int) -> dict[str, str]:
    """Environment variables that set the number of threads of a process."""
    return {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}


def time_workers(commands: Mapping[str, list[str]], rounds: int, threads: int) -> dict[str, Worker]:
    """Start a worker per command and time them in alternating rounds; each warms up before the first round."""
    workers = {name: Worker(name, command, threads) for name, command in commands.items()}
    for _ in range(rounds):
        for worker in workers.values():
            worker.run_round()
    for worker in workers.values():
        worker.close()
    return workers


def time_ratio(slow: Worker, fast: Worker) -> float:
    """Time per unit of work of `slow` divided by the time of `fast`, the median over the rounds."""
    work = fast.facts.get("units", 1) / slow.facts.get("units", 1)
    return statistics.median(a / b * work for a, b in zip(slow.seconds, fast.seconds, strict=True))


def time_ratio_range(slow: Worker, fast: Worker) -> tuple[float, float]:
    """The lowest and the highest of the ratios over the rounds; see `time_ratio`."""
    work = fast.facts.get("units", 1) / slow.facts.get("units", 1)
    ratios = [a / b * work for a, b in zip(slow.seconds, fast.seconds, strict=True)]
    return min(ratios), max(ratios)


def range_text(bounds: tuple[float, float]) -> str:
    """The range of a ratio over the rounds, such as ``0.97 to 1.05``."""
    return f"{bounds[0]:.2f} to {bounds[1]:.2f}"


def processor_name() -> str:
    """Name of the processor as the system gives it, with the extensions that matter for the products of bfloat16."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    lines = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in lines.items()}
    flags = facts.get("flags", "").split()
    extensions = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    return f"{facts.get('model name', platform.machine())} ({', '.join(extensions)})"


def worker_command(module: str, *args: str, python: str = sys.executable) -> list[str]:
    """Command that runs a module of this folder."""
    return [python, str(Path(__file__).with_name(f"{module}.py")), *args]


def send_answer(value: Any) -> None:
    """Send a value, as JSON, to the process that started this one."""
    print(ANSWER_PREFIX + json.dumps(value), flush=True)


def run_once(command: list[str], threads: int) -> Any:
    """Run a process that calls `send_answer` once, and return the value."""
    env = {**os.environ, **thread_variables(threads)}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=env, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith(ANSWER_PREFIX))
    return json.loads(line.removeprefix(ANSWER_PREFIX))


def peak_memory_mb() -> float:
    """Peak resident memory of this process in MiB."""
    units_per_mib = 2**20 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / units_per_mib


def _linux_memory_mb(field: str) -> float:
    """VmRSS (resident memory) or VmHWM (its peak) of this process in MiB."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[field].split()[0]) / 1024


def additional_memory_mb(work: Callable[[], Any]) -> float:
    """Call `work` and return the peak of the memory that it allocates, in MiB; NaN on systems other than Linux."""
    clear_refs = Path("/proc/self/clear_refs")
    if not clear_refs.exists():
        work()
        return float("nan")
    clear_refs.write_text("5")  # resets the recorded peak
    before = _linux_memory_mb("VmRSS")
    work()
    return _linux_memory_mb("VmHWM") - before


def serve_rounds(work: Callable[[], Any], **facts: Any) -> None:
    """Warm up once, then run a round for each line of standard input and answer with its seconds.

    Parameters
    ----------
    work : callable
        One round. If it returns a dict, the dict is part of the answer and may replace ``seconds``.
    **facts
        Sent once before the first round; ``units`` is the amount of work of a round.
    """
    send_answer({**facts, "additional_mb": additional_memory_mb(work)})
    for _ in sys.stdin:
        start = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - start
        values = result if isinstance(result, dict) else {}
        send_answer({"seconds": seconds, "peak_mb": peak_memory_mb(), **values})
