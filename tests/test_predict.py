import errno
import json
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from pytorch_lightning.callbacks import Timer

from timevis.data.catalog import load_panel
from timevis.data.windows import SeriesStore
from timevis.errors import DataError
from timevis.evaluation.comparison import compare
from timevis.evaluation.comparison_files import sentences, write_comparison
from timevis.evaluation.run_record import RunRecord
from timevis.evaluation.verdict import verdict
from timevis.predict import QUANTILE_COLUMNS, forecast_panel, panels_for, predict, with_future
from timevis.refit import refit, trainer
from timevis.rescore import folder_name, rescore
from timevis.run_folder import RunFolder

main = runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "predict.py"))["main"]


def hourly(rows: int, start: str = "2024-01-01", seed: int = 0) -> pd.DataFrame:
    """A daily wave in two channels with a covariate."""
    hours = np.arange(rows)
    noise = np.random.default_rng(seed).normal(0, 0.1, (2, rows))
    return pd.DataFrame(
        {
            "time": pd.date_range(start, periods=rows, freq="h"),
            "a": 10 + np.sin(hours / 12 * np.pi) + noise[0],
            "b": 50 + 5 * np.cos(hours / 12 * np.pi) + noise[1],
            "price": hours % 7 * 1.0,
        }
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "plant.csv"
    hourly(600).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def run(finished_run, source):
    return finished_run(
        "model=linear", "data=csv", f"data.path={source}", "data.target=[a,b]", "data.covariates={price: known}"
    )


def test_the_future_follows_the_last_row_of_the_runs_data(run):
    table = predict(run)
    assert list(table.columns) == ["item", "channel", "timestamp", "point", *QUANTILE_COLUMNS]
    assert len(table) == 2 * 6
    assert set(table["item"]) == {"plant"}
    expected = pd.date_range("2024-01-01", periods=606, freq="h")[600:]
    for _, rows in table.groupby("channel"):
        assert rows["timestamp"].tolist() == expected.tolist()
    quantiles = table[list(QUANTILE_COLUMNS)].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    truth = 10 + np.sin(np.arange(600, 606) / 12 * np.pi)
    np.testing.assert_allclose(table.loc[table["channel"] == "a", "q0.5"], truth, atol=0.5)


def test_a_data_frame_in_gives_what_its_file_gives(run, tmp_path):
    frame = hourly(100, "2025-03-01", seed=1)
    frame.to_csv(tmp_path / "data.csv", index=False)
    pd.testing.assert_frame_equal(predict(run, frame), predict(run, [tmp_path / "data.csv"]))


def test_a_data_frame_may_have_cells_of_several_kinds_in_a_column(run):
    frame = hourly(100, "2025-03-01", seed=1)
    mixed = frame.assign(note=[1, "two", None, pd.Timestamp("2025")] * 25, b=frame["b"].astype(object))
    mixed.loc[3, "b"] = "n/a"
    frame.loc[3, "b"] = np.nan
    pd.testing.assert_frame_equal(predict(run, mixed), predict(run, frame))


def test_many_files_and_ids_give_one_table_with_an_item_column(finished_run, tmp_path):
    one = hourly(300)[["time", "a"]]
    one.to_csv(tmp_path / "one.csv", index=False)
    run = finished_run("model=linear", "data=csv", f"data.path={tmp_path / 'one.csv'}")
    long = pd.concat([hourly(60, seed=s)[["time", "a"]].assign(id=f"s{s}") for s in range(3)])
    long.to_csv(tmp_path / "long.csv", index=False)
    table = predict(run, [tmp_path / "one.csv", tmp_path / "long.csv"])
    assert table["item"].unique().tolist() == ["one", "s0", "s1", "s2"]
    assert len(table) == 4 * 6


@torch.no_grad()
def test_a_forecast_does_not_depend_on_what_comes_after_or_beside_it(run):
    folder = RunFolder(run)
    panel, _ = load_panel(folder.config.data)
    forecaster = folder.load_forecaster()
    ended = panel.with_values(np.where(np.arange(600)[:, None] < 500, panel.values, np.nan))
    whole = forecast_panel(forecaster, ended, "x")
    one_by_one = forecast_panel(forecaster, ended, "x", batch_size=1)
    np.testing.assert_allclose(whole["point"], one_by_one["point"], rtol=1e-5)
    gone_on = panel.with_values(np.where(np.arange(600)[:, None] < 500, panel.values, 1e4))
    batch = SeriesStore(gone_on).gather(torch.full((2,), 500), torch.arange(2), 24, 6)
    np.testing.assert_allclose(whole["point"], forecaster.forecast(batch).point.ravel(), rtol=1e-5)


def test_a_panel_is_extended_just_as_far_as_its_forecast_reaches(run):
    folder = RunFolder(run)
    panel, _ = load_panel(folder.config.data)
    ahead, origin = with_future(panel, 6)
    assert (origin, len(ahead)) == (600, 606)
    again, origin = with_future(ahead, 6)
    assert (origin, len(again)) == (600, 606)


def test_the_last_window_of_the_test_part_is_forecast_the_same_by_predict(run):
    predictions = pd.read_parquet(run / "predictions.parquet")
    row = predictions.sort_values("origin").iloc[-1]
    frame = hourly(600)
    table = predict(run, frame.iloc[: row["origin"]])
    mine = table[table["channel"] == row["channel"]]
    np.testing.assert_allclose(mine["point"], row["point"], rtol=1e-4)
    assert mine["timestamp"].iloc[0] == row["timestamp"]


def test_rows_without_targets_tell_the_known_future(run):
    frame = hourly(106)
    frame.loc[100:, ["a", "b"]] = np.nan
    table = predict(run, frame)
    assert table["timestamp"].iloc[0] == frame["time"].iloc[100]
    (panel,) = panels_for(RunFolder(run), frame).values()
    ahead, origin = with_future(panel, 6)
    assert origin == 100
    assert ahead.covariates[100:, 0].tolist() == frame["price"].iloc[100:].tolist()


def test_the_runs_own_file_may_tell_the_known_future(finished_run, tmp_path):
    frame = hourly(310)
    frame.loc[300:, ["a", "b"]] = np.nan
    frame.to_csv(tmp_path / "known.csv", index=False)
    options = (f"data.path={tmp_path / 'known.csv'}", "data.target=[a,b]", "data.covariates={price: known}")
    run = finished_run("model=seasonal_naive", "data=csv", *options)
    assert predict(run)["timestamp"].min() == frame["time"].iloc[300]
    (panel,) = panels_for(RunFolder(run)).values()
    ahead, origin = with_future(panel, 6)
    assert origin == 300
    assert ahead.covariates[300:306, 0].tolist() == frame["price"].iloc[300:306].tolist()


def test_a_known_covariate_that_is_not_given_ahead_is_said(finished_run, source, caplog):
    options = (f"data.path={source}", "data.target=[a,b]", "data.covariates={price: known}")
    run = finished_run("model=lstm", "data=csv", *options)
    frame = hourly(106)
    predict(run, frame)
    assert "known ahead, but without a value in the 6 rows that are forecast: 'price' in 6;" in caplog.text
    caplog.clear()
    frame.loc[100:, ["a", "b"]] = np.nan
    predict(run, frame)
    assert not caplog.records


def test_a_channel_that_ended_before_the_context_is_not_forecast(run, caplog):
    frame = hourly(200)
    frame.loc[177:, "b"] = np.nan
    assert predict(run, frame)["channel"].unique().tolist() == ["a", "b"]
    assert not caplog.records
    frame.loc[176:, "b"] = np.nan
    assert predict(run, frame)["channel"].unique().tolist() == ["a"]
    assert f"the 24 rows before {frame['time'][199] + pd.Timedelta('1h')} hold no value of 'b': not" in caplog.text


def test_a_channel_without_any_value_is_not_forecast_and_does_not_hold_up_the_others(run, caplog):
    new = hourly(72, "2024-03-01")
    alone = predict(run, new.assign(b=np.nan))
    assert set(alone["channel"]) == {"a"}
    assert "b" in caplog.text
    both = predict(run, new)
    pd.testing.assert_frame_equal(alone, both[both["channel"] == "a"].reset_index(drop=True))


def test_a_long_file_whose_series_all_lack_a_channel_is_forecast_without_it(run):
    new = pd.concat([hourly(72, "2024-03-01", seed=seed).assign(site=site) for seed, site in enumerate("xy")])
    told, both = predict(run, new.assign(b=np.nan)), predict(run, new)
    assert set(told["item"]) == {"x", "y"}
    pd.testing.assert_frame_equal(told, both[both["channel"] == "a"].reset_index(drop=True))


def test_what_cannot_be_forecast_at_all_is_said(run):
    new = hourly(72)
    with pytest.raises(DataError, match="data frame: several columns are named 'a'"):
        predict(run, pd.concat([new, new[["a"]]], axis=1))
    with pytest.raises(DataError, match="no file"):
        predict(run, [])


def test_holidays_of_the_future_are_known():
    cfg = {"name": "traffic", "time": "time", "target": ["traffic_volume"], "covariates": {"holiday": "known"}}
    panel, _ = load_panel(cfg)
    ahead, origin = with_future(panel, 24 * 60)
    flags = pd.Series(ahead.covariates[origin:, 0], index=ahead.index[origin:])
    assert flags["2018-11-22"].eq(1).all()  # Thanksgiving
    assert flags["2018-11-20"].eq(0).all()
    assert np.isfinite(flags).all()


def test_too_short_or_unfitting_data_are_refused(run, tmp_path):
    with pytest.raises(DataError, match="fewer than the context_length of the run, 24"):
        predict(run, hourly(20))
    with pytest.raises(DataError, match="'b'"):
        predict(run, hourly(100).drop(columns="b"))


def test_what_was_mended_in_a_new_file_is_said(run, tmp_path, caplog):
    frame = hourly(200, "2025-01-01")
    pd.concat([frame, frame.iloc[:3]]).to_csv(tmp_path / "messy.csv", index=False)
    frame.to_csv(tmp_path / "neat.csv", index=False)
    predict(run, [tmp_path / "neat.csv"])
    assert not caplog.records
    predict(run, [tmp_path / "messy.csv"])
    assert "rows were not in order; 3 duplicate rows merged" in caplog.text
    rescore(run, tmp_path / "out", [tmp_path / "messy.csv"])
    report = json.loads((tmp_path / "out" / "data_report.json").read_text())
    assert (report["rows_read"], report["rows"], report["was_sorted"]) == (203, 200, False)
    assert report["duplicates"]["identical"]["rows"] == 3
    assert report["channels"]["a"]["observed"] == 200
    assert "without training" in report["notes"][0]
    rescore(run, tmp_path / "own", start="2024-01-20")
    assert json.loads((tmp_path / "own" / "data_report.json").read_text())["rows_read"] == 600


def test_a_long_file_may_hold_some_of_the_runs_series(finished_run, tmp_path, caplog):
    series = [hourly(300, seed=s)[["time", "a"]].assign(site=f"s{s}") for s in range(3)]
    pd.concat(series).to_csv(tmp_path / "sites.csv", index=False)
    run = finished_run("model=linear", "data=csv", f"data.path={tmp_path / 'sites.csv'}")
    whole = predict(run)
    assert whole["channel"].unique().tolist() == ["s0", "s1", "s2"]
    series[1].to_csv(tmp_path / "one.csv", index=False)
    table = predict(run, [tmp_path / "one.csv"])
    assert "no value of 's0', 's2': not forecast" in caplog.text
    pd.testing.assert_frame_equal(
        table.drop(columns="item"), whole[whole["channel"] == "s1"].drop(columns="item").reset_index(drop=True)
    )
    found = rescore(run, tmp_path / "out", [tmp_path / "one.csv"])["one"]
    assert found["by_channel"]["s0"]["mae"] is None
    assert found["metrics"]["mae"]["value"] == pytest.approx(found["by_channel"]["s1"]["mae"])
    series[1].assign(site="s9").to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(DataError, match="no channel 's0'"):
        predict(run, [tmp_path / "other.csv"])


def test_some_series_are_enough_where_each_has_a_covariate_that_the_model_reads(finished_run, tmp_path, caplog):
    series = [
        hourly(300, seed=s)[["time", "a"]].assign(site=f"s{s}", price=np.arange(300) % (7 + s)) for s in range(3)
    ]
    pd.concat(series).to_csv(tmp_path / "sites.csv", index=False)
    columns = ("data.target=[a]", "data.covariates={price: known}", "model.hidden_size=8", "model.fit.max_epochs=1")
    run = finished_run("model=lstm", "data=csv", f"data.path={tmp_path / 'sites.csv'}", *columns)
    whole = predict(run).query("channel in ['s0', 's1']").reset_index(drop=True)
    pd.concat(series[:2]).to_csv(tmp_path / "some.csv", index=False)
    some = predict(run, tmp_path / "some.csv")
    assert some["channel"].unique().tolist() == ["s0", "s1"]
    assert "'price' of 's0' in 6, 'price' of 's1' in 6;" in caplog.text
    assert len(some) == len(whole)
    series[1].to_csv(tmp_path / "one.csv", index=False)
    one, own = predict(run, tmp_path / "one.csv"), whole[whole["channel"] == "s1"].reset_index(drop=True)
    pd.testing.assert_frame_equal(one.drop(columns="item"), own.drop(columns="item"))


def test_a_refit_trains_as_the_run_did(finished_run, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)  # as on a GPU that the run leaves alone
    options = trainer(RunFolder(finished_run("model=linear")), 2, 10)
    assert (options.max_epochs, options.precision) == (2, "32-true")


def test_a_refit_sees_the_last_rows_and_keeps_the_calibration(run):
    folder = RunFolder(run)
    before, after = folder.load_forecaster(), refit(folder)
    assert torch.equal(before.residuals.offsets, after.residuals.offsets)
    values = hourly(600)[["a", "b"]].to_numpy()
    np.testing.assert_allclose(after.channel_mean, values.mean(0), rtol=1e-6)
    changed = [k for k, v in after.state_dict().items() if not torch.equal(v, before.state_dict()[k])]
    assert any(not k.startswith(("channel_", "mase_")) for k in changed)


def test_a_trained_model_refits_for_the_epochs_of_its_best_weights(finished_run):
    overrides = ("model=lstm", "model.hidden_size=8", "model.fit.max_epochs=2", "model.fit.steps_per_epoch=3")
    folder = RunFolder(finished_run(*overrides))
    weights = (folder.path / "model" / "model.safetensors").read_bytes()
    first, second = refit(folder), refit(folder)
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    assert (folder.path / "model" / "model.safetensors").read_bytes() == weights
    assert len(predict(folder.path, refit=True)) == 2 * 6


def test_a_refit_has_the_epochs_of_the_run_where_its_steps_were_fewer(finished_run, monkeypatch):
    run = finished_run("model=lstm", "model.hidden_size=8", "model.fit.batch_size=64", "trainer.max_steps=2")
    made = []
    monkeypatch.setattr("timevis.refit.trainer", lambda *options: made.append(trainer(*options)) or made[-1])
    refit(RunFolder(run))
    assert (made[0].current_epoch, made[0].global_step) == (1, 2)


def test_what_ended_the_run_does_not_end_its_refit(finished_run, monkeypatch):
    model = ("model=lstm", "model.hidden_size=8", "model.fit.batch_size=64", "model.fit.min_steps_per_epoch=1")
    limits = ("trainer.max_steps=13", "trainer.max_time='00:01:00:00'")  # 13 steps: the training part once
    folder = RunFolder(finished_run(*model, *limits))
    made = []
    monkeypatch.setattr("timevis.refit.trainer", lambda *options: made.append(trainer(*options)) or made[-1])
    refit(folder)
    (one,) = made
    assert one.current_epoch == 1
    assert one.global_step == one.num_training_batches > 13
    assert not any(isinstance(callback, Timer) for callback in one.callbacks)


@pytest.mark.parametrize(
    "ended_by", [("model.fit.max_epochs=2",), ("trainer.max_epochs=null", "trainer.max_steps=6")]
)
def test_a_refit_of_a_run_without_best_weights_trains_as_long_as_the_run(finished_run, caplog, ended_by):
    overrides = ("model=lstm", "model.hidden_size=8", "model.fit.steps_per_epoch=3", "callbacks.best_checkpoint=null")
    folder = RunFolder(finished_run(*overrides, *ended_by))
    with caplog.at_level("INFO"):
        refit(folder)
    assert ", 2 epochs" in caplog.text


def test_rescoring_the_test_part_gives_the_runs_own_scores(run, tmp_path):
    (found,) = rescore(run, tmp_path / "again").values()
    before = RunRecord.load(run).results
    assert found["window_set"]["hash"] == before["window_set"]["hash"]
    for name, entry in before["metrics"].items():
        assert found["metrics"][name]["value"] == pytest.approx(entry["value"], rel=1e-6), name
    assert len(compare([RunRecord.load(run), RunRecord.load(tmp_path / "again")]).differences)
    assert (tmp_path / "again" / "report.html").is_file()


def test_rescoring_keeps_the_precision_of_the_run(finished_run, tmp_path):
    run = finished_run("model=linear", "trainer.precision=bf16-mixed")
    (found,) = rescore(run, tmp_path / "again").values()
    assert found["metrics"]["wql"]["value"] == pytest.approx(RunFolder(run).results["metrics"]["wql"]["value"])


@pytest.mark.parametrize("end", ["2024-01-12 23:00", "2024-01-12"])
def test_rescoring_other_dates_takes_only_targets_between_them(run, tmp_path, caplog, end):
    (found,) = rescore(run, tmp_path / "dates", start="2024-01-10", end=end).values()
    windows = pd.read_parquet(tmp_path / "dates" / "windows.parquet")
    assert windows["timestamp"].min() == pd.Timestamp("2024-01-10")
    assert windows["timestamp"].max() == pd.Timestamp("2024-01-12 18:00")
    assert "trained or tuned on" in caplog.text
    origins = found["window_set"]["origins"]
    said = f"on 2024-01-10 00:00 to 2024-01-12 23:00 of plant ({origins} of its {origins} origins were seen in"
    assert said in (tmp_path / "dates" / "report.html").read_text()
    assert "test part" not in verdict(found)


def rescored(runs, folder):
    for name, run in runs.items():
        rescore(run, folder / name, start="2024-01-20", end="2024-01-21 23:00")
    return [RunRecord.load(folder / name) for name in runs]


def test_runs_with_other_contexts_compare_on_the_dates_they_are_rescored_on(run, finished_run, source, tmp_path):
    data = ("data=csv", f"data.path={source}", "data.target=[a,b]", "data.covariates={price: known}")
    runs = {"long": run, "short": finished_run("model=linear", "context_length=12", *data)}
    records = rescored(runs, tmp_path)
    assert set(compare(records, records[0]).differences["run"]) == {"linear, short"}
    assert records[0].results["window_set"]["borders"] == [456, 456, 504]
    assert "only 8 horizons long" in (tmp_path / "long" / "report.html").read_text()


def test_scaled_errors_of_runs_with_other_training_parts_are_not_compared(run, finished_run, source, tmp_path):
    data = ("data=csv", f"data.path={source}", "data.target=[a,b]", "data.covariates={price: known}")
    runs = {"most": run, "half": finished_run("model=linear", "data.split=[0.4,0.2,0.4]", *data)}
    records = rescored(runs, tmp_path)
    comparison = compare(records, records[0])
    assert comparison.differences["metric"].tolist() == ["wql", "crps"]
    assert "another training part than those of linear, most" in sentences(comparison)[-1]
    assert write_comparison(comparison, tmp_path / "comparison")


def test_items_of_any_name_have_folders_of_their_own():
    names = ["a/b", "a_b", "a%2Fb", "a\\b", "..", "%2E%2E", "Zürich 1.2"]
    folders = [folder_name(name) for name in names]
    assert len(set(folders)) == len(names)
    assert folders[-1] == names[-1]
    assert not any(f in (".", "..") or "/" in f for f in folders)


def test_rescoring_new_data_needs_no_training(run, tmp_path):
    hourly(200, "2025-01-01", seed=3).to_csv(tmp_path / "new.csv", index=False)
    found = rescore(run, tmp_path / "out", [tmp_path / "new.csv"])["new"]
    assert found["run"]["data"] == "new"
    assert found["metrics"]["mase"]["value"] < 2
    with pytest.raises(DataError, match="no window"):
        rescore(run, tmp_path / "none", [tmp_path / "new.csv"], start="2026-01-01")


def test_new_data_may_be_one_window_long_and_have_gaps_anywhere(run, tmp_path):
    one = hourly(30, "2025-01-01")
    one.to_csv(tmp_path / "one.csv", index=False)
    found = rescore(run, tmp_path / "out", [tmp_path / "one.csv"])["one"]
    assert found["window_set"]["windows"] == 2
    gaps = hourly(200, "2025-01-01")
    gaps.loc[30:36, ["a", "b"]] = np.nan  # where a validation part would lie if there were one
    gaps.loc[150:160, ["a", "b"]] = np.nan
    gaps.to_csv(tmp_path / "gaps.csv", index=False)
    assert rescore(run, tmp_path / "gaps", [tmp_path / "gaps.csv"])["gaps"]["metrics"]["wql"]["value"] > 0
    with pytest.raises(DataError, match=r"the test part, .* holds no values"):
        rescore(run, tmp_path / "none", [tmp_path / "gaps.csv"], start="2025-01-07 06:00", end="2025-01-07 14:00")


def test_the_command_writes_a_table_and_a_picture_and_overwrites_nothing(run, tmp_path, capsys):
    out = tmp_path / "future.csv"
    assert main([str(run), "--out", str(out)]) == 0
    first = out.read_bytes()
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert main([str(run), "--out", str(out)]) == 1
    assert "--force" in capsys.readouterr().err
    assert out.read_bytes() == first
    assert main([str(run), "--out", str(out), "--force"]) == 0
    assert "refitted" not in capsys.readouterr().out
    assert main([str(run), "--refit", "--out", str(tmp_path / "refitted.csv"), "--no-plot"]) == 0
    assert "of the model refitted" in capsys.readouterr().out
    assert main([str(run), "--out", str(tmp_path / "future.parquet"), "--no-plot"]) == 0
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "future.parquet"), pd.read_csv(out, parse_dates=["timestamp"]), check_dtype=False
    )


