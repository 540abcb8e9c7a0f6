"""The first result of ``model=auto`` on two years of days, and nano-patch for 100 series from a warm service."""

from __future__ import annotations

import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from benchmarks.service_load import ROOT, ServedClient, service, wait_until

SERIES, ROWS = 100, 600


def main(rounds: int, threads: int) -> dict[str, Any]:
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_counts(folder / "days.csv", 1, 731)
        env = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        first = [_first_result(folder / "days.csv", folder / f"run{number}", env) for number in range(rounds)]
        results["auto"] = _report("model=auto minutes=2, two years of days: first result", first)
        write_counts(folder / "many.csv", SERIES, ROWS)
        with service(folder / "home") as client:
            dataset = client.upload(folder / "many.csv")["id"]
            cold, *warm = (_forecast(client, dataset) for _ in range(rounds + 1))
        what = f"method nano-patch, {SERIES} series of {ROWS} rows"
        results["service, first"] = _report(f"{what}, first request", [cold])
        results["service"] = _report(f"{what}, later requests", warm)
    return results


def write_counts(path: Path, series: int, rows: int) -> None:
    """A table of daily counts with a weekly season, one column for each series."""
    days = pd.date_range("2023-01-01", periods=rows)
    level = 100 + 40 * (days.day_of_week.to_numpy() >= 5)[:, None]
    counts = np.random.default_rng(0).poisson(level, (rows, series))
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["date", *(f"shop {number}" for number in range(series))])
        writer.writerows([day, *row] for day, row in zip(days.strftime("%Y-%m-%d"), counts.tolist(), strict=True))


def _report(what: str, measured: list[tuple[float, float]]) -> dict[str, float]:
    """Print and return the medians of the seconds by the clock and of the processor."""
    clock, processor = (statistics.median(values) for values in zip(*measured, strict=True))
    print(f"  {what}: {clock:.2f} s by the clock, {processor:.2f} s of processor time", flush=True)
    return {"seconds": clock, "processor_seconds": processor}


def _first_result(data: Path, run: Path, env: dict[str, str]) -> tuple[float, float]:
    """Seconds from the start of the command until the run folder has a model that `timevis predict` can use."""
    command = [sys.executable, "train.py", "model=auto", "minutes=2", "data=file", f"data.path={data}", "logger=none"]
    start = time.perf_counter()
    with psutil.Popen(
        [*command, f"hydra.run.dir={run}"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until((run / "model/model.json").is_file)
            return time.perf_counter() - start, _processor_seconds([process])
        finally:
            process.kill()


def _forecast(client: ServedClient, dataset: str) -> tuple[float, float]:
    """Seconds from the request until the forecast of all series has been received, and those of web and workers."""
    parts = psutil.Process(client.process.pid).children(recursive=True)
    before, start = _processor_seconds(parts), time.perf_counter()
    body = {"method": "nano-patch", "dataset": dataset}
    task = client.call("POST", "predict", json=body, headers={"Prefer": "wait=10"})
    items = client.result(client.complete(task))["items"]
    seconds = time.perf_counter() - start
    assert len(items) == SERIES, f"{len(items)} of {SERIES} series were forecast"
    return seconds, _processor_seconds(parts) - before


def _processor_seconds(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)
