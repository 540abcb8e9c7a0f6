"""Duration of a run of seasonal naive, the share of it that imports take, and the start of the web server."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from benchmarks.servers import free_port, is_listening
from benchmarks.service_load import TOKEN, wait_until

ROOT = Path(__file__).resolve().parents[2]
IMPORT_STATEMENT = "import torch, pytorch_lightning, torchmetrics, pandas, hydra"


def main(rounds: int, threads: int) -> dict[str, float]:
    env = {**os.environ, "OMP_NUM_THREADS": str(threads), "WANDB_MODE": "offline"}
    run_seconds, import_seconds, help_seconds, web_seconds, web_mb = [], [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(rounds):
            out = f"hydra.run.dir={folder}/{i}"
            train = [sys.executable, "train.py", "model=seasonal_naive", "data=traffic", "logger=csv", out]
            run_seconds.append(_seconds(train, env))
            import_seconds.append(_seconds([sys.executable, "-c", IMPORT_STATEMENT], env))
            help_seconds.append(_seconds([sys.executable, "train.py", "--help"], env))
            seconds, megabytes = _start_of_web(env | {"TIMEVIS_HOME": f"{folder}/home{i}"})
            web_seconds.append(seconds)
            web_mb.append(megabytes)
    share = statistics.median(a / b for a, b in zip(import_seconds, run_seconds, strict=True))
    numbers = {
        "run_seconds": statistics.median(run_seconds),
        "import_seconds": statistics.median(import_seconds),
        "import_share": share,
        "help_seconds": statistics.median(help_seconds),
        "web_processor_seconds": statistics.median(web_seconds),
        "web_mb": statistics.median(web_mb),
    }
    print(f"  python train.py model=seasonal_naive data=traffic: {numbers['run_seconds']:.1f} s")
    print(f"  importing torch, lightning, pandas, hydra: {numbers['import_seconds']:.1f} s ({share:.0%} of the run)")
    print(f"  python train.py --help: {numbers['help_seconds']:.2f} s")
    print(
        f"  timevis serve web, until it listens: {numbers['web_processor_seconds']:.1f} s of processor time, "
        f"{numbers['web_mb']:.0f} MiB of resident memory"
    )
    return numbers


def _start_of_web(env: dict[str, str]) -> tuple[float, float]:
    """Processor seconds and resident memory in MiB of a web server with a new home folder when it listens."""
    port = free_port()
    command = [sys.executable, "-m", "timevis", "serve", "web", "--port", str(port), "--loglevel", "warning"]
    unused = {"TIMEVIS_TOKEN": TOKEN, "TIMEVIS_BROKER_URL": "redis://127.0.0.1:1/0"}  # for health and tasks only
    with psutil.Popen(command, env=env | unused) as process:
        try:
            wait_until(lambda: is_listening(port))
            times = process.cpu_times()
            return times.user + times.system, process.memory_info().rss / 2**20
        finally:
            process.kill()


def _seconds(command: list[str], env: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
