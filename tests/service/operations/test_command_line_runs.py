"""Runs of the command line as models: an application, and jobs as a worker carries them out."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from timevis.service.operations.command_line_runs import TAG, CommandLineRuns, finished_runs
from timevis.service.tasks.jobs import Worker, execute
from timevis.service.tasks.retention import DAY_SECONDS, purge

Runs = tuple[FlaskClient, CommandLineRuns, Path]


@pytest.fixture
def runs(http: FlaskClient, finished_run: Callable[..., Path], plant_file: Path, tmp_path: Path) -> Runs:
    """An application, and a folder with two runs of one file, one without results and one that is no run."""
    outputs = tmp_path / "outputs"
    for name in ("linear", "seasonal_naive"):
        run = finished_run(f"model={name}", "data=file", f"data.path={plant_file}", "data.target=[a,b]", report=True)
        shutil.copytree(run, outputs / "plant" / name)
    shutil.copytree(outputs / "plant/linear", outputs / "unfinished")
    (outputs / "unfinished/results.json").unlink()
    (outputs / "notes").mkdir()
    return http, CommandLineRuns(http.application, outputs), outputs


def listed(http: FlaskClient) -> dict[str, Any]:
    return {model["name"]: model for model in http.get(f"/api/models?tag={TAG}").json["items"]}


def files_of(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def carry_out(http: FlaskClient, path: str, body: dict[str, Any]) -> Any:
    """Ask for a task, carry it out as a worker does, and return its result."""
    service = http.application.extensions["timevis"]
    task = http.post(f"/api/{path}", json=body).json["id"]
    execute(Worker(service.settings, service.sessions, ("interactive",)), task)
    found = http.get(f"/api/tasks/{task}").json
    assert found["state"] == "completed", found
    return http.get(f"/api/tasks/{task}/result").json


def test_finished_runs_are_models_whose_folder_is_only_read(runs: Runs) -> None:
    http, found, outputs = runs
    before = files_of(outputs)
    assert found.register() == 2
    assert found.register() == 0
    models = listed(http)
    assert set(models) == {"plant/linear", "plant/seasonal_naive"}
    linear = models["plant/linear"]
    assert (linear["kind"], linear["task"], linear["tags"]) == ("linear", None, [TAG])
    dataset = http.get(f"/api/datasets/{linear['dataset']}").json
    assert dataset["file_name"] == "plant.csv"
    assert {model["dataset"] for model in models.values()} == {dataset["id"]}
    path = f"/api/models/{linear['id']}"
    assert http.get(f"{path}/report").status_code == 200
    assert http.get(f"{path}/download").status_code == 200
    for part in ("residuals", "calibration", "forecasts", "verdict"):
        assert http.get(f"{path}/{part}").status_code == 200
    detail = http.get(path).json
    assert detail["commands"]["cli"].startswith("timevis train model=linear data=file")
    forecast, _ = carry_out(http, "predict", {"models": [linear["id"]]})["items"]
    assert (forecast["error"], forecast["dataset"]) == (None, dataset["id"])
    compared = carry_out(http, "compare", {"models": [model["id"] for model in models.values()]})
    assert len(compared["models"]) == 3
    assert http.patch(path, json={"champion": True, "notes": "first"}).json["champion"]
    assert files_of(outputs) == before


def test_a_deleted_run_is_hidden_for_ever_and_its_folder_stays(runs: Runs) -> None:
    http, found, outputs = runs
    found.register()
    before, linear = files_of(outputs), listed(http)["plant/linear"]["id"]
    assert http.delete(f"/api/models/{linear}").status_code == 204
    purge(found.service.sessions, found.service.settings, time.time() + 100 * DAY_SECONDS)
    assert CommandLineRuns(http.application, outputs).register() == 2
    assert set(listed(http)) == {"plant/seasonal_naive"}
    http.post(f"/api/models/{linear}/restore")
    assert http.get(f"/api/models/{linear}/report").status_code == 200
    assert files_of(outputs) == before


def test_a_run_whose_data_are_gone_has_no_dataset_and_forecasts_given_values(runs: Runs, plant_file: Path) -> None:
    http, found, outputs = runs
    config = outputs / "plant/linear/config.yaml"
    config.write_text(config.read_text().replace(str(plant_file), "/gone/plant.csv"))
    shutil.rmtree(outputs / "plant/seasonal_naive")
    found.register()
    (linear,) = listed(http).values()
    assert linear["dataset"] is None
    assert http.patch(f"/api/models/{linear['id']}", json={"champion": True}).status_code == 409
    assert http.patch(f"/api/models/{linear['id']}", json={"notes": "kept"}).json["notes"] == "kept"
    rows = plant_file.read_text().splitlines()
    names = rows[0].split(",")
    values = [dict(zip(names, map(number_or_text, row.split(",")), strict=True)) for row in rows[1:301]]
    forecast, _ = carry_out(http, "predict", {"models": [linear["id"]], "values": values})["items"]
    assert forecast["error"] is None
    assert len(forecast["time"]) == len(forecast["point"])


def number_or_text(text: str) -> float | str | None:
    try:
        return float(text) if text else None
    except ValueError:
        return text


def test_new_runs_and_new_results_are_seen_and_a_damaged_run_stops_no_other(runs: Runs) -> None:
    http, found, outputs = runs
    found.register()
    shutil.copytree(outputs / "plant/linear", outputs / "later")
    results = outputs / "plant/linear/results.json"
    results.write_text(results.read_text().replace('"data_hash": "', '"data_hash": "other'))
    (outputs / "plant/seasonal_naive/results.json").write_text("{")
    assert found.register() == 2
    models = listed(http)
    assert set(models) == {"plant/linear", "plant/seasonal_naive", "later"}
    assert models["plant/linear"]["summary"]["data_hash"].startswith("other")
    assert len(list(finished_runs(outputs))) == 3


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMEVIS_HOME", str(tmp_path))
    command = [sys.executable, "-m", "timevis", "serve", "--runs", "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "Error: --runs nowhere: no such folder\n")


def test_retraining_of_a_monitor_whose_champion_is_a_run_needs_a_training(runs: Runs) -> None:
    http, found, _ = runs
    found.register()
    model = listed(http)["plant/linear"]
    watched = {"dataset": model["dataset"], "model": model["id"]}
    for retraining in ({"on_drift": True}, {"cron": "0 6 * * *"}):
        refused = http.post("/api/monitors", json=watched | {"retraining": retraining})
        assert refused.status_code == 422
        assert refused.json["errors"][0]["pointer"] == "/retraining/training"
    monitor = http.post("/api/monitors", json=watched)
    assert monitor.status_code == 201, monitor.json
    path = f"/api/monitors/{monitor.json['id']}"
    assert http.patch(path, json={"retraining": {"on_drift": True}}).status_code == 422
    told = {"on_drift": True, "training": {"model": "linear"}}
    assert http.patch(path, json={"retraining": told}).status_code == 200
    started = http.post(f"{path}/run", json={}, environ_overrides={"SCRIPT_NAME": "/timevis"})
    assert started.headers["Location"] == f"/timevis/api/tasks/{started.json['task']}"
