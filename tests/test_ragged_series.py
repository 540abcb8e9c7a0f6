"""Series of different length are scored and forecast each from its own end."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from ragged import MAX_ROWS, MIN_ROWS, ragged_file, ragged_rows
from tiny import TINY_LSTM

from timevis.cli.predict import main
from timevis.inference.predict import predict
from timevis.inference.rescore import rescore
from timevis.report.page import write_report
from timevis.runs.folder import RunFolder
from timevis.service.tasks.forecasting import ItemForecasts

LENGTHS = ("context_length=24", "horizon=6", "evaluation.max_windows=12", "evaluation.val_windows=8")


@pytest.fixture(scope="module")
def ragged_run(finished_run, tmp_path_factory):
    """A finished run of a model on 40 ragged series and three short ones."""
    folder = tmp_path_factory.mktemp("ragged")
    files = {aligned: ragged_file(folder, aligned, short=3) for aligned in ("starts", "ends")}

    def finished(model: str, aligned: str = "starts", *overrides: str, report: bool = False) -> RunFolder:
        data = ("data=file", f"data.path={files[aligned]}")
        return RunFolder(finished_run(f"model={model}", *data, *LENGTHS, *overrides, report=report))

    return finished


@pytest.mark.parametrize("model", ["seasonal_naive", "linear"])
@pytest.mark.parametrize("split", [(), ("data.split={val:24,test:12}",)], ids=["shares", "last rows"])
def test_scores_do_not_depend_on_where_the_series_lie_in_time(model, split, ragged_run):
    options = (*split, "conformal=none")  # online recalibration learns in the order of time
    starts, ends = (ragged_run(model, aligned, *options).results for aligned in ("starts", "ends"))
    for section in ("metrics", "seasonal_naive"):
        values = [{name: entry.value for name, entry in getattr(run, section).items()} for run in (starts, ends)]
        assert values[0] == pytest.approx(values[1], rel=1e-6)
    assert starts.validation == pytest.approx(ends.validation, rel=1e-6)
    assert starts.window_set.windows == ends.window_set.windows


def test_every_series_is_scored_on_its_own_last_rows_with_at_most_max_windows_origins(ragged_run):
    folder = ragged_run("seasonal_naive", "starts", "data.split={val:24,test:12}")
    windows, splits = folder.table("windows"), folder.table("splits").set_index("channel")
    rows = ragged_rows(short=3).groupby("unit").size()
    first, last = (windows.groupby("channel")["origin"].agg(name) for name in ("min", "max"))
    assert len(first) == 40
    assert (first == rows[first.index] - 12).all()
    assert (last + 6 == rows[last.index]).all()
    assert splits["test_end"].to_dict() == rows.to_dict()
    assert splits.index[~splits["scored"]].tolist() == ["s40", "s41", "s42"]
    window_set = folder.results.window_set
    assert (window_set.split_by, window_set.borders) == ("series", None)
    assert (window_set.series, window_set.series_not_scored) == (43, 3)
    assert folder.results.interval_method == "Student t intervals over series"
    assert "3 of 43 series are too short for a test window" in (folder.path / "train.log").read_text()


def test_the_report_states_the_rule_and_that_training_rows_may_be_later_than_test_rows_of_another_series(ragged_run):
    folder = ragged_run("seasonal_naive", report=True)
    text = (folder.path / "report.html").read_text()
    assert "43, each split by the rows of its own span; 3 of them are too short to be scored" in text
    assert "of 43 series are later than the first test rows of another series" in text


def test_the_common_axis_leaves_out_series_that_end_before_its_parts(ragged_run):
    results = ragged_run("seasonal_naive", "starts", "data.split_by=axis").results
    assert results.window_set.split_by == "axis"
    assert results.window_set.without_truth > 0


def test_each_series_is_forecast_from_its_own_end_even_if_it_is_too_short_to_be_scored(ragged_run, caplog):
    folder = ragged_run("linear")
    table = predict(folder.path)
    rows = ragged_rows(short=3)
    last = rows.groupby("unit")["time"].max()
    first = table.groupby("channel")["timestamp"].min()
    assert first.to_dict() == (last + pd.Timedelta("1h")).to_dict()
    assert (table.groupby("channel").size() == 6).all()
    assert np.isfinite(table["point"]).all()
    assert "3 of 43 series were too short to be scored" in caplog.text
    assert table["channel"][~table["scored"]].unique().tolist() == ["s40", "s41", "s42"]
    new = pd.concat([rows, rows.assign(time=rows["time"] + pd.Timedelta("300h"))])
    longer = predict(folder.path, new[new["unit"].isin(["s00", "s01"])])
    assert longer.groupby("channel")["timestamp"].min()["s00"] == last["s00"] + pd.Timedelta("301h")


def test_a_backtest_hides_the_last_rows_of_each_series_and_forecasts_them(ragged_run):
    folder = ragged_run("linear")
    rows = ragged_rows(short=3)
    table = predict(folder.path, rows, horizon=4, backtest=True)
    position = rows.groupby("unit").cumcount(ascending=False)
    expected = predict(folder.path, rows[position >= 4], horizon=4)
    pd.testing.assert_frame_equal(table.drop(columns="truth"), expected)
    hidden = rows[position < 4].sort_values(["unit", "time"])
    np.testing.assert_allclose(table.sort_values(["channel", "timestamp"])["truth"], hidden["load"], rtol=1e-6)


def test_files_of_forecasts_and_the_report_mark_the_series_that_were_not_scored(ragged_run, tmp_path):
    folder = ragged_run("linear", report=True)
    assert main([str(folder.path), "--out", str(tmp_path / "forecast.csv"), "--no-plot"]) == 0
    written = pd.read_csv(tmp_path / "forecast.csv")
    assert written["channel"][~written["scored"]].unique().tolist() == ["s40", "s41", "s42"]
    items = ItemForecasts().forecast(folder.path, None)
    assert items["channel"][~items["scored"]].unique().tolist() == ["s40", "s41", "s42"]
    page = (folder.path / "report.html").read_text()
    assert "3 of them are too short to be scored: s40, s41, s42" in page


def test_the_split_of_a_run_stays_when_its_series_grow(ragged_run, tmp_path):
    folder = ragged_run("linear")
    path = tmp_path / "grown.csv"
    rows = ragged_rows(short=3)
    grown = rows[rows["unit"] == "s00"]
    pd.concat([rows, grown.assign(time=grown["time"] + pd.Timedelta(hours=MIN_ROWS))]).to_csv(path, index=False)
    config = (folder.path / "config.yaml").read_text()
    copied = tmp_path / "run"
    copied.mkdir()
    for file in ("results.json", "data_report.json", "splits.parquet"):
        (copied / file).write_bytes((folder.path / file).read_bytes())
    (copied / "model").symlink_to(folder.path / "model")
    (copied / "config.yaml").write_text(config.replace(str(folder.config.data.path), str(path)))
    again = next(iter(rescore(copied, tmp_path / "rescored").values()))
    assert again.metrics["wql"].value == pytest.approx(folder.results.metrics["wql"].value, rel=1e-6)
    assert again.window_set.hash == folder.results.window_set.hash


def test_a_trained_network_is_fitted_refitted_and_scored_on_ragged_series(ragged_run):
    folder = ragged_run("lstm", "starts", *TINY_LSTM[1:])
    assert folder.results.window_set.windows == ragged_run("linear").results.window_set.windows
    table = predict(folder.path, refit=True)
    assert table["channel"].nunique() == 43
    assert table["timestamp"].max() == pd.Timestamp("2024-01-01") + pd.Timedelta(hours=MAX_ROWS + 5)
    write_report(folder.path)
    report = json.loads((folder.path / "data_report.json").read_text())
    assert report["split_by"] == "series"
