import errno
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from plant import PLANT_COLUMNS, plant_rows

from timevis.cli.predict import main
from timevis.data.catalog import load_panel
from timevis.data.windows import SeriesStore
from timevis.errors import ConfigError, DataError
from timevis.inference.predict import extend_to_horizon, forecast_panel, load_panels, predict
from timevis.inference.rescore import rescore
from timevis.runs.folder import RunFolder
from timevis.utils.levels import QUANTILE_COLUMNS


def test_the_future_follows_the_last_row_of_the_runs_data(plant):
    table = predict(plant)
    assert list(table.columns) == ["item", "channel", "timestamp", "point", *QUANTILE_COLUMNS, "scored"]
    assert table["scored"].all()
    assert len(table) == 2 * 6
    assert set(table["item"]) == {"plant"}
    expected = pd.date_range("2024-01-01", periods=606, freq="h")[600:]
    for _, rows in table.groupby("channel"):
        assert rows["timestamp"].tolist() == expected.tolist()
    quantiles = table[list(QUANTILE_COLUMNS)].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    truth = 10 + np.sin(np.arange(600, 606) / 12 * np.pi)
    np.testing.assert_allclose(table.loc[table["channel"] == "a", "q0.5"], truth, atol=0.5)


def test_a_data_frame_is_forecast_as_a_file_with_its_rows(plant, tmp_path):
    frame = plant_rows(100, "2025-03-01", seed=1)
    frame.to_csv(tmp_path / "data.csv", index=False)
    pd.testing.assert_frame_equal(predict(plant, frame), predict(plant, [tmp_path / "data.csv"]))


def test_times_of_a_forecast_are_in_the_time_zone_of_the_data(finished_run, tmp_path):
    times = pd.date_range("2024-01-01", periods=600, freq="h", tz="UTC")
    frame = pd.DataFrame({"time": times.strftime("%Y-%m-%dT%H:%MZ"), "a": np.sin(np.arange(600) / 4)})
    frame.to_csv(tmp_path / "utc.csv", index=False)
    run = finished_run("model=linear", "data=file", f"data.path={tmp_path / 'utc.csv'}", "data.timezone=Asia/Tokyo")
    forecast = predict(run)["timestamp"]
    assert str(forecast[0]) == "2024-01-26 09:00:00+09:00"
    assert str(forecast.dt.tz) == "Asia/Tokyo"
    frame["time"] = times.strftime("%Y-%m-%dT%H:%M+01:00")
    frame.to_csv(tmp_path / "other.csv", index=False)
    both = predict(run, [tmp_path / "utc.csv", tmp_path / "other.csv"])["timestamp"]
    assert len(both.unique()) == len(forecast) + 1


@pytest.mark.parametrize("freq", ["h", "D"])
def test_a_forecast_across_a_clock_change_has_the_offsets_of_the_file(finished_run, tmp_path, freq):
    """An hour is missing in March and occurs twice in October; the hours of the day keep their values."""
    local = pd.date_range("2024-01-01", "2024-10-26 23:00", freq=freq, tz="Europe/Paris")
    pattern = local.hour if freq == "h" else local.day_of_week
    frame = pd.DataFrame({"time": [t.isoformat() for t in local], "a": pattern.astype(float)})
    frame.to_csv(tmp_path / "local.csv", index=False)
    run = finished_run("model=seasonal_naive", "data=file", f"data.path={tmp_path / 'local.csv'}", "horizon=30")
    table = predict(run)
    expected = pd.date_range(local[-1], periods=31, freq=freq)[1:]
    assert [t.isoformat() for t in table["timestamp"]] == [t.isoformat() for t in expected]
    assert {t.isoformat()[-6:] for t in expected} == {"+01:00", "+02:00"}
    backtest = predict(run, horizon=5, backtest=True)
    assert backtest["truth"].tolist() == pattern[-5:].tolist()
    assert RunFolder(run).data_report["gaps"]["count"] == 0
    assert predict(run, frame.iloc[-200:])["timestamp"].tolist() == expected.tolist()


def test_a_data_frame_may_have_cells_of_several_kinds_in_a_column(plant):
    frame = plant_rows(100, "2025-03-01", seed=1)
    mixed = frame.assign(note=[1, "two", None, pd.Timestamp("2025")] * 25, b=frame["b"].astype(object))
    mixed.loc[3, "b"] = "n/a"
    frame.loc[3, "b"] = np.nan
    pd.testing.assert_frame_equal(predict(plant, mixed), predict(plant, frame))


