"""Requests and states of the machine that are no defect of the service."""

from __future__ import annotations

import errno
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from service_data import TINY_RUN, plant_csv, upload

from timevis.service.api import system
from timevis.service.problems import MAX_WRONG_FIELDS
from timevis.service.storage import Storage


def test_a_full_disk_is_said_and_no_defect(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert http.get("/api/health").json["disk"]["ok"]
    monkeypatch.setattr(Storage, "store_upload", refuse)
    answer = upload(http, plant_csv())
    assert (answer.status_code, answer.json["code"]) == (507, "insufficient-storage")
    monkeypatch.setattr(system.tempfile, "TemporaryFile", refuse)
    health = http.get("/api/health")
    assert (health.status_code, health.json["ready"], health.json["disk"]["ok"]) == (503, False, False)


@pytest.mark.parametrize("depth", [60, 100_000])
def test_json_that_is_nested_deeply_is_a_bad_request(http: FlaskClient, depth: int) -> None:
    answer = http.post("/api/predict", data="[" * depth + "]" * depth, content_type="application/json")
    assert (answer.status_code, answer.json["detail_code"]["code"]) == (
        400,
        "the JSON of the request has more than {maximum} levels",
    )


def test_many_wrong_values_have_a_short_answer(http: FlaskClient) -> None:
    body = {"dataset": "0" * 32, "model": "linear", "target": [1] * 9_000}
    answer = http.post("/api/train", json=body)
    assert answer.status_code == 422
    assert len(answer.json["errors"]) == MAX_WRONG_FIELDS
    assert "8,980 values more are wrong" in answer.json["detail"]
    assert len(answer.data) < 10_000


def test_a_model_and_a_covariate_that_do_not_exist_are_refused_at_once_with_their_field(
    http: FlaskClient, dataset: str
) -> None:
    body = {"dataset": dataset, "model": "linear", **TINY_RUN}
    refused = {
        "/model": body | {"model": "nope"},
        "/covariates/lod": body | {"covariates": {"holiday": "DE", "lod": "known"}},
    }
    for pointer, wrong in refused.items():
        answer = http.post("/api/train", json=wrong)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)
    assert "load" in answer.json["advice"]
    group = http.post("/api/groups", json={"trainings": [body, body | {"model": "nope"}]})
    assert group.json["errors"][0]["pointer"] == "/trainings/1/model"


def test_the_values_of_a_forecast_have_a_documented_example(http: FlaskClient) -> None:
    operation = http.get("/api/openapi.json").json["paths"]["/api/predict"]["post"]
    shown = operation["requestBody"]["content"]["application/json"]["examples"]
    assert json.dumps(shown["values"]["value"]).startswith('{"models": ["')
    answer = http.post("/api/predict", json={**shown["values"]["value"], "dry_run": True})
    assert answer.json["errors"][0]["pointer"] == "/models/0"  # all but the identifier is right
