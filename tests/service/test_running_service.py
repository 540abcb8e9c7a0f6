"""The whole service in its processes: from an upload to a forecast, and through kill -9 of each part."""

from __future__ import annotations

import io
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from running_service import RunningService, command_of
from servers import free_port
from service_data import TINY_RUN, TOKEN, plant_csv
from sqlalchemy import update

from timevis.service.client import Client, ServiceError
from timevis.service.db.database import open_database
from timevis.service.db.tables import Task
from timevis.service.settings import READING_SLOTS

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("started")]
WAIT_SECONDS = 180


def test_a_training_shows_its_progress_and_becomes_a_model(service: RunningService, trained: dict[str, Any]) -> None:
    assert set(trained["stages"]) > {""}  # status.json is written every 3 s, so some stages may not be seen
    assert (trained["progress"]["step"], trained["progress"]["steps_total"]) == (8, 8)
    assert trained["result"]["metrics"]["wql"]["value"] > 0
    assert "lstm" in trained["log"]
    assert service.client.task(trained["id"], since=trained["log_position"])["log"] == ""
    model = service.client.call("GET", f"models/{trained['result']['model']}")
    assert (model["name"], model["kind"]) == ("small", "lstm")
    assert model["results"]["run"]["data"] == "Plant A"
    assert any("val/relative_wql" in row for row in model["training"]["rows"])
    assert "path" not in model["config"]["data"]


def test_a_model_has_a_report_a_download_notes_and_can_be_restored(
    service: RunningService, trained: dict[str, Any]
) -> None:
    path = f"models/{trained['result']['model']}"
    assert '<html lang="en">' in service.client.call("GET", f"{path}/report")
    chinese = service.client.call("GET", f"{path}/report?lang=zh")
    for text in ('<html lang="zh-CN">', "Plant A", "整个测试时段", "80% 区间", "误差统计", "季节朴素法"):
        assert text in chinese
    assert "seasonal naive" not in chinese.split("<script>")[0]
    with pytest.raises(ServiceError, match="lang"):
        service.client.call("GET", f"{path}/report?lang=de")
    answer = service.client._session.get(f"{service.client.address}/api/{path}/download")
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert {"results.json", "model/model.safetensors"} <= set(names)
    assert not any(name.startswith("checkpoints") for name in names)
    assert service.client.call("PATCH", path, json={"notes": "<b>first</b>", "tags": ["a"]})["tags"] == ["a"]
    service.client.call("DELETE", path)
    assert service.client.call("GET", "models?search=small")["total"] == 0
    with pytest.raises(ServiceError, match="deleted"):
        service.client.forecast(trained["result"]["model"])
    service.client.call("POST", f"{path}/restore")
    assert service.client.call("GET", "models?search=small")["items"][0]["notes"] == "<b>first</b>"


def test_a_forecast_has_quantiles_and_answers_within_a_second(
    service: RunningService, trained: dict[str, Any]
) -> None:
    model = trained["result"]["model"]
    service.client.forecast(model)
    started = time.monotonic()
    found = service.client.forecast(model)
    seconds = time.monotonic() - started
    (item,) = found["items"]
    assert len(item["point"]) == TINY_RUN["horizon"]
    assert (item["name"], item["channel"], item["time"][0]) == ("small", "load", "2026-01-26T00:00:00")
    assert [row[0] for row in item["quantiles"]] == sorted(row[0] for row in item["quantiles"])
    assert seconds < 10  # 0.4 s on an idle machine; machines of tests are busy


def test_a_forecast_of_given_values_and_of_another_dataset(
    service: RunningService, trained: dict[str, Any], tmp_path: Path
) -> None:
    model = trained["result"]["model"]
    rows = [{"time": f"2026-03-01 {hour:02d}:00", "load": 40.0 + hour} for hour in range(24)]
    found = service.client.forecast(model, values=rows)["items"]
    assert found[0]["time"][0] == "2026-03-02T00:00:00"
    other = tmp_path / "other.csv"
    other.write_bytes(plant_csv(rows=100, seed=5))
    found = service.client.forecast(model, dataset=service.client.upload(other)["id"])["items"]
    assert found[0]["time"][0] == "2026-01-05T04:00:00"
    with pytest.raises(ServiceError, match="failed"):
        service.client.forecast(model, values=rows[:5])


def test_a_model_is_compared_with_seasonal_naive_on_its_windows(
    service: RunningService, trained: dict[str, Any]
) -> None:
    model = trained["result"]["model"]
    found = service.client.compare(model)
    assert found["reference"] == "seasonal_naive"
    assert {pair["a"] for pair in found["pairs"]} == {model}
    assert set(found["by_horizon"]) == {model, "seasonal_naive"}
    task = service.client.call("POST", "predict", json={"models": [model]}, headers={"Prefer": "wait=20"})
    assert service.client.result(task, "csv").startswith("model,item,channel,timestamp,point,q0.025")


