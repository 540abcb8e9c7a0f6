"""Conformal recalibration: coverage, what the online form reads, and what a run folder carries to `predict`."""

import numpy as np
import pandas as pd
import pytest
import torch
from panels import panel_of
from trainers import quiet_trainer

from timevis.data.datamodule import WindowDataModule
from timevis.errors import ConfigError
from timevis.evaluation.backtest import evaluate
from timevis.inference.predict import predict
from timevis.inference.rescore import rescore
from timevis.intervals.conformal import MAX_SCORES, Conformal, ForecastWindows
from timevis.intervals.recalibration import select_recalibration
from timevis.models.linear import Linear
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.runs.folder import RunFolder
from timevis.training.recalibrate import recalibrate
from timevis.training.run import check_config
from timevis.utils.levels import QUANTILE_LEVELS

NORMAL = torch.distributions.Normal(0.0, 1.0)
QUANTILES = NORMAL.icdf(torch.tensor(QUANTILE_LEVELS)).view(1, -1, 1)
PAIR_80 = QUANTILE_LEVELS.index(0.1), QUANTILE_LEVELS.index(0.9)
SCALE = torch.ones(1)


def forecasts(num_windows, horizon=8):
    return QUANTILES.expand(num_windows, -1, horizon).clone()


def truths(num_windows, std, seed, horizon=8):
    return std * torch.randn(num_windows, horizon, generator=torch.Generator().manual_seed(seed))


def coverage_80(quantiles, target):
    low, high = (quantiles[:, i] for i in PAIR_80)
    return float(((target >= low) & (target <= high)).float().mean())


def fitted(std, method):
    conformal, channel = Conformal(QUANTILE_LEVELS), torch.zeros(200, dtype=torch.long)
    conformal.fit(ForecastWindows(forecasts(200), truths(200, std, 0), channel, 8 * torch.arange(200)), SCALE, method)
    return conformal


@pytest.mark.parametrize("std", [0.5, 1.0, 3.0])
def test_split_gives_intervals_of_any_width_their_coverage_and_leaves_the_median(std):
    target = truths(500, std, 1)
    quantiles = fitted(std, "split")(forecasts(500), torch.zeros(500, dtype=torch.long))
    assert coverage_80(quantiles, target) == pytest.approx(0.8, abs=0.03)
    assert (quantiles.diff(dim=1) >= 0).all()
    torch.testing.assert_close(quantiles[:, 7], forecasts(500)[:, 7])


def test_online_follows_a_change_that_split_does_not_see():
    target = torch.cat([truths(100, 1.0, 1), truths(400, 2.5, 2)])
    channel, origin = torch.zeros(500, dtype=torch.long), torch.arange(500) * 8
    split = fitted(1.0, "split")(forecasts(500), channel)
    online = fitted(1.0, "online").forecast_in_order(forecasts(500), target, channel, origin)
    assert coverage_80(split[100:], target[100:]) < 0.5
    assert coverage_80(online[150:], target[150:]) == pytest.approx(0.8, abs=0.04)
    assert (online.diff(dim=1) >= 0).all()


def test_online_is_the_same_in_batches_of_any_size():
    target, channel = truths(60, 2.0, 3), torch.zeros(60, dtype=torch.long)
    origin = torch.arange(60) * 3
    whole = fitted(1.0, "online").forecast_in_order(forecasts(60), target, channel, origin)
    conformal = fitted(1.0, "online")
    parts = [
        conformal.forecast_in_order(*(t[i : i + 7] for t in (forecasts(60), target, channel, origin)))
        for i in range(0, 60, 7)
    ]
    torch.testing.assert_close(torch.cat(parts), whole)


def test_online_is_the_same_whether_windows_come_by_origin_or_by_channel():
    origin, channel = torch.arange(40).repeat_interleave(2) * 5, torch.tensor([0, 1]).repeat(40)
    target, scale = truths(80, 2.0, 3), torch.ones(2)
    results = []
    for order in (torch.arange(80), torch.argsort(channel, stable=True)):
        conformal = Conformal(QUANTILE_LEVELS)
        calibration = torch.tensor([0, 1]).repeat(50)
        windows = ForecastWindows(forecasts(100), truths(100, 1.0, 0), calibration, 8 * torch.arange(100))
        conformal.fit(windows, scale, "online")
        found = conformal.forecast_in_order(forecasts(80), target[order], channel[order], origin[order])
        conformal.observe_all()
        results.append((found[torch.argsort(order)], conformal.alpha.clone(), conformal.scores.clone()))
    for first, second in zip(*results, strict=True):
        torch.testing.assert_close(first, second, equal_nan=True)
    assert not torch.equal(results[0][1][0], conformal.start_alpha[0])


def test_a_missing_truth_is_not_counted_as_missed():
    conformal = fitted(1.0, "online")
    nothing = torch.full((1, 8), torch.nan)
    conformal.forecast_in_order(forecasts(1), nothing, torch.zeros(1, dtype=torch.long), torch.tensor([0]))
    conformal.observe_all()
    torch.testing.assert_close(conformal.alpha, conformal.start_alpha)
    torch.testing.assert_close(conformal.scores, conformal.start_scores, equal_nan=True)


def test_the_scores_that_are_kept_are_limited_and_a_channel_without_scores_gets_the_scores_of_the_others():
    conformal, channel = Conformal(QUANTILE_LEVELS), torch.zeros(300, dtype=torch.long)
    windows = ForecastWindows(forecasts(300), truths(300, 2.0, 0), channel, torch.arange(300))
    conformal.fit(windows, torch.ones(2), "split")
    assert conformal.scores.shape == (2, 7, MAX_SCORES)
    other = conformal(forecasts(4), torch.ones(4, dtype=torch.long))
    torch.testing.assert_close(other, 2 * forecasts(4), rtol=0.2, atol=0.1)


