"""Lengths that the user does not set follow from the data, and the run folder holds those that were used."""

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from panels import panel_of

from timevis.cli.inspect import inspect_data
from timevis.config.compose import compose
from timevis.data.calendar import steps_per_day
from timevis.data.catalog import load_panel
from timevis.data.split import make_split, parse_split
from timevis.inference.predict import predict
from timevis.runs.config import RunConfig
from timevis.runs.default_lengths import Lengths, default_lengths, frequency_name, steps_of_small_epochs
from timevis.runs.folder import RunFolder

FREQUENCIES = ("s", "min", "5min", "15min", "30min", "h", "3h", "6h", "D", "B", "W-SUN", "MS", "ME", "QS", "YS", "2D")
LONG = (70_000, 80_000, 100_000)


@pytest.mark.parametrize(
    ("freq", "context_length", "horizon", "season", "stride", "name"),
    [
        ("5min", 2016, 96, 288, 1, "5-minutely"),
        ("15min", 672, 96, 96, 1, "quarter-hourly"),
        ("30min", 336, 48, 48, 1, "half-hourly"),
        ("h", 168, 24, 24, 1, "hourly"),
        ("6h", 56, 28, 4, 1, "6-hourly"),
        ("D", 56, 14, 7, 1, "daily"),
        ("B", 40, 10, 5, 1, "business-daily"),
        ("W-SUN", 104, 13, 52, 1, "weekly"),
        ("MS", 36, 12, 12, 1, "monthly"),
        ("QE", 16, 8, 4, 1, "quarterly"),
        ("YS", 12, 6, 1, 1, "yearly"),
    ],
)
def test_long_data_get_the_lengths_of_their_frequency(freq, context_length, horizon, season, stride, name):
    assert default_lengths(freq, LONG) == Lengths(context_length, horizon, season, stride)
    assert frequency_name(freq) == name


@pytest.mark.parametrize(
    ("freq", "stride"), [("5min", 23), ("15min", 23), ("30min", 11), ("h", 5), ("D", 3), ("B", 2), ("MS", 1)]
)
def test_origins_of_a_short_test_part_are_a_quarter_of_the_horizon_apart_and_reach_all_of_a_season(freq, stride):
    assert default_lengths(freq, (1400, 1600, 1900)).stride == stride


@given(st.sampled_from(FREQUENCIES), st.integers(30, 3000), st.sampled_from([(0.7, 0.1, 0.2), (0.5, 0.25, 0.25)]))
def test_the_lengths_fit_data_of_any_frequency_and_length(freq, rows, split):
    ends = tuple(int(rows * share) for share in np.cumsum(split))
    lengths = default_lengths(freq, ends)
    made = make_split(rows, parse_split(split), lengths.context_length, lengths.horizon)
    origins = made.origins("train", lengths.context_length, lengths.horizon)
    assert len(origins) >= (made.train_end - lengths.horizon) // 2
    assert 2 * lengths.season <= max(2, made.train_end)
    assert steps_per_day(freq) > 0


@pytest.mark.parametrize(
    ("freq", "seasons", "model", "context_length"),
    [
        ("h", (24,), "qwen", 168),
        ("h", (24, 168), "qwen", 336),
        ("h", (24, 168), "lstm", 168),
        ("15min", (96, 672), "qwen", 336),
    ],
)
def test_nano_reads_two_of_the_longest_season_of_the_training_part_up_to_the_context_of_its_pretraining(
    freq, seasons, model, context_length
):
    rows = np.arange(9000)
    noise = np.random.default_rng(0).normal(size=len(rows))
    panel = panel_of(sum(3 * np.sin(2 * np.pi * rows / season) for season in seasons) + noise, freq=freq)
    config = RunConfig.from_config(compose([f"model={model}", "data=file"]))
    assert config.completed_for(panel).context_length == context_length


@given(
    st.lists(st.integers(40, 400), min_size=2, max_size=8), st.floats(0.05, 1), st.sampled_from(["series", "axis"])
)
@settings(deadline=None, max_examples=30)
def test_the_steps_of_an_epoch_count_the_windows_of_each_series(rows, fraction, split_by):
    values = np.full((max(rows), len(rows)), np.nan)
    for channel, length in enumerate(rows):
        values[:length, channel] = 1 + np.arange(length) % 7
    panel = panel_of(values, freq="D", series=np.arange(len(rows)))
    fit = [f"model.fit.train_fraction={fraction}", "model.fit.batch_size=1", "model.fit.steps_per_epoch=1000000"]
    config = RunConfig.from_config(compose(["model=lstm", "data=file", *fit]))
    completed = config.completed_for(panel)
    windows = len(completed.datamodule(panel).windows["train"])
    assert completed.fit.min_steps_per_epoch == max(20, 10 * windows)