def test_health_is_answered_while_16_files_are_uploaded_and_few_are_read_at_a_time(
    service: RunningService, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{seed}.csv" for seed in range(16)]
    for seed, path in enumerate(paths):
        path.write_bytes(plant_csv(rows=12_000, seed=seed))  # 0.4 MB
    assert 300_000 < paths[0].stat().st_size < 500_000
    done, waits, readers = threading.Event(), list[float](), list[int]()

    def watch() -> None:
        while not done.wait(0.05):
            started = time.monotonic()
            assert service.client.health()["ready"]
            waits.append(time.monotonic() - started)
            readers.append(len(readers_of(service)))

    with ThreadPoolExecutor(17) as pool:
        watching = pool.submit(watch)
        uploads = list(pool.map(lambda path: Client(service.client.address, TOKEN).upload(path), paths))
        done.set()
        watching.result()
    assert [dataset["rows"] for dataset in uploads] == [12_000] * 16
    assert len(waits) > 10
    assert max(waits) < 5  # a few milliseconds on an idle machine; it was over 30 s when web threads read the files
    assert max(readers) <= READING_SLOTS + 1  # one waits for the next file
    tasks = service.client.call("GET", "tasks", params={"kind": "read", "state": "queued"})
    assert tasks["total"] == 0


def readers_of(service: RunningService) -> list[int]:
    """Processes of a service that read files, or wait for one."""
    workers = [psutil.Process(pid) for pid in service.children()]
    found = []
    for worker in workers:
        with suppress(psutil.Error):  # it has ended
            found += [child.pid for child in worker.children() if "timevis.service.profiling" in child.cmdline()]
    return found


def test_a_second_service_in_the_home_of_a_running_one_ends_and_harms_nothing(service: RunningService) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "timevis", "serve", "--port", str(service.port + 1)],
        env=service.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert second.returncode == 1
    assert f"process {service.process.pid} " in second.stderr
    assert "is running" not in second.stdout
    assert service.client.health()["ready"]  # also its broker


def test_a_taken_port_and_a_newer_database_end_the_service_without_a_link(
    service: RunningService, tmp_path: Path
) -> None:
    home = tmp_path / "newer"
    home.mkdir()
    open_database(f"sqlite:///{home / 'timevis.db'}").kw["bind"].dispose()

    def serve(port: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "timevis", "serve", "--port", str(port)],
            env=service.environment | {"TIMEVIS_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    taken = serve(service.port)
    assert (taken.returncode, taken.stdout) == (1, "")
    assert f"port {service.port} of 127.0.0.1 cannot be used" in taken.stderr
    with sqlite3.connect(home / "timevis.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    newer = serve(free_port())
    assert newer.returncode == 1
    assert "is running" not in newer.stdout
    assert "newer version" in newer.stderr


def test_events_follow_a_training_until_it_is_cancelled(service: RunningService, plant: str) -> None:
    task = service.start_long_training(plant)
    address, client = f"{service.client.address}/api/tasks/{task['id']}", service.client._session
    events: list[tuple[str, dict[str, Any]]] = []
    is_cancelled = False
    with client.get(f"{address}/events", stream=True, timeout=60) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        for line in stream.iter_lines(chunk_size=1, decode_unicode=True):
            if line.startswith("event: "):
                events.append((line.removeprefix("event: "), {}))
            elif line.startswith("data: "):
                events[-1][1].update(json.loads(line.removeprefix("data: ")))
            steps = {data["step"] for name, data in events if name == "progress" and "step" in data}
            if len(steps) >= 2 and not is_cancelled:
                rows = client.get(f"{address}/metrics").json()["rows"]  # empty until the first metrics are logged
                if rows:
                    assert {"step", "train/loss"} <= set(rows[-1])
                    service.client.cancel(task["id"])
                    is_cancelled = True
    assert is_cancelled
    names = [name for name, _ in events]
    assert names[0] == "state"
    assert "lstm" in "".join(data["text"] for name, data in events if name == "log")
    assert events[-1] == ("end", {"state": "cancelled", "result": {}})


def test_a_stop_returns_the_training_to_its_queue_and_leaves_no_process(service: RunningService, plant: str) -> None:
    task = service.start_long_training(plant)
    children = list(service.children())
    service.process.send_signal(signal.SIGINT)
    assert service.process.wait(90) == 0
    assert [command_of(pid) for pid in children] == [""] * len(children)
    assert service.trainings() == []
    with open_database(f"sqlite:///{service.home / 'timevis.db'}").begin() as session:
        row = session.get(Task, task["id"])
        assert row is not None
        assert (row.state, row.attempt) == ("queued", 0)
        session.execute(update(Task).where(Task.id == row.id).values(state="cancelled"))
