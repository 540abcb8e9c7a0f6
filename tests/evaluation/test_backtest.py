from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from panels import panel_of
from trainers import quiet_trainer

from timevis.data.datamodule import WindowDataModule
from timevis.evaluation.backtest import evaluate
from timevis.evaluation.results import build_results
from timevis.metrics import SUMS
from timevis.models.forecaster import mase_scale
from timevis.models.seasonal_naive import SeasonalNaive

NAIVE = SeasonalNaive(48, 12, 2, season=24)


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(0)
    hours = np.arange(1200)
    daily = 10 + np.sin(2 * np.pi * hours / 24)[:, None] * [3, 5] + rng.normal(0, 0.3, (1200, 2))
    daily[700:720, 0] = np.nan
    daily[1100, 1] = np.nan
    return panel_of(daily, channels=("a", "b"))


def score(panel, eval_batch_size=64, save_windows=30, max_windows=None):
    data = WindowDataModule(
        panel, context_length=48, horizon=12, eval_batch_size=eval_batch_size, max_windows=max_windows
    )
    model, reference = SeasonalNaive(48, 12, 2, season=1), SeasonalNaive(48, 12, 2)
    for m in (model, reference):
        m.prepare(data)
        m.calibrate(data)
    return data, evaluate(quiet_trainer(), model, data, reference=reference, save_windows=save_windows)


def test_batch_size_changes_no_number(panel):
    _, one = score(panel, eval_batch_size=1)
    _, many = score(panel, eval_batch_size=512)
    for name, value in one.metrics["overall"].items():
        assert value == pytest.approx(many.metrics["overall"][name], rel=1e-12), name
    pd.testing.assert_frame_equal(one.windows, many.windows, rtol=1e-12)
    pd.testing.assert_frame_equal(one.predictions, many.predictions)


def test_every_window_is_scored_once_and_rows_add_up_to_the_metrics(panel):
    data, found = score(panel)
    assert len(found.windows) == len(data.windows["test"]) == len(found.reference_windows)
    assert not found.windows.duplicated(["origin", "channel"]).any()
    observed = [np.isfinite(panel.values[o : o + 12]).sum(0) for o in data.windows["test"].origins]
    assert found.windows["count"].tolist() == np.ravel(observed).tolist()
    assert found.windows["count"].min() < 12  # the missing test value
    per_channel = found.windows.groupby("channel")[list(SUMS)].sum()
    mae = (per_channel["median_abs_error"] / per_channel["count"]).mean()
    assert mae == pytest.approx(found.metrics["overall"]["mae"], rel=1e-12)


def test_saved_forecasts_are_spread_over_the_part_and_include_the_worst(panel):
    data, found = score(panel, save_windows=30)
    assert found.predictions["worst"].sum() == 8
    assert 30 <= len(found.predictions) <= 38
    assert found.predictions["origin"].min() == int(data.windows["test"].origins[0])
    assert found.predictions["origin"].max() == int(data.windows["test"].origins[-1])
    row = found.predictions.iloc[0]
    channel = panel.channels.index(row["channel"])
    np.testing.assert_array_equal(row["truth"], panel.values[row["origin"] : row["origin"] + 12, channel])


def test_mase_is_not_defined_where_the_training_part_repeats_exactly_or_is_shorter_than_a_season(panel):
    values = panel.values.copy()
    values[:840, 1] = 1e6
    _, found = score(panel.with_values(values), max_windows=20)
    ours, channels = found.metrics["overall"]["mase"], found.metrics["by_channel"]["mase"]
    assert np.isnan(channels[1])
    assert ours == channels[0]
    data = WindowDataModule(panel, context_length=48, horizon=12, season=900)
    assert np.isnan(mase_scale(data)).all()


def test_a_saved_context_is_empty_where_nothing_was_observed(panel):
    row = score(panel, save_windows=1000)[1].predictions.set_index(["origin", "channel"]).loc[(1101, "b")]
    assert np.flatnonzero(np.isnan(row["context"])).tolist() == [47]


def test_a_window_without_a_truth_is_none_of_the_worst(panel):
    values = panel.values.copy()
    values[960:1196] = np.nan
    data, found = score(panel.with_values(values), save_windows=1, max_windows=5)
    assert found.predictions["origin"][found.predictions["worst"]].unique().tolist() == [1188]
    results = build_results(run={}, datamodule=data, backtest=found, naive=NAIVE, validation={}, cost={})
    assert (results["window_set"]["windows"], results["window_set"]["without_truth"]) == (10, 8)


def test_a_reference_equal_to_the_model_has_no_skill_over_it_and_results_are_json(panel):
    data, found = score(panel)
    results = build_results(
        run={"model": "seasonal_naive"},
        datamodule=data,
        backtest=found,
        naive=NAIVE,
        validation={"wql": 1.0},
        cost={},
    )
    assert results["window_set"]["hash"] == data.window_set_hash()
    for name, value in results["metrics"].items():
        if value["low"] is not None:
            assert value["low"] <= value["value"] + 1e-9, name
            assert value["high"] >= value["value"] - 1e-9, name
    assert results["skill"]["mae"]["value"] < 0  # last value against the daily season
    assert len(results["by_horizon"]["mae"]) == 12
    assert set(results["by_channel"]) == {"a", "b"}
    assert results["seasonal_naive_season"] == {"a": 24, "b": 24}
    assert (len(results["quantile_levels"]), results["quantile_levels"][0]) == (15, 0.025)


def test_results_of_a_part_of_the_windows_are_refused(panel):
    data, found = score(panel, max_windows=20)
    fewer = replace(found, windows=found.windows[:16])
    with pytest.raises(RuntimeError, match="only 16 of the 40 windows in the window set were scored"):
        build_results(run={}, datamodule=data, backtest=fewer, naive=NAIVE, validation={}, cost={})


def test_a_forecast_that_is_not_finite_is_an_error_and_not_dropped(panel):
    data, _ = score(panel)
    model = SeasonalNaive(48, 12, 2)
    model.prepare(data)
    metrics = model.new_metrics()
    point = torch.full((1, 12), float("nan"))
    with pytest.raises(FloatingPointError):
        metrics.update(
            point, point.unsqueeze(1).expand(1, 15, 12), torch.zeros(1, 12), torch.ones(1, 12) > 0, torch.tensor([0])
        )
