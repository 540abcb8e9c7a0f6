import json
import re
import shutil

import pandas as pd
import pytest

from timevis.metrics.specs import compared_metrics
from timevis.runs.folder import RunFolder
from timevis.sweep.comparisons import write_comparisons
from timevis.sweep.leaderboard import (
    average_over_seeds,
    incomplete_jobs_error,
    read_jobs,
    write_leaderboard,
)


def test_a_failed_job_is_listed_with_its_backbone(tmp_path, compose_config):
    for name, overrides in (("0", ["model.backbone.pretrained=false"]), ("1", ["model/backbone=qwen3-0.6b"])):
        RunFolder.create(tmp_path / name, compose_config("model=qwen", *overrides))
        (tmp_path / name / "status.json").write_text('{"state": "failed", "heartbeat": 0, "error": "why"}')
    assert read_jobs(tmp_path)["backbone"].tolist() == ["nano, random weights", "Qwen/Qwen3-0.6B-Base"]


def test_data_files_are_listed_by_their_names(tmp_path, compose_config):
    for number, file in enumerate(("mill.csv", "north/house.csv.gz")):
        cfg = compose_config("model=linear", "data=file", f"data.path={file}")
        RunFolder.create(tmp_path / str(number), cfg)
        (tmp_path / str(number) / "status.json").write_text('{"state": "failed", "heartbeat": 0}')
    assert read_jobs(tmp_path)["data"].tolist() == ["house", "mill"]


def test_the_leaderboard_counts_lost_jobs_and_jobs_without_a_config(tmp_path):
    for name, state in (("0", '"running"'), ("1", '"failed"')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "status.json").write_text(
            f'{{"state": {state}, "heartbeat": 0, "error": "why", "advice": null}}'
        )
    assert len(write_leaderboard(tmp_path)) == 2
    table = read_jobs(tmp_path)
    assert sorted(table["state"]) == ["failed", "lost"]
    assert average_over_seeds(table).empty
    assert not list(tmp_path.glob(".*"))


def test_the_leaderboard_leaves_missing_values_empty(tmp_path, finished_run):
    for name in ("0", "1"):
        shutil.copytree(finished_run("model=linear"), tmp_path / name)
        results = json.loads((tmp_path / name / "results.json").read_text())
        results["skill"]["wql"] = {"value": 0.25, "low": None, "high": None}
        results["metrics"]["mase"]["value"] = None
        (tmp_path / name / "results.json").write_text(json.dumps(results))
        config = tmp_path / name / "config.yaml"
        config.write_text(re.sub(r"^seed: .*$", f"seed: {name}", config.read_text(), flags=re.M))
    write_leaderboard(tmp_path)
    text = (tmp_path / "leaderboard.md").read_text()
    assert "| 0.250 |" in text
    assert "## Mean and std over seeds" in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("name", "state"), [("results.json", "damaged"), ("windows.parquet", "completed"), ("config.yaml", "completed")]
)
def test_a_damaged_run_is_logged_and_left_out_of_the_comparison(tmp_path, finished_run, caplog, name, state):
    for run in ("0", "1", "2"):
        shutil.copytree(finished_run("model=linear"), tmp_path / run)
    (tmp_path / "1" / name).write_bytes(b"")
    runs = write_leaderboard(tmp_path).set_index("run")
    assert runs["state"].to_dict() == {"0": "completed", "1": state, "2": "completed"}
    (folder,) = write_comparisons(tmp_path)
    assert pd.read_csv(folder / "metrics.csv")["run"].tolist() == ["linear, 0", "linear, 2", "seasonal naive"]
    assert f"{name} is damaged" in caplog.text


def test_seeds_are_integers_and_settings_without_a_completed_run_are_named(tmp_path, finished_run):
    for name, overrides in {"0": ["horizon=6", "seed=0"], "1": ["horizon=6", "seed=1"], "2": ["horizon=600"]}.items():
        (tmp_path / name).mkdir()
        if name < "2":
            shutil.copytree(finished_run("model=linear"), tmp_path / name, dirs_exist_ok=True)
            config = tmp_path / name / "config.yaml"
            config.write_text(re.sub(r"^seed: .*$", f"seed: {name}", config.read_text(), flags=re.M))
        (tmp_path / name / "overrides.yaml").write_text(json.dumps(overrides))
    for name, state in (("1", "lost"), ("2", "failed")):
        (tmp_path / name / "status.json").write_text(f'{{"state": "{state}", "error": "why"}}')
    closing = str(incomplete_jobs_error(write_leaderboard(tmp_path)))
    assert "1 (horizon=6 seed=1) lost: why" in closing
    assert "2 (horizon=600) failed: why" in closing
    assert "| 1 | horizon=6 | 1 | lost |" in (tmp_path / "leaderboard.md").read_text()
    shutil.copy(tmp_path / "0/status.json", tmp_path / "1/status.json")
    write_leaderboard(tmp_path)
    assert "Settings without a completed run: horizon=600." in (tmp_path / "leaderboard.md").read_text()


def test_a_repeated_trial_is_not_counted_as_a_further_seed():
    row = {
        "data": "traffic",
        "model": "lstm",
        "backbone": None,
        "setting": "",
        "state": "completed",
        "val/relative_wql": 0.1,
    }
    trials = [
        {"run": 2, "seed": 0, "val/relative_wql": 0.1},
        {"run": 0, "seed": 0, "val/relative_wql": 0.2},
        {"run": 1, "seed": 1},
    ]
    runs = pd.DataFrame([row | trial for trial in trials])  # the best one is first
    runs = runs.assign(fit_seconds=1.0, skill_wql=0.1, **{f"test/{name}": 0.1 for name in compared_metrics()})
    settings = average_over_seeds(runs)
    assert settings["seeds"].tolist() == [2]
    assert settings["val/relative_wql mean"].tolist() == pytest.approx([0.15])  # not the better of the two
