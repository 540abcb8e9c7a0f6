"""Forecasts without a training: seasonal naive, nano-patch and nano as they were pretrained."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from flask.testing import FlaskClient

from timevis.service.schemas.forecasts import ReadEvent
from timevis.service.training import untrained_methods

RULE = {
    "seasonal_naive": "timevis train model=seasonal_naive",
    "nano-patch": "timevis train model=qwen_patch",
    "nano": "timevis train model=qwen",
}


@pytest.mark.parametrize("method", list(untrained_methods()))
def test_a_dataset_is_forecast_without_a_model(
    http: FlaskClient, dataset: str, carry_out: Callable[..., dict], method: str
) -> None:
    title = untrained_methods()[method][1].title
    task = carry_out("predict", dataset_id=dataset, method=method, dataset=dataset, horizon=12)
    assert task["state"] == "completed", task
    assert task["commands"]["cli"].startswith(RULE[method])
    (item,) = http.get(f"/api/tasks/{task['id']}/result").json["items"]
    assert (item["model"], item["name"], item["channel"]) == (None, title, "load")
    assert item["time"][0] == "2026-01-26T00:00:00"
    assert (len(item["point"]), len(item["quantiles"])) == (12, 15)
    quantiles = np.array(item["quantiles"])
    assert (np.diff(quantiles, axis=0) >= 0).all()
    day = 50 + 20 * np.sin(np.arange(12) * 2 * np.pi / 24)  # the series without its noise
    assert np.abs(np.array(item["point"]) - day).mean() < 10
    assert (quantiles[0] < quantiles[-1]).all()
    csv = http.get(f"/api/tasks/{task['id']}/result?format=csv").text.splitlines()
    assert csv[1].startswith(
        untrained_methods()[method][1].title.split(",")[0] if method == "seasonal_naive" else '"Nano'
    )


def test_values_of_the_request_are_forecast_and_tested_on_their_last_rows(
    http: FlaskClient, carry_out: Callable[..., dict]
) -> None:
    hours = np.arange(200)
    values = [
        {
            "when": f"2026-03-{1 + hour // 24:02d}T{hour % 24:02d}:00:00+01:00",
            "load": float(hour % 24),
            "site": "north",
        }
        for hour in hours.tolist()
    ]
    task = carry_out("predict", method="seasonal_naive", values=values, horizon=24, kind="backtest")
    assert task["state"] == "completed", task
    (item,) = http.get(f"/api/tasks/{task['id']}/result").json["items"]
    assert item["point"] == item["truth"] == [float(hour % 24) for hour in range(176, 200)]
    assert item["time"][0] == "2026-03-08T08:00:00+01:00"
    assert item["history"]["time"][-1] == "2026-03-08T07:00:00+01:00"
    short = carry_out("predict", method="seasonal_naive", values=values[:20], horizon=24)
    assert short["state"] == "failed"
    assert "20 rows, too few for a forecast of 24 rows" in short["error"]
    assert carry_out("predict", method="seasonal_naive", values=values[:97], horizon=24)["state"] == "completed"


def test_a_wrong_request_without_a_model_names_the_field(http: FlaskClient, dataset: str) -> None:
    for body, pointer in (
        ({"method": "nano"}, ""),
        ({"method": "nano", "models": ["0" * 32], "dataset": dataset}, ""),
        ({"method": "lstm", "dataset": dataset}, "/method"),
        ({"method": "nano", "dataset": "0" * 32}, "/dataset"),
        ({"method": "nano", "dataset": dataset, "target": ["wind"]}, "/target/0"),
    ):
        answer = http.post("/api/predict", json=body)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer), body
    accepted = http.post("/api/predict", json={"method": "nano", "dataset": dataset, "target": ["load"]})
    assert accepted.status_code == 202


def test_events_in_words_move_the_forecast_of_a_method_and_the_answer_says_how_they_are_read(
    http: FlaskClient, dataset: str, carry_out: Callable[..., dict]
) -> None:
    def forecast(**given: object) -> dict:
        task = carry_out("predict", dataset_id=dataset, method="nano-patch", dataset=dataset, horizon=24, **given)
        assert task["state"] == "completed", task
        assert task["commands"]["cli"] == "" or "events" not in given
        (item,) = http.get(f"/api/tasks/{task['id']}/result").json["items"]
        return dict(item)

    closed = {"from": "2026-01-26 08:00", "to": "2026-01-26 20:00", "text": "the road is closed"}
    strange = {"from": "2026-02-20", "text": "xyzzy"}
    usual, changed = forecast(), forecast(events=[closed, strange])
    assert usual["events"] == []
    median, moved = (np.array(item["quantiles"])[7] for item in (usual, changed))
    assert moved[8:20].mean() < 0.8 * median[8:20].mean()
    read, unread = changed["events"]
    assert closed.items() <= read.items()
    assert (read["kind"], read["rows"], read["sure"], read["unknown_words"]) == ("closed", 12, True, [])
    assert (unread["to"], unread["rows"], unread["sure"], unread["unknown_words"]) == (None, 0, False, ["xyzzy"])
    ReadEvent.model_validate(read)
    naive = carry_out("predict", dataset_id=dataset, method="seasonal_naive", dataset=dataset, horizon=24)
    assert http.get(f"/api/tasks/{naive['id']}/result").json["items"][0]["events"] is None


def test_wrong_events_are_refused_with_field_and_index(http: FlaskClient, dataset: str) -> None:
    good = {"from": "2026-01-26", "to": None, "text": "closed"}

    def answer(method: str = "nano-patch", **wrong: object) -> tuple[int, str, str]:
        body = {"method": method, "dataset": dataset, "events": [good, good | wrong]}
        refused = http.post("/api/predict", json=body)
        return refused.status_code, refused.json["errors"][0]["pointer"], refused.json["detail"]

    for wrong, name in (
        ({"from": "soon"}, "from"),
        ({"from": 3}, "from"),
        ({"to": "2026-01-25"}, "to"),
        ({"to": "2026-01-26 05:00+02:00"}, "to"),
        ({"text": ""}, "text"),
        ({"text": " "}, "text"),
        ({"text": "a" * 301}, "text"),
        ({"until": "2026-01-27"}, "until"),
    ):
        assert answer(**wrong)[:2] == (422, f"/events/1/{name}"), wrong
    assert "'to'" in answer(to="2026-01-25")[2]
    assert answer("seasonal_naive") == (422, "/events", "Seasonal naive does not read events")
    body = {"method": "nano-patch", "dataset": dataset, "events": [good]}
    assert http.post("/api/predict", json=body).status_code == 202
    advice = http.post("/api/predict", json=body | {"method": "nano"}).json["advice"]
    assert advice == "leave them out, or forecast with nano-patch"
