import json
import re
import shlex
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from run_results import changed, results_with

from timevis.config.compose import compose
from timevis.data.catalog import load_panel
from timevis.errors import RunFolderError
from timevis.evaluation.error_profile import SavedForecasts, worst_events
from timevis.report.charts import channel_chart, forecast_chart, period_figures
from timevis.report.page import next_steps, write_report
from timevis.report.sections import calibration, headline_tiles
from timevis.runs.record import RunRecord
from timevis.runs.results import Interval
from timevis.utils.files import display_path


@pytest.fixture(scope="module")
def run(finished_run):
    return finished_run("model=linear", report=True)


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(
        run, tmp_path / "run", ignore=shutil.ignore_patterns("checkpoints", "report.html", "plots")
    )


def embedded(page: str) -> list[dict]:
    return [
        json.loads(text) for text in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)
    ]


def test_the_report_is_one_page_that_needs_no_other_file(run):
    page = (run / "report.html").read_text()
    assert len(page) < 6_000_000
    content = page.split("<script>")[0]
    assert not re.findall(r'(?:src|href)="(?!#)', content)
    results = json.loads((run / "results.json").read_text())
    for text in (
        "linear",
        "synthetic",
        results["window_set"]["hash"],
        "seasonal naive",
        "Worst events",
        "Calibration",
    ):
        assert text in content
    assert "RMSE, MSE and bias score the point forecast, all other metrics the median or the quantiles." in content
    figures = [f for f in embedded(page) if isinstance(f, dict) and "format" not in f]  # without the locale
    assert len(figures) > 15
    assert all({"data", "layout"} <= set(f) for f in figures)


@pytest.mark.parametrize("logged_steps", [0, 1, 2])
def test_the_page_has_every_section_of_its_contents(copy, logged_steps):
    rows = [{"step": i, "train/loss": 1.0 - i / 10} for i in range(logged_steps)]
    pd.DataFrame(rows, columns=["step", "train/loss"]).to_csv(copy / "metrics.csv", index=False)
    page = write_report(copy).read_text().split("<script>")[0]
    linked = re.findall(r'href="#([^"]+)"', page)
    assert ("training" in linked) == (logged_steps > 1)
    assert all(f'id="{anchor}"' in page for anchor in linked)


def test_the_charts_are_written_as_png_files(run):
    names = {path.stem for path in (run / "plots").glob("*.png")}
    assert {"forecasts", "worst_windows", "error", "residuals", "calibration"} <= names
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (run / "plots").glob("*.png"))


def test_the_page_gives_the_times_of_the_worst_windows(run):
    page = (run / "report.html").read_text()
    predictions = pd.read_parquet(run / "predictions.parquet")
    for time in predictions.loc[predictions["worst"], "timestamp"]:
        assert f"{time:%a %Y-%m-%d %H:%M}" in page


def test_the_report_is_written_again_from_the_run_folder_only(copy):
    write_report(copy)
    assert (copy / "report.html").is_file()


def test_script_in_every_text_of_the_data_is_shown_as_text(copy):
    markup = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    results, report = (json.loads((copy / name).read_text()) for name in ("results.json", "data_report.json"))
    first = results["window_set"]["channels"][0]
    report["card"] |= {"name": markup, "unit": markup, "description": markup, "source": markup, "units": {}}
    report["card"]["notes"] = [markup]
    results["run"]["data"] = markup
    for name, content in (("results.json", results), ("data_report.json", report)):
        text = json.dumps(content)
        (copy / name).write_text(text.replace(json.dumps(first), json.dumps(markup)))
    for name in ("windows", "windows_seasonal_naive", "predictions"):
        table = pd.read_parquet(copy / f"{name}.parquet")
        table["channel"] = table["channel"].replace(first, markup)
        table.to_parquet(copy / f"{name}.parquet")
    write_report(copy)
    page = (copy / "report.html").read_text()
    assert "&lt;script&gt;alert(1)" in page
    found = Tags()
    found.feed(page)
    assert "img" not in {tag for tag, attributes in found.tags if "onerror" in attributes}
    assert [attributes for _, attributes in found.tags if any(name.startswith("on") for name in attributes)] == []
    assert [text for text in found.scripts if "alert(1)</script" in text] == []
    assert "<script>alert" not in page
    assert "<img src=x" not in page


