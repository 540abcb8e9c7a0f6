"""Read requests to the service while a training runs: few and many rows, MLflow beside it, and a large upload.

50 clients send one read request per second each. Rounds with few rows, which fill one page of each list, with many
rows and of the tracking server of MLflow alternate, and the median of the rounds is printed. MLflow is in an
environment of its own (``make peers``).
"""

from __future__ import annotations

import csv
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from benchmarks.servers import free_port

from timevis.service.client import Client
from timevis.service.db.database import open_database
from timevis.service.db.tables import Dataset, Model, Task, new_id

ROOT = Path(__file__).resolve().parents[2]
MLFLOW = ROOT / ".venv-mlflow/bin/mlflow"
TOKEN = "a-token-of-the-benchmark"
CLIENTS, SECONDS = 50, 10
DATASETS, MODELS, TASKS = 1000, 2000, 10_000
PAGE = 50
MLFLOW_RUNS = MODELS
LARGE_ROWS = 5_000_000
START_SECONDS = 180
LONG_TRAINING: dict[str, Any] = {
    "horizon": 24,
    "context_length": 168,
    "max_epochs": 100_000,
    "patience": 100_000,
    "evaluation": {"max_windows": 20, "val_windows": 10},
}
Call = Callable[[], object]


def main(rounds: int, threads: int) -> dict[str, Any]:
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with service(folder / "few") as few, service(folder / "many") as many:
            rows = {"few rows": (few, PAGE, PAGE, PAGE), "many rows": (many, DATASETS, TASKS, MODELS)}
            calls = {key: reads_of(values[0].address, *prepare(*values)) for key, values in rows.items()}
            start_training(few)
            if MLFLOW.is_file():
                with mlflow_server(folder / "mlflow") as address:
                    calls["MLflow"] = _mlflow_reads(address)
                    results |= _measure(calls, rounds)
            else:
                print("  MLflow is not installed; run: make peers")
                results |= _measure(calls, rounds)
        with service(folder / "large") as large:
            results["large upload"] = _upload(large, folder)
    print(_table(results))
    return results


def _table(results: Mapping[str, Any]) -> str:
    """The results as a table in Markdown."""
    names = {
        "few rows": f"{PAGE} datasets, models and tasks, beside a training",
        "many rows": f"{DATASETS:,} datasets, {MODELS:,} models, {TASKS:,} tasks",
        "MLflow": f"MLflow with {MLFLOW_RUNS:,} runs",
    }
    lines = [
        "",
        f"| Reads of {CLIENTS} clients, one each second | requests | median | 95th percentile |",
        "|---|---|---|---|",
    ]
    for key, name in names.items():
        if key in results:
            found = results[key]
            times = [f"{1000 * found[column]:.1f} ms" for column in ("median_seconds", "p95_seconds")]
            count = f"{found['requests']:,}" + (f", {found['failed']:,} more failed" if found["failed"] else "")
            lines.append(f"| {name} | {count} | {times[0]} | {times[1]} |")
    large = results["large upload"]
    lines += [
        "",
        "| What | Result |",
        "|---|---|",
        f"| many rows to few rows, 95th percentile | {results['many_to_few']:.2f} |",
        f"| upload of a CSV file of {large['megabytes']:.0f} MB, {large['rows']:,} rows | {large['seconds']:.0f} s |",
        f"| its largest resident memory | {_memory_text(large['peak_mb'])} |",
        f"| its series as a chart | {1000 * large['series_seconds']:.0f} ms |",
    ]
    return "\n".join(lines)


def _measure(calls: Mapping[str, Sequence[Call]], rounds: int) -> dict[str, Any]:
    """Median over the rounds of the median and the 95th percentile of the seconds of a request."""
    found: dict[str, list[list[float]]] = {name: [] for name in calls}
    failed = dict.fromkeys(calls, 0)
    for _ in range(rounds):
        for name, reads in calls.items():
            seconds = load(reads, may_fail=name == "MLflow")
            found[name].append(sorted(value for value in seconds if value is not None))
            failed[name] += seconds.count(None)
    numbers = {}
    for name, times in found.items():
        middle = statistics.median(statistics.median(t) for t in times)
        late = statistics.median(t[int(0.95 * len(t))] for t in times)
        numbers[name] = {"median_seconds": middle, "p95_seconds": late, "requests": sum(map(len, times))}
        numbers[name]["failed"] = failed[name]
        text = f"  {name:<10} median {middle * 1000:6.1f} ms   95th percentile {late * 1000:6.1f} ms"
        print(f"{text}   {failed[name]} failed requests" if failed[name] else text, flush=True)
    ratio = numbers["many rows"]["p95_seconds"] / numbers["few rows"]["p95_seconds"]
    print(f"  many rows take {ratio:.2f} times as long as few (95th percentile)")
    return {**numbers, "many_to_few": ratio}