def test_several_files_and_series_give_one_table_with_an_item_column(finished_run, tmp_path):
    one = plant_rows(300)[["time", "a"]]
    one.to_csv(tmp_path / "one.csv", index=False)
    run = finished_run("model=linear", "data=file", f"data.path={tmp_path / 'one.csv'}")
    long = pd.concat([plant_rows(60, seed=s)[["time", "a"]].assign(id=f"s{s}") for s in range(3)])
    long.to_csv(tmp_path / "long.csv", index=False)
    table = predict(run, [tmp_path / "one.csv", tmp_path / "long.csv"])
    assert table["item"].unique().tolist() == ["one", "s0", "s1", "s2"]
    assert len(table) == 4 * 6


@torch.no_grad()
def test_a_forecast_depends_neither_on_later_values_nor_on_the_batch_size(plant):
    folder = RunFolder(plant)
    panel, _ = load_panel(folder.config.data)
    forecaster = folder.load_forecaster()
    ended = panel.with_values(np.where(np.arange(600)[:, None] < 500, panel.values, np.nan))
    whole = forecast_panel(forecaster, ended, "x")
    one_by_one = forecast_panel(forecaster, ended, "x", batch_size=1)
    np.testing.assert_allclose(whole["point"], one_by_one["point"], rtol=1e-5)
    gone_on = panel.with_values(np.where(np.arange(600)[:, None] < 500, panel.values, 1e4))
    batch = SeriesStore(gone_on).gather(torch.full((2,), 500), torch.arange(2), 24, 6)
    np.testing.assert_allclose(whole["point"], forecaster.forecast(batch).point.ravel(), rtol=1e-5)


def test_a_panel_is_extended_to_the_end_of_its_forecast_only(plant):
    folder = RunFolder(plant)
    panel, _ = load_panel(folder.config.data)
    ahead, origins = extend_to_horizon(panel, 6)
    assert (origins.tolist(), len(ahead)) == ([600, 600], 606)
    again, origins = extend_to_horizon(ahead, 6)
    assert (origins.tolist(), len(again)) == ([600, 600], 606)


def test_the_last_window_of_the_test_part_is_forecast_the_same_by_predict(plant):
    predictions = pd.read_parquet(plant / "predictions.parquet")
    row = predictions.sort_values("origin").iloc[-1]
    frame = plant_rows(600)
    table = predict(plant, frame.iloc[: row["origin"]])
    forecast = table[table["channel"] == row["channel"]]
    np.testing.assert_allclose(forecast["point"], row["point"], rtol=1e-4)
    assert forecast["timestamp"].iloc[0] == row["timestamp"]


def test_rows_without_targets_give_the_known_future(plant):
    frame = plant_rows(106)
    frame.loc[100:, ["a", "b"]] = np.nan
    table = predict(plant, frame)
    assert table["timestamp"].iloc[0] == frame["time"].iloc[100]
    (panel,) = load_panels(RunFolder(plant), frame).values()
    ahead, origins = extend_to_horizon(panel, 6)
    assert origins.tolist() == [100, 100]
    assert ahead.covariates[100:, 0].tolist() == frame["price"].iloc[100:].tolist()


def test_a_backtest_forecasts_the_last_rows_without_their_values_and_adds_them_as_truth(plant, tmp_path):
    frame = plant_rows(100)
    hidden = frame.copy()
    hidden.loc[98:, ["a", "b"]] = np.nan
    table = predict(plant, frame, horizon=2, backtest=True)
    expected = predict(plant, hidden, horizon=2)
    pd.testing.assert_frame_equal(table.drop(columns="truth"), expected)
    truth = frame.loc[98:, ["a", "b"]].to_numpy().T.ravel()
    np.testing.assert_allclose(table["truth"], truth, rtol=1e-6)
    frame.to_csv(tmp_path / "data.csv", index=False)
    out = tmp_path / "backtest.csv"
    assert main([str(plant), str(tmp_path / "data.csv"), "--horizon", "2", "--backtest", "--out", str(out)]) == 0
    assert pd.read_csv(out)["truth"].notna().sum() == 4
    with pytest.raises(ConfigError, match="horizon=7 is longer than the horizon of the model, 6 rows"):
        predict(plant, frame, horizon=7)
    with pytest.raises(ConfigError, match="horizon=0 is below 1"):
        predict(plant, frame, horizon=0)
    with pytest.raises(ConfigError, match="refit"):
        predict(plant, refit=True, backtest=True)


