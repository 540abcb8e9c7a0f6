"""Monitors: stored forecasts, their scores when the truth arrives, drift, alerts, challengers and champions."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from receivers import web_receiver
from running_service import RunningService, wait_until
from service_data import upload

import timevis.service.monitoring.cycle  # noqa: F401  registers the kind of task
from timevis.service.db.monitor_tables import ForecastScore, StoredForecast
from timevis.service.db.tables import Task
from timevis.service.monitoring.loop import queue_due
from timevis.service.tasks.jobs import Worker, execute

ROWS, HORIZON = 500, 6
LINEAR = ("model=linear", "data=file", "context_length=24", f"horizon={HORIZON}", "data.season=24")


def load_rows(first: int, count: int) -> pd.DataFrame:
    """Rows of an hourly series."""
    random = np.random.default_rng(7)
    noise = random.normal(0, 3, 2000)[first : first + count]
    hours = np.arange(first, first + count)
    load = 50 + 20 * np.sin(hours * 2 * np.pi / 24) + noise
    return pd.DataFrame({"time": pd.Timestamp("2026-01-01") + pd.to_timedelta(hours, "h"), "load": load.round(2)})


@pytest.fixture
def monitored(http: FlaskClient, add_model: Callable[..., str], tmp_path: Path) -> tuple[str, str]:
    """A dataset and a model of it."""
    path = tmp_path / "load.csv"
    load_rows(0, ROWS).to_csv(path, index=False)
    dataset = upload(http, path.read_bytes(), "load.csv").json["id"]
    return dataset, add_model(*LINEAR, f"data.path={path}", dataset_id=dataset, kind="linear")


@pytest.fixture
def cycle(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """Queue the cycles that are due and carry them out; returns their tasks."""
    service = http.application.extensions["timevis"]

    def run() -> list[dict[str, Any]]:
        found = []
        for task_id in queue_due(service.sessions, service.celery, 2e9):
            execute(Worker(service.settings, service.sessions, ("interactive",)), task_id)
            with service.sessions() as session:
                task = session.get_one(Task, task_id)
                assert task.state == "completed", (task.error, task.advice)
                found.append(task.result)
        return found

    return run


def add_rows(http: FlaskClient, dataset: str, first: int, count: int) -> str:
    content = load_rows(first, count).to_csv(index=False).encode()
    answer = http.post(
        f"/api/datasets/{dataset}/rows",
        data={"file": (io.BytesIO(content), "new.csv")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 201, answer.json
    return str(answer.json["id"])


def test_a_forecast_is_stored_and_scored_once_for_each_version_of_the_rows(
    http: FlaskClient, monitored: tuple[str, str], cycle: Callable[[], list[dict[str, Any]]]
) -> None:
    dataset, model = monitored
    made = http.post("/api/monitors", json={"dataset": dataset, "model": model, "horizon": 4})
    assert made.status_code == 201, made.json
    monitor = made.json["id"]
    (first,) = cycle()
    assert cycle() == []
    forecast = http.get(f"/api/monitors/{monitor}/forecasts/{first['forecast']}").json
    (channel,) = forecast["channels"]
    assert channel["time"][0] == "2026-01-21T20:00:00"
    assert (len(channel["quantiles"]), len(channel["quantiles"][0]), channel["truth"]) == (15, 4, [None] * 4)
    second = add_rows(http, dataset, ROWS, 2)
    assert cycle()[0]["scored"] == 1
    third = add_rows(http, second, ROWS + 2, 2)
    assert cycle()[0]["scored"] == 2  # the forecast of the second version, too
    items = http.get(f"/api/monitors/{monitor}/scores").json["items"]
    assert [(item["complete"], item["targets"], item["version"]) for item in items] == [
        (True, 4, third),
        (False, 2, third),
    ]
    after = http.get(f"/api/monitors/{monitor}/forecasts/{first['forecast']}").json
    truth = load_rows(ROWS, 4)["load"].to_numpy()
    assert after["channels"][0] == channel | {"truth": pytest.approx(truth.tolist(), rel=1e-6)}
    quantiles, naive = np.array(channel["quantiles"]), np.array(channel["naive"])

    def loss(values: np.ndarray) -> float:
        levels = np.array(channel["levels"])
        wanted = np.isclose(levels * 10, np.round(levels * 10)) & (levels > 0.09) & (levels < 0.91)
        error = truth - values[wanted]
        return float(np.maximum(levels[wanted, None] * error, (levels[wanted, None] - 1) * error).sum())

    metrics = items[0]["metrics"]
    assert metrics["relative_wql"] == pytest.approx(loss(quantiles) / loss(naive), rel=1e-4)
    assert metrics["coverage_80"] == np.mean((quantiles[2] <= truth) & (truth <= quantiles[-3]))
    assert metrics["bias"] == pytest.approx(np.mean(np.array(channel["point"]) - truth), rel=1e-4)
    one_step = http.get(f"/api/monitors/{monitor}/scores?step=2").json["items"][0]["metrics"]
    assert one_step["bias"] == pytest.approx(channel["point"][1] - truth[1], rel=1e-4)
    service = http.application.extensions["timevis"]
    with service.sessions() as session:
        assert session.query(ForecastScore).count() == 3
        assert session.query(StoredForecast).count() == 3
    assert http.get(f"/api/monitors/{monitor}").json["dataset"] == third


def test_the_running_service_forecasts_by_itself_and_sends_alerts(
    started: RunningService, plant: str, trained: dict[str, Any]
) -> None:
    client, model = started.client, trained["result"]["model"]
    with web_receiver() as web:
        receivers = [{"kind": "webhook", "address": web.address}]
        monitor = client.call("POST", "monitors", json={"dataset": plant, "model": model, "receivers": receivers})
        client.call("POST", f"monitors/{monitor['id']}/trial-alert")
        wait_until(lambda: bool(web.requests))
        wait_until(lambda: client.call("GET", f"monitors/{monitor['id']}")["task_state"] == "completed")
    assert client.call("GET", f"monitors/{monitor['id']}/forecasts")["total"] == 1
    alert = client.call("GET", "alerts")["items"][0]
    assert (alert["kind"], alert["monitor"], alert["deliveries"][0]["state"]) == ("trial", monitor["id"], "sent")
    assert monitor["receivers"][0]["secret"].startswith("whsec_")
    assert client.call("GET", f"monitors/{monitor['id']}")["receivers"][0]["secret"] is None
    assert [task["kind"] for task in client.call("GET", "tasks")["items"]].count("monitor") == 0
    assert client.call("GET", "tasks", params={"kind": "monitor"})["total"] == 1
    client.call("DELETE", f"monitors/{monitor['id']}")
