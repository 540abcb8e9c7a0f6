"""Rescoring takes the dates that it is given and no others, and reads new files as the run's own was read."""

import numpy as np
import pandas as pd
import pytest
from panels import panel_of

from timevis.data.given_times import timestamp
from timevis.data.panel import Panel
from timevis.errors import ConfigError
from timevis.predict import panels_for, predict
from timevis.rescore import between, rescore
from timevis.run_folder import RunFolder


def hourly(zone: str | None = None) -> Panel:
    """Hours from the first of January to the end of April 2024."""
    index = pd.date_range("2024-01-01", "2024-04-30 23:00", freq="h", tz=zone)
    return panel_of(np.ones(len(index)), index=index, channels=("a",), timezone=zone or "")


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2024-02-25", "2024-02-25", "2024-02-25 00:00", "2024-02-25 23:00"),
        ("2024-02", "2024-03", "2024-02-01 00:00", "2024-03-31 23:00"),
        ("2024", "2024", "2024-01-02 00:00", "2024-04-30 23:00"),
        ("2024-02-25 06:00", "2024-02-25T18:00:00", "2024-02-25 06:00", "2024-02-25 18:00"),
    ],
)
def test_an_end_reaches_to_the_end_of_the_period_that_it_names(compose_config, start, end, first, last):
    data = between(compose_config("model=linear", "evaluation.max_windows=null"), hourly(), "x", start, end)
    origins = data.windows["test"].origins
    assert data.panel.index[int(origins[0])] == pd.Timestamp(first)
    assert data.panel.index[int(origins[-1]) + data.horizon - 1] == pd.Timestamp(last)


def test_a_time_is_one_of_the_panels_zone_unless_it_names_its_own():
    panel = hourly("Europe/Lisbon")
    assert timestamp("2024-04-01", panel) == pd.Timestamp("2024-03-31 23:00", tz="UTC")
    assert timestamp("2024-03-31", panel, end=True).floor("h") == pd.Timestamp("2024-03-31 22:00", tz="UTC")
    assert timestamp("2024-04-01 02:00+02:00", panel) == pd.Timestamp("2024-04-01", tz="UTC")
    assert timestamp("2024-10-27 01:30", panel) == pd.Timestamp("2024-10-27 00:30", tz="UTC")
    assert timestamp("2024-10-27 01:30", panel, end=True) == pd.Timestamp("2024-10-27 01:30", tz="UTC")


@pytest.mark.parametrize(
    "text", ["2024/02/25", "01.02.2024", "nan", "now", "", "2024-2-5", "20240225", "2024-02-30", "2024-02-25 25:00"]
)
def test_another_form_than_iso_is_refused_with_an_example(text):
    with pytest.raises(ConfigError, match="is not a time") as caught:
        timestamp(text, hourly())
    assert "2024-01-31" in caught.value.advice


def german(hours: pd.DatetimeIndex, decimals: int) -> str:
    """A table as a German spreadsheet writes it."""
    load = 1500 + 400 * np.sin(np.arange(len(hours)) / 12 * np.pi)
    cells = [f"{v:,.{decimals}f}".replace(",", " ").replace(".", ",").replace(" ", ".") for v in load]
    return pd.DataFrame({"Zeit": hours.strftime("%d.%m.%Y %H:%M"), "Last": cells}).to_csv(index=False, sep=";")


def test_numbers_and_dates_of_new_files_are_read_as_in_the_runs_own(finished_run, tmp_path):
    (tmp_path / "own.csv").write_text(german(pd.date_range("2024-01-01", periods=600, freq="h"), decimals=1))
    run = finished_run("model=linear", "data=csv", f"data.path={tmp_path / 'own.csv'}")
    report = RunFolder(run).data_report
    assert (report["decimal"], report["day_first"]) == ("comma", True)
    (tmp_path / "day.csv").write_text(german(pd.date_range("2024-02-05", periods=24, freq="h"), decimals=0))
    (panel,) = panels_for(RunFolder(run), [tmp_path / "day.csv"]).values()
    assert panel.values.min() == 1100
    assert predict(run, [tmp_path / "day.csv"])["timestamp"].iloc[0] == pd.Timestamp("2024-02-06")
    (tmp_path / "days.csv").write_text(german(pd.date_range("2024-02-05", periods=48, freq="h"), decimals=0))
    (found,) = rescore(run, tmp_path / "out", [tmp_path / "days.csv"]).values()
    assert found["metrics"]["mae"]["value"] < 50


def test_a_run_that_scored_validation_is_scored_on_its_test_part_afterwards(finished_run, tmp_path):
    chosen, plain = finished_run("model=linear", "evaluation.part=validation"), finished_run("model=linear")
    (found,) = rescore(chosen, tmp_path / "out").values()
    usual = RunFolder(plain).results
    assert RunFolder(chosen).results["window_set"]["hash"] != usual["window_set"]["hash"]
    assert found["window_set"] == usual["window_set"]
    assert found["metrics"] == usual["metrics"]
    assert found["run"]["seen_origins"] == 0
