"""Rescoring scores exactly the given dates, and reads new files in the same way as the file of the run."""

import numpy as np
import pandas as pd
import pytest
from panels import panel_of
from plant import PLANT_COLUMNS, plant_rows

from timevis.data.panel import Panel, parse_panel_time
from timevis.errors import ConfigError, DataError
from timevis.evaluation.comparison import compare
from timevis.evaluation.verdict import verdict_of
from timevis.inference.predict import load_panels, predict
from timevis.inference.rescore import folder_name, rescore, windows_between
from timevis.report.comparison import sentences, write_comparison
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.record import RunRecord
from timevis.service.schemas.forecasts import ComparisonResult
from timevis.service.tasks.forecasting import comparison_result


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
    config = RunConfig.from_config(compose_config("model=linear", "evaluation.max_windows=null"))
    data = windows_between(config, hourly(), "x", start, end)
    origins = data.windows["test"].origins
    assert data.panel.index[int(origins[0])] == pd.Timestamp(first)
    assert data.panel.index[int(origins[-1]) + data.horizon - 1] == pd.Timestamp(last)


def test_a_context_lies_in_its_own_series_if_each_has_its_own_borders(compose_config):
    values = np.ones((2904, 2), np.float32)
    values[:1000, 1], values[2000:, 0] = np.nan, np.nan
    index = pd.date_range("2024-01-01", periods=len(values), freq="h")
    panel = panel_of(values, index=index, channels=("early", "late"), series=np.arange(2))
    config = RunConfig.from_config(compose_config("context_length=24", "horizon=12", "evaluation.max_windows=null"))
    windows = windows_between(config, panel, "x", "2024-02", "2024-04", by_series=True).windows["test"]
    origin, channel = (pair.numpy() for pair in windows.pairs)
    february, april_end = index.get_indexer(pd.to_datetime(["2024-02-01 00:00", "2024-04-30 23:00"]))
    assert (origin[channel == 0].min(), origin[channel == 0].max()) == (february, 2000 - 12)
    assert (origin[channel == 1].min(), origin[channel == 1].max()) == (1000 + 24, april_end - 11)
    with pytest.raises(DataError, match="in any series"):
        windows_between(config, panel, "x", "2024-04-30 14:00", None, by_series=True)


@pytest.mark.usefixtures("no_report")
def test_nothing_is_written_if_one_of_several_files_has_no_window(plant, tmp_path):
    plant_rows(200, "2025-01-01").to_csv(tmp_path / "long.csv", index=False)
    plant_rows(20, "2025-01-01").to_csv(tmp_path / "short.csv", index=False)
    with pytest.raises(DataError, match="short has no window"):
        rescore(plant, tmp_path / "out", [tmp_path / "long.csv", tmp_path / "short.csv"])
    assert not (tmp_path / "out").exists()


def test_a_time_without_a_zone_is_in_the_time_zone_of_the_panel():
    panel = hourly("Europe/Lisbon")
    assert parse_panel_time("2024-04-01", panel) == pd.Timestamp("2024-03-31 23:00", tz="UTC")
    assert parse_panel_time("2024-03-31", panel, end=True).floor("h") == pd.Timestamp("2024-03-31 22:00", tz="UTC")
    assert parse_panel_time("2024-04-01 02:00+02:00", panel) == pd.Timestamp("2024-04-01", tz="UTC")
    assert parse_panel_time("2024-10-27 01:30", panel) == pd.Timestamp("2024-10-27 00:30", tz="UTC")
    assert parse_panel_time("2024-10-27 01:30", panel, end=True) == pd.Timestamp("2024-10-27 01:30", tz="UTC")


@pytest.mark.parametrize(
    "text", ["2024/02/25", "01.02.2024", "nan", "now", "", "2024-2-5", "20240225", "2024-02-30", "2024-02-25 25:00"]
)
def test_a_time_that_is_not_in_iso_8601_is_refused_with_an_example(text):
    with pytest.raises(ConfigError, match="is not a time") as caught:
        parse_panel_time(text, hourly())
    assert "2024-01-31" in str(caught.value.advice)