def load(reads: Sequence[Call], may_fail: bool = False) -> list[float | None]:
    """Seconds of each request of all clients; None for one that fails, which ends the benchmark unless it may."""

    def client(number: int) -> list[float | None]:
        times: list[float | None] = []
        due = time.perf_counter() + number / CLIENTS
        for step in range(SECONDS):
            time.sleep(max(0.0, due + step - time.perf_counter()))
            start = time.perf_counter()
            try:
                reads[(number + step) % len(reads)]()
            except OSError:  # refused, not answered, or too late
                if not may_fail:
                    raise
                times.append(None)
            else:
                times.append(time.perf_counter() - start)
        return times

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [seconds for of_client in pool.map(client, range(CLIENTS)) for seconds in of_client]


class ServedClient(Client):
    """A client of a service that the benchmark has started."""

    process: subprocess.Popen[bytes]
    home: Path


@contextmanager
def service(home: Path, **variables: str) -> Iterator[ServedClient]:
    """Start a service with further environment variables in a new home folder; it ends with the context."""
    port = free_port()
    environment = {**os.environ, "TIMEVIS_HOME": str(home), "TIMEVIS_TOKEN": TOKEN, "TIMEVIS_TRAININGS": "1"}
    environment |= variables
    environment.pop("TIMEVIS_BROKER_URL", None)
    home.mkdir(parents=True)
    with (home / "serve.log").open("wb") as log:
        command = [sys.executable, "-m", "timevis", "serve", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    client = ServedClient(f"http://127.0.0.1:{port}", TOKEN)
    client.process, client.home = process, home
    try:
        wait_until(lambda: client.health()["ready"])
        yield client
    finally:
        process.terminate()
        process.wait()


def prepare(client: ServedClient, num_datasets: int, num_tasks: int, num_models: int) -> tuple[str, str]:
    """Upload a file, train a model, and copy their rows; returns the identifiers of the dataset and the task."""
    path = client.home / "plant.csv"
    write_series(path, 2000, "h")
    dataset = client.upload(path)["id"]
    task = client.wait(client.train(dataset, "seasonal_naive", horizon=24, context_length=168))["id"]
    with open_database(f"sqlite:///{client.home / 'timevis.db'}").begin() as session:
        _fill(session, dataset, task, num_datasets, num_tasks, num_models)
    return dataset, task


def start_training(client: ServedClient) -> None:
    """Start a training that runs during all rounds."""
    dataset = client.upload(client.home / "plant.csv")["id"]
    task = client.train(dataset, "lstm", **LONG_TRAINING)["id"]
    wait_until(lambda: client.task(task)["progress"].get("epoch"))


def _fill(session: Any, dataset_id: str, task_id: str, num_datasets: int, num_tasks: int, num_models: int) -> None:
    """Copy the rows of one dataset, task and model."""
    dataset, task = session.get_one(Dataset, dataset_id), session.get_one(Task, task_id)
    model = session.query(Model).one()
    now = time.time()
    datasets = copy_rows(session, dataset, num_datasets, name=lambda n: f"dataset {n}", created=lambda n: now - n)
    values = {"idempotency_key": lambda n: None, "created": lambda n: now - n}
    tasks = copy_rows(session, task, num_tasks, dataset_id=lambda n: datasets[n % num_datasets], **values)
    copy_rows(
        session,
        model,
        num_models,
        task_id=lambda n: tasks[n],
        dataset_id=lambda n: datasets[n % num_datasets],
        created=lambda n: now - n,
    )


def copy_rows(session: Any, source: Any, count: int, **changes: Callable[[int], Any]) -> list[str]:
    """Insert copies of a row with new identifiers; each change gives a column of copy n. Returns the identifiers."""
    columns = {column.name: getattr(source, column.name) for column in source.__table__.columns}
    ids = [new_id() for _ in range(count)]
    rows = [
        {**columns, "id": key, **{name: change(n) for name, change in changes.items()}} for n, key in enumerate(ids)
    ]
    session.execute(source.__table__.insert(), rows)
    return ids


def reads_of(address: str, dataset: str, task: str, tls: ssl.SSLContext | None = None) -> list[Call]:
    """The read requests of the clients to the service at an address."""
    paths = ["tasks", "datasets", "models", "health", "stats", f"tasks/{task}", f"datasets/{dataset}"]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return [partial(_get, f"{address}/api/{path}", headers, tls=tls) for path in paths]


def _get(url: str, headers: dict[str, str], data: bytes | None = None, tls: ssl.SSLContext | None = None) -> bytes:
    request = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(request, timeout=60, context=tls) as answer:
        return bytes(answer.read())


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """MLflow's tracking server on SQLite with as many runs as the service has models."""
    folder.mkdir()
    port = free_port()
    command = [str(MLFLOW), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}/api/2.0/mlflow"
    try:
        wait_until(lambda: _get(f"http://127.0.0.1:{port}/health", {}) == b"OK")
        for number in range(MLFLOW_RUNS):
            run = _post(f"{address}/runs/create", {"experiment_id": "0", "run_name": f"run {number}"})
            values = [{"key": f"metric{i}", "value": 0.5 + i, "timestamp": 0, "step": 0} for i in range(8)]
            texts = [{"key": f"option{i}", "value": str(i)} for i in range(20)]
            body = {"run_id": run["run"]["info"]["run_id"], "metrics": values, "params": texts}
            _post(f"{address}/runs/log-batch", body)
        yield address
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.wait()


def _mlflow_reads(address: str) -> list[Call]:
    search = {"experiment_ids": ["0"], "max_results": 50}
    run_id = _post(f"{address}/runs/search", search)["runs"][0]["info"]["run_id"]
    return [lambda: _post(f"{address}/runs/search", search), lambda: _get(f"{address}/runs/get?run_id={run_id}", {})]


def _post(url: str, body: dict[str, Any]) -> Any:
    return json.loads(_get(url, {"Content-Type": "application/json"}, json.dumps(body).encode()))


def _upload(client: ServedClient, folder: Path) -> dict[str, Any]:
    """Upload a large CSV; returns seconds, and the largest resident memory in MiB of each process and of all."""
    path = folder / "large.csv"
    write_series(path, LARGE_ROWS, "min")
    done, peaks = threading.Event(), defaultdict[str, float](float)

    def watch() -> None:
        while not done.wait(0.05):
            sizes = defaultdict[str, float](float)
            for process in psutil.Process(client.process.pid).children(recursive=True):
                with suppress(psutil.Error):  # it has ended
                    part, size = _part_of(process.cmdline()), process.memory_info().rss / 2**20
                    sizes[part] = max(sizes[part], size)  # a child that is being started still looks like its parent
            sizes["all together"] = sum(sizes.values())
            for part, size in sizes.items():
                peaks[part] = max(peaks[part], size)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    dataset = client.upload(path)
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    start = time.perf_counter()
    client.call("GET", f"datasets/{dataset['id']}/series")
    chart_seconds = time.perf_counter() - start
    numbers = {"megabytes": path.stat().st_size / 1e6, "rows": dataset["rows"], "seconds": seconds}
    numbers |= {"series_seconds": chart_seconds, "peak_mb": dict(peaks)}
    print(f"  upload of {numbers['megabytes']:.0f} MB, {dataset['rows']:,} rows: {seconds:.0f} s")
    print(f"  series: {chart_seconds * 1000:.0f} ms; largest resident memory: {_memory_text(peaks)}")
    return numbers


def _part_of(command: Sequence[str]) -> str:
    """The part of the service that a command runs."""
    if "timevis.service.profiling" in command:
        return "reader"
    if "--queues" in command:
        return f"worker {command[command.index('--queues') + 1]}"
    return "web" if "web" in command else "broker"


def _memory_text(peaks: Mapping[str, float]) -> str:
    return ", ".join(f"{part} {size:.0f}" for part, size in sorted(peaks.items())) + " MiB"


def write_series(path: Path, rows: int, frequency: str) -> None:
    import numpy as np
    import pandas as pd

    times = pd.date_range("2016-01-01", periods=rows, freq=frequency).strftime("%Y-%m-%d %H:%M:%S")
    values = 50 + 20 * np.sin(np.arange(rows) * 2 * np.pi / 24) + np.random.default_rng(0).normal(0, 3, rows)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("time", "load"))
        writer.writerows(zip(times, (f"{value:.16f}" for value in values), strict=True))


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if condition():
                return
        except (OSError, urllib.error.URLError):
            pass
        if time.monotonic() > deadline:
            raise TimeoutError("a server did not start")
        time.sleep(0.3)
