"""Laws that every forecaster but the digits must keep, each proved on a model that was really fitted."""

import copy
import dataclasses

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from panels import panel_of
from trainers import quiet_trainer

from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import SeriesStore
from timevis.models.boosted import Boosted
from timevis.models.forecaster import QUANTILE_LEVELS, Forecaster
from timevis.models.linear import Linear
from timevis.models.lstm import LSTM
from timevis.models.qwen.patches.forecaster import QwenPatchForecaster
from timevis.models.seasonal_naive import SeasonalNaive

CONTEXT, HORIZON, ROWS = 48, 12, 700
PATCHES = {"lora": {}, "dropout": 0.1, "learning_rate": 0.01, "bf16": False}
SMALL_NET = {"hidden_size": 16, "dropout": 0.1, "learning_rate": 0.01}
MODELS = {
    "naive": (SeasonalNaive, {}),
    "linear": (Linear, {}),
    "linear-individual": (Linear, {"individual": True}),
    "boosted": (Boosted, {"max_rounds": 20, "max_rows": 4000}),
    "lstm-stepwise": (
        LSTM,
        {**SMALL_NET, "segment_length": 1, "num_layers": 2, "normalization": "revin", "covariates": "all"},
    ),
    "lstm-segments": (
        LSTM,
        {
            **SMALL_NET,
            "segment_length": 7,
            "point": "head",
            "ema_decay": 0.9,
            "mixup": 1.0,
            "members": 2,
            "highway": True,
            "linear_blend": True,
        },
    ),
    "gru-mean-std": (LSTM, {**SMALL_NET, "segment_length": 12, "cell": "gru", "normalization": "mean_std"}),
    "gru-plain": (LSTM, {**SMALL_NET, "segment_length": 24, "cell": "gru", "normalization": "none", "calendar": []}),
    "patches": (
        QwenPatchForecaster,
        {**PATCHES, "backbone": {"path": "nano", "layers": 1}, "ema_decay": 0.9, "mixup": 1.0, "linear_blend": True},
    ),
    "patches-queries": (
        QwenPatchForecaster,
        {
            **PATCHES,
            "backbone": {"path": "attention"},
            "readout": "queries",
            "patch_length": 4,
            "stride": 2,
            "calendar": [],
        },
    ),
    "patches-no-backbone": (
        QwenPatchForecaster,
        {**PATCHES, "backbone": {"path": "none"}, "normalization": "last", "point": "head"},
    ),
}


def make_panel():
    rng = np.random.default_rng(0)
    t = np.arange(ROWS)
    known, observed = (t % 24 == 8).astype(float), rng.normal(size=ROWS)
    daily = np.sin(2 * np.pi * t / 24)
    values = np.stack([100 + 30 * daily + 20 * known, -2 + 0.5 * daily + 0.3 * observed], axis=1)
    values += rng.normal(size=values.shape) * [5, 0.1]
    values[rng.random(values.shape) < 0.03] = np.nan
    values[200:230, 1] = np.nan
    return panel_of(values, np.stack([known, observed], axis=1), (True, False))


def make_datamodule(panel):
    return WindowDataModule(panel, context_length=CONTEXT, horizon=HORIZON, batch_size=32)


def fit(name, panel):
    datamodule = make_datamodule(panel)
    cls, hyperparameters = MODELS[name]
    pl.seed_everything(1, verbose=False)
    model = cls.from_data(datamodule, **hyperparameters)
    model.prepare(datamodule)
    if model.trainable:
        quiet_trainer(max_epochs=1, limit_train_batches=8).fit(model, datamodule=datamodule)
    model.calibrate(datamodule)
    return model  # in evaluation mode from here on


@pytest.fixture(scope="module")
def panel():
    return make_panel()


@pytest.fixture(scope="module", params=MODELS)
def fitted(request, panel) -> Forecaster:
    return fit(request.param, panel)


def forecast(model, panel, origins):
    origin = torch.tensor(origins).repeat_interleave(2)
    channel = torch.tensor([0, 1]).repeat(len(origins))
    return model.forecast(SeriesStore(panel).gather(origin, channel, CONTEXT, HORIZON))


def disturbed(panel, row):
    """All that is not known before `row` becomes something else, or goes missing."""
    values, covariates = panel.values.copy(), panel.covariates.copy()
    values[row:] = 1e4 - 3 * values[row:]
    values[row + 1 :: 5] = np.nan
    covariates[row:, 1] = 77
    return dataclasses.replace(panel, values=values, covariates=covariates)


def test_a_calibrated_model_forecasts_the_same_twice_and_without_gradients(fitted, panel):
    first, second = forecast(fitted, panel, [300, 400]), forecast(fitted, panel, [300, 400])
    assert torch.equal(first.point, second.point)
    assert torch.equal(first.quantiles, second.quantiles)
    assert not first.point.requires_grad
    assert not first.quantiles.requires_grad


@given(origin=st.integers(CONTEXT, ROWS - HORIZON))
@settings(max_examples=8)
def test_changing_a_future_value_changes_no_forecast_made_before_it(fitted, panel, origin):
    earlier = [o for o in (origin - 30, origin) if o >= CONTEXT]
    before, after = forecast(fitted, panel, earlier), forecast(fitted, disturbed(panel, origin), earlier)
    assert torch.equal(before.point, after.point)
    assert torch.equal(before.quantiles, after.quantiles)