def test_the_file_of_the_run_can_give_the_known_future(finished_run, tmp_path):
    frame = plant_rows(310)
    frame.loc[300:, ["a", "b"]] = np.nan
    frame.to_csv(tmp_path / "known.csv", index=False)
    options = (f"data.path={tmp_path / 'known.csv'}", *PLANT_COLUMNS)
    run = finished_run("model=seasonal_naive", "data=file", *options)
    assert predict(run)["timestamp"].min() == frame["time"].iloc[300]
    (panel,) = load_panels(RunFolder(run)).values()
    ahead, origins = extend_to_horizon(panel, 6)
    assert origins.tolist() == [300, 300]
    assert ahead.covariates[300:306, 0].tolist() == frame["price"].iloc[300:306].tolist()


@pytest.fixture(scope="module")
def price_run(finished_run, plant_file):
    """A finished run of a model that reads a known covariate."""
    options = (f"data.path={plant_file}", *PLANT_COLUMNS, "model.hidden_size=8", "model.fit.steps_per_epoch=4")
    return finished_run("model=lstm", "data=file", *options, "model.fit.max_epochs=1", "model.covariates=known")


def test_other_values_of_a_known_covariate_forecast_as_a_file_that_has_them(price_run):
    frame = plant_rows(106)
    frame.loc[100:, ["a", "b"]] = np.nan
    changed = frame.assign(price=frame["price"].mask(frame.index >= 103, 5.0))
    expected = predict(price_run, changed)
    pd.testing.assert_frame_equal(predict(price_run, frame, known={"price": [None] * 3 + [5.0] * 3}), expected)
    prices = changed["price"].iloc[100:].tolist()
    pd.testing.assert_frame_equal(predict(price_run, frame.iloc[:100], known={"price": prices}), expected)
    assert not expected.equals(predict(price_run, frame))
    with pytest.raises(ConfigError, match="the model reads no known covariate 'prize'"):
        predict(price_run, frame, known={"prize": [1.0]})
    with pytest.raises(ConfigError, match="price has 7 values, and the forecast has 6 rows"):
        predict(price_run, frame, known={"price": [1.0] * 7})


def test_a_known_covariate_without_future_values_is_logged(price_run, caplog):
    run = price_run
    frame = plant_rows(106)
    predict(run, frame)
    assert "known covariates without a value in some of the 6 forecast rows: 'price' in 6;" in caplog.text
    caplog.clear()
    frame.loc[100:, ["a", "b"]] = np.nan
    predict(run, frame)
    assert not caplog.records


def test_a_channel_that_ended_before_the_context_is_not_forecast(plant, caplog):
    frame = plant_rows(200)
    frame.loc[177:, "b"] = np.nan
    assert predict(plant, frame)["channel"].unique().tolist() == ["a", "b"]
    assert not caplog.records
    frame.loc[176:, "b"] = np.nan
    assert predict(plant, frame)["channel"].unique().tolist() == ["a"]
    assert f"the 24 rows before {frame['time'][199] + pd.Timedelta('1h')} have no value of 'b': not" in caplog.text


def test_a_channel_without_any_value_is_not_forecast_and_the_others_are(plant, caplog):
    new = plant_rows(72, "2024-03-01")
    alone = predict(plant, new.assign(b=np.nan))
    assert set(alone["channel"]) == {"a"}
    assert "b" in caplog.text
    both = predict(plant, new)
    pd.testing.assert_frame_equal(alone, both[both["channel"] == "a"].reset_index(drop=True))


def test_a_long_file_whose_series_all_lack_a_channel_is_forecast_without_it(plant):
    new = pd.concat([plant_rows(72, "2024-03-01", seed=seed).assign(site=site) for seed, site in enumerate("xy")])
    without_b, both = predict(plant, new.assign(b=np.nan)), predict(plant, new)
    assert set(without_b["item"]) == {"x", "y"}
    pd.testing.assert_frame_equal(without_b, both[both["channel"] == "a"].reset_index(drop=True))


def test_a_repeated_column_an_array_and_an_empty_list_of_files_are_refused(plant):
    with pytest.raises(DataError, match="the data are a ndarray"):
        predict(plant, np.zeros((100, 2)))
    new = plant_rows(72)
    with pytest.raises(DataError, match="data frame: several columns are named 'a'"):
        predict(plant, pd.concat([new, new[["a"]]], axis=1))
    with pytest.raises(DataError, match="no file"):
        predict(plant, [])


