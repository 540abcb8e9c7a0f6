"""Requests for trainings: dry runs, sections of language models, and the options for forms."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from service_data import TINY_LSTM_RUN, TINY_RUN, plant_csv, summary_with, upload
from tiny import TINY_LSTM

from timevis.config.stored import load_config
from timevis.service.schemas.training import train_request
from timevis.service.tasks import estimate


def test_a_dry_run_estimates_and_makes_no_task(http: FlaskClient, dataset: str, tmp_path: Path) -> None:
    answer = http.post("/api/train", json={"dataset": dataset, "model": "lstm", "dry_run": True, **TINY_LSTM_RUN})
    assert answer.status_code == 200
    found = answer.json
    assert (found["valid"], found["estimate"]["steps"]) == (True, 8)
    assert 0 < found["estimate"]["seconds_low"] < found["estimate"]["seconds_high"]
    assert found["config"]["model"]["hidden_size"] == 8
    assert "path" not in found["config"]["data"]
    assert "dry_run" not in found["commands"]["curl"]
    assert "model.hidden_size=8" in found["commands"]["cli"]
    assert http.get("/api/tasks").json["total"] == 0
    assert not list((tmp_path / "home/runs").iterdir())


def test_a_dry_run_names_what_is_wrong(http: FlaskClient, dataset: str) -> None:
    body = {"dataset": dataset, "model": "lstm", "dry_run": True}
    too_long = http.post("/api/train", json={**body, "horizon": 500})
    assert (too_long.status_code, too_long.json["errors"][0]["pointer"]) == (422, "/horizon")
    assert "too few for" in too_long.json["detail"]
    assert "would fit" in too_long.json["advice"]
    wrong = http.post("/api/groups", json={"trainings": [body]}).json
    assert wrong["errors"][0]["pointer"] == "/trainings/0/dry_run"


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "", "n" * 201])
def test_a_name_that_a_database_may_refuse_is_refused(http: FlaskClient, dataset: str, name: str) -> None:
    answer = http.post("/api/train", json={"dataset": dataset, "model": "linear", "name": name, **TINY_RUN})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/name")


def test_an_estimate_learns_from_earlier_trainings(
    http: FlaskClient, dataset: str, add_model: Callable[..., str]
) -> None:
    earlier = summary_with({"cost.fit_seconds": 100.0, "cost.peak_memory_mb": 321.0})
    earlier["cost"] |= {"calibrate_seconds": 0.0, "test_seconds": 0.0}
    lengths = {"context_length": earlier["window_set"]["context_length"], "horizon": 6}
    body = {"dataset": dataset, "model": "linear", "dry_run": True, **lengths}
    add_model(*TINY_LSTM, kind="linear", summary=earlier)
    found = http.post("/api/train", json=body).json["estimate"]
    assert (found["seconds_low"], found["seconds_high"], found["memory_mb"]) == (38.0, 216.0, 321)
    assert http.get("/api/model-options/linear").json["seconds_hint"] == 108.0


def test_an_estimate_follows_from_network_and_context_and_what_does_not_fit_is_refused(
    http: FlaskClient, dataset: str
) -> None:
    body = {"dataset": dataset, "model": "lstm", "dry_run": True, **TINY_LSTM_RUN, "max_epochs": 10_000}

    def seconds(**changes: object) -> float:
        return float(http.post("/api/train", json=body | changes).json["estimate"]["seconds_high"])

    assert seconds(context_length=96) > 1.2 * seconds(context_length=24)
    assert seconds(options={"hidden_size": 2048}) > 2 * seconds()
    for options, pointer in ({"num_layers": 10**9}, "/options/num_layers"), ({"hidden_size": 8000}, "/options"):
        answer = http.post("/api/train", json=body | {"options": options, "batch_size": 50_000})
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)
    assert "MB of memory for a network of" in answer.json["detail"]


def test_an_estimate_grows_with_the_number_of_series_and_with_the_slowness_of_this_machine(
    http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = plant_csv()
    header, *rows = one.decode().splitlines()
    several = [f"{header},b,c,d", *(f"{row},{i % 5},{i % 7},{i % 9}" for i, row in enumerate(rows))]
    datasets = [upload(http, content).json["id"] for content in (one, "\n".join(several).encode())]

    def seconds(dataset: str) -> float:
        body = {"dataset": dataset, "model": "lstm", "dry_run": True, **TINY_LSTM_RUN, "max_epochs": 10_000}
        del body["steps_per_epoch"]
        return float(http.post("/api/train", json=body).json["estimate"]["seconds_high"])

    monkeypatch.setattr(estimate, "slowness", lambda: 1.0)
    usual = [seconds(dataset) for dataset in datasets]
    assert usual[1] > 2 * usual[0]
    monkeypatch.setattr(estimate, "slowness", lambda: 3.0)
    assert seconds(datasets[0]) > 2.5 * usual[0]


def test_the_speed_of_this_machine_is_measured_by_a_computation(monkeypatch: pytest.MonkeyPatch) -> None:
    estimate.slowness.cache_clear()
    fast = estimate.slowness()
    assert 0.1 <= fast <= 20
    clock = time.perf_counter
    monkeypatch.setattr(estimate.time, "perf_counter", lambda: 4 * clock())  # each product takes four times as long
    estimate.slowness.cache_clear()
    assert estimate.slowness() > min(1.5 * fast, 19)
    estimate.slowness.cache_clear()


def test_a_language_model_has_sections_and_a_time_limit(http: FlaskClient, dataset: str, tmp_path: Path) -> None:
    sections = {
        "backbone": {"name": "nano", "layers": 1},
        "prompt": {"text": "Load of the plant"},
        "lora": {"rank": 4},
    }
    answer = http.post(
        "/api/train", json={"dataset": dataset, "model": "qwen", **TINY_RUN, "minutes": 1.5, **sections}
    )
    assert answer.status_code == 202
    (path,) = (tmp_path / "home/runs").glob("*/config.yaml")
    cfg = load_config(path)
    assert (cfg.model.backbone.layers, cfg.model.prompt.text, cfg.model.lora.rank) == (1, "Load of the plant", 4)
    assert (cfg.model.backbone.path, cfg.minutes) == ("nano", 1.5)
    assert "model/backbone=nano" in answer.json["commands"]["cli"]
    for wrong, pointer in (
        ({"backbone": {"path": "/etc"}}, "/backbone/path"),
        ({"backbone": {"name": "gpt"}}, "/backbone/name"),
        ({"lora": {"rank": 0}}, "/lora/rank"),
        ({"prompt": {"style": "loud"}}, "/prompt/style"),
        ({"minutes": 0}, "/minutes"),
    ):
        refused = http.post("/api/train", json={"dataset": dataset, "model": "qwen", **wrong})
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, pointer)


@pytest.mark.parametrize("model", ["lstm", "qwen", "seasonal_naive"])
def test_every_field_of_a_training_has_a_default_and_a_sentence_of_help(model: str) -> None:
    definitions = train_request().model_json_schema()["$defs"]
    schema = next(d for d in definitions.values() if d.get("properties", {}).get("model", {}).get("const") == model)
    names = {"horizon", "context_length", "batch_size", "max_epochs", "patience", "seed", "conformal"}
    names |= {"target", "covariates", "season", "split", "split_by", "cleaning", "options", "evaluation"}
    assert names <= set(schema["properties"])
    fields = [(name, field) for name, field in schema["properties"].items() if name not in ("model", "dataset")]
    fields += [(name, f) for key in ("CleaningRequest",) for name, f in definitions[key]["properties"].items()]
    if model == "qwen":
        fields += [
            (name, f)
            for key in ("Lora", "Prompt", "Backbone")
            for name, f in definitions[f"Qwen{key}"]["properties"].items()
        ]
        assert {"rank", "alpha"} <= set(definitions["QwenLora"]["properties"])
        assert "text" in definitions["QwenPrompt"]["properties"]
        assert definitions["QwenBackbone"]["properties"]["name"]["enum"][0] == "nano"
        assert "learning_rate" in definitions["QwenOptions"]["properties"]
    assert [name for name, field in fields if not field.get("description")] == []
    assert [name for name, field in fields if "default" not in field and "$ref" not in field] == []
    assert schema["properties"]["batch_size"]["minimum"] == 1


def test_the_rule_of_the_split_is_that_of_the_command_line(http: FlaskClient, dataset: str, tmp_path: Path) -> None:
    body = {"dataset": dataset, "model": "linear", **TINY_RUN}
    assert http.post("/api/train", json={**body, "split_by": "axis"}).status_code == 202
    (path,) = (tmp_path / "home/runs").glob("*/config.yaml")
    assert load_config(path).data.split_by == "axis"
    refused = http.post("/api/train", json={**body, "split_by": "rows"})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/split_by")


def test_a_language_model_can_be_chosen_where_it_is_on_this_machine(
    http: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))

    def backbones() -> tuple[list[str], dict[str, str]]:
        options = http.get("/api/model-options/qwen").json["options"]
        (option,) = (entry for entry in options if (entry["section"], entry["name"]) == ("backbone", "name"))
        return option["choices"], option["absent"]

    absent = {"qwen2.5-0.5b": "Qwen/Qwen2.5-0.5B", "qwen3-0.6b": "Qwen/Qwen3-0.6B-Base"}
    assert backbones() == (["nano"], absent)
    config = tmp_path / "models--Qwen--Qwen2.5-0.5B" / "snapshots" / "1" / "config.json"
    config.parent.mkdir(parents=True)
    config.write_text("{}")
    assert backbones()[0] == ["nano", "qwen2.5-0.5b"]


def test_every_model_lists_typed_options_for_a_form(http: FlaskClient) -> None:
    models = {entry["model"]: entry for entry in http.get("/api/model-options").json}
    assert {"lstm", "qwen", "seasonal_naive"} <= set(models)
    assert all(entry["title"] and entry["help"] for entry in models.values())
    options = {(option["section"], option["name"]): option for option in models["qwen"]["options"]}
    assert options["lora", "rank"] | {"type": "int", "minimum": 1, "default": 16} == options["lora", "rank"]
    assert options["backbone", "name"]["choices"][0] == "nano"
    assert options["prompt", "text"]["type"] == "text"
    lstm = {(option["section"], option["name"]): option for option in models["lstm"]["options"]}
    assert (lstm["options", "cell"]["type"], lstm["options", "cell"]["choices"]) == ("choice", ["lstm", "gru"])
    assert (lstm["run", "horizon"]["default"], lstm["run", "horizon"]["advanced"]) == (None, False)
    assert (lstm["fit", "steps_per_epoch"]["type"], lstm["fit", "steps_per_epoch"]["nullable"]) == ("int", True)
    assert all(option["help"] for entry in models.values() for option in entry["options"])


def test_a_preset_trains_auto_within_a_time(http: FlaskClient, dataset: str, tmp_path: Path) -> None:
    preset = {"name": "best", "dataset": dataset, "horizon": 6, "context_length": 24, "minutes": 4}
    group = http.post("/api/groups", json={"preset": preset})
    assert group.status_code == 202
    assert (group.json["states"], group.json["best"]) == ({"queued": 1}, None)
    (cfg,) = map(load_config, (tmp_path / "home/runs").glob("*/config.yaml"))
    assert (cfg.model.name, cfg.minutes, cfg.trainer.max_time) == ("auto", 4, None)
    quick = {"dataset": dataset, "model": "auto", "preset": "quick", "dry_run": True}
    answer = http.post("/api/train", json=quick).json
    assert answer["config"]["minutes"] == 2
    assert 60 < answer["estimate"]["seconds_high"] < 400
    assert "minutes=2" in answer["commands"]["cli"]
    for wrong in (["lstm", "qwen backbone.path=/etc"], ["ensemble"], []):
        refused = http.post("/api/train", json={**quick, "options": {"members": wrong}})
        assert refused.status_code == 422, wrong
    both = http.post("/api/groups", json={"preset": preset, "trainings": []})
    assert both.status_code == 422
    assert http.post("/api/groups", json={"preset": preset | {"dataset": "0" * 32}}).status_code == 422
    body = {"dataset": dataset, "model": "lstm", "preset": "quick", "patience": 9, "dry_run": True, **TINY_RUN}
    fit = http.post("/api/train", json=body).json["config"]["model"]["fit"]
    assert (fit["max_epochs"], fit["patience"]) == (5, 9)