def test_a_table_that_cannot_be_written_whole_takes_no_other_ones_place(run, tmp_path, capsys, monkeypatch):
    def full(table, path, **kwargs):
        Path(path).write_text("item")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    (tmp_path / "old.csv").write_text("old")
    for name in ("old.csv", "new.csv"):
        assert main([str(run), "--out", str(tmp_path / name), "--force"]) == 1
    assert "No space left" in capsys.readouterr().err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old.csv", "old")]


def test_the_command_explains_what_it_can_not_do(run, tmp_path, capsys):
    assert main([str(run), "--out", str(tmp_path / "future.txt")]) == 1
    assert "neither a .csv nor a .parquet" in capsys.readouterr().err
    (tmp_path / "file").touch()
    for options in ([], ["--rescore"]):
        assert main([str(run), *options, "--out", str(tmp_path / "file" / "x.csv")]) == 1
        assert f"{tmp_path / 'file'} is no folder that can be written to" in capsys.readouterr().err
    assert main([str(run), str(tmp_path / "absent.csv"), "--out", str(tmp_path / "x.csv")]) == 1
    assert main([str(run), "--rescore", str(tmp_path / "absent.csv")]) == 1
    assert "absent.csv" in capsys.readouterr().err
    assert main([str(run), "--rescore", "--start", "soon", "--out", str(tmp_path / "r")]) == 1
    assert "not a time" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([str(run), "--start", "2024-01-01"])
