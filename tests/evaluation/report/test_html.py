import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from timevis.errors import RunFolderError
from timevis.evaluation.charts.run_charts import channel_chart
from timevis.evaluation.report.data_section import data_facts, findings
from timevis.evaluation.report.html import write_report
from timevis.evaluation.report.sections import calibration, clock, tiles
from timevis.runs.record import RunRecord


@pytest.fixture(scope="module")
def run(finished_run):
    return finished_run("model=linear")


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(
        run, tmp_path / "run", ignore=shutil.ignore_patterns("checkpoints", "report.html", "plots")
    )


def embedded(page: str) -> list[dict]:
    return [
        json.loads(text) for text in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)
    ]


def test_the_report_of_a_real_run_is_one_page_that_needs_nothing_else(run):
    page = (run / "report.html").read_text()
    assert len(page) < 6_000_000
    own = page.split("<script>")[0]
    assert not re.findall(r'(?:src|href)="(?!#)', own)
    results = json.loads((run / "results.json").read_text())
    for text in (
        "linear",
        "synthetic",
        results["window_set"]["hash"],
        "seasonal naive",
        "Worst windows",
        "Calibration",
    ):
        assert text in own
    assert "RMSE, MSE and bias score the point forecast, all others the median or the quantiles" in own
    figures = [f for f in embedded(page) if isinstance(f, dict)]
    assert len(figures) > 15
    assert all({"data", "layout"} <= set(f) for f in figures)


@pytest.mark.parametrize("logged", [0, 1, 2])
def test_every_section_that_is_named_on_top_is_there(copy, logged):
    rows = [{"step": i, "train/loss": 1.0 - i / 10} for i in range(logged)]
    pd.DataFrame(rows, columns=["step", "train/loss"]).to_csv(copy / "metrics.csv", index=False)
    page = write_report(copy).read_text().split("<script>")[0]
    linked = re.findall(r'href="#([^"]+)"', page)
    assert ("training" in linked) == (logged > 1)
    assert all(f'id="{anchor}"' in page for anchor in linked)


def test_pictures_lie_beside_the_report(run):
    names = {path.stem for path in (run / "plots").glob("*.png")}
    assert {"forecasts", "worst_windows", "error", "residuals", "calibration"} <= names
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (run / "plots").glob("*.png"))


def test_worst_windows_are_named_by_their_times(run):
    page = (run / "report.html").read_text()
    predictions = pd.read_parquet(run / "predictions.parquet")
    for time in predictions.loc[predictions["worst"], "timestamp"]:
        assert f"{time:%a %Y-%m-%d %H:%M}" in page


def test_the_report_is_rebuilt_from_the_folder_alone(copy):
    write_report(copy)
    assert (copy / "report.html").is_file()


def test_names_from_the_data_are_text_and_never_markup(copy):
    evil = "<script>alert(1)</script>"
    first = json.loads((copy / "results.json").read_text())["window_set"]["channels"][0]
    for name in ("results.json", "data_report.json"):
        text = (copy / name).read_text()
        (copy / name).write_text(text.replace(json.dumps(first), json.dumps(evil)))
    for name in ("windows", "windows_seasonal_naive", "predictions"):
        table = pd.read_parquet(copy / f"{name}.parquet")
        table["channel"] = table["channel"].replace(first, evil)
        table.to_parquet(copy / f"{name}.parquet")
    write_report(copy)
    page = (copy / "report.html").read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert evil not in page


def test_values_that_are_missing_are_shown_as_a_dash(copy):
    results = json.loads((copy / "results.json").read_text())
    for entry in results["skill"].values():
        entry["low"] = entry["high"] = None
    results["metrics"]["wape"] = {"value": None, "low": None, "high": None}
    results["window_set"]["without_truth"] = 7
    (copy / "results.json").write_text(json.dumps(results))
    write_report(copy)
    page = (copy / "report.html").read_text()
    assert "too few windows" in page
    assert "7 of which hold no truth" in page


def test_an_interval_is_not_called_missing_for_want_of_windows_where_it_is_not(copy):
    results = json.loads((copy / "results.json").read_text())
    for entry in results["skill"].values():
        entry.update(dict.fromkeys(entry))  # as where seasonal naive makes no error at all
    (copy / "results.json").write_text(json.dumps(results))
    assert "too few windows" not in write_report(copy).read_text().split("<script>")[0]


def test_kept_windows_without_a_truth_leave_their_sections_empty(copy):
    predictions = pd.read_parquet(copy / "predictions.parquet")
    predictions["truth"] = [np.full_like(truth, np.nan) for truth in predictions["truth"]]
    predictions.to_parquet(copy / "predictions.parquet")
    write_report(copy)
    assert {path.stem for path in (copy / "plots").glob("*.png")} == {"error", "worst_windows"}


