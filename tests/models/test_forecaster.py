"""Properties of all forecasters except the digit forecaster, tested on fitted models."""

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
from timevis.models.forecaster import Forecaster
from timevis.models.linear import Linear
from timevis.models.lstm import LSTM
from timevis.models.patches.forecaster import QwenPatchForecaster
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.utils.levels import QUANTILE_LEVELS

CONTEXT, HORIZON, ROWS = 48, 12, 700
PATCHES = {"backbone": {"path": "random"}, "lora": {}, "learning_rate": 0.003, "bf16": False}
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
    "patches": (QwenPatchForecaster, {**PATCHES, "ema_decay": 0.9, "mixup": 1.0, "linear_blend": True}),
    "patches-lora": (QwenPatchForecaster, {**PATCHES, "tune": "lora"}),
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


def make_datamodule(panel, cls=WindowDataModule):
    return cls(panel, context_length=CONTEXT, horizon=HORIZON, batch_size=32)


def fit(name, panel):
    datamodule = make_datamodule(panel)
    cls, hyperparameters = MODELS[name]
    pl.seed_everything(1, verbose=False)
    model = cls.from_data(datamodule, **hyperparameters)
    model.prepare(datamodule)
    if model.trainable:
        quiet_trainer(max_epochs=1, limit_train_batches=8).fit(model, datamodule=datamodule)
    model.calibrate(datamodule)
    return model


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


def with_changed_future(panel, row):
    """Change or remove the values from `row` on, and the covariates whose future is unknown."""
    values, covariates = panel.values.copy(), panel.covariates.copy()
    values[row:] = 1e4 - 3 * values[row:]
    values[row + 1 :: 5] = np.nan
    covariates[row:, 1] = 77
    return dataclasses.replace(panel, values=values, covariates=covariates)


def test_a_calibrated_model_gives_the_same_forecast_twice_and_without_gradients(fitted, panel):
    first, second = forecast(fitted, panel, [300, 400]), forecast(fitted, panel, [300, 400])
    assert torch.equal(first.point, second.point)
    assert torch.equal(first.quantiles, second.quantiles)
    assert not first.point.requires_grad
    assert not first.quantiles.requires_grad


@given(origin=st.integers(CONTEXT, ROWS - HORIZON))
@settings(max_examples=8)
def test_a_forecast_does_not_depend_on_values_after_its_origin(fitted, panel, origin):
    origins = [o for o in (origin - 30, origin) if o >= CONTEXT]
    before, after = forecast(fitted, panel, origins), forecast(fitted, with_changed_future(panel, origin), origins)
    assert torch.equal(before.point, after.point)
    assert torch.equal(before.quantiles, after.quantiles)