def test_a_given_horizon_lengthens_the_context():
    assert default_lengths("D", LONG, horizon=60).context_length == 120


def test_an_epoch_of_few_windows_has_few_steps_and_one_of_many_windows_the_maximum():
    assert steps_of_small_epochs(320, 128, 300) == 25
    assert steps_of_small_epochs(30, 128, 300) == 20
    assert steps_of_small_epochs(100_000, 128, 300) == 300
    assert steps_of_small_epochs(100_000, 128, None) == 1


@pytest.mark.parametrize(
    ("rows", "steps", "overrides"),
    [
        (730, 20, []),
        (3000, 60, []),
        (730, 60, ["model.fit.steps_per_epoch=60"]),
        (730, 50, ["model/backbone=qwen2.5-0.5b"]),
    ],
)
def test_an_epoch_of_nano_reads_the_rows_of_a_short_series_less_often(rows, steps, overrides):
    panel = panel_of(np.random.default_rng(0).normal(size=(rows, 1)), freq="D")
    completed = RunConfig.from_config(compose(["data=file", "model=qwen", *overrides])).completed_for(panel)
    assert (completed.fit.steps_per_epoch, completed.trainer.limit_train_batches) == (steps, steps)
    assert completed.completed_for(panel) is completed


@pytest.mark.parametrize("data", ["traffic", "electricity", "weather"])
def test_an_epoch_of_nano_has_its_maximum_of_steps_on_the_bundled_sets(data):
    config = RunConfig.from_config(compose([f"data={data}", "model=qwen"]))
    assert config.completed_for(load_panel(config.data)[0]).fit.steps_per_epoch == 60


@pytest.mark.parametrize("data", ["traffic", "electricity", "weather"])
def test_the_bundled_sets_have_the_lengths_that_their_published_numbers_were_measured_with(data):
    config = RunConfig.from_config(compose([f"data={data}", "model=lstm"]))
    panel, _ = load_panel(config.data)
    assert config.completed_for(panel).lengths == {
        "context_length": 168,
        "horizon": 24,
        "data.season": 24,
        "evaluation.stride": 1,
        "model.fit.min_steps_per_epoch": 300,
    }


@pytest.fixture(scope="module")
def half_hourly_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "half_hourly.csv"
    rows = np.arange(48 * 30)
    values = 10 + np.sin(2 * np.pi * rows / 48) + 0.1 * np.random.default_rng(0).normal(size=len(rows))
    pd.DataFrame({"time": pd.date_range("2024-01-01", periods=len(rows), freq="30min"), "load": values}).to_csv(
        path, index=False
    )
    return path


@pytest.fixture(scope="module")
def half_hourly(finished_run, half_hourly_file):
    lengths = ("context_length=null", "horizon=null")
    return finished_run("model=linear", "data=file", f"data.path={half_hourly_file}", *lengths)


def test_a_run_without_lengths_stores_the_ones_that_it_used_and_logs_them_in_one_line(half_hourly):
    stored = yaml.safe_load((half_hourly / "config.yaml").read_text())
    assert (stored["context_length"], stored["horizon"], stored["data"]["season"]) == (336, 48, 48)
    (line,) = [line for line in (half_hourly / "train.log").read_text().splitlines() if "Half-hourly data" in line]
    assert (
        "context_length=336, horizon=48, data.season=48, evaluation.stride=11; override any of them with key=value"
        in line
    )


def test_a_forecast_has_the_horizon_of_the_run_even_if_the_data_would_now_imply_another(
    half_hourly, half_hourly_file
):
    rows = pd.read_csv(half_hourly_file).iloc[:400]
    assert len(predict(half_hourly, rows)) == 48
    config = RunConfig.from_config(RunFolder(half_hourly).config)
    assert config.derived_keys == {}


def test_given_lengths_win(compose_config, half_hourly_file):
    cfg = compose_config("model=lstm", "data=file", f"data.path={half_hourly_file}", "horizon=7", "data.season=5")
    config = RunConfig.from_config(cfg)
    completed = config.completed_for(load_panel(config.data)[0])
    assert (completed.context_length, completed.horizon, completed.data.season) == (24, 7, 5)


def test_inspect_shows_the_lengths_of_the_frequency(half_hourly_file, tmp_path, capsys):
    inspect_data(str(half_hourly_file), [], tmp_path, plot=False)
    assert "Split, for context_length=336 and horizon=48" in capsys.readouterr().out