def test_holidays_of_the_future_are_known():
    cfg = {"name": "traffic", "time": "time", "target": ["traffic_volume"], "covariates": {"holiday": "known"}}
    panel, _ = load_panel(cfg)
    ahead, (origin,) = extend_to_horizon(panel, 24 * 60)
    flags = pd.Series(ahead.covariates[origin:, 0], index=ahead.index[origin:])
    assert flags["2018-11-22"].eq(1).all()  # Thanksgiving
    assert flags["2018-11-20"].eq(0).all()
    assert np.isfinite(flags).all()


def test_too_short_or_unfitting_data_are_refused(plant, tmp_path):
    with pytest.raises(DataError, match="fewer than the context_length of the run, 24"):
        predict(plant, plant_rows(20))
    with pytest.raises(DataError, match="'b'"):
        predict(plant, plant_rows(100).drop(columns="b"))


@pytest.mark.usefixtures("no_report")
def test_what_cleaning_changed_in_a_new_file_is_logged_and_reported(plant, tmp_path, caplog):
    frame = plant_rows(200, "2025-01-01")
    pd.concat([frame, frame.iloc[:3]]).to_csv(tmp_path / "messy.csv", index=False)
    frame.to_csv(tmp_path / "neat.csv", index=False)
    predict(plant, [tmp_path / "neat.csv"])
    assert not caplog.records
    predict(plant, [tmp_path / "messy.csv"])
    assert "rows were not sorted by time; 3 duplicate rows merged" in caplog.text
    rescore(plant, tmp_path / "out", [tmp_path / "messy.csv"])
    report = json.loads((tmp_path / "out" / "data_report.json").read_text())
    assert (report["rows_read"], report["rows"], report["was_sorted"]) == (203, 200, False)
    assert report["duplicates"]["identical"]["rows"] == 3
    assert report["channels"]["a"]["observed"] == 200
    assert "without training" in report["notes"][0]
    rescore(plant, tmp_path / "own", start="2024-01-20")
    assert json.loads((tmp_path / "own" / "data_report.json").read_text())["rows_read"] == 600


@pytest.mark.usefixtures("no_report")
def test_a_long_file_may_hold_only_some_series_of_the_run(finished_run, tmp_path, caplog):
    series = [plant_rows(300, seed=s)[["time", "a"]].assign(site=f"s{s}") for s in range(3)]
    pd.concat(series).to_csv(tmp_path / "sites.csv", index=False)
    run = finished_run("model=linear", "data=file", f"data.path={tmp_path / 'sites.csv'}")
    whole = predict(run)
    assert whole["channel"].unique().tolist() == ["s0", "s1", "s2"]
    series[1].to_csv(tmp_path / "one.csv", index=False)
    table = predict(run, [tmp_path / "one.csv"])
    assert "no value of 's0', 's2': not forecast" in caplog.text
    pd.testing.assert_frame_equal(
        table.drop(columns="item"), whole[whole["channel"] == "s1"].drop(columns="item").reset_index(drop=True)
    )
    found = rescore(run, tmp_path / "out", [tmp_path / "one.csv"])["one"]
    assert found.by_channel["s0"]["mae"] is None
    assert found.metrics["mae"].value == pytest.approx(found.by_channel["s1"]["mae"])
    series[1].assign(site="s9").to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(DataError, match="no channel 's0'"):
        predict(run, [tmp_path / "other.csv"])


def test_only_some_series_are_needed_where_each_has_its_own_covariate(finished_run, tmp_path, caplog):
    series = [
        plant_rows(300, seed=s)[["time", "a"]].assign(site=f"s{s}", price=np.arange(300) % (7 + s)) for s in range(3)
    ]
    pd.concat(series).to_csv(tmp_path / "sites.csv", index=False)
    columns = ("data.target=[a]", "data.covariates={price: known}", "model.covariates=known")
    small = ("model=lstm", "model.hidden_size=8", "model.fit.max_epochs=1", "model.fit.steps_per_epoch=20")
    run = finished_run(*small, "data=file", f"data.path={tmp_path / 'sites.csv'}", *columns)
    whole = predict(run).query("channel in ['s0', 's1']").reset_index(drop=True)
    pd.concat(series[:2]).to_csv(tmp_path / "some.csv", index=False)
    some = predict(run, tmp_path / "some.csv")
    assert some["channel"].unique().tolist() == ["s0", "s1"]
    assert "'price' of 's0' in 6, 'price' of 's1' in 6;" in caplog.text
    assert len(some) == len(whole)
    series[1].to_csv(tmp_path / "one.csv", index=False)
    one, own = predict(run, tmp_path / "one.csv"), whole[whole["channel"] == "s1"].reset_index(drop=True)
    pd.testing.assert_frame_equal(one.drop(columns="item"), own.drop(columns="item"))


