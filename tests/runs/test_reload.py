"""The data of a run may grow; rows or channels of its training data that are missing or changed are refused."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from timevis.errors import DataError
from timevis.inference.predict import predict
from timevis.inference.rescore import rescore
from timevis.runs.folder import RunFolder
from timevis.training.refit import refit
from timevis.training.run import run as run_experiment

ROWS = 600


def table(rows: int = ROWS) -> pd.DataFrame:
    """Three daily waves, and a channel that is constant in the training part of a run of `ROWS` rows."""
    hours = np.arange(rows)
    noise = np.random.default_rng(0).normal(0, 0.1, (rows, 3))
    waves = np.sin(hours / 12 * np.pi)[:, None] * [1, 5, 20] + [10, 50, 500] + noise
    late = np.where(hours < 0.7 * ROWS, 1.0, hours % 5)
    time = pd.date_range("2024-01-01", periods=rows, freq="h")
    return pd.DataFrame({"time": time, "a": waves[:, 0], "b": waves[:, 1], "c": waves[:, 2], "late": late})


@pytest.fixture(scope="module")
def trained(finished_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "plant.csv"
    table().to_csv(path, index=False)
    return finished_run("model=linear", "data=file", f"data.path={path}")


@pytest.fixture
def with_data(trained, tmp_path):
    """Copies a run and replaces the table in its data file."""

    def changed(frame: pd.DataFrame, run=trained):
        copy = shutil.copytree(run, tmp_path / "run")
        frame.to_csv(tmp_path / "plant.csv", index=False)
        cfg = OmegaConf.load(copy / "config.yaml")
        cfg.data.path = str(tmp_path / "plant.csv")
        OmegaConf.save(cfg, copy / "config.yaml")
        return copy

    return changed


def test_the_error_of_a_missing_channel_names_it(with_data):
    run = with_data(table().drop(columns="b"))
    with pytest.raises(DataError, match=r"plant has no channel 'b'"):
        predict(run)
    with pytest.raises(DataError, match=r"plant has no channel 'b'"):
        refit(RunFolder(run))


def test_additional_channels_and_another_order_change_no_forecast(trained, with_data):
    frame = table()
    frame.insert(1, "new", frame["a"] * 2)
    pd.testing.assert_frame_equal(predict(with_data(frame[["time", "c", "new", "b", "a"]])), predict(trained))


def test_rows_with_future_covariates_do_not_move_the_split(trained, with_data):
    frame = table()
    ahead = pd.DataFrame({"time": pd.date_range(frame["time"].iloc[-1], periods=301, freq="h")[1:]})
    pd.testing.assert_frame_equal(predict(with_data(pd.concat([frame, ahead]))), predict(trained))


@pytest.mark.usefixtures("no_report")
def test_a_grown_file_is_forecast_from_its_end_and_scored_as_before(trained, with_data, tmp_path):
    run = with_data(table(900))
    assert set(predict(run)["channel"]) == {"a", "b", "c"}
    assert predict(run)["timestamp"].min() == pd.Timestamp("2024-01-01") + pd.Timedelta(hours=900)
    (results,) = rescore(run, tmp_path / "again").values()
    before = RunFolder(trained).results
    assert results.window_set == before.window_set
    assert results.run.data_hash == before.run.data_hash
    for section in ("metrics", "seasonal_naive"):
        for name, entry in getattr(before, section).items():
            assert getattr(results, section)[name].value == pytest.approx(entry.value, rel=1e-6), name


def sites(ends: dict[str, tuple[int, int]]) -> pd.DataFrame:
    """A long table with the wave of each series between two hours."""
    waves = {"a": "a", "b": "b", "late": "c"}
    parts = [table(1200).assign(site=s, load=table(1200)[waves[s]])[i:j] for s, (i, j) in ends.items()]
    return pd.concat(parts)[["time", "site", "load"]]


@pytest.mark.usefixtures("no_report")
def test_a_series_that_a_run_left_out_may_grow_without_changing_the_windows_of_the_run(
    finished_run, with_data, tmp_path
):
    runs = {}
    for name, more in {"without": {}, "with": {"late": (1000, 1020)}}.items():
        sites({"a": (5, 600), "b": (200, 600)} | more).to_csv(tmp_path / f"{name}.csv", index=False)
        data = ("data=file", f"data.path={tmp_path / f'{name}.csv'}", "data.split_by=axis")
        runs[name] = finished_run("model=linear", *data)
    without, before = (RunFolder(run).results for run in runs.values())
    assert before.window_set == without.window_set
    assert before.metrics == without.metrics
    grown = with_data(sites({"a": (5, 700), "b": (200, 700), "late": (0, 1200)}), runs["with"])
    (results,) = rescore(grown, tmp_path / "again").values()
    assert results.window_set == before.window_set
    assert results.metrics["mase"].value == pytest.approx(before.metrics["mase"].value, rel=1e-6)
    forecast = predict(grown)
    assert set(forecast["channel"]) == {"a", "b"}
    assert forecast["timestamp"].min() == pd.Timestamp("2024-01-01") + pd.Timedelta(hours=700)


@pytest.mark.usefixtures("no_report")
def test_new_data_need_only_the_covariates_that_the_model_reads(finished_run, tmp_path):
    frame = table().assign(price=np.arange(ROWS) % 7)
    frame.to_csv(tmp_path / "priced.csv", index=False)
    options = (
        "data=file",
        f"data.path={tmp_path / 'priced.csv'}",
        "data.target=[a,b]",
        "data.covariates={price: known}",
    )
    run = finished_run("model=linear", *options)
    without = tmp_path / "without.csv"
    frame.drop(columns="price").to_csv(without, index=False)
    pd.testing.assert_frame_equal(
        predict(run, [without]).drop(columns="item"), predict(run, [tmp_path / "priced.csv"]).drop(columns="item")
    )
    assert rescore(run, tmp_path / "again", [without])["without"].metrics["wql"].value > 0
    small = ("model.hidden_size=8", "model.fit.max_epochs=1", "model.fit.steps_per_epoch=4")
    reader = finished_run("model=lstm", "model.covariates=known", *small, *options)
    with pytest.raises(DataError, match="no covariate 'price'"):
        predict(reader, [without])


def test_a_run_whose_training_values_changed_is_not_rescored(with_data, tmp_path):
    frame = table()
    frame.loc[5, "a"] += 1
    with pytest.raises(DataError, match="values, times or names have changed before"):
        rescore(with_data(frame), tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.mark.usefixtures("no_report")
def test_a_run_resumes_only_on_the_data_of_its_checkpoint(lstm_config, with_data, tmp_path):
    table().to_csv(tmp_path / "first.csv", index=False)
    path = tmp_path / "lstm"
    options = ("data=file", f"data.path={tmp_path / 'first.csv'}", "model.fit.max_epochs=1")
    run_experiment(lstm_config(*options), path)
    changed = table(900)
    changed.loc[3, "a"] += 1
    copy = with_data(changed, path)
    cfg = lstm_config(*options)
    cfg.resume = str(copy)
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with pytest.raises(DataError, match="values, times or names have changed before"):
        run_experiment(cfg, copy, [f"resume={copy}", "trainer.max_epochs=1"])
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    status = json.loads((copy / "status.json").read_text()) | {"state": "cancelled"}
    (copy / "status.json").write_text(json.dumps(status))
    with pytest.raises(DataError, match="values, times or names have changed before"):
        run_experiment(cfg, copy, [f"resume={copy}"])
    assert (copy / "data_report.json").read_bytes() == before[copy / "data_report.json"]
    table().to_csv(tmp_path / "plant.csv", index=False)
    run_experiment(cfg, copy, [f"resume={copy}"])
    assert RunFolder(copy).status.state == "completed"


@pytest.mark.usefixtures("no_report")
def test_a_split_by_dates_equals_the_split_by_their_rows_and_the_config_keeps_the_dates(
    lstm_config, trained, with_data, tmp_path
):
    data = ("data=file", f"data.path={RunFolder(trained).config.data.path}", "model.fit.max_epochs=1")
    specs = {"dates": "[2024-01-18,2024-01-21,2024-01-24]", "rows": "[408,480,552]"}
    for name, spec in specs.items():
        run_experiment(lstm_config(*data, f"data.split={spec}"), tmp_path / name)
    dates, rows = (RunFolder(tmp_path / name) for name in specs)
    assert dates.results.window_set == rows.results.window_set
    assert dates.results.metrics == rows.results.metrics
    assert dates.config.data.split == ["2024-01-18", "2024-01-21", "2024-01-24"]
    grown = with_data(table(900), dates.path)
    assert predict(grown)["timestamp"].min() == pd.Timestamp("2024-01-01") + pd.Timedelta(hours=900)
    (results,) = rescore(grown, tmp_path / "again").values()
    assert results.window_set == dates.results.window_set
    cfg = lstm_config()
    cfg.resume, cfg.trainer.max_epochs = str(grown), 2
    run_experiment(cfg, grown, [f"resume={grown}", "trainer.max_epochs=2"])
    assert RunFolder(grown).results.window_set == dates.results.window_set