def test_channels_without_a_truth_are_neither_averaged_nor_drawn_nor_offered(finished_run, tmp_path):
    run = shutil.copytree(finished_run("model=seasonal_naive", "data.channels=45"), tmp_path / "run")
    results = json.loads((run / "results.json").read_text())
    predictions = pd.read_parquet(run / "predictions.parquet")
    kept = set(predictions["channel"].unique()[:3])
    for name in set(results["by_channel"]) - kept:
        results["by_channel"][name] = dict.fromkeys(results["by_channel"][name])
    (run / "results.json").write_text(json.dumps(results))
    empty = ~predictions["channel"].isin(kept)
    predictions.loc[empty, "truth"] = predictions.loc[empty, "truth"].map(lambda truth: truth * np.nan)
    predictions["worst"] &= ~empty
    predictions.to_parquet(run / "predictions.parquet")
    page = write_report(run).read_text().split("<script>")[0]
    assert "averaged over the 3 of 45 channels with values in these windows; scaled" in page
    assert "The kept windows hold values of 3 of the 45 channels." in page
    (offered,) = (f for f in embedded(page) if isinstance(f, list))
    assert {window["title"].split(" · ")[1] for window in offered} == kept
    assert channel_chart(RunRecord.load(run)).x_label == "MASE"


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (0.7, 0.65, 0.75, "The 80 % interval is too narrow."),
        (0.7, 0.5, 0.9, "The 80 % interval is too narrow, but these windows are too few to be sure of it."),
        (1.0, None, None, "The 80 % interval is too wide, but these windows are too few to be sure of it."),
        (0.81, 0.78, 0.84, "The 80 % interval is about right."),
        (0.81, None, None, "The 80 % interval is about right, but these windows are too few to be sure of it."),
    ],
)
def test_calibration_claims_no_more_than_the_interval_of_its_coverage_shows(value, low, high, said):
    entry = {"value": value, "low": low, "high": high}
    results = {"metrics": {f"coverage_{k}": entry for k in (50, 80, 95)}, "window_set": {"channels": ["one"]}}
    assert calibration(results).endswith(said)


def test_an_interval_is_not_called_too_wide_for_the_zeros_at_its_end():
    entry = {"value": 0.9, "low": 0.88, "high": 0.92}
    results = {"metrics": {f"coverage_{k}": entry for k in (50, 80, 95)}, "window_set": {"channels": ["one"]}}
    said = calibration(results, at_ends=0.1)
    assert said.endswith("shared out over the levels that they equal, it holds 80.0 %: it is about right.")
    assert calibration(results, at_ends=0.001).endswith("The 80 % interval is too wide.")


def test_an_unscored_folder_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="not a run folder"):
        write_report(tmp_path)
    (tmp_path / "config.yaml").write_text("{}")
    with pytest.raises(RunFolderError, match="no results"):
        write_report(tmp_path)


def test_every_defect_is_told_with_its_count_and_place():
    report = {
        "was_sorted": False,
        "duplicates": {
            "identical": {"rows": 2, "places": ["2024-01-01 00:00:00", "2024-01-02 00:00:00"]},
            "filled": {"rows": 0, "places": []},
            "averaged": {"rows": 1, "places": ["2024-01-03 00:00:00"]},
        },
        "off_grid": {"moved": 3, "left_out": 1, "places": []},
        "gaps": {"count": 1, "rows": 9, "longest": 9, "places": [{"start": "2024-02-01 00:00:00", "rows": 9}]},
        "missing": {"a": 9, "b": 0},
        "channels": {"a": {"longest_gap": {"rows": 6, "start": "2024-02-01 00:00:00"}}},
        "outliers": {"a": {"count": 5, "masked": 2, "places": [{"time": "2024-03-01 00:00:00", "value": 7.0}]}},
        "defects": [{"start": "2012-03-25", "end": "2012-03-26", "reason": "clock change", "masked": 1}],
        "left_out": {"c": "is constant (0)"},
        "notes": ["the time column is 'time'"],
        "card": {"notes": ["The sensor was moved in May."]},
    }
    text = "\n".join(findings(report))
    for said in (
        "not in time order",
        "2 rows identical",
        "2024-01-01 00:00, 2024-01-02 00:00",
        "1 row disagreed",
        "3 rows slightly off",
        "1 row between the steps",
        "9 rows in 1 gap",
        "a 9 (at most 6 in a row, from 2024-02-01 00:00 on)",
        "a: 5 outliers, 2 of them masked: 2024-03-01 00:00 (7) and 4 more",
        "clock change; 1 value masked",
        "c (is constant (0))",
        "The time column is 'time'.",
        "Said by the dataset card: The sensor was moved in May.",
    ):
        assert said in text, said


def test_many_channels_do_not_drown_the_report(finished_run):
    run = finished_run("model=seasonal_naive", "data.channels=45")
    page = (run / "report.html").read_text()
    assert "The kept windows hold values of 8 of the 45 channels." in page  # as many as windows were kept
    assert "averaged over the 45 channels" in page
    assert "and 25 more" in page
    assert "MASE / seasonal naive" in page


@pytest.mark.parametrize(
    ("timezone", "start", "fact", "time"),
    [
        (None, "2024-01-01 00:00:00", "times are taken as they are written", "local time"),
        (None, "2024-01-01 00:00:00+00:00", "UTC, as no data.timezone is given", "UTC time"),
        ("Europe/Berlin", "2024-01-01 00:00:00+00:00", "Europe/Berlin", "local time"),
    ],
)
def test_the_time_zone_is_the_one_that_hours_are_told_in(run, timezone, start, fact, time):
    record = RunRecord.load(run)
    record.data_report.update(timezone=timezone, start=start)
    assert ("Time zone", fact) in data_facts(record.data_report, record.results)
    assert clock(record) == time


def test_a_share_that_is_averaged_over_channels_says_so(run):
    results = RunRecord.load(run).results
    assert "on all scored windows, averaged over channels, the 50" in calibration(results)
    assert any(tile["under"] == "of the truths, averaged over channels" for tile in tiles(results))
    results["window_set"]["channels"] = ["one"]
    assert "on all scored windows, the 50" in calibration(results)
