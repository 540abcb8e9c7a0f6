"""Monitors: stored forecasts, their scores when the truth arrives, drift, alerts, challengers and champions."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from receivers import dripping_server, web_receiver
from running_service import RunningService, wait_until
from service_data import upload
from sqlalchemy import select

import timevis.service.monitoring.cycle  # noqa: F401  registers the kind of task
from timevis.metrics.specs import REFERENCE_PINBALL, terms
from timevis.runs.folder import RunFolder
from timevis.service.db.monitor_tables import Champion, ForecastArrays, ForecastScore, Monitor, StoredForecast
from timevis.service.db.tables import Model, Task
from timevis.service.monitoring.loop import queue_due, report_failures, report_silence
from timevis.service.monitoring.scoring import ScoreSums, watch_scores
from timevis.service.tasks.jobs import Worker, execute
from timevis.service.tasks.retention import purge

ROWS, HORIZON = 500, 6
LINEAR = (
    "model=linear",
    "data=file",
    "context_length=24",
    f"horizon={HORIZON}",
    "data.season=24",
    "conformal=online",
)


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
        for task_id in [task.id for task in queue_due(service.sessions, 2e9)]:
            execute(Worker(service.settings, service.sessions, ("interactive",)), task_id)
            with service.sessions() as session:
                task = session.get_one(Task, task_id)
                assert task.state == "completed", (task.error, task.advice)
                found.append(task.result)
        return found

    return run


def add_rows(
    http: FlaskClient,
    dataset: str,
    first: int,
    count: int,
    rows: Callable[[int, int], pd.DataFrame] = load_rows,
) -> str:
    content = rows(first, count).to_csv(index=False).encode()
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
        stored = session.scalars(select(StoredForecast).order_by(StoredForecast.origin_row)).all()
        shifts = [ForecastArrays.from_json(row.values).shift for row in stored]
    assert len(shifts) == 3
    np.testing.assert_array_equal(shifts[0], shifts[1])  # nothing was complete
    assert (shifts[1] != shifts[2]).any()  # the intervals have learned from the first forecast
    assert http.get(f"/api/monitors/{monitor}").json["dataset"] == third
    (listed,) = http.get("/api/monitors").json["items"]
    assert listed["recent_relative_wql"] == [metrics["relative_wql"]]
    assert listed["last_origin"] == http.get(f"/api/monitors/{monitor}/forecasts").json["items"][0]["origin"]
    period = http.get(f"/api/monitors/{monitor}/period").json
    forecast_rows = [row for row, median in enumerate(period["median"]) if median is not None]
    assert [period["time"][row] for row in forecast_rows[:2]] == channel["time"][:2]
    assert (
        period["median"][forecast_rows[0]] == channel["quantiles"][7][0]
    )  # the first forecast is the only one of it
    newest = http.get(f"/api/monitors/{monitor}/forecasts/{period['forecasts'][-1]['id']}").json["channels"][0]
    assert (period["time"][-4:], period["low"][-4:]) == (newest["time"], newest["quantiles"][2])
    assert period["truth"][forecast_rows[0]] == pytest.approx(truth[0], rel=1e-6)
    assert period["truth"][-4:] == [None] * 4
    wrong = http.patch(f"/api/monitors/{monitor}", json={"horizon": HORIZON + 1})
    assert wrong.json["errors"][0]["pointer"] == "/horizon"
    assert http.patch(f"/api/monitors/{monitor}", json={"horizon": 2}).json["horizon"] == 2
    http.delete(f"/api/monitors/{monitor}")
    assert purge(service.sessions, service.settings, time.time() + 31 * 86_400)["monitors"] == 1
    assert http.get(f"/api/monitors/{monitor}").status_code == 404


def test_a_monitor_forecasts_and_trains_at_its_times_and_scores_each_channel(
    http: FlaskClient, add_model: Callable[..., str], tmp_path: Path
) -> None:
    service, path = http.application.extensions["timevis"], tmp_path / "load.csv"

    def rows(first: int, count: int) -> pd.DataFrame:
        return load_rows(first, count).assign(heat=lambda table: 2 * table["load"] + 1)

    rows(0, ROWS).to_csv(path, index=False)
    dataset = upload(http, path.read_bytes(), "load.csv").json["id"]
    model = add_model(*LINEAR, f"data.path={path}", dataset_id=dataset, kind="linear")
    with service.sessions.begin() as session:  # the request with which it was trained
        task = session.get_one(Task, session.get_one(Model, model).task_id)
        task.request = {"model": "linear", "dataset": dataset, "context_length": 24, "season": 24}
    day = (pd.Timestamp.now("UTC").isoweekday() + 3) % 7  # three days from now, thus after the next forecast
    body = {
        **{"dataset": dataset, "model": model, "schedule": {"cron": "0 6 * * *", "timezone": "Europe/Berlin"}},
        "retraining": {"cron": f"0 3 * * {day}"},
    }
    monitor = http.post("/api/monitors", json=body).json
    assert pd.Timestamp(monitor["next_run"], unit="s", tz="Europe/Berlin").strftime("%H:%M") == "06:00"

    def due(now: float) -> dict[str, Any]:
        """The request and the result of the cycle that is due."""
        (task_id,) = [task.id for task in queue_due(service.sessions, now)]
        execute(Worker(service.settings, service.sessions, ("interactive",)), task_id)
        with service.sessions() as session:
            task = session.get_one(Task, task_id)
            assert task.state == "completed", (task.error, task.advice)
            return {**task.request, **task.result}

    found = due(time.time())  # the rows are new, but the time has not come
    assert (found["forecast"], found["training"]) == (False, None)
    assert queue_due(service.sessions, monitor["next_run"] - 60) == []
    assert due(monitor["next_run"] + 1)["forecast"]
    add_rows(http, dataset, ROWS, HORIZON, rows)
    assert due(time.time())["scored"] == 1
    metrics = {
        channel: http.get(f"/api/monitors/{monitor['id']}/scores?channel={channel}").json["items"][0]["metrics"]
        for channel in ("load", "heat")
    }
    assert metrics["heat"]["mae"] == pytest.approx(2 * metrics["load"]["mae"], rel=0.05)
    with service.sessions() as session:
        next_training = session.get_one(Monitor, monitor["id"]).next_training
    assert next_training is not None
    found = due(next_training + 1)
    assert (found["training"], found["challenger"] is None) == ("schedule", False)
    (challenger,) = http.get(f"/api/monitors/{monitor['id']}/champions").json["challengers"]
    assert (challenger["cause"], challenger["state"]) == ("schedule", "training")


def carry_out_training(http: FlaskClient) -> str:
    """Carry out the queued training as a worker does; returns its task."""
    service = http.application.extensions["timevis"]
    with service.sessions() as session:
        task_id = session.scalars(select(Task.id).where(Task.kind == "train", Task.state == "queued")).one()
    execute(Worker(service.settings, service.sessions, ("cpu",)), task_id)
    return task_id


def test_a_challenger_that_the_paired_test_prefers_becomes_champion_and_the_former_one_stays_in_the_history(
    http: FlaskClient,
    add_model: Callable[..., str],
    cycle: Callable[[], list[dict[str, Any]]],
    tmp_path: Path,
) -> None:
    path = tmp_path / "load.csv"
    load_rows(0, 1400).to_csv(path, index=False)
    dataset = upload(http, path.read_bytes(), "load.csv").json["id"]
    naive = ("model=seasonal_naive", "data=file", "context_length=24", f"horizon={HORIZON}", f"data.path={path}")
    former = add_model(*naive, dataset_id=dataset, kind="seasonal_naive", name="naive")
    training = {"model": "linear", "context_length": 48, "season": 24, "split": [0.6, 0.1, 0.3]}
    body = {"dataset": dataset, "model": former, "retraining": {"training": training}}
    monitor = http.post("/api/monitors", json=body).json["id"]
    cycle()
    assert http.post(f"/api/monitors/{monitor}/run", json={"train": True}).status_code == 202
    service = http.application.extensions["timevis"]
    with service.sessions() as session:
        task_id = session.scalars(select(Task.id).where(Task.kind == "monitor", Task.state == "queued")).one()
    execute(Worker(service.settings, service.sessions, ("interactive",)), task_id)
    assert cycle() == []  # the challenger is not trained yet
    training_id = carry_out_training(http)
    (result,) = cycle()
    found = http.get(f"/api/monitors/{monitor}/champions").json
    assert result.get("promoted") == [found["challengers"][0]["id"]]
    present, first = found["champions"]
    challenger = found["challengers"][0]
    assert (present["reason"], first["reason"], first["model"]) == ("test", "first", former)
    assert (challenger["state"], challenger["cause"], challenger["task"]) == ("promoted", "hand", training_id)
    comparison = present["comparison"]
    assert comparison["percent"] < 0
    assert comparison["p"] < 0.05
    assert comparison["champion"] == pytest.approx(1, abs=0.15)
    assert first["until"] == present["since"]
    alert = http.get(f"/api/alerts?monitor={monitor}").json["items"][0]
    assert (alert["kind"], alert["values"]["comparison"]) == ("new_champion", comparison)
    back = http.post(f"/api/monitors/{monitor}/champion", json={"model": former}).json
    assert back["model"] == former
    reasons = [row["reason"] for row in http.get(f"/api/monitors/{monitor}/champions").json["champions"]]
    assert reasons == ["hand", "test", "first"]


def test_scores_raise_an_alert_for_each_condition_and_none_where_the_errors_are_those_of_the_test(
    http: FlaskClient, add_model: Callable[..., str], dataset: str
) -> None:
    """The recent forecasts are windows of the test itself, whose errors are multiplied."""
    service, model = http.application.extensions["timevis"], add_model("model=linear")
    with service.sessions() as session:
        run = RunFolder(service.storage.run(session.get_one(Model, model).run_id))
    windows, naive = run.table("windows"), run.table("windows_seasonal_naive")
    channel = windows["channel"].iloc[0]
    windows, naive = windows[windows["channel"] == channel], naive[naive["channel"] == channel]
    scales = windows.drop_duplicates("channel").set_index("channel")[["std", "mase_scale"]]

    def kinds(error_factor: float, share_inside: float) -> set[str]:
        monitor = http.post("/api/monitors", json={"dataset": dataset, "model": model}).json["id"]
        with service.sessions.begin() as session:
            row = session.get_one(Monitor, monitor)
            champion = session.scalars(select(Champion).where(Champion.monitor_id == monitor)).one()
            for number in range(20):
                window, reference = windows.iloc[-20 + number], naive.iloc[-20 + number]
                sums = {name: np.full((1, 1), float(window[name])) for name in terms()}
                for name in ("pinball_wql", "pinball_integral", "median_abs_error"):
                    sums[name] = sums[name] * error_factor
                sums["inside_80"] = sums["count"] * share_inside
                sums[REFERENCE_PINBALL] = np.full((1, 1), float(reference["pinball_wql"]))
                day = f"2026-03-{number + 1:02d}T00:00:00"
                ids = {"monitor_id": monitor, "dataset_id": dataset}
                forecast = StoredForecast(
                    **ids,
                    model_id=model,
                    champion_id=champion.id,
                    origin=day,
                    origin_row=int(window["origin"]),
                    last_time=day,
                    values={},
                    complete=True,
                )
                session.add(forecast)
                session.flush()
                score = ScoreSums((str(channel),), sums)
                session.add(
                    ForecastScore(
                        **ids,
                        forecast_id=forecast.id,
                        complete=True,
                        targets=1,
                        metrics={},
                        details={},
                        sums=score.to_json(),
                    )
                )
            watch_scores(session, row, champion, scales, run)
        return {alert["kind"] for alert in http.get(f"/api/alerts?monitor={monitor}").json["items"]}

    assert kinds(1.0, 0.8) == set()
    assert kinds(1.0, 0.5) == {"coverage"}
    assert kinds(5.0, 0.8) == {"drift", "worse_than_naive"}


def test_missing_rows_and_failed_cycles_raise_one_alert_each(
    http: FlaskClient, add_model: Callable[..., str], dataset: str
) -> None:
    service, model = http.application.extensions["timevis"], add_model("model=linear")
    body = {"dataset": dataset, "model": model, "bounds": {"no_rows_hours": 0.001}}
    monitor = http.post("/api/monitors", json=body).json["id"]
    http.delete(f"/api/models/{model}")
    (task_id,) = [task.id for task in queue_due(service.sessions, time.time())]
    execute(Worker(service.settings, service.sessions, ("interactive",)), task_id)
    for _ in range(2):
        with service.sessions.begin() as session:
            report_failures(session)
            report_silence(session, time.time() + 10)
    alerts = {alert["kind"]: alert for alert in http.get(f"/api/alerts?monitor={monitor}").json["items"]}
    assert set(alerts) == {"failed_task", "no_rows"}
    assert "is deleted" in alerts["failed_task"]["text"]
    assert http.get("/api/alerts").json["total"] == 2


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


def test_a_receiver_that_answers_byte_by_byte_stops_no_other_monitor(
    started: RunningService, plant: str, trained: dict[str, Any]
) -> None:
    client, body = started.client, {"dataset": plant, "model": trained["result"]["model"]}

    def monitor(address: str) -> str:
        receivers = [{"kind": "webhook", "address": address}]
        made = client.call("POST", "monitors", json={**body, "receivers": receivers})["id"]
        client.call("POST", f"monitors/{made}/trial-alert")
        return str(made)

    with dripping_server() as (port, lasted), web_receiver() as web:
        slow = monitor(f"http://127.0.0.1:{port}/hook")
        wait_until(lambda: client.call("GET", f"alerts?monitor={slow}")["items"][0]["deliveries"][0]["attempts"])
        fast = monitor(web.address)
        wait_until(lambda: bool(web.requests))
        wait_until(lambda: client.call("GET", f"monitors/{fast}")["task_state"] == "completed")
        wait_until(lambda: bool(lasted))
        (failing,) = wait_until(lambda: client.call("GET", f"monitors/{slow}")["failing_receivers"])
    assert failing["error"] == "there was no complete answer within 15 s"
    assert client.call("GET", f"monitors/{fast}")["failing_receivers"] == []
    assert client.call("GET", f"monitors/{fast}/forecasts")["total"] == 1
    for made in (slow, fast):
        client.call("DELETE", f"monitors/{made}")