def german(hours: pd.DatetimeIndex, decimals: int) -> str:
    """A table as a German spreadsheet writes it."""
    load = 1500 + 400 * np.sin(np.arange(len(hours)) / 12 * np.pi)
    cells = [f"{v:,.{decimals}f}".replace(",", " ").replace(".", ",").replace(" ", ".") for v in load]
    return pd.DataFrame({"Zeit": hours.strftime("%d.%m.%Y %H:%M"), "Last": cells}).to_csv(index=False, sep=";")


@pytest.mark.usefixtures("no_report")
def test_numbers_and_dates_of_new_files_are_read_as_in_the_file_of_the_run(finished_run, tmp_path):
    (tmp_path / "own.csv").write_text(german(pd.date_range("2024-01-01", periods=600, freq="h"), decimals=1))
    run = finished_run("model=linear", "data=file", f"data.path={tmp_path / 'own.csv'}")
    report = RunFolder(run).data_report
    assert (report["decimal"], report["day_first"]) == ("comma", True)
    (tmp_path / "day.csv").write_text(german(pd.date_range("2024-02-05", periods=24, freq="h"), decimals=0))
    (panel,) = load_panels(RunFolder(run), [tmp_path / "day.csv"]).values()
    assert panel.values.min() == 1100
    assert predict(run, [tmp_path / "day.csv"])["timestamp"].iloc[0] == pd.Timestamp("2024-02-06")
    (tmp_path / "days.csv").write_text(german(pd.date_range("2024-02-05", periods=48, freq="h"), decimals=0))
    (results,) = rescore(run, tmp_path / "out", [tmp_path / "days.csv"]).values()
    assert results.metrics["mae"].value < 50


def test_a_run_that_scored_validation_is_scored_on_its_test_part_afterwards(finished_run, tmp_path):
    validated = finished_run("model=linear", "evaluation.split=validation", report=True)
    tested = finished_run("model=linear")
    (results,) = rescore(validated, tmp_path / "out").values()
    expected = RunFolder(tested).results
    assert RunFolder(validated).results.window_set.hash != expected.window_set.hash
    assert results.window_set == expected.window_set
    assert results.metrics == expected.metrics
    assert results.run.seen_origins == 0


def test_rescoring_the_test_part_gives_the_scores_of_the_run(plant, tmp_path):
    (results,) = rescore(plant, tmp_path / "again").values()
    before = RunRecord.load(plant).results
    assert results.window_set.hash == before.window_set.hash
    for name, entry in before.metrics.items():
        assert results.metrics[name].value == pytest.approx(entry.value, rel=1e-6), name
    assert len(compare([RunRecord.load(plant), RunRecord.load(tmp_path / "again")]).differences)
    assert (tmp_path / "again" / "report.html").is_file()


@pytest.mark.usefixtures("no_report")
def test_rescoring_keeps_the_precision_of_the_run(finished_run, tmp_path):
    run = finished_run("model=linear", "trainer.precision=bf16-mixed")
    (results,) = rescore(run, tmp_path / "again").values()
    assert results.metrics["wql"].value == pytest.approx(RunFolder(run).results.metrics["wql"].value)


@pytest.mark.parametrize("end", ["2024-01-12 23:00", "2024-01-12"])
def test_rescoring_other_dates_takes_only_targets_between_them(plant, tmp_path, caplog, end):
    (results,) = rescore(plant, tmp_path / "dates", start="2024-01-10", end=end).values()
    windows = pd.read_parquet(tmp_path / "dates" / "windows.parquet")
    assert windows["timestamp"].min() == pd.Timestamp("2024-01-10")
    assert windows["timestamp"].max() == pd.Timestamp("2024-01-12 18:00")
    assert "trained or tuned on" in caplog.text
    origins = results.window_set.origins
    sentence = f"on 2024-01-10 00:00 to 2024-01-12 23:00 of plant ({origins} of its {origins} origins used in"
    assert sentence in (tmp_path / "dates" / "report.html").read_text()
    assert "test part" not in verdict_of(results).text