@pytest.mark.parametrize(("cls", "limit"), [(Linear, "max_windows"), (Boosted, "max_rows")])
def test_a_fit_on_a_part_of_the_windows_sees_every_channel_at_every_time(cls, limit, monkeypatch):
    rng = np.random.default_rng(0)
    datamodule = make_datamodule(panel_of(rng.normal(size=(ROWS, 3)), np.empty((ROWS, 0)), ()))
    number = len(datamodule.windows["train"]) // 3  # steps of three would stay at one channel for long
    seen, gather = [], datamodule.gather
    monkeypatch.setattr(datamodule, "gather", lambda part, index: seen.append((part, index)) or gather(part, index))
    model = cls.from_data(datamodule, **{limit: number * (8 if limit == "max_rows" else 1)})
    model.prepare(datamodule)
    index = torch.cat([i for part, i in seen if part == "train"])
    assert len(index) == number
    origins, channels = datamodule.windows["train"].locate(index)
    quarter = (origins - origins.min()) * 4 // (origins.max() - origins.min() + 1)
    counts = torch.bincount(channels * 4 + quarter, minlength=12)
    assert counts.min() > 0.7 * number / 12


@pytest.mark.parametrize("name", MODELS)
def test_the_test_part_changes_nothing_that_is_learnt(name, panel):
    test_start = make_datamodule(panel).split.val_end
    one, two = fit(name, panel).state_dict(), fit(name, disturbed(panel, test_start)).state_dict()
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_forecast_reacts_to_its_context(fitted, panel):
    values = panel.values.copy()
    values[200:500] *= 1.5
    shifted = panel.with_values(values)
    assert not torch.equal(forecast(fitted, panel, [500]).point, forecast(fitted, shifted, [500]).point)


def test_a_covariate_that_is_not_said_to_be_read_changes_nothing(fitted, panel):
    before = forecast(fitted, panel, [300, 400])
    for k in range(2):
        covariates = panel.covariates.copy()
        covariates[:, k] = 5 - 2 * covariates[:, k]
        after = forecast(fitted, dataclasses.replace(panel, covariates=covariates), [300, 400])
        assert k in fitted.covariates_read or torch.equal(after.quantiles, before.quantiles)


def test_a_checkpoint_loads_safely_and_forecasts_raw_values_by_itself(fitted, panel, tmp_path):
    path = tmp_path / "model.ckpt"
    trainer = quiet_trainer()
    trainer.strategy.connect(fitted)
    trainer.save_checkpoint(path, weights_only=True)
    loaded = type(fitted).load_from_checkpoint(path, weights_only=True).eval()
    one, two = forecast(fitted, panel, [300, 650]), forecast(loaded, panel, [300, 650])
    assert torch.equal(one.point, two.point)
    assert torch.equal(one.quantiles, two.quantiles)


def test_forecasts_do_not_depend_on_who_shares_the_batch(fitted, panel):
    origins = [100, 333, 512, 640]
    together = forecast(fitted, panel, origins)
    alone = [forecast(fitted, panel, [o]) for o in origins]
    scale = fitted.channel_std.float().repeat(len(origins)).view(-1, 1)
    for field in ("point", "quantiles"):
        one, many = torch.cat([getattr(f, field) for f in alone]), getattr(together, field)
        difference = (one - many).abs().flatten(1) / scale
        assert difference.max() < 1e-5, field


def test_what_a_forecast_makes_anew_lies_where_its_batch_is(fitted, panel):
    batch = SeriesStore(panel).gather(torch.tensor([300, 650]), torch.tensor([0, 1]), CONTEXT, HORIZON)
    with torch.no_grad():
        expected = fitted.forecast(batch).quantiles
        with torch.device("meta"):
            assert torch.equal(fitted.forecast(batch).quantiles, expected)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_often_zero_and_never_below_is_not_forecast_below_zero(name, panel):
    values = panel.values.copy()
    values[:, 0] = np.maximum(values[:, 0] - 100, 0)
    often_zero = panel.with_values(values)
    model = fit(name, often_zero)
    assert model.at_zero.tolist() == [True, False]
    low = forecast(model, often_zero, range(CONTEXT, ROWS - HORIZON, 37))
    assert bool((low.point[::2] >= 0).all())
    assert bool((low.quantiles[::2] >= 0).all())
    model.at_zero.zero_()
    free = forecast(model, often_zero, range(CONTEXT, ROWS - HORIZON, 37))
    assert bool((free.quantiles[::2] < 0).any())
    assert torch.equal(free.quantiles[::2].clamp(min=0), low.quantiles[::2])
    assert torch.equal(free.quantiles[1::2], low.quantiles[1::2])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")
def test_a_gpu_calibrates_and_forecasts_as_the_cpu_does(fitted, panel):
    there = copy.deepcopy(fitted).cuda()
    there.calibrate(make_datamodule(panel))
    batch = SeriesStore(panel).to(there.device)
    origin, channel = torch.tensor([[300, 650], [0, 1]], device=there.device)
    with torch.no_grad():
        quantiles = there.forecast(batch.gather(origin, channel, CONTEXT, HORIZON)).quantiles.cpu()
    here = forecast(fitted, panel, [300, 650]).quantiles[[0, 3]]
    assert ((quantiles - here).abs() / fitted.channel_std.view(2, 1, 1)).max() < 0.05


def test_quantiles_never_cross_and_have_their_shape(fitted, panel):
    f = forecast(fitted, panel, range(CONTEXT, ROWS - HORIZON, 37))
    assert f.point.shape == (len(f.quantiles), HORIZON)
    assert f.quantiles.shape[1:] == (len(QUANTILE_LEVELS), HORIZON)
    assert f.point.dtype == f.quantiles.dtype == torch.float32
    assert bool((f.quantiles.diff(dim=1) >= 0).all())


def test_missing_values_give_finite_forecasts_even_where_the_whole_context_is_missing(fitted, panel):
    values = panel.values.copy()
    values[300:400] = np.nan
    f = forecast(fitted, panel.with_values(values), [310, 340, 400])
    assert bool(torch.isfinite(f.point).all())
    assert bool(torch.isfinite(f.quantiles).all())
