"""Counts, and the words for codes."""

from __future__ import annotations

from flask.testing import FlaskClient
from service_data import TINY_RUN

from timevis.data.quality.findings import CODES


def test_statistics_count_and_measure_what_there_is(http: FlaskClient, dataset: str) -> None:
    http.post("/api/train", json={"dataset": dataset, "model": "seasonal_naive", **TINY_RUN})
    other = http.post("/api/train", json={"dataset": dataset, "model": "linear", **TINY_RUN}).json["id"]
    http.post(f"/api/tasks/{other}/cancel")
    found = http.get("/api/stats").json
    assert (found["datasets"], found["models"], found["tasks"]) == (1, 0, {"queued": 1, "cancelled": 1})
    assert found["queue"]["cpu"] == {"queued": 1, "running": 0}
    assert found["storage"]["uploads"] > 1000
    assert (len(found["throughput"]), found["throughput"][-1]["cancelled"]) == (14, 1)


def test_every_problem_has_a_code_with_a_template_that_its_params_fill(http: FlaskClient, dataset: str) -> None:
    messages = http.get("/api/messages").json
    assert set(CODES) <= set(messages)
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
        assert messages[problem["code"]].format(**problem["params"])
        for error in problem.get("errors") or ():
            assert messages[error["code"]].format(**error["params"]) == error["detail"]
            codes.add(error["code"])
    assert {"number-too-small", "not-a-whole-number", "not-a-choice", "field-unknown", "unknown-channel"} <= codes
