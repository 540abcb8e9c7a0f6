from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from panels import panel_of
from run_results import results_with
from trainers import quiet_trainer

from timevis.data.datamodule import WindowDataModule
from timevis.evaluation.backtest import evaluate
from timevis.evaluation.results import build_results
from timevis.metrics.specs import terms
from timevis.models.forecaster import mase_scale
from timevis.models.scoring import new_metrics
from timevis.models.seasonal_naive import SeasonalNaive

SOME = results_with({})
NAIVE = SeasonalNaive(48, 12, 2, season=24)


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(0)
    hours = np.arange(1200)
    daily = 10 + np.sin(2 * np.pi * hours / 24)[:, None] * [3, 5] + rng.normal(0, 0.3, (1200, 2))
    daily[700:720, 0] = np.nan
    daily[1100, 1] = np.nan
    return panel_of(daily, channels=("a", "b"))


def score_seasonal_naive(panel, eval_batch_size=64, save_windows=30, max_windows=None):
    data = WindowDataModule(
        panel, context_length=48, horizon=12, eval_batch_size=eval_batch_size, max_windows=max_windows
    )
    model, reference = SeasonalNaive(48, 12, 2, season=1), SeasonalNaive(48, 12, 2)
    for m in (model, reference):
        m.prepare(data)
        m.calibrate(data)
    return data, evaluate(quiet_trainer(), model, data, reference=reference, save_windows=save_windows)


def test_results_do_not_depend_on_the_batch_size(panel):
    _, small = score_seasonal_naive(panel, eval_batch_size=1)
    _, large = score_seasonal_naive(panel, eval_batch_size=512)
    for name, value in small.metrics["overall"].items():
        assert value == pytest.approx(large.metrics["overall"][name], rel=1e-12), name
    pd.testing.assert_frame_equal(small.windows, large.windows, rtol=1e-12)
    pd.testing.assert_frame_equal(small.predictions, large.predictions)


def test_every_window_is_scored_once_and_the_sums_of_its_rows_give_the_metrics(panel):
    data, backtest = score_seasonal_naive(panel)
    assert len(backtest.windows) == len(data.windows["test"]) == len(backtest.reference_windows)
    assert not backtest.windows.duplicated(["origin", "channel"]).any()
    observed = [np.isfinite(panel.values[o : o + 12]).sum(0) for o in data.windows["test"].origins]
    assert backtest.windows["count"].tolist() == np.ravel(observed).tolist()
    assert backtest.windows["count"].min() < 12  # the missing test value
    per_channel = backtest.windows.groupby("channel")[list(terms())].sum()
    mae = (per_channel["median_abs_error"] / per_channel["count"]).mean()
    assert mae == pytest.approx(backtest.metrics["overall"]["mae"], rel=1e-12)


def test_saved_forecasts_are_evenly_spaced_over_the_test_part_and_include_the_worst(panel):
    data, backtest = score_seasonal_naive(panel, save_windows=30)
    assert backtest.predictions["worst"].sum() == 8
    assert 30 <= len(backtest.predictions) <= 38
    assert backtest.predictions["origin"].min() == int(data.windows["test"].origins[0])
    assert backtest.predictions["origin"].max() == int(data.windows["test"].origins[-1])
    row = backtest.predictions.iloc[0]
    channel = panel.channels.index(row["channel"])
    np.testing.assert_array_equal(row["truth"], panel.values[row["origin"] : row["origin"] + 12, channel])


def test_mase_is_not_defined_if_the_training_part_is_constant_or_shorter_than_a_season(panel):
    values = panel.values.copy()
    values[:840, 1] = 1e6
    _, backtest = score_seasonal_naive(panel.with_values(values), max_windows=20)
    overall, channels = backtest.metrics["overall"]["mase"], backtest.metrics["by_channel"]["mase"]
    assert np.isnan(channels[1])
    assert overall == channels[0]
    data = WindowDataModule(panel, context_length=48, horizon=12, season=900)
    assert np.isnan(mase_scale(data)).all()


def test_a_saved_context_is_nan_where_values_are_missing(panel):
    row = (
        score_seasonal_naive(panel, save_windows=1000)[1]
        .predictions.set_index(["origin", "channel"])
        .loc[(1101, "b")]
    )
    assert np.flatnonzero(np.isnan(row["context"])).tolist() == [47]


def test_a_window_without_a_truth_is_not_among_the_worst(panel):
    values = panel.values.copy()
    values[960:1196] = np.nan
    data, backtest = score_seasonal_naive(panel.with_values(values), save_windows=1, max_windows=5)
    assert backtest.predictions["origin"][backtest.predictions["worst"]].unique().tolist() == [1188]
    results = build_results(
        run=SOME.run, datamodule=data, backtest=backtest, naive=NAIVE, validation={}, cost=SOME.cost
    )
    assert (results.window_set.windows, results.window_set.without_truth) == (10, 8)


def test_results_have_intervals_skills_and_breakdowns(panel):
    data, backtest = score_seasonal_naive(panel)
    results = build_results(
        run=SOME.run,
        datamodule=data,
        backtest=backtest,
        naive=NAIVE,
        validation={"relative_wql": 1.0},
        cost=SOME.cost,
    )
    assert results.window_set.hash == data.window_set_hash()
    assert results.interval_method.startswith("Student t intervals from 24 cosine transforms over origins")
    assert results.metrics["relative_wql"].value == pytest.approx(1 - results.skill.wql.value)
    assert results.seasonal_naive["relative_wql"].value == pytest.approx(1)
    for name, value in results.metrics.items():
        if value.low is not None:
            assert value.low <= value.value + 1e-9, name
            assert value.high >= value.value - 1e-9, name
    assert results.skill.mae.value < 0  # last value against the daily season
    assert len(results.by_horizon["mae"]) == 12
    assert set(results.by_channel) == {"a", "b"}
    assert results.seasonal_naive_season == {"a": 24, "b": 24}
    assert (len(results.quantile_levels), results.quantile_levels[0]) == (15, 0.025)


def test_results_of_only_some_windows_are_refused(panel):
    data, backtest = score_seasonal_naive(panel, max_windows=20)
    fewer = replace(backtest, windows=backtest.windows[:16])
    with pytest.raises(RuntimeError, match="only 16 of the 40 windows in the window set were scored"):
        build_results(run=SOME.run, datamodule=data, backtest=fewer, naive=NAIVE, validation={}, cost=SOME.cost)


def test_a_forecast_that_is_not_finite_is_an_error(panel):
    data, _ = score_seasonal_naive(panel)
    model = SeasonalNaive(48, 12, 2)
    model.prepare(data)
    metrics = new_metrics(model)
    point = torch.full((1, 12), float("nan"))
    with pytest.raises(FloatingPointError):
        metrics.update(
            point, point.unsqueeze(1).expand(1, 15, 12), torch.zeros(1, 12), torch.ones(1, 12) > 0, torch.tensor([0])
        )