class Tags(HTMLParser):
    """The tags and the scripts of a page, as a browser sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] == "script":
            self.scripts.append(data)


def test_missing_intervals_and_truths_are_explained(copy):
    results = json.loads((copy / "results.json").read_text())
    for entry in results["skill"].values():
        entry["low"] = entry["high"] = None
    results["metrics"]["wape"] = {"value": None, "low": None, "high": None}
    results["window_set"]["without_truth"] = 7
    (copy / "results.json").write_text(json.dumps(results))
    write_report(copy)
    page = (copy / "report.html").read_text()
    assert "too few windows" in page
    assert "7 of these windows have no observed target and are not scored." in page


def test_an_undefined_skill_is_not_explained_by_too_few_windows(copy):
    results = json.loads((copy / "results.json").read_text())
    for entry in results["skill"].values():
        entry.update(dict.fromkeys(entry))  # as if seasonal naive had no error
    (copy / "results.json").write_text(json.dumps(results))
    assert "too few windows" not in write_report(copy).read_text().split("<script>")[0]


def test_saved_windows_without_a_truth_give_no_charts(copy):
    predictions = pd.read_parquet(copy / "predictions.parquet")
    predictions["truth"] = [np.full_like(truth, np.nan) for truth in predictions["truth"]]
    predictions.to_parquet(copy / "predictions.parquet")
    write_report(copy)
    assert {path.stem for path in (copy / "plots").glob("*.png")} == {"error"}


def test_channels_without_a_truth_are_not_averaged_drawn_or_selectable(finished_run, tmp_path):
    run = shutil.copytree(finished_run("model=seasonal_naive", "data.channels=45"), tmp_path / "run")
    results = json.loads((run / "results.json").read_text())
    predictions = pd.read_parquet(run / "predictions.parquet")
    scored = set(predictions["channel"].unique()[:3])
    for name in set(results["by_channel"]) - scored:
        results["by_channel"][name] = dict.fromkeys(results["by_channel"][name])
    (run / "results.json").write_text(json.dumps(results))
    empty = ~predictions["channel"].isin(scored)
    predictions.loc[empty, "truth"] = predictions.loc[empty, "truth"].map(lambda truth: truth * np.nan)
    predictions["worst"] &= ~empty
    predictions.to_parquet(run / "predictions.parquet")
    page = write_report(run).read_text().split("<script>")[0]
    assert "averaged over the 3 of 45 channels that have values in these windows; the mean of" in page
    assert "The saved windows contain values of 3 of the 45 channels." in page
    period, selectable = (f for f in embedded(page) if isinstance(f, list))
    assert {figure["title"] for figure in period} <= set(results["window_set"]["channels"])
    assert {window["title"].split(" · ")[1] for window in selectable} == scored
    assert channel_chart(RunRecord.load(run)).x_label == "MASE"


@pytest.mark.parametrize(
    ("value", "low", "high", "sentence"),
    [
        (0.7, 0.65, 0.75, "The 80 % interval is too narrow."),
        (0.7, 0.5, 0.9, "The 80 % interval is too narrow, but there are too few windows to be certain."),
        (1.0, None, None, "The 80 % interval is too wide, but there are too few windows to be certain."),
        (0.81, 0.78, 0.84, "The 80 % interval is about right."),
        (0.81, None, None, "The 80 % interval is about right, but there are too few windows to be certain."),
    ],
)
def test_the_text_on_calibration_claims_no_more_than_the_interval_of_the_coverage_shows(value, low, high, sentence):
    assert calibration(results_with({"metrics.coverage_80": Interval(value, low, high)})).endswith(sentence)


def test_an_interval_is_not_called_too_wide_because_of_ties_at_its_end():
    results = results_with({"metrics.coverage_80": Interval(0.9, 0.88, 0.92)})
    text = calibration(replace(results, coverage_80_from_ties=0.1))
    assert text.endswith(
        "such as zeros, count as inside; without them it would contain 10.0 % fewer. It is about right."
    )
    assert calibration(replace(results, coverage_80_from_ties=0.001)).endswith("The 80 % interval is too wide.")


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="not a run folder"):
        write_report(tmp_path)
    (tmp_path / "config.yaml").write_text("{}")
    with pytest.raises(RunFolderError, match="no results"):
        write_report(tmp_path)


def test_the_report_lists_only_some_of_many_channels(finished_run):
    run = finished_run("model=seasonal_naive", "data.channels=45", report=True)
    page = (run / "report.html").read_text()
    assert "The saved windows contain values of 8 of the 45 channels." in page  # as many as there are saved windows
    assert "averaged over the 45 channels" in page
    assert "and 25 more" in page
    assert "MASE / MASE of seasonal naive" in page


def test_coverage_says_if_it_is_averaged_over_channels(run):
    results = RunRecord.load(run).results
    assert "in all scored windows, averaged over channels, the 50" in calibration(results)
    assert any(tile["note"] == "of the truths, averaged over channels" for tile in headline_tiles(results))
    of_one_channel = changed(results, {"window_set.channels": ["one"]})
    assert "in all scored windows, the 50" in calibration(of_one_channel)


def test_the_forecasts_come_first_and_versions_are_in_a_collapsed_part(run):
    page = (run / "report.html").read_text()
    sections = re.findall(r'<section id="(\w+)">', page)
    assert (sections[0], sections[-1]) == ("forecasts", "next")
    collapsed = re.search(r"<details><summary>Versions and hashes</summary>(.*?)</details>", page, re.S)
    results = json.loads((run / "results.json").read_text())
    for text in (results["run"]["data_hash"], results["run"]["versions"]["torch"], results["window_set"]["hash"]):
        assert text in collapsed[1]
    assert results["run"]["data_hash"] not in page.replace(collapsed[0], "")


def test_the_chart_of_the_test_period_has_a_forecast_and_an_error_in_each_of_its_rows(run):
    record = RunRecord.load(run)
    freq = record.results.window_set.freq
    figures = period_figures(SavedForecasts.from_tables(record.predictions, record.windows, freq), record)
    assert [figure["title"] for figure in figures] == record.channels
    for figure in figures:
        lines = {trace["name"]: trace for trace in figure["data"] if trace["name"]}
        truth, median, error = (lines[name]["y"] for name in ("truth", "median forecast", "absolute error"))
        assert len(truth) == len(median) == len(error) >= record.horizon
        first_origin = int(record.predictions["origin"].min())
        values = load_panel(record.config["data"])[0].values[first_origin:, record.channels.index(figure["title"])]
        drawn = np.array(truth, float)
        np.testing.assert_allclose(drawn, np.where(np.isnan(drawn), np.nan, values[: len(truth)]), rtol=1e-3)
        rows = [i for i in range(len(truth)) if None not in (median[i], truth[i])]
        assert len(rows) >= record.horizon
        drawn_digits = 2e-4 * max(abs(truth[i]) for i in rows)  # truth and median are drawn with four digits or more
        errors = [abs(median[i] - truth[i]) for i in rows]
        np.testing.assert_allclose([error[i] for i in rows], errors, rtol=0, atol=drawn_digits)
        assert lines["absolute error"]["yaxis"] == "y2"
        assert lines["truth"]["line"]["color"] != lines["median forecast"]["line"]["color"]


def test_the_chart_of_the_test_period_of_data_with_a_time_zone_has_local_times(run):
    record = RunRecord.load(run)
    freq = record.results.window_set.freq
    first = record.predictions.sort_values("origin")["timestamp"].iloc[0]
    zoned = record.predictions.assign(timestamp=record.predictions["timestamp"].dt.tz_localize("UTC"))
    record.data_report.update(timezone="Asia/Shanghai")
    (figure, *_) = period_figures(SavedForecasts.from_tables(zoned, record.windows, freq, "Asia/Shanghai"), record)
    (truth,) = (trace for trace in figure["data"] if trace["name"] == "truth")
    assert pd.Timestamp(truth["x"][0]).tz_localize(None) == first + pd.Timedelta(hours=8)


def test_forecast_lines_start_at_the_last_observation(run):
    record = RunRecord.load(run)
    freq = record.results.window_set.freq
    forecasts = SavedForecasts.from_tables(record.predictions, record.windows, freq)
    marks = {mark.name: mark for mark in forecast_chart(forecasts, 0, record).marks}
    last = forecasts.context[0][-1]
    assert marks["median forecast"].y[0] == marks["80 % interval"].y[0] == marks["80 % interval"].y2[0] == last
    assert marks["median forecast"].x[1] == forecasts.times[0][0]
    assert len(marks["median forecast"].x) == record.horizon + 1


def test_overlapping_worst_windows_are_one_event():
    windows = pd.DataFrame({"origin": np.arange(400), "channel": "a", "std": 1.0, "count": 6.0})
    windows["median_abs_error"] = np.where(windows["origin"].between(100, 104), 60.0, 1.0)
    windows.loc[300, "median_abs_error"] = 30.0
    first, second, *_ = worst_events(windows, horizon=6)
    assert (first.first, first.last, len(first.rows)) == (100, 110, 5)
    assert (second.first, second.last, len(second.rows)) == (300, 306, 1)


def test_three_next_steps_fit_the_run_and_can_be_composed(finished_run):
    run = finished_run("model=linear", "data=synthetic", "data.rows=600")
    record = RunRecord.load(run)
    steps = next_steps(record)
    assert len(steps) == 3
    assert steps[0].command == f"timevis predict {display_path(run)}"
    arguments = shlex.split(steps[2].command.split("train ", 1)[1])
    cfg = compose(arguments)
    assert (cfg.model.name, cfg.horizon, cfg.context_length) == ("lstm", record.horizon, 24)
    assert cfg.data.name == record.config["data"]["name"]


def test_the_next_steps_of_a_run_without_overrides_name_its_model_and_data(plant):
    record = RunRecord.load(plant)
    record.overrides = []
    command = next_steps(record)[1].command
    assert f"model=linear data=file data.path={record.config['data']['path']}" in command


def test_the_next_step_of_a_run_whose_intervals_fail_is_to_recalibrate_them(run):
    record = RunRecord.load(run)
    record.results = changed(
        record.results, {"metrics.coverage_80": Interval(0.5, 0.45, 0.55), "coverage_80_from_ties": 0.0}
    )
    assert next_steps(record)[1].command.endswith("conformal=online")
    tiles = {tile["name"]: tile for tile in headline_tiles(record.results)}
    assert tiles["Coverage of the 80 % interval"]["severity"] == "warning"