class RecordingDataModule(WindowDataModule):
    """Records the numbers of the gathered windows by part."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.gathered = {"train": [], "tuning": []}

    def gather(self, part, index):
        self.gathered[part].append(index)
        return super().gather(part, index)


@pytest.mark.parametrize(
    ("cls", "limit", "options"),
    [(Linear, "max_windows", {}), (Boosted, "max_rows", {"base_seasons": [0], "base_rows": [0]})],
)
def test_a_limited_fit_uses_windows_of_all_channels_and_all_times(cls, limit, options):
    rng = np.random.default_rng(0)
    panel = panel_of(rng.normal(size=(ROWS, 3)), np.empty((ROWS, 0)), ())
    datamodule = make_datamodule(panel, RecordingDataModule)
    number = len(datamodule.windows["train"]) // 3  # every third window would be of the same channel
    model = cls.from_data(datamodule, **options, **{limit: number * (8 if limit == "max_rows" else 1)})
    model.prepare(datamodule)
    index = torch.cat(datamodule.gathered["train"])
    assert len(index) == number
    origins, channels = datamodule.windows["train"].locate(index)
    quarter = (origins - origins.min()) * 4 // (origins.max() - origins.min() + 1)
    counts = torch.bincount(channels * 4 + quarter, minlength=12)
    assert counts.min() > 0.7 * number / 12


@pytest.mark.parametrize("name", MODELS)
def test_the_fitted_state_does_not_depend_on_the_test_part(name, panel):
    test_start = make_datamodule(panel).split.val_end
    before, after = fit(name, panel).state_dict(), fit(name, with_changed_future(panel, test_start)).state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_a_forecast_depends_on_its_context(fitted, panel):
    values = panel.values.copy()
    values[200:500] *= 1.5
    scaled = panel.with_values(values)
    assert not torch.equal(forecast(fitted, panel, [500]).point, forecast(fitted, scaled, [500]).point)


def test_a_forecast_depends_only_on_the_covariates_in_covariates_read(fitted, panel):
    before = forecast(fitted, panel, [300, 400])
    for k in range(2):
        covariates = panel.covariates.copy()
        covariates[:, k] = 5 - 2 * covariates[:, k]
        after = forecast(fitted, dataclasses.replace(panel, covariates=covariates), [300, 400])
        assert k in fitted.covariates_read or torch.equal(after.quantiles, before.quantiles)


def test_a_checkpoint_loads_without_pickle_and_gives_the_same_forecasts(fitted, panel, tmp_path):
    path = tmp_path / "model.ckpt"
    trainer = quiet_trainer()
    trainer.strategy.connect(fitted)
    trainer.save_checkpoint(path, weights_only=True)
    loaded = type(fitted).load_from_checkpoint(path, weights_only=True).eval()
    before, after = forecast(fitted, panel, [300, 650]), forecast(loaded, panel, [300, 650])
    assert torch.equal(before.point, after.point)
    assert torch.equal(before.quantiles, after.quantiles)


def test_a_forecast_does_not_depend_on_the_other_windows_of_its_batch(fitted, panel):
    origins = [100, 333, 512, 640]
    batched = forecast(fitted, panel, origins)
    single = [forecast(fitted, panel, [o]) for o in origins]
    scale = fitted.channel_std.float().repeat(len(origins)).view(-1, 1)
    for field in ("point", "quantiles"):
        difference = torch.cat([getattr(f, field) for f in single]) - getattr(batched, field)
        assert (difference.abs().flatten(1) / scale).max() < 1e-5, field


def test_all_tensors_of_a_forecast_are_created_on_the_device_of_the_batch(fitted, panel):
    batch = SeriesStore(panel).gather(torch.tensor([300, 650]), torch.tensor([0, 1]), CONTEXT, HORIZON)
    with torch.no_grad():
        expected = fitted.forecast(batch).quantiles
        with torch.device("meta"):  # the default device of new tensors
            assert torch.equal(fitted.forecast(batch).quantiles, expected)


@pytest.mark.parametrize("name", MODELS)
def test_forecasts_of_non_negative_channels_are_clipped_at_zero(name, panel):
    values = panel.values.copy()
    values[:, 0] = np.maximum(values[:, 0] - 100, 0)
    often_zero = panel.with_values(values)
    model = fit(name, often_zero)
    assert model.at_zero.tolist() == [True, False]
    clipped = forecast(model, often_zero, range(CONTEXT, ROWS - HORIZON, 37))
    assert bool((clipped.point[::2] >= 0).all())
    assert bool((clipped.quantiles[::2] >= 0).all())
    model.at_zero.zero_()
    unclipped = forecast(model, often_zero, range(CONTEXT, ROWS - HORIZON, 37))
    assert bool((unclipped.quantiles[::2] < 0).any())
    assert torch.equal(unclipped.quantiles[::2].clamp(min=0), clipped.quantiles[::2])
    assert torch.equal(unclipped.quantiles[1::2], clipped.quantiles[1::2])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_calibration_and_forecasts_on_a_gpu_are_close_to_those_on_a_cpu(fitted, panel):
    on_gpu = copy.deepcopy(fitted).cuda()
    on_gpu.calibrate(make_datamodule(panel))
    series = SeriesStore(panel).to(on_gpu.device)
    origin, channel = torch.tensor([[300, 650], [0, 1]], device=on_gpu.device)
    with torch.no_grad():
        gpu_quantiles = on_gpu.forecast(series.gather(origin, channel, CONTEXT, HORIZON)).quantiles.cpu()
    cpu_quantiles = forecast(fitted, panel, [300, 650]).quantiles[[0, 3]]
    assert ((gpu_quantiles - cpu_quantiles).abs() / fitted.channel_std.view(2, 1, 1)).max() < 0.05


def test_quantiles_do_not_cross_and_have_the_documented_shape(fitted, panel):
    f = forecast(fitted, panel, range(CONTEXT, ROWS - HORIZON, 37))
    assert f.point.shape == (len(f.quantiles), HORIZON)
    assert f.quantiles.shape[1:] == (len(QUANTILE_LEVELS), HORIZON)
    assert f.point.dtype == f.quantiles.dtype == torch.float32
    assert bool((f.quantiles.diff(dim=1) >= 0).all())


def test_forecasts_are_finite_with_missing_values_and_with_an_empty_context(fitted, panel):
    values = panel.values.copy()
    values[300:400] = np.nan
    f = forecast(fitted, panel.with_values(values), [310, 340, 400])
    assert bool(torch.isfinite(f.point).all())
    assert bool(torch.isfinite(f.quantiles).all())
