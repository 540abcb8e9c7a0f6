"""Forecasts and comparisons, carried out in this process by the functions that workers call."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from plant import PLANT_COLUMNS, plant_rows
from service_data import plant_csv
from tiny import TINY_LSTM

from timevis.errors import TimeVisError
from timevis.runs.folder import RunFolder
from timevis.runs.reload import load_run_data
from timevis.service.db.tables import Task, new_id
from timevis.service.tasks.forecasting import ItemForecasts
from timevis.utils.levels import QUANTILE_COLUMNS


def test_a_backtest_hides_the_last_rows_and_shows_their_truth(finished_run: Callable[..., Path]) -> None:
    run = finished_run(*TINY_LSTM)
    table = ItemForecasts("backtest", horizon=4).forecast(run, None)
    _, panel, _ = load_run_data(RunFolder(run), future=True)
    future = table[~table["is_history"]]
    assert len(future) == 4 * len(panel.channels)
    np.testing.assert_array_equal(future["truth"], panel.values[-4:].T.ravel())
    past = table[table["is_history"] & (table["channel"] == panel.channels[0])]
    np.testing.assert_array_equal(past["truth"], panel.values[-52:-4, 0])
    earlier = ItemForecasts().forecast(run, None)
    assert earlier[~earlier["is_history"]]["timestamp"].min() > panel.index[-1]
    assert earlier["truth"][~earlier["is_history"]].isna().all()


def test_the_result_has_the_known_covariates_of_the_forecast_and_takes_other_values(
    finished_run: Callable[..., Path], plant_file: Path
) -> None:
    options = (f"data.path={plant_file}", *PLANT_COLUMNS, "model.hidden_size=8", "model.fit.steps_per_epoch=4")
    run = finished_run("model=lstm", "data=file", *options, "model.fit.max_epochs=1", "model.covariates=known")
    rows = plant_rows(106)
    rows.loc[100:, ["a", "b"]] = np.nan
    table = ItemForecasts(horizon=4, known={"price": [9.0]}).forecast(run, rows)
    future = table[~table["is_history"]]
    assert future["known:price"].tolist() == [9.0, *rows["price"].iloc[101:104]] * 2
    again = ItemForecasts("backtest", horizon=4).forecast(run, rows)
    assert again[~again["is_history"]]["known:price"].tolist() == rows["price"].iloc[96:100].tolist() * 2


def test_a_longer_horizon_than_that_of_the_model_is_refused(finished_run: Callable[..., Path]) -> None:
    with pytest.raises(TimeVisError, match="longer than the horizon of the model, 6 rows"):
        ItemForecasts(horizon=7).forecast(finished_run(*TINY_LSTM), None)


def test_an_item_that_fails_stops_no_other_one(
    http: FlaskClient, add_model: Callable[..., str], carry_out: Callable[..., dict]
) -> None:
    model = add_model(*TINY_LSTM)
    rows = [{"time": "2026-03-01 00:00", "load": 1.0}]
    task = carry_out("predict", items=[{"model": model}, {"model": model, "values": rows}], horizon=3)
    assert task["state"] == "completed", task
    items = http.get(f"/api/tasks/{task['id']}/result").json["items"]
    assert len(items) == 3  # two channels, and the item that failed
    assert (len(items[0]["time"]), len(items[0]["quantiles"]), len(items[0]["quantiles"][0])) == (3, 15, 3)
    assert len(items[0]["history"]["value"]) == len(items[0]["history"]["time"]) == 48
    assert items[0]["history"]["time"][-1] < items[0]["time"][0]
    assert items[0]["truth"] is None
    assert items[2]["error"]
    assert items[2]["time"] == []
    assert (
        items[2]["error_code"]["code"]
        == "{source} has no channel {channel!r}: the run forecasts {channels}, but the file has {existing}"
    )
    answer = http.get(f"/api/tasks/{task['id']}/result?format=csv")
    csv = answer.text.splitlines()
    assert csv[0].startswith("model,item,channel,timestamp,point,q0.025")
    assert len(csv) == 7
    name = http.get(f"/api/models/{model}").json["name"]
    assert pd.Series(csv[1:]).str.fullmatch(f"{name},.*,{model},0,.*").all()
    (shown,) = [found for found in http.get("/api/tasks").json["items"] if found["id"] == task["id"]]
    assert shown["models"] == [name]
    assert f"forecast {shown['dataset_name']} {items[0]['time'][0][:10]}.csv" in answer.headers["Content-Disposition"]
    assert shown["progress"]["step"] == shown["progress"]["steps_total"] == 2


def test_events_belong_to_each_item_and_only_models_that_read_them_take_them(
    http: FlaskClient, add_model: Callable[..., str], carry_out: Callable[..., dict], plant_file: Path
) -> None:
    data = ("data=file", f"data.path={plant_file}", *PLANT_COLUMNS, "context_length=168", "conformal=none")
    patches = add_model("model=qwen_patch", "model.tune=none", *data, name="patches", kind="qwen_patch")
    linear = add_model("model=linear", *data, name="line", kind="linear")
    events = [{"from": "2024-01-26 02:00", "to": "2024-01-26 04:00", "text": "the plant is closed"}]
    given = [{"model": patches, "events": events}, {"model": patches}, {"model": linear, "events": events}]
    assert http.post("/api/predict", json={"items": given}).status_code == 202
    task = carry_out("predict", items=given)
    assert (task["state"], task["commands"]["cli"]) == ("completed", ""), task
    items = http.get(f"/api/tasks/{task['id']}/result").json["items"]
    changed, usual, failed = (next(item for item in items if item["item_index"] == n) for n in range(3))
    assert changed["events"][0]["rows"] == 2
    assert changed["time"] == usual["time"]
    first = changed["time"].index("2024-01-26T02:00:00")
    assert changed["point"][first] < usual["point"][first]
    assert usual["events"] == []
    assert failed["error_code"]["code"] == "the model of this run does not read events"
    for body, pointer in (
        ({"items": given[2:]}, "/items/0/events"),
        ({"items": given[1:2], "events": events}, ""),
        ({"models": [patches, linear], "events": events}, "/events"),
        ({"items": [{"model": patches, "events": [*events, events[0] | {"to": "2024"}]}]}, "/items/0/events/1/to"),
    ):
        answer = http.post("/api/predict", json=body)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer), body


def test_events_are_refused_at_once_for_a_model_that_was_tuned_so_that_it_does_not_read_them(
    http: FlaskClient, add_model: Callable[..., str], plant_file: Path
) -> None:
    data = ("data=file", f"data.path={plant_file}", *PLANT_COLUMNS, "context_length=168", "conformal=none")
    brief = ("model.tune=norms", "model.fit.max_epochs=1", "model.fit.steps_per_epoch=1")
    tuned = add_model("model=qwen_patch", *brief, *data, name="tuned", kind="qwen_patch")
    events = [{"from": "2024-01-26 02:00", "to": "2024-01-26 04:00", "text": "the plant is closed"}]
    for body, pointer in (
        ({"models": [tuned], "events": events}, "/events"),
        ({"items": [{"model": tuned, "events": events}]}, "/items/0/events"),
    ):
        answer = http.post("/api/predict", json=body)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer), body
        assert answer.json["detail_code"]["code"] == "{model} reads events only with {options}"
        assert "model.tune=none" in answer.json["detail"]
        assert "nano-patch" in answer.json["advice"]
    assert http.post("/api/predict", json={"models": [tuned]}).status_code == 202


def test_a_comparison_has_models_pairs_curves_and_differing_settings(
    http: FlaskClient, add_model: Callable[..., str], carry_out: Callable[..., dict]
) -> None:
    lstm, linear = add_model(*TINY_LSTM), add_model("model=linear", name="line", kind="linear")
    task = carry_out("compare", models=[lstm, linear], reference=lstm)
    assert task["state"] == "completed", task
    found = http.get(f"/api/tasks/{task['id']}/result").json
    assert [(m["model"], m["name"]) for m in found["models"]][1:] == [
        (linear, "line"),
        ("seasonal_naive", "seasonal naive"),
    ]
    assert found["reference"] == lstm
    assert {(p["a"], p["b"]) for p in found["pairs"]} == {
        (lstm, "seasonal_naive"),
        (linear, "seasonal_naive"),
        (linear, lstm),
    }
    assert set(found["by_horizon"]) == {lstm, linear, "seasonal_naive"}
    assert (len(found["curves"][lstm]) > 2, found["curves"][linear]) == (True, [])
    assert "model.hidden_size" in {entry["key"] for entry in found["config_differences"]}
    assert task["commands"]["cli"] == "timevis compare RUN1 RUN2 --reference RUN1"


def test_a_wrong_request_for_forecasts_names_the_field(http: FlaskClient, add_model: Callable[..., str]) -> None:
    model = add_model(*TINY_LSTM)
    rows = [{"time": "2026-03-01 00:00"}]
    for body, pointer in (
        ({"models": ["0" * 32]}, "/models/0"),
        ({"items": [{"model": "0" * 32}]}, "/items/0/model"),
        ({"items": [{"model": model, "dataset": "0" * 32}]}, "/items/0/dataset"),
        ({"items": [{"model": model, "dataset": "0" * 32, "values": rows}]}, "/items/0/values"),
        ({"models": [model], "horizon": 0}, "/horizon"),
        ({"models": [model], "kind": "past"}, "/kind"),
        ({"models": [model], "items": [{"model": model}]}, ""),
        ({}, ""),
    ):
        answer = http.post("/api/predict", json=body)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer), body


def test_a_dry_run_of_a_forecast_answers_with_the_commands_and_makes_no_task(
    http: FlaskClient, dataset: str, add_model: Callable[..., str]
) -> None:
    model = add_model(*TINY_LSTM)

    def commands(**given: object) -> dict[str, str]:
        body = {"models": [model], "dry_run": True, **given}
        found: dict[str, str] = http.post("/api/predict", json=body).json["commands"]
        return found

    assert commands()["cli"] == "timevis predict RUN"
    some = commands(dataset=dataset, horizon=3)
    assert some["cli"] == "timevis predict RUN plant.csv --horizon 3"
    compile(some["python"], "script.py", "exec")
    assert "'horizon': 3}\n" in some["python"]
    assert "dry_run" not in some["curl"]
    many = commands(values=[{"time": f"2026-03-01 0{hour}:00", "load": 1.0} for hour in range(5)])
    assert many["curl"].startswith("# with the first 3 of 5 rows\n")
    assert "2026-03-01 03:00" not in many["curl"]
    backtest = commands(kind="backtest")
    assert backtest["cli"] == "timevis predict RUN --backtest"
    assert "'kind': 'backtest'" in backtest["python"]
    assert '"kind": "backtest"' in backtest["curl"]
    assert http.get("/api/tasks?kind=predict").json["items"] == []


def test_newer_rows_of_the_dataset_show_the_truth_of_an_earlier_forecast(
    http: FlaskClient, dataset: str, add_model: Callable[..., str]
) -> None:
    service, task_id, model = http.application.extensions["timevis"], new_id(), add_model(*TINY_LSTM)
    rows = plant_csv(610).decode().splitlines()
    times = pd.DatetimeIndex([row.split(",")[0] for row in rows[-10:]])
    forecast = {
        "item": "plant",
        "channel": "load",
        "timestamp": times,
        "is_history": False,
        "scored": True,
        "point": 1.0,
        "position": 0,
    }
    table = pd.DataFrame({**forecast, "truth": np.nan, **dict.fromkeys(QUANTILE_COLUMNS, 1.0)})
    table.to_parquet(service.storage.result(task_id))
    data = {"start": "2026-01-01 00:00:00", "timezone": None, "channels": {"load": {"unit": "kW"}}}
    items = [{"model": model, "name": "small", "dataset": dataset, "data": data, "error": None, "advice": None}]
    common = {"kind": "predict", "queue": "interactive", "state": "completed", "request": {"models": [model]}}
    with service.sessions.begin() as session:
        session.add(Task(id=task_id, result={"items": items}, **common))
    path = f"/api/tasks/{task_id}/result"
    (item,) = http.get(path).json["items"]
    assert (item["truth"], item["time"][0], item["unit"]) == (None, "2026-01-26T00:00:00", "kW")
    newer = "\n".join([rows[0], *rows[-10:-3]]).encode()
    form = {"file": (io.BytesIO(newer), "newer.csv")}
    added = http.post(f"/api/datasets/{dataset}/rows", data=form, content_type="multipart/form-data")
    assert added.status_code == 201, added.json
    (item,) = http.get(path).json["items"]
    expected = [float(row.split(",")[1]) for row in rows[-10:-3]]
    np.testing.assert_allclose(item["truth"][:7], expected, rtol=1e-6)
    assert item["truth"][7:] == [None] * 3


def test_an_explanation_names_the_inputs_of_a_model_and_is_found_at_the_model(
    http: FlaskClient, add_model: Callable[..., str], carry_out: Callable[..., dict]
) -> None:
    model = add_model("model=linear")
    address = f"/api/models/{model}/explanation"
    assert http.get(address).json == {"explanation": None}
    asked = http.post(address)
    assert asked.status_code == 202
    task = carry_out(asked.json["kind"], **asked.json["request"])
    assert task["state"] == "completed", task
    explanation = http.get(address).json["explanation"]
    assert explanation == task["result"]
    assert {entry["kind"] for entry in explanation["inputs"]} == {"context", "calendar"}
    assert explanation["inputs"][0]["error_rise"]["value"] > 0
    assert task["progress"]["step"] == task["progress"]["steps_total"] == len(explanation["inputs"])
    assert task["commands"]["cli"] == "timevis explain RUN"
    assert task["commands"]["curl"].endswith(f"{address[1:]}")
    assert http.post("/api/models/" + "0" * 32 + "/explanation").status_code == 404
