"""Duration of a run of seasonal naive, and the share of it that importing libraries takes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMPORT_STATEMENT = "import torch, pytorch_lightning, torchmetrics, pandas, hydra"


def main(rounds: int, threads: int) -> dict[str, float]:
    env = {**os.environ, "OMP_NUM_THREADS": str(threads), "WANDB_MODE": "offline"}
    run_seconds, import_seconds, help_seconds = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(rounds):
            out = f"hydra.run.dir={folder}/{i}"
            train = [sys.executable, "train.py", "model=seasonal_naive", "data=traffic", "logger=csv", out]
            run_seconds.append(_seconds(train, env))
            import_seconds.append(_seconds([sys.executable, "-c", IMPORT_STATEMENT], env))
            help_seconds.append(_seconds([sys.executable, "train.py", "--help"], env))
    share = statistics.median(a / b for a, b in zip(import_seconds, run_seconds, strict=True))
    numbers = {
        "run_seconds": statistics.median(run_seconds),
        "import_seconds": statistics.median(import_seconds),
        "import_share": share,
        "help_seconds": statistics.median(help_seconds),
    }
    print(f"  python train.py model=seasonal_naive data=traffic: {numbers['run_seconds']:.1f} s")
    print(f"  importing torch, lightning, pandas, hydra: {numbers['import_seconds']:.1f} s ({share:.0%} of the run)")
    print(f"  python train.py --help: {numbers['help_seconds']:.2f} s")
    return numbers


def _seconds(command: list[str], env: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