@pytest.mark.parametrize(
    ("windows", "method", "reason"), [(100, "none", "validation"), (3, "split", "few-windows")], ids=["many", "few"]
)
def test_the_method_is_selected_on_the_second_half_of_validation_if_it_has_enough_windows(windows, method, reason):
    channel, origin = torch.zeros(windows, dtype=torch.long), 8 * torch.arange(windows)
    calm, usual = (
        ForecastWindows(forecasts(windows), truths(windows, std, seed), channel, origin + 8 * windows * seed)
        for seed, std in enumerate((0.2, 1.0))
    )
    chosen = select_recalibration(calm, usual, SCALE.double(), torch.zeros(1, dtype=torch.bool), ("split", "none"))
    assert (chosen.method, chosen.reason, chosen.horizons) == (method, reason, windows)
    if windows == 100:
        assert chosen.coverage_80["none"] == pytest.approx(0.8, abs=0.03)
        assert chosen.coverage_80["split"] < 0.4
        assert chosen.wql_ratio["split"] > 1.01


@pytest.fixture(scope="module")
def series():
    """A daily season whose noise becomes larger in the test part."""
    rows = np.arange(1200)
    noise = np.random.default_rng(0).normal(size=1200) * np.where(rows < 960, 0.3, 1.0)
    return 10 + np.sin(2 * np.pi * rows / 24) + noise


def all_quantiles(values, method, model=Linear):
    """The quantiles of all test windows, float [W, 15, H], and the backtest, as a run computes them."""
    datamodule = WindowDataModule(panel_of(values), context_length=48, horizon=12, max_windows=None)
    forecaster = model.from_data(datamodule)
    forecaster.prepare(datamodule)
    forecaster.calibrate(datamodule)
    if method != "none":
        recalibrate(forecaster, datamodule, method)
    naive = SeasonalNaive.fitted(datamodule)
    backtest = evaluate(quiet_trainer(), forecaster, datamodule, reference=naive, save_windows=10_000)
    quantiles = np.array([np.stack(list(window)) for window in backtest.predictions["quantiles"]])
    return quantiles, backtest


def test_no_forecast_changes_if_all_values_after_its_origin_are_destroyed(series):
    before, backtest = all_quantiles(series, "online")
    origins = backtest.predictions["origin"].to_numpy()
    for border in (origins[0], origins[57], origins[130]):
        destroyed = series.copy()
        destroyed[border:] = 1e4 * np.random.default_rng(1).normal(size=len(series) - border)
        after, _ = all_quantiles(destroyed, "online")
        np.testing.assert_array_equal(after[origins <= border], before[origins <= border])
        assert not np.array_equal(after[origins > border], before[origins > border])


@pytest.mark.parametrize("model", [Linear, SeasonalNaive])
def test_online_brings_the_coverage_nearer_to_its_level_where_the_test_part_is_noisier(series, model):
    coverage = {
        method: all_quantiles(series, method, model)[1].metrics["overall"]["coverage_80"]
        for method in ("none", "split", "online")
    }
    assert coverage["none"] < 0.5
    assert coverage["split"] == pytest.approx(coverage["none"], abs=0.1)  # it has seen the quiet part only
    assert coverage["online"] > coverage["split"] + 0.15


def test_a_forecast_beyond_the_data_starts_from_what_online_learned_on_the_test_part(finished_run):
    runs = {method: finished_run("model=linear", f"conformal={method}") for method in ("none", "split", "online")}
    models = {method: RunFolder(run).load_forecaster() for method, run in runs.items()}
    assert not models["none"].conformal.is_used
    split = models["split"].conformal
    torch.testing.assert_close(split.scores, split.start_scores, equal_nan=True)
    online = models["online"].conformal
    assert not torch.equal(online.alpha, online.start_alpha)
    width = {method: predict(run)["q0.9"] - predict(run)["q0.1"] for method, run in runs.items()}
    assert not np.allclose(width["online"], width["split"])
    online.reset()
    np.testing.assert_allclose(online.alpha, models["split"].conformal.alpha)
    medians = {method: predict(run)["q0.5"] for method, run in runs.items()}
    pd.testing.assert_series_equal(medians["online"], medians["none"])


def test_a_refit_keeps_the_recalibration_of_the_run(finished_run):
    runs = [finished_run("model=linear", f"conformal={method}") for method in ("none", "online")]
    plain, online = (predict(run, refit=True) for run in runs)
    pd.testing.assert_series_equal(online["q0.5"], plain["q0.5"])
    assert not np.allclose(online["q0.9"], plain["q0.9"])


def test_rescoring_the_test_part_repeats_the_online_scores_of_the_run(finished_run, tmp_path, no_report):
    run = finished_run("model=linear", "conformal=online")
    (results,) = rescore(run, tmp_path / "again").values()
    expected = RunFolder(run).results.metrics["wql"].value
    assert results.metrics["wql"].value == pytest.approx(expected, rel=1e-6)


def test_online_is_refused_where_several_processes_share_the_test_windows(compose_config):
    cfg = compose_config("model=linear", "conformal=online", "trainer.devices=2")
    with pytest.raises(ConfigError, match="conformal=online reads the test windows in order"):
        check_config(cfg)
