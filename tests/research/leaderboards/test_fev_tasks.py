"""Tasks of fev become data sets, and models of TimeVis are scored on them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import timevis
from timevis.errors import ConfigError
from timevis_research.leaderboards.fev_tasks import evaluate_tasks, read_tasks, write_data_set

pytest.importorskip("fev")
HORIZON, WINDOWS = 12, 2
SMALL = ("evaluation.max_windows=8", "evaluation.val_windows=4", "context_length=48")


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    """A task on three series of other lengths and levels, with two periodic targets and a covariate."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    rows = []
    for number in (2, 0, 1):
        times = pd.date_range("2024-01-01", periods=240 + 24 * number, freq="h")
        angle = 2 * np.pi * np.arange(len(times)) / 24
        values = {"load": 100 * (number + 1) + 10 * np.sin(angle), "heat": 5 * (number + 1) + np.cos(angle)}
        rows.append(
            {"id": f"plant {number}", "timestamp": times.to_numpy(), **values, "price": np.sign(np.sin(angle))}
        )
    pd.DataFrame(rows).to_parquet("data.parquet")
    task = {
        "dataset_path": str(tmp_path / "data.parquet"),
        "task_name": "plants/1H",
        "horizon": HORIZON,
        "num_windows": WINDOWS,
        "target": ["load", "heat"],
        "known_dynamic_columns": ["price"],
        "seasonality": 24,
        "quantile_levels": [0.1, 0.33, 0.5, 0.9],
        "eval_metric": "WQL",
        "extra_metrics": ["WAPE"],
    }
    Path("tasks.yaml").write_text(yaml.safe_dump({"tasks": [task]}))
    return read_tasks("tasks.yaml")


@pytest.mark.usefixtures("no_report")
def test_a_model_forecasts_every_series_and_target_of_every_window_of_a_task(tasks: dict) -> None:
    out = Path("fev/seasonal_naive.csv")
    assert evaluate_tasks(tasks, "seasonal_naive", SMALL, out, Path("runs")) == {}
    row = pd.read_csv(out).iloc[0]
    assert (row["model_name"], row["timevis_task"]) == (", ".join(["seasonal_naive", *SMALL]), "plants_1H")
    assert row["num_forecasts"] == 3 * 2 * WINDOWS
    assert row["WAPE"] < 1e-4  # the series repeat; forecasts in the wrong order would miss by their levels
    assert row["test_error"] < 1e-4
    modified = out.stat().st_mtime_ns
    assert evaluate_tasks(tasks, "seasonal_naive", SMALL, out, Path("runs")) == {}
    assert out.stat().st_mtime_ns == modified  # scored before
    for model, settings in (("linear", SMALL), ("seasonal_naive", SMALL[:1])):
        failures = evaluate_tasks(tasks, model, settings, out, Path("runs"))
        assert "fev/seasonal_naive.csv has a row of this task" in str(failures["plants_1H"])
    assert out.stat().st_mtime_ns == modified


def script(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/fev_tasks.py in the working directory."""
    file = Path(__file__).parents[3] / "scripts/fev_tasks.py"
    return subprocess.run([sys.executable, str(file), *arguments], capture_output=True, text=True)


@pytest.mark.usefixtures("tasks")
def test_the_script_takes_settings_after_options_and_names_each_task_without_a_row() -> None:
    benchmark = yaml.safe_load(Path("tasks.yaml").read_text())
    absent = benchmark["tasks"][0] | {"task_name": "absent", "dataset_path": "/nonexistent/data.parquet"}
    Path("two.yaml").write_text(yaml.safe_dump({"tasks": [absent, *benchmark["tasks"]]}))
    ended = script("evaluate", "two.yaml", "--model", "seasonal_naive", *SMALL)
    assert ended.returncode == 1
    assert "absent: " in ended.stderr
    assert "/nonexistent/data.parquet" in ended.stderr
    assert "Traceback" not in ended.stderr
    [file] = Path("outputs/fev").glob("*.csv")
    assert file.name == f"seasonal_naive_{'_'.join(SMALL)}.csv"
    assert list(pd.read_csv(file)["timevis_task"]) == ["plants_1H"]


@pytest.mark.usefixtures("tasks")
def test_a_config_of_another_definition_of_a_task_is_neither_used_nor_overwritten() -> None:
    assert script("prepare", "tasks.yaml").stdout == "data=fev/plants_1H\n"
    assert script("prepare", "tasks.yaml").stdout == "data=fev/plants_1H exists already\n"
    config = Path("conf/data/fev/plants_1H.yaml").read_text()
    benchmark = yaml.safe_load(Path("tasks.yaml").read_text())
    benchmark["tasks"][0]["horizon"] = 6
    Path("other.yaml").write_text(yaml.safe_dump(benchmark))
    ended = script("prepare", "other.yaml")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "of another definition of this task" in ended.stderr
    assert Path("conf/data/fev/plants_1H.yaml").read_text() == config


def test_a_task_whose_series_are_too_short_is_named(tasks: dict) -> None:
    failures = evaluate_tasks(tasks, "linear", ["context_length=1000"], Path("linear.csv"), Path("runs"))
    assert set(failures) == {"plants_1H"}
    assert not Path("linear.csv").exists()


@pytest.mark.usefixtures("no_report")
def test_a_task_is_a_data_set_whose_test_windows_are_its_evaluation_windows(tasks: dict) -> None:
    write_data_set("plants_1H", tasks["plants_1H"], Path("conf"), Path("series"))
    run = timevis.train("fev/plants_1H", "linear", overrides=["context_length=48", "evaluation.val_windows=4"])
    windows = pd.read_parquet(run.folder / "windows.parquet")
    origins = windows.groupby("channel")["timestamp"].unique()
    last = pd.Timestamp("2024-01-01") + pd.Timedelta(hours=240)
    expected = [last - pd.Timedelta(hours=HORIZON * k) for k in (2, 1)]
    assert list(pd.DatetimeIndex(origins["plant 0/load"])) == expected
    assert len(windows) == 3 * 2 * WINDOWS


def test_an_unknown_task_is_named(tasks: dict) -> None:
    with pytest.raises(ConfigError, match=r"no task 'plant'(.|\n)*plants_1H"):
        read_tasks("tasks.yaml", ["plant"])
    with pytest.raises(ConfigError, match="no tasks of fev"):
        read_tasks("absent.yaml")
