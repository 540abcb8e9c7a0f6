"""Counts, and the words for codes."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from service_data import TINY_RUN


def test_statistics_count_and_measure_what_there_is(http: FlaskClient, dataset: str) -> None:
    http.post("/api/train", json={"dataset": dataset, "model": "seasonal_naive", **TINY_RUN})
    other = http.post("/api/train", json={"dataset": dataset, "model": "linear", **TINY_RUN}).json["id"]
    http.post(f"/api/tasks/{other}/cancel")
    found = http.get("/api/stats").json
    assert (found["datasets"], found["models"], found["tasks"]) == (1, 0, {"queued": 1, "cancelled": 1})
    assert found["queue"]["cpu"] == {"queued": 1, "running": 0}
    assert found["storage"]["uploads"] > 1000
    assert (len(found["throughput"]), found["throughput"][-1]["cancelled"]) == (14, 1)


def filled(messages: dict[str, str], coded: dict[str, Any]) -> str:
    """The English of a text, from its code and its params, as another client would write it."""
    params = {
        key: value["text"] if isinstance(value, dict) else ", ".join(value) if isinstance(value, list) else value
        for key, value in coded["params"].items()
    }
    return messages.get(coded["code"], coded["code"]).format(**params)


def test_every_problem_has_a_code_with_a_template_that_its_params_fill(http: FlaskClient, dataset: str) -> None:
    messages = http.get("/api/messages").json
    assert messages["not-a-choice"] == "must be one of {choices}"
    body = {"dataset": dataset, "model": "lstm"}
    answers = [
        http.post("/api/train", json=body | change)
        for change in (
            {"horizon": 0},
            {"horizon": "24"},
            {"horizon": 10**9},
            {"options": {"cell": "rnn", "no": 1}},
            {"split": [2]},
            {"target": ["lode"]},
            {"dataset": "0" * 32},
            {"name": "x" * 300},
        )
    ]
    answers += [
        http.get(f"/api/datasets/{dataset}/series?start=soon"),
        http.get("/api/tasks/none"),
        http.post("/api/train"),
    ]
    answers += [http.post("/api/predict", json={}), http.get("/api/tasks?page=0"), http.put("/api/tasks")]
    codes = set()
    for answer in answers:
        assert answer.status_code >= 400
        problem = answer.json
        assert filled(messages, problem["detail_code"]) == problem["detail"]
        for error in problem.get("errors") or ():
            assert filled(messages, error) == error["detail"]
            codes.add(error["code"])
            if error["code"] == "not-a-choice":
                assert error["params"] == {"choices": ["lstm", "gru"]}
    assert {
        "number-too-small",
        "not-a-whole-number",
        "not-a-choice",
        "field-unknown",
        "there is no channel {channel!r}",
    } <= codes
    assert "give one of models, method, training and items" in codes
    assert "{text}" not in codes
