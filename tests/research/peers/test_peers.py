"""Forecasters of other libraries, in their environment (`make peers`)."""

import subprocess
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from panels import mean_error, panel_of
from peers import needs_peers

from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import Panel
from timevis.errors import ConfigError, TimeVisError
from timevis.models import serialization
from timevis.training.refit import on_all_rows
from timevis.utils.levels import QUANTILE_LEVELS
from timevis_research.peers.child_process import search_limit
from timevis_research.peers.forecaster import Peer
from timevis_research.peers.process import PYTHON_VARIABLE, PeerProcess, peers_python

T = np.arange(900)
WAVES = np.stack([10 + np.sin(2 * np.pi * T / 24), 50 + 8 * np.cos(2 * np.pi * T / 24)], axis=1)
SERIES = WAVES + np.random.default_rng(0).normal(size=WAVES.shape) * [0.05, 0.4]

TINY_CHRONOS = """
import sys, torch
from transformers import T5Config
from chronos.chronos_bolt import ChronosBoltModelForForecasting
torch.manual_seed(0)
config = T5Config(d_model=16, d_kv=8, d_ff=32, num_layers=1, num_decoder_layers=1, num_heads=2, vocab_size=2,
    feed_forward_proj="relu", pad_token_id=0, decoder_start_token_id=0)
config.chronos_config = dict(context_length=96, prediction_length=16, input_patch_size=16, input_patch_stride=16,
    quantiles=[i / 10 for i in range(1, 10)], use_reg_token=True)
config.chronos_pipeline_class = "ChronosBoltPipeline"
config.architectures = ["ChronosBoltModelForForecasting"]
ChronosBoltModelForForecasting(config).save_pretrained(sys.argv[1])
"""


def _fitted(method: str, panel: Panel | None = None, **options: object) -> tuple[Peer, WindowDataModule]:
    datamodule = WindowDataModule(panel or panel_of(SERIES), context_length=48, horizon=12, max_windows=6)
    model = Peer.from_data(datamodule, method=method, **options)
    model.prepare(datamodule)
    model.calibrate(datamodule)
    return model, datamodule


