"""What the service shows of a scored model: windows, residuals and calibration."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hydra.core.override_parser.overrides_parser import OverridesParser
from service_data import TINY_RUN, summary_with
from tiny import TINY_LSTM

from timevis.config.stored import load_config
from timevis.runs.results import Results
from timevis.service.schemas.models import SORTS
from timevis.utils.levels import QUANTILE_LEVELS


def test_the_results_of_a_run_are_read_once_and_sent_without_those_of_each_series(
    http: FlaskClient, add_model: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, reads, read = add_model(*TINY_LSTM), list[Path](), Results.read

    def slow_read(path: Path) -> Results:
        reads.append(path)
        time.sleep(0.2)  # the other requests arrive meanwhile
        return read(path)

    monkeypatch.setattr(Results, "read", slow_read)
    paths = [f"/api/models/{model}{part}" for part in ("", "/verdict", "/calibration", "/residuals")]
    clients = [http.application.test_client() for _ in paths]
    headers = {"Authorization": http.environ_base["HTTP_AUTHORIZATION"]}
    with ThreadPoolExecutor(len(paths)) as pool:
        answers = list(pool.map(lambda client, path: client.get(path, headers=headers), clients, paths))
    assert [answer.status_code for answer in answers] == [200] * len(paths)
    assert len(reads) == 1
    results = answers[0].json["results"]
    assert {"metrics", "by_horizon", "cost"} < set(results)
    assert not {"by_channel", "seasonal_naive_by_channel", "seasonal_naive_season"} & set(results)


def test_a_window_has_context_truth_forecast_and_errors(http: FlaskClient, add_model: Callable[..., str]) -> None:
    path = f"/api/models/{add_model(*TINY_LSTM)}/forecasts"
    first = http.get(path).json
    assert (first["index"], first["channel"], first["step_seconds"]) == (0, first["channels"][0], 3600)
    assert len(first["context"]["value"]) == len(first["context"]["time"]) == 24
    assert len(first["future"]["quantiles"]) == len(first["future"]["levels"]) == len(QUANTILE_LEVELS)
    assert len(first["future"]["truth"]) == 6
    assert first["seasonal_naive"] is None or len(first["seasonal_naive"]) == 6  # a context of a day has no week
    assert first["origin"] == first["future"]["time"][0] > first["context"]["time"][-1]
    median = first["future"]["quantiles"][QUANTILE_LEVELS.index(0.5)]
    mae = sum(abs(a - b) for a, b in zip(median, first["future"]["truth"], strict=True)) / 6
    assert abs(first["errors"]["mae"] - mae) < 1e-3 * mae
    assert first["errors"]["naive_mae"] > 0
    last = http.get(f"{path}?index={first['count'] - 1}").json
    assert last["origin"] > first["origin"]
    assert any(http.get(f"{path}?index={index}").json["worst"] for index in range(first["count"]))


def test_a_window_that_does_not_exist_names_the_field(http: FlaskClient, add_model: Callable[..., str]) -> None:
    path = f"/api/models/{add_model(*TINY_LSTM)}"
    for query, pointer in (
        ("forecasts?index=1000", "/index"),
        ("forecasts?channel=none", "/channel"),
        ("forecasts?split=validation", "/split"),
        ("residuals?channel=none", "/channel"),
        ("calibration?channel=none", "/channel"),
        ("scored-period?channel=none", "/channel"),
    ):
        answer = http.get(f"{path}/{query}")
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer), query


def test_the_scored_period_is_whole_and_its_largest_errors_lead_to_their_windows(
    http: FlaskClient, add_model: Callable[..., str]
) -> None:
    path = f"/api/models/{add_model(*TINY_LSTM)}"
    period = http.get(f"{path}/scored-period").json
    assert len(period["time"]) == len(period["truth"]) == len(period["median"]) > 6
    assert [window["start"] for window in period["windows"]] == sorted(
        window["start"] for window in period["windows"]
    )
    largest = period["largest_errors"][0]
    errors = [abs(m - t) for m, t in zip(period["median"], period["truth"], strict=True) if None not in (m, t)]
    assert abs(largest["median"] - largest["truth"]) == max(errors)
    window = http.get(f"{path}/forecasts?channel={period['channel']}&index={largest['index']}").json
    step = window["future"]["time"].index(largest["time"])
    assert window["future"]["truth"][step] == largest["truth"]


def test_residuals_and_calibration_describe_the_saved_windows(
    http: FlaskClient, add_model: Callable[..., str]
) -> None:
    path = f"/api/models/{add_model(*TINY_LSTM)}"
    residuals = http.get(f"{path}/residuals").json
    assert sum(residuals["histogram"]["counts"]) == residuals["count"] > 0
    assert len(residuals["by_horizon"]) == 6
    assert sum(entry["count"] for entry in residuals["by_hour"]) == residuals["count"]
    calibration = http.get(f"{path}/calibration").json
    assert [entry["nominal"] for entry in calibration["levels"]] == [0.2, 0.4, 0.5, 0.6, 0.8, 0.9, 0.95]
    assert abs(sum(calibration["pit"]["counts"]) - residuals["count"]) < 1e-6


def test_models_are_sorted_by_a_metric_and_found_by_a_tag(http: FlaskClient, add_model: Callable[..., str]) -> None:
    better, worse = (
        add_model(*TINY_LSTM, summary=summary_with({"metrics.wql.value": value}), tags=tags)
        for value, tags in ((0.1, ["für B"]), (0.2, ["other"]))
    )
    without = add_model(*TINY_LSTM, summary=summary_with({}) | {"metrics": {}}, tags=[])
    for order, expected in (("asc", [better, worse, without]), ("desc", [worse, better, without])):
        found = http.get(f"/api/models?sort=wql&order={order}").json["items"]
        assert [model["id"] for model in found] == expected
    assert [model["id"] for model in http.get("/api/models?tag=für B").json["items"]] == [better]
    assert all(http.get(f"/api/models?sort={sort}").status_code == 200 for sort in SORTS)
    assert http.get("/api/models?sort=password").json["errors"][0]["pointer"] == "/sort"
    assert http.get("/api/models?kind=lstm&search=SMALL").json["total"] == 3
    assert http.get("/api/tasks?sort=state&order=asc&kind=train").json["total"] == 3


def test_the_verdict_says_whether_the_model_is_better(http: FlaskClient, add_model: Callable[..., str]) -> None:
    found = http.get(f"/api/models/{add_model(*TINY_LSTM)}/verdict").json
    assert found["code"] == "loses-to-seasonal-naive"
    assert found["params"]["model"] == "lstm"
    assert "seasonal naive" in found["text"]
    assert {"intervals-may-be-too-wide"} <= {finding["code"] for finding in found["findings"]}


def test_a_text_with_a_reference_stays_a_text(http: FlaskClient, dataset: str, tmp_path: Path) -> None:
    text = "costs ${oc.env:HOME}"
    assert http.patch(f"/api/datasets/{dataset}", json={"description": text}).json["options"]["description"] == text
    task = http.post("/api/train", json={"dataset": dataset, "model": "linear", **TINY_RUN}).json
    (config,) = (tmp_path / "home/runs").glob("*/config.yaml")
    assert load_config(config).data.description == text
    assert text in task["commands"]["curl"] or "oc.env" in task["commands"]["cli"]
    parsed = OverridesParser.create().parse_overrides(shlex.split(task["commands"]["cli"])[2:])
    values = {override.key_or_group: override.value() for override in parsed}
    assert (values["horizon"], values["evaluation.max_windows"], values["model"]) == (6, 20, "linear")


def test_a_dataset_has_one_champion(http: FlaskClient, dataset: str, add_model: Callable[..., str]) -> None:
    first, second = (add_model(*TINY_LSTM) for _ in range(2))
    assert http.patch(f"/api/models/{first}", json={"champion": True}).json["champion"]
    assert http.patch(f"/api/models/{second}", json={"champion": True, "notes": "newer"}).json["champion"]
    champions = {model["id"]: model["champion"] for model in http.get("/api/models").json["items"]}
    assert champions == {first: False, second: True}
    assert http.get(f"/api/datasets/{dataset}").json["champion"] == second
    assert not http.patch(f"/api/models/{first}", json={"champion": False}).json["champion"]
    assert http.get(f"/api/datasets/{dataset}").json["champion"] == second
    assert not http.patch(f"/api/models/{second}", json={"champion": False}).json["champion"]
    assert http.get(f"/api/datasets/{dataset}").json["champion"] is None