def test_the_command_writes_a_table_and_a_picture_and_overwrites_nothing(plant, tmp_path, capsys):
    out = tmp_path / "future.csv"
    assert main([str(plant), "--out", str(out)]) == 0
    first = out.read_bytes()
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert main([str(plant), "--out", str(out)]) == 1
    assert "--force" in capsys.readouterr().err
    assert out.read_bytes() == first
    assert main([str(plant), "--out", str(out), "--force"]) == 0
    assert "refitted" not in capsys.readouterr().out
    assert main([str(plant), "--refit", "--out", str(tmp_path / "refitted.csv"), "--no-plot"]) == 0
    assert "from the refitted model" in capsys.readouterr().out
    assert main([str(plant), "--out", str(tmp_path / "future.parquet"), "--no-plot"]) == 0
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "future.parquet"), pd.read_csv(out, parse_dates=["timestamp"]), check_dtype=False
    )


def test_a_table_that_cannot_be_written_completely_does_not_replace_a_file(plant, tmp_path, capsys, monkeypatch):
    def full(table, path, **kwargs):
        Path(path).write_text("item")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    (tmp_path / "old.csv").write_text("old")
    for name in ("old.csv", "new.csv"):
        assert main([str(plant), "--out", str(tmp_path / name), "--force"]) == 1
    assert "No space left" in capsys.readouterr().err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old.csv", "old")]


def test_the_command_explains_invalid_arguments(plant, tmp_path, capsys):
    assert main([str(plant), "--out", str(tmp_path / "future.txt")]) == 1
    assert "neither a .csv nor a .parquet" in capsys.readouterr().err
    (tmp_path / "file").touch()
    for options in ([], ["--rescore"]):
        assert main([str(plant), *options, "--out", str(tmp_path / "file" / "x.csv")]) == 1
        assert f"{tmp_path / 'file'} is not a writable folder" in capsys.readouterr().err
    assert main([str(plant), str(tmp_path / "absent.csv"), "--out", str(tmp_path / "x.csv")]) == 1
    assert main([str(plant), "--rescore", str(tmp_path / "absent.csv")]) == 1
    assert "absent.csv" in capsys.readouterr().err
    assert main([str(plant), "--rescore", "--start", "soon", "--out", str(tmp_path / "r")]) == 1
    assert "not a time" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([str(plant), "--start", "2024-01-01"])


def test_events_in_words_change_the_forecast_of_a_model_that_reads_them(finished_run, plant, plant_file, tmp_path):
    (tmp_path / "events.csv").write_text("from,to,text\n2024-01-26 02:00,,the plant is closed\n", encoding="utf-8")
    data = ("data=file", f"data.path={plant_file}", *PLANT_COLUMNS)
    run = finished_run("model=qwen_patch", "model.tune=none", "conformal=none", "context_length=168", *data)
    usual, closed = predict(run), predict(run, events=tmp_path / "events.csv")
    in_event = usual["timestamp"] >= "2024-01-26 02:00"
    assert 0 < in_event.sum() < len(usual)
    assert (closed["q0.5"] < 0.9 * usual["q0.5"])[in_event].all()
    assert (closed["q0.5"] > 0.9 * usual["q0.5"])[~in_event].all()
    given = [{"from": "2024-01-26 02:00", "text": "the plant is closed"}]
    pd.testing.assert_frame_equal(predict(run, events=given), closed)
    with pytest.raises(ConfigError, match="does not read events"):
        predict(plant, events=given)


def test_a_forecast_warns_of_events_that_the_model_may_misread_and_of_events_without_a_row(
    finished_run, plant_file, caplog
):
    data = ("data=file", f"data.path={plant_file}", *PLANT_COLUMNS)
    run = finished_run("model=qwen_patch", "model.tune=none", "conformal=none", "context_length=168", *data)
    sentences = ["xyzzy plugh in the plant", "the plant is closed"]
    starts = ["2024-01-26 02:00", "2031-01-01"]
    predict(run, events=[{"from": start, "text": text} for start, text in zip(starts, sentences, strict=True)])
    (unknown, outside) = [record.getMessage() for record in caplog.records if "event" in record.getMessage()]
    assert "'xyzzy plugh in the plant'" in unknown
    assert "does not know xyzzy, plugh" in unknown
    assert "1 of 2 events lie in no row" in outside