def rescore_all(runs, folder):
    for name, run in runs.items():
        rescore(run, folder / name, start="2024-01-20", end="2024-01-21 23:00")
    return [RunRecord.load(folder / name) for name in runs]


def test_runs_with_different_contexts_can_be_compared_after_rescoring_on_the_same_dates(
    plant, finished_run, plant_file, tmp_path
):
    data = ("data=file", f"data.path={plant_file}", *PLANT_COLUMNS)
    runs = {"long": plant, "short": finished_run("model=linear", "context_length=12", *data)}
    records = rescore_all(runs, tmp_path)
    assert set(compare(records, records[0]).differences["run"]) == {"linear, short"}
    assert records[0].results.window_set.borders == [456, 456, 504]
    assert "only 8 horizons long" in (tmp_path / "long" / "report.html").read_text()


@pytest.mark.usefixtures("no_report")
def test_scaled_errors_of_runs_with_different_training_parts_are_not_compared(
    plant, finished_run, plant_file, tmp_path
):
    data = ("data=file", f"data.path={plant_file}", *PLANT_COLUMNS)
    runs = {"most": plant, "half": finished_run("model=linear", "data.split=[0.4,0.2,0.4]", *data)}
    records = rescore_all(runs, tmp_path)
    comparison = compare(records, records[0])
    assert comparison.differences["metric"].tolist() == ["relative_wql", "wql", "crps"]
    assert "by another training part than the errors of linear, most" in sentences(comparison)[-1]
    shown = comparison_result(
        dict(zip("ab", records, strict=True)), {"a": ("A", "linear"), "b": ("B", "linear")}, "b"
    )
    note = ComparisonResult.model_validate(shown).notes[-1]
    assert note.code.startswith("MASE and the scaled errors of {runs} are scaled by another training part")
    assert (note.params["runs"][0], note.params["reference"]) == ("A", "B")
    assert note.params["runs"][1:] == [{"code": "seasonal naive", "params": {}, "text": "seasonal naive"}]
    assert "errors of A, seasonal naive are scaled" in note.text
    assert write_comparison(comparison, tmp_path / "comparison")


def test_each_item_has_its_own_folder_whatever_its_name():
    names = ["a/b", "a_b", "a%2Fb", "a\\b", "..", "%2E%2E", "Zürich 1.2"]
    folders = [folder_name(name) for name in names]
    assert len(set(folders)) == len(names)
    assert folders[-1] == names[-1]
    assert not any(f in (".", "..") or "/" in f for f in folders)


@pytest.mark.usefixtures("no_report")
def test_rescoring_new_data_needs_no_training(plant, tmp_path):
    plant_rows(200, "2025-01-01", seed=3).to_csv(tmp_path / "new.csv", index=False)
    results = rescore(plant, tmp_path / "out", [tmp_path / "new.csv"])["new"]
    assert results.run.data == "new"
    assert results.metrics["mase"].value < 2
    with pytest.raises(DataError, match="no window"):
        rescore(plant, tmp_path / "none", [tmp_path / "new.csv"], start="2026-01-01")


def test_new_data_may_be_one_window_long_and_have_gaps_anywhere(plant, tmp_path):
    one = plant_rows(30, "2025-01-01")
    one.to_csv(tmp_path / "one.csv", index=False)
    results = rescore(plant, tmp_path / "out", [tmp_path / "one.csv"])["one"]
    assert results.window_set.windows == 2
    gaps = plant_rows(200, "2025-01-01")
    gaps.loc[30:36, ["a", "b"]] = np.nan  # where a validation part would lie if there were one
    gaps.loc[150:160, ["a", "b"]] = np.nan
    gaps.to_csv(tmp_path / "gaps.csv", index=False)
    assert rescore(plant, tmp_path / "gaps", [tmp_path / "gaps.csv"])["gaps"].metrics["wql"].value > 0
    with pytest.raises(DataError, match=r"the test part, .* has no values"):
        rescore(plant, tmp_path / "none", [tmp_path / "gaps.csv"], start="2025-01-07 06:00", end="2025-01-07 14:00")
