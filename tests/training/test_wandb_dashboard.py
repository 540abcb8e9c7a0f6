"""The view of Weights & Biases that scripts/wandb_dashboard.py makes."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import ROOT

from timevis.runs.folder import RunFolder
from timevis.training.loggers.wandb_run import flat_summary

SCRIPT = ROOT / "scripts" / "wandb_dashboard.py"
METRIC = re.compile(r"^(?:summary:)?((?:test|val|train|skill|cost|plots)/\w+|lr-\w+)$")


def _dashboard(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def specification(tmp_path_factory) -> dict:
    file = tmp_path_factory.mktemp("view") / "view.json"
    finished = _dashboard("--spec", str(file), "--group", "a-sweep")
    assert finished.returncode == 0, finished.stderr
    return json.loads(file.read_text())


def _texts(value) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []


def test_every_metric_of_the_view_is_logged_by_a_run(specification, finished_run):
    run: Path = finished_run("model=lstm")
    with (run / "metrics.csv").open() as file:
        logged = set(next(csv.reader(file))) | set(flat_summary(RunFolder(run).results))
    pictures = {"plots/forecasts", "plots/calibration", "plots/worst_windows"}
    named = {match[1] for text in _texts(specification) if (match := METRIC.match(text))}
    assert len(named) > 10
    assert named <= logged | pictures


def test_runs_are_grouped_by_data_and_model_and_filtered_by_sweep(specification):
    runs = specification["section"]["runSets"][0]
    assert [key["name"] for key in runs["grouping"]] == ["data.value.name", "model.value.name"]
    assert "a-sweep" in json.dumps(runs["filters"])


def test_without_a_login_the_script_says_what_to_do(tmp_path):
    finished = _dashboard("--entity", "team", HOME=str(tmp_path), WANDB_API_KEY="", WANDB_MODE="offline")
    assert finished.returncode == 1
    assert "wandb login" in finished.stderr
    assert "--spec" in finished.stderr


def test_an_existing_file_is_not_overwritten(tmp_path):
    file = tmp_path / "view.json"
    file.write_text("mine")
    assert "exists" in _dashboard("--spec", str(file)).stderr
    assert file.read_text() == "mine"
