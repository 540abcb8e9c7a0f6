"""The web page in headless Chromium: its first view, also on a slow network, the way from the link to a forecast of a
file and to a better one, frames while zooming and while scrolling 5,000 series, and a comparison of 100 runs.

The service and its built page are real, on this machine. The 100 models are copies of two trained ones. MLflow's page
with as many runs is opened in the same rounds where it is installed (``make peers``).
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.service_load import MLFLOW, ROOT, TOKEN, ServedClient, copy_rows, mlflow_server, service, write_series

from timevis.service.db.database import open_database
from timevis.service.db.tables import Model, Task, new_id

FRONTEND = ROOT / "frontend"
NUM_RUNS, LONG_ROWS, FILE_ROWS, NUM_SERIES, NUM_DAYS = 100, 200_000, 2_000, 5_000, 90
SETTINGS: dict[str, Any] = {
    "horizon": 24,
    "context_length": 168,
    "evaluation": {"max_windows": 40, "val_windows": 10},
}


def main(rounds: int, threads: int) -> dict[str, Any]:
    if not list((ROOT / "src/timevis/service").rglob("static/index.html")):
        raise SystemExit("the page is not built; run: make page")
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        client = stack.enter_context(service(folder / "service"))
        dataset, many, models = _prepare(client, folder)
        mlflow = stack.enter_context(mlflow_server(folder / "mlflow")) if MLFLOW.is_file() else None
        for turn in range(rounds):
            numbers = measure("first", client.address, TOKEN)
            for language in ("en", "zh"):
                slow = measure("slow", client.address, TOKEN, language)
                numbers |= {f"slow_{language}_{key}": value for key, value in slow.items()}
            file = folder / f"own {turn}.csv"
            write_series(file, FILE_ROWS + turn, "h")  # a file that was read before is forecast from memory
            numbers |= measure("forecast", client.address, TOKEN, str(file))
            numbers |= measure("zoom", client.address, TOKEN, dataset)
            scroll = measure("scroll", client.address, TOKEN, many)
            numbers |= {f"scroll_{key}": value for key, value in scroll.items()}
            compare = measure("compare", client.address, TOKEN, *models)
            numbers |= {f"compare_{key}": value for key, value in compare.items()}
            if mlflow:
                url = mlflow.removesuffix("/api/2.0/mlflow") + "/#/experiments/0/runs"
                numbers["mlflow_runs_seconds"] = measure("open", url, "[role=row] a")["seconds"]
                numbers["models_seconds"] = measure("open", f"{client.address}/models?token={TOKEN}", "tbody tr")[
                    "seconds"
                ]
            for key, value in numbers.items():
                found.setdefault(key, []).append(value)
    results = {key: statistics.median(values) for key, values in found.items()}
    print(f"  first view        {results['script_bytes'] / 1000:.0f} KB of compressed script (limit 220)")
    print(f"  interactive after {results['interactive_seconds']:.2f} s (limit 1)")
    for language in ("en", "zh"):
        seconds, size = (results[f"slow_{language}_{key}"] for key in ("interactive_seconds", "bytes"))
        print(f"  at 50 kB/s, {language}    {seconds:.2f} s, {size / 1000:.0f} KB until then (aim 4 s)")
    print(
        f"  own file          {results['forecast_seconds']:.2f} s from the link in two clicks (limit 10), "
        f"{results['tested_seconds']:.2f} s to its back-test"
    )
    print(f"  better forecast   {results['better_seconds']:.2f} s from one more click until the first one is drawn")
    print(
        f"  pan and zoom      {results['frames_per_second']:.0f} frames per second of {LONG_ROWS:,} rows (limit 30)"
    )
    print(
        f"  scroll            {results['scroll_frames_per_second']:.0f} frames per second of the list of "
        f"{NUM_SERIES:,} series; the slowest of 20 frames takes {1000 * results['scroll_slowest_frame_of_20']:.0f} ms"
    )
    print(
        f"  compare {NUM_RUNS} runs  {results['compare_differences_seconds']:.2f} s until the differences (limit 1.5)"
    )
    print(f"  their metrics     {results['compare_table_seconds']:.2f} s")
    if "mlflow_runs_seconds" in results:
        print(f"  list of runs      {results['models_seconds']:.2f} s; MLflow {results['mlflow_runs_seconds']:.2f} s")
    return results


def write_many_series(path: Path) -> None:
    """A long table of `NUM_SERIES` daily series of `NUM_DAYS` values."""
    rng = np.random.default_rng(0)
    days = [str(day) for day in np.datetime64("2026-01-01") + np.arange(NUM_DAYS)]
    values = 50 + 10 * np.sin(np.arange(NUM_DAYS) * 2 * np.pi / 7) + rng.normal(0, 3, (NUM_SERIES, NUM_DAYS))
    with path.open("w") as file:
        file.write("day,store,sales\n")
        for store in range(NUM_SERIES):
            file.writelines(
                f"{day},store {store},{value:.2f}\n" for day, value in zip(days, values[store], strict=True)
            )


def measure(what: str, *arguments: str) -> dict[str, float]:
    """The numbers of one call of frontend/scripts/measure.mjs."""
    command = ["node", "scripts/measure.mjs", what, *arguments]
    answer = subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, timeout=300, check=False)
    if answer.returncode:
        raise SystemExit(answer.stderr)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def _prepare(client: ServedClient, folder: Path) -> tuple[str, str, list[str]]:
    """Upload a long dataset and one of many series, train two models on a short one and copy them; returns ids."""
    for name, rows in (("long", LONG_ROWS), ("short", 2000)):
        write_series(folder / f"{name}.csv", rows, "h")
    long = client.upload(folder / "long.csv")["id"]
    short = client.upload(folder / "short.csv")["id"]
    write_many_series(folder / "many.csv")
    many = client.upload(folder / "many.csv")["id"]
    for model in ("seasonal_naive", "linear"):
        task = client.wait(client.train(short, model, **SETTINGS))
        if task["state"] != "completed":
            raise SystemExit(task["error"])
    with open_database(f"sqlite:///{client.home / 'timevis.db'}").begin() as session:
        originals = session.query(Model).all()
        ids = [model.id for model in originals]
        copies = (NUM_RUNS - len(originals)) // len(originals)
        for original in originals:
            unique = {"idempotency_key": lambda n: None}
            tasks = copy_rows(session, session.get_one(Task, original.task_id), copies, **unique)
            names = [f"{original.kind} {n}" for n in range(copies)]
            runs = [new_id() for _ in range(copies)]
            for run in runs:
                folder = client.home / "runs"
                shutil.copytree(folder / original.run_id, folder / run, copy_function=os.link)
            changes = {"task_id": tasks.__getitem__, "name": names.__getitem__, "created": lambda n: time.time()}
            ids += copy_rows(session, original, copies, run_id=runs.__getitem__, **changes)
    return long, many, ids
