import os
import shutil
import subprocess
import sys
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from tiny import ROOT

from timevis.evaluation.comparison import NAIVE_LABEL, compare
from timevis.evaluation.significance import score_intervals
from timevis.metrics.specs import METRICS
from timevis.report.comparison import write_comparison
from timevis.report.console import print_results
from timevis.report.page import write_report
from timevis.runs.record import RunRecord
from timevis.sweep.leaderboard import write_leaderboard
from timevis.training.run import run


@pytest.fixture
def earlier(finished_run):
    return finished_run("model=linear")


@pytest.fixture
def hit_rate(earlier, monkeypatch):
    """The metrics with one more, which a file of its own declares; `earlier` is a run from before it."""
    monkeypatch.setitem(METRICS, "hit_rate", None)  # so that it is removed after the test
    monkeypatch.delitem(sys.modules, "toy_metric", raising=False)
    import toy_metric

    return toy_metric.HIT_RATE


def console_of(folder) -> str:
    text = StringIO()
    print_results(RunRecord.load(folder).results, Console(file=text, width=200))
    return text.getvalue()


def test_a_metric_from_one_file_is_in_results_console_report_and_leaderboard(hit_rate, compose_config, tmp_path):
    folder = tmp_path / "0"
    run(compose_config("model=linear"), folder, ("model=linear",))
    record = RunRecord.load(folder)
    entry, windows = record.results.metrics["hit_rate"], record.windows
    by_channel = windows.groupby("channel")[["is_close", "count"]].sum()
    assert entry.value == pytest.approx((by_channel["is_close"] / by_channel["count"]).mean())
    assert 0 <= entry.low <= entry.value <= entry.high <= 1
    assert "Hit rate" in console_of(folder)
    report = (folder / "report.html").read_text()
    assert hit_rate.label in report
    assert hit_rate.description in report
    assert "test/hit_rate" in pd.read_csv(folder / "metrics.csv").columns
    assert write_leaderboard(tmp_path)["test/hit_rate"].tolist() == [entry.value]


def test_a_run_from_before_a_metric_is_read_and_has_no_value_for_it(earlier, hit_rate, tmp_path):
    folder = tmp_path / "sweep" / "0"
    shutil.copytree(earlier, folder)
    record = RunRecord.load(folder)
    assert np.isnan(record.windows["is_close"]).all()
    intervals = score_intervals(record.windows, record.naive_windows, record.horizon)["metrics"]
    assert np.isnan(intervals.pop("hit_rate").value)
    assert {name: entry.value for name, entry in intervals.items()} == pytest.approx(
        {name: entry.value for name, entry in record.results.metrics.items()}
    )
    [row] = [line.split("│") for line in console_of(folder).splitlines() if "Hit rate" in line]
    assert [cell.strip() for cell in row[2:5]] == ["–", "", "–"]
    assert "Hit rate" in write_report(folder).read_text()
    assert write_leaderboard(folder.parent)["test/hit_rate"].isna().all()
    comparison = compare([record])
    assert np.isnan(comparison.metrics.loc[NAIVE_LABEL, "hit_rate"])
    write_comparison(comparison, tmp_path / "comparison")
    assert "Hit rate" in (tmp_path / "comparison/comparison.md").read_text()


def test_a_metric_from_one_file_is_in_the_specification_of_the_service():
    code = "import toy_metric; from timevis.service.specification import main; main()"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests/helpers")}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert '"hit_rate"' in found.stdout