@needs_peers
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("autotheta", {"history_length": 96}),
        ("mstl", {"history_length": 96}),
        ("seasonalnaive", {"history_length": 96}),
        ("nhits", {"max_steps": 40, "val_check_steps": 20, "learning_rates": [1e-3]}),
        ("fracast", {"history_length": 400}),
        ("flair", {"history_length": 400}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_methods_of_each_library_forecast_a_daily_wave_better_than_its_mean(method, options):
    model, datamodule = _fitted(method, **options)
    batch = datamodule.gather("test", torch.arange(len(datamodule.windows["test"])))
    forecast = model.forecast(batch)
    assert forecast.quantiles.shape == (len(batch), len(QUANTILE_LEVELS), 12)
    assert (forecast.quantiles.diff(dim=1) >= -1e-4).all()
    deviation = float(np.abs(SERIES - SERIES.mean(0)).mean())
    assert mean_error(model, datamodule) < 0.6 * deviation


@needs_peers
def test_a_network_keeps_the_weights_of_the_lowest_validation_loss():
    model, datamodule = _fitted("nhits", max_steps=40, val_check_steps=10, patience=9, learning_rates=[0.3])
    assert model.describe()["best_step"] < model.describe()["steps"] == 40
    assert mean_error(model, datamodule) < 10  # the weights of the last step have an error of thousands


@needs_peers
def test_the_auto_class_of_a_network_tries_configurations_and_forecasts_with_the_best(tmp_path):
    panel = panel_of(SERIES[:300, :1])
    datamodule = WindowDataModule(panel, context_length=48, horizon=4, max_windows=6)
    model = Peer.from_data(datamodule, method="nhits", trials=2, max_steps=40)
    model.prepare(datamodule)
    description = model.describe()
    assert description["trials"] == len(description["trial_losses"]) == 2
    assert np.isfinite(description["trial_losses"]).all()
    assert description["chosen"]["learning_rate"] > 0
    assert description["parameters"] > 0
    serialization.save(model, tmp_path)
    loaded = serialization.load(tmp_path)
    assert np.isfinite(mean_error(loaded, datamodule))
    assert mean_error(loaded, datamodule) == mean_error(model, datamodule)


@needs_peers
def test_a_network_reads_the_known_covariates_over_the_horizon():
    signal = np.random.default_rng(1).normal(size=(900, 1))
    panel = panel_of(SERIES[:, :1] + 5 * signal, signal, [True])
    options = {"max_steps": 20, "val_check_steps": 10, "learning_rates": [1e-3], "covariates": "known"}
    model, datamodule = _fitted("nhits", panel, **options)
    assert model.covariates_read == (0,)
    origin = int(datamodule.gather("test", torch.arange(1)).origin)
    changed = signal.copy()
    changed[origin : origin + 12] += 3
    later = WindowDataModule(panel_of(panel.values, changed, [True]), context_length=48, horizon=12, max_windows=6)
    before, after = (model.forecast(data.gather("test", torch.arange(1))).quantiles for data in (datamodule, later))
    assert (before - after).abs().max() > 0.01


@needs_peers
def test_flags_that_are_first_raised_in_the_horizon_leave_the_forecast_near_the_values():
    flags = np.zeros((900, 8))
    for k in range(8):
        flags[: 12 * (k + 1), k] = 1  # of different frequency, since the rounding of a mean depends on the value
    flags[-12:] = 1  # in the last test window all of its horizon and nothing of its context
    panel = panel_of(SERIES[:, :1], flags, [True] * 8)
    options = {"max_steps": 20, "val_check_steps": 10, "learning_rates": [1e-3], "covariates": "known"}
    model, datamodule = _fitted("nhits", panel, **options)
    batch = datamodule.gather("test", torch.arange(len(datamodule.windows["test"])))
    quantiles = model.forecast(batch).quantiles
    reach = np.ptp(SERIES[:, 0])
    assert quantiles.max() < SERIES[:, 0].max() + 3 * reach
    assert quantiles.min() > SERIES[:, 0].min() - 3 * reach


@needs_peers
def test_a_network_reads_the_covariates_that_the_screen_selects_up_to_the_origin_if_they_are_only_observed():
    rng = np.random.default_rng(1)
    signal = np.repeat(rng.normal(size=75), 12)
    observed = np.roll(signal, -12) + 0.1 * rng.normal(size=900)  # the level of the next twelve rows
    panel = panel_of(50 + 8 * signal + rng.normal(size=900), observed[:, None], [False])
    datamodule = WindowDataModule(panel, context_length=48, horizon=12, max_windows=6)
    tiny = {"max_steps": 20, "val_check_steps": 10, "learning_rates": [1e-3]}
    assert Peer.from_data(datamodule, method="deepar", **tiny).covariates_read == ()
    model, datamodule = _fitted("nhits", panel, **tiny)
    assert model.covariates_read == (0,)
    batch = datamodule.gather("test", torch.arange(1))
    before, origin = model.forecast(batch).quantiles, int(batch.origin)
    for rows, reads in ((slice(origin - 12, origin), True), (slice(origin, origin + 12), False)):
        changed = observed.copy()
        changed[rows] += 3
        other = panel_of(panel.values, changed[:, None], [False])
        later = WindowDataModule(other, context_length=48, horizon=12, max_windows=6)
        after = model.forecast(later.gather("test", torch.arange(1))).quantiles
        assert bool((before - after).abs().max() > 0.01) == reads


@needs_peers
def test_a_network_is_the_same_when_it_is_trained_again_with_its_seed():
    options = {"max_steps": 20, "val_check_steps": 10, "learning_rates": [1e-3], "seed": 3}
    forecasts = []
    for _ in range(3):
        model, datamodule = _fitted("nhits", **options)
        forecasts.append(model.forecast(datamodule.gather("test", torch.arange(4))).quantiles)
    assert torch.equal(forecasts[0], forecasts[1])
    assert torch.equal(forecasts[0], forecasts[2])


@needs_peers
def test_the_forecasts_of_a_network_do_not_depend_on_the_units_of_a_channel():
    options = {"max_steps": 20, "val_check_steps": 10, "learning_rates": [1e-3], "seed": 3}
    model, datamodule = _fitted("nhits", **options)
    other, other_data = _fitted("nhits", panel_of(SERIES * [1, 1024]), **options)
    rows = torch.arange(len(datamodule.windows["test"]))
    batch = datamodule.gather("test", rows)
    factor = torch.where(batch.channel == 1, 1024.0, 1.0).view(-1, 1, 1)
    expected = model.forecast(batch).quantiles * factor
    torch.testing.assert_close(
        other.forecast(other_data.gather("test", rows)).quantiles, expected, rtol=1e-3, atol=1e-3
    )


@needs_peers
@pytest.mark.parametrize("method", ["autoets", "fracast", "flair"])
def test_rows_before_the_start_of_a_series_are_not_invented(method):
    longer = np.concatenate([np.full(24, np.nan), SERIES[:, 0]])
    batches = [
        WindowDataModule(panel_of(values), context_length=48, horizon=12, max_windows=2)
        for values in (SERIES[:, 0], longer)
    ]
    forecasts = []
    for datamodule in batches:
        model = Peer.from_data(datamodule, method=method, history_length=2000)
        model.prepare(datamodule)
        forecasts.append(model.forecast(datamodule.gather("test", torch.tensor([1]))))
    torch.testing.assert_close(forecasts[0].quantiles, forecasts[1].quantiles)


@needs_peers
def test_a_network_is_not_fitted_on_all_rows_nor_with_another_history():
    datamodule = WindowDataModule(panel_of(SERIES), context_length=48, horizon=12, max_windows=6)
    with pytest.raises(ConfigError, match="cannot be fitted again on all rows"):
        Peer.from_data(datamodule, method="nhits").prepare(on_all_rows(datamodule))
    with pytest.raises(ConfigError, match=r"model\.history_length"):
        Peer.from_data(datamodule, method="nhits", history_length=96)


@needs_peers
def test_a_method_of_one_season_gets_the_season_at_which_the_training_part_repeats_best():
    weekly = 10 + 5 * np.isin(T // 24 % 7, (5, 6))[:, None] + SERIES[:, :1]
    datamodule = WindowDataModule(panel_of(weekly), context_length=48, horizon=12, max_windows=6)
    assert Peer.from_data(datamodule, method="autotheta", history_length=400).hparams["season"] == 168
    assert Peer.from_data(datamodule, method="autotheta", history_length=100).hparams["season"] == 24


@needs_peers
def test_a_forecast_does_not_change_with_the_values_after_its_origin():
    model, datamodule = _fitted("autotheta", history_length=96)
    batch = datamodule.gather("test", torch.arange(2))
    before = model.forecast(batch).quantiles
    changed = SERIES.copy()
    changed[int(batch.origin[0]) :] = 1e6
    later = WindowDataModule(panel_of(changed), context_length=48, horizon=12, max_windows=6)
    assert torch.equal(before, model.forecast(later.gather("test", torch.arange(2))).quantiles)


@needs_peers
def test_chronos_reads_a_model_folder(tmp_path):
    subprocess.run(
        [peers_python(), "-P", "-c", TINY_CHRONOS, tmp_path / "tiny"], check=True, cwd=tmp_path, timeout=300
    )
    model, datamodule = _fitted("chronos", path=str(tmp_path / "tiny"), history_length=96)
    batch = datamodule.gather("test", torch.arange(4))
    assert torch.isfinite(model.forecast(batch).quantiles).all()
    assert model.parameter_counts()[1] > 0


@needs_peers
def test_an_error_of_the_library_is_one_line(tmp_path):
    with pytest.raises(TimeVisError, match="the other library failed in load"):
        PeerProcess({"library": "chronos-forecasting", "path": str(tmp_path), "horizon": 1}, minutes=2)


@needs_peers
def test_a_request_that_takes_longer_than_its_limit_ends_the_process():
    model, datamodule = _fitted("autotheta", history_length=96)
    model.process._seconds = 0.0
    with pytest.raises(TimeVisError, match="timeout: forecast took longer than"):
        model.forecast(datamodule.gather("test", torch.arange(2)))


@needs_peers
def test_a_peer_without_training_is_loaded_from_its_folder(tmp_path):
    model, datamodule = _fitted("autotheta", history_length=96)
    serialization.save(model, tmp_path)
    batch = datamodule.gather("test", torch.arange(2))
    assert torch.equal(serialization.load(tmp_path).forecast(batch).quantiles, model.forecast(batch).quantiles)


@needs_peers
def test_a_network_that_is_loaded_from_its_folder_forecasts_the_same(tmp_path):
    signal = 7 + 3 * np.random.default_rng(1).normal(size=(900, 1))
    panel = panel_of(SERIES[:, :1] + 5 * signal, signal, [True])
    options = {"max_steps": 20, "val_check_steps": 10, "learning_rates": [1e-3], "covariates": "known"}
    model, datamodule = _fitted("tide", panel, **options)
    serialization.save(model, tmp_path)
    batch = datamodule.gather("test", torch.arange(4))
    assert torch.equal(serialization.load(tmp_path).forecast(batch).quantiles, model.forecast(batch).quantiles)


def test_a_search_begins_no_trial_after_its_processor_time(monkeypatch):
    used, ends = [0.0], []
    monkeypatch.setattr(time, "process_time", lambda: used[0])
    limit = search_limit(minutes=1)
    for used[0] in (30, 59, 61):
        limit(SimpleNamespace(stop=lambda: ends.append(used[0])), None)
    assert ends == [61]


def test_without_the_environment_the_error_says_how_to_make_it(monkeypatch, tmp_path):
    monkeypatch.setenv(PYTHON_VARIABLE, str(tmp_path / "python"))
    with pytest.raises(ConfigError, match="does not exist") as caught:
        Peer(48, 12, method="nhits")
    assert "make peers" in str(caught.value.advice)


def test_chronos_needs_a_path():
    with pytest.raises(ConfigError, match=r"model\.path"):
        Peer(48, 12, method="chronos")
