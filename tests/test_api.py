"""The Python interface does what the command line does."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import pytest

import timevis
from timevis.errors import ConfigError, DataError
from timevis.evaluation.verdict import verdict_of
from timevis.utils.levels import QUANTILE_LEVELS
from timevis.utils.phrases import format_interval

SMALL = ("evaluation.max_windows=6", "evaluation.val_windows=4")


@pytest.fixture
def load_frame() -> pd.DataFrame:
    hours = np.arange(600)
    load = 100 + 20 * np.sin(hours * np.pi / 12) + np.random.default_rng(0).normal(size=600)
    return pd.DataFrame({"time": pd.date_range("2024-01-01", periods=600, freq="h"), "load": load})


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_train_returns_a_run_with_results_report_forecasts_and_a_plot(load_frame, tmp_path) -> None:
    load_frame.to_csv("my load.csv", index=False)
    run = timevis.train(model="linear", data="my load.csv", horizon=6, context_length=48, overrides=SMALL)
    assert run.folder.is_relative_to("outputs/file/linear")
    assert run.results.window_set.horizon == 6
    assert run.report.is_file()
    assert "skill against seasonal naive" in repr(run)
    forecast = run.predict()
    assert len(forecast) == 6
    assert list(forecast.columns[:4]) == ["item", "channel", "timestamp", "point"]
    assert forecast.shape[1] == 4 + len(QUANTILE_LEVELS) + 1
    assert forecast["scored"].all()
    assert len(run.plot().axes) > 0


def test_a_data_frame_is_data_and_its_time_may_be_the_index(load_frame) -> None:
    options = {"horizon": 6, "context_length": 48, "overrides": SMALL}
    by_column = timevis.train(load_frame, "linear", **options)
    by_index = timevis.train(load_frame.set_index("time"), "linear", name="my plant", **options)
    assert (by_column.results.run.data, by_index.results.run.data) == ("dataframe", "my_plant")
    assert by_column.results.metrics == by_index.results.metrics
    assert len(by_column.predict()) == 6  # its data are found again
    with pytest.raises(DataError, match="names are not text"):
        timevis.train(load_frame.set_axis([0, 1], axis=1), "linear", **options)


def test_compare_gives_paired_differences_of_runs_on_the_same_windows(load_frame) -> None:
    options = {"data": load_frame, "horizon": 6, "context_length": 48, "overrides": SMALL}
    linear, naive = timevis.train(model="linear", **options), timevis.train(model="seasonal_naive", **options)
    comparison = timevis.compare([linear, naive.folder])
    assert list(comparison.metrics.index) == ["linear", "seasonal_naive"]
    assert set(comparison.differences["run"]) == {"seasonal_naive"}
    assert timevis.compare([linear]).reference == "seasonal naive"
    shown = comparison._repr_html_()
    assert shown.index("<th>linear</th>") < shown.index("<th>seasonal_naive</th>")
    assert comparison.to_latex().count(r"\\") == 3


def test_a_notebook_shows_the_verdict_of_a_run_or_its_state(load_frame) -> None:
    run = timevis.train(load_frame, "linear", horizon=6, context_length=48, overrides=SMALL, name="a<b")
    assert run.results.run.data == "a_b"
    shown = run._repr_html_()
    assert html.escape(verdict_of(run.results).text) in shown
    assert format_interval(run.results.metrics["mase"].low, run.results.metrics["mase"].high) in shown
    status = run.folder / "status.json"
    status.write_text(status.read_text().replace('"completed"', '"failed"'))
    assert "failed" in run._repr_html_()
    assert "<table" not in run._repr_html_()


def test_tab_completion_offers_the_interface() -> None:
    assert {"Run", "compare", "train"} <= set(dir(timevis))


def test_errors_name_the_key_as_on_the_command_line() -> None:
    with pytest.raises(ConfigError, match="model=lstn is not a choice"):
        timevis.train(model="lstn")
    with pytest.raises(ConfigError, match="horizon=0 must be a whole number of at least 1"):
        timevis.train(model="linear", horizon=0)
    with pytest.raises(DataError, match="there is no file"):
        timevis.train(model="linear", data="nowhere.csv")
    with pytest.raises(ConfigError, match="horizn"):
        timevis.train(model="linear", overrides=["+horizn=24"])
    with pytest.raises(ConfigError, match=r"overrides has .data\.path=b\.csv., but the argument data is a\.csv"):
        timevis.train(model="linear", data="a.csv", overrides=["data.path=b.csv"])


def test_auto_is_the_default_of_the_python_interface(load_frame):
    small = ["model.members=[seasonal_naive,linear]", "evaluation.val_windows=10", "evaluation.max_windows=10"]
    trained = timevis.train(load_frame, minutes=1, horizon=6, context_length=24, overrides=[*small, "trainer=cpu"])
    assert trained.results.run.model == "auto"
    assert {member.name for member in trained.results.run.members} == {"seasonal_naive", "linear"}
    assert 'id="members"' in trained.report.read_text(encoding="utf-8")
