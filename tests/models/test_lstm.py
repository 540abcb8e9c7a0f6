import dataclasses
from typing import get_args

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from panels import mean_error, panel_of
from trainers import quiet_trainer

from timevis.data.datamodule import WindowDataModule
from timevis.errors import ConfigError
from timevis.models.direct import (
    InstanceNorm,
    Normalization,
    mixup,
    ordered_quantiles,
    quantile_loss,
    quantile_weights,
)
from timevis.models.lstm import LSTM, RecurrentNet
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.utils.levels import QUANTILE_LEVELS

ROWS = 1500
T = np.arange(ROWS)


def make_datamodule(values, covariates=None, known=(), **kwargs):
    panel = panel_of(values, covariates, known)
    return WindowDataModule(panel, **{"context_length": 48, "horizon": 12, **kwargs})


def trained(datamodule, epochs=3, precision="32-true", validate_every=1, **kwargs):
    pl.seed_everything(0, verbose=False)
    model = LSTM.from_data(datamodule, **{"hidden_size": 32, "learning_rate": 5e-3, **kwargs})
    model.prepare(datamodule)
    options = {"precision": precision, "gradient_clip_val": 1.0, "check_val_every_n_epoch": validate_every}
    trainer = quiet_trainer(max_epochs=epochs, **options)
    trainer.fit(model, datamodule=datamodule)
    return model.eval(), trainer


RNG = np.random.default_rng(0)
NOISY_SEASON = 10 * np.sin(2 * np.pi * T / 24) + RNG.normal(size=ROWS)


@pytest.mark.parametrize(("segment_length", "cell"), [(1, "lstm"), (12, "gru")])
def test_trained_by_a_plain_trainer_the_lstm_beats_seasonal_naive(segment_length, cell):
    datamodule = make_datamodule(NOISY_SEASON)
    options = {"segment_length": segment_length, "cell": cell, "normalization": "mean_std", "learning_rate": 0.01}
    model, trainer = trained(datamodule, 10, **options)
    assert mean_error(model, datamodule) < 0.9 * mean_error(SeasonalNaive.fitted(datamodule), datamodule)
    (metrics,) = trainer.test(model, datamodule=datamodule, verbose=False)
    assert {"test/mse_scaled", "test/wql"} <= set(metrics)


def test_a_covariate_with_known_future_values_reduces_the_error():
    event = (RNG.random(ROWS) < 0.2).astype(float)[:, None]
    values = 20 * event[:, 0] + RNG.normal(size=ROWS)
    known, observed = (make_datamodule(values, event * 1000 + 5000, (is_known,)) for is_known in (True, False))
    options = {"normalization": "none", "segment_length": 6, "covariates": "all"}
    errors = [mean_error(trained(d, **options)[0], d) for d in (known, observed)]
    assert errors[0] < 0.4 * errors[1]


def test_the_stored_hyperparameters_do_not_depend_on_the_order_of_the_functions_that_have_them():
    class Reordered(LSTM):
        @classmethod
        def option_sources(cls):
            return tuple(reversed(super().option_sources()))

    assert dict(Reordered(24, 6).hparams) == dict(LSTM(24, 6).hparams)


@pytest.mark.parametrize(("covariates", "columns"), [("known", [1]), ("all", [0, 1]), ("none", [])])
def test_the_option_covariates_selects_the_columns_that_are_read(covariates, columns):
    datamodule = make_datamodule(NOISY_SEASON, RNG.normal(size=(ROWS, 2)), (False, True))
    model = LSTM.from_data(datamodule, hidden_size=8, covariates=covariates)
    # what a run that reads none advises
    assert model.readable_covariates == {"known": "known", "observed": "all", "static": "known"}
    model.prepare(datamodule)
    batch = datamodule.gather("test", torch.tensor([0]))
    before = model.eval().forecast(batch).point
    for column in (0, 1):
        changed = datamodule.gather("test", torch.tensor([0]))
        changed.covariates[:, :48, column] += 1
        assert torch.equal(before, model.forecast(changed).point) == (column not in columns)


@pytest.mark.parametrize("segment_length", [1, 24])
def test_the_forecast_depends_on_the_calendar_of_the_horizon(segment_length):
    datamodule = make_datamodule(NOISY_SEASON)
    model = LSTM.from_data(datamodule, hidden_size=8, calendar=["hour"], segment_length=segment_length).eval()
    batch = datamodule.gather("test", torch.tensor([0]))
    before = model.forecast(batch).point
    batch.calendar[:, 48:, 1] = (batch.calendar[:, 48:, 1] + 5) % 24
    assert not torch.equal(before, model.forecast(batch).point)


def test_the_forecast_depends_on_whether_a_context_value_is_observed():
    datamodule = make_datamodule(NOISY_SEASON)
    model = LSTM.from_data(datamodule, hidden_size=8).eval()
    batch = datamodule.gather("test", torch.tensor([0]))
    before = model.forecast(batch).point
    batch.context_mask[:, 20] = False
    assert not torch.equal(before, model.forecast(batch).point)


def test_missing_targets_have_no_weight_in_the_loss():
    datamodule = make_datamodule(NOISY_SEASON)
    model = LSTM.from_data(datamodule, hidden_size=8, dropout=0.0, point="head")
    batch = datamodule.gather("train", torch.arange(8))
    batch.target_mask = torch.arange(12).expand(8, -1) < 3
    before = model.loss(batch)
    batch.target = torch.where(batch.target_mask, batch.target, 1e6)
    assert torch.equal(before, model.loss(batch))
    batch.target_mask = torch.zeros(8, 12, dtype=torch.bool)
    assert float(model.loss(batch)) == 0


@given(
    context_length=st.integers(2, 40),
    horizon=st.integers(1, 30),
    segment_length=st.integers(1, 16),
    num_covariates=st.integers(0, 2),
    calendar=st.sampled_from([(), ("hour", "weekday")]),
)
@settings(max_examples=40)
def test_any_context_horizon_and_segment_length_work(
    context_length, horizon, segment_length, num_covariates, calendar
):
    net = RecurrentNet(
        context_length, horizon, 2, num_covariates, hidden_size=4, segment_length=segment_length, calendar=calendar
    )
    total = context_length + horizon
    point, quantiles = net(
        torch.randn(3, context_length),
        torch.ones(3, context_length, dtype=torch.bool),
        torch.zeros(3, total, 5, dtype=torch.int64),
        torch.randn(3, total, num_covariates),
        torch.ones(3, total, num_covariates, dtype=torch.bool),
        torch.tensor([0, 1, 0]),
    )
    assert point.shape == (3, horizon)
    assert quantiles.shape == (3, 15, horizon)
    assert bool((quantiles.diff(dim=1) >= 0).all())


@pytest.mark.parametrize("kind", ["last", "mean_std", "revin"])
def test_with_instance_normalisation_the_forecast_shifts_with_the_context(kind):
    datamodule = make_datamodule(NOISY_SEASON)
    model = LSTM.from_data(datamodule, hidden_size=8, normalization=kind).eval()
    batch = datamodule.gather("test", torch.arange(5))
    before = model.forecast(batch).point
    batch.context = batch.context + 1000
    torch.testing.assert_close(model.forecast(batch).point, before + 1000, atol=0.01, rtol=0)


@pytest.mark.parametrize("kind", get_args(Normalization))
def test_the_scale_of_a_constant_context_is_not_zero(kind):
    context = torch.full((2, 10), 3.0)
    _, scale = InstanceNorm(kind, 1)(context, torch.ones(2, 10, dtype=torch.bool), torch.zeros(2, dtype=torch.int64))
    assert bool((scale > 0.01).all())


@pytest.mark.parametrize("kind", ["last", "mean_std", "revin"])
def test_a_context_without_observations_is_centred_on_its_carried_values(kind):
    context, channel = torch.full((2, 10), 3.0), torch.zeros(2, dtype=torch.int64)
    shift, _ = InstanceNorm(kind, 1)(context, torch.zeros(2, 10, dtype=torch.bool), channel)
    torch.testing.assert_close(shift, torch.full((2, 1), 3.0))


def test_quantile_weights_give_the_mean_of_a_normal_distribution():
    z = torch.distributions.Normal(3.0, 2.0).icdf(torch.tensor(QUANTILE_LEVELS))
    weights = quantile_weights(QUANTILE_LEVELS)
    assert float(weights.sum()) == pytest.approx(1)
    assert float(weights @ z) == pytest.approx(3.0, abs=1e-5)


def test_ordered_quantiles_increase_and_keep_the_median():
    raw = torch.randn(4, 15, 6)
    quantiles = ordered_quantiles(raw)
    assert torch.equal(quantiles[:, 7], raw[:, 7])
    assert bool((quantiles.diff(dim=1) > 0).all())


def test_the_quantile_loss_is_twice_the_mean_pinball_loss_with_its_gradient():
    quantiles = torch.randn(3, 15, 4, requires_grad=True)
    target, levels = torch.randn(3, 4), torch.tensor(QUANTILE_LEVELS)
    error, level = target.unsqueeze(1) - quantiles, levels.view(1, -1, 1)
    by_definition = 2 * torch.maximum(level * error, (level - 1) * error).mean(1)
    losses = (quantile_loss(quantiles, target, levels), by_definition)
    torch.testing.assert_close(*losses)
    torch.testing.assert_close(*(torch.autograd.grad(loss.sum(), quantiles) for loss in losses))


def test_forecasts_use_the_averaged_weights_and_not_the_trained_ones():
    datamodule = make_datamodule(NOISY_SEASON)
    model, _ = trained(datamodule, epochs=1, ema_decay=0.9)
    assert model.average is not None
    pairs = list(zip(model.average.parameters(), model.net.parameters(), strict=True))
    assert all(not torch.equal(average, trained) for average, trained in pairs)
    batch = datamodule.gather("test", torch.arange(3))
    before = model.forecast(batch).point
    for _, parameter in pairs:
        parameter.data.zero_()
    assert torch.equal(before, model.forecast(batch).point)


@pytest.mark.parametrize("schedule", ["constant", "decay", "plateau"])
def test_the_learning_rate_follows_its_schedule(schedule):
    datamodule = make_datamodule(NOISY_SEASON)
    _, trainer = trained(
        datamodule, epochs=4, lr_schedule=schedule, lr_decay=0.5, lr_decay_start_epoch=2, hidden_size=4
    )
    rate = trainer.optimizers[0].param_groups[0]["lr"]
    if schedule == "decay":
        assert rate == pytest.approx(5e-3 * 0.5**3)
    elif schedule == "constant":
        assert rate == 5e-3
    else:
        assert rate <= 5e-3


def test_the_plateau_schedule_steps_only_after_epochs_with_validation():
    datamodule = make_datamodule(NOISY_SEASON)
    _, trainer = trained(datamodule, epochs=5, validate_every=2, lr_schedule="plateau", hidden_size=4)
    assert trainer.lr_scheduler_configs[0].scheduler.last_epoch == 2


@pytest.mark.parametrize(
    ("freq", "calendar", "expected"),
    [
        ("15min", None, ["hour", "weekday"]),
        ("B", None, ["hour", "weekday"]),
        ("MS", None, []),
        ("MS", ["weekday"], ["weekday"]),
        ("h", [], []),
    ],
)
def test_the_default_calendar_fields_depend_on_the_frequency(freq, calendar, expected):
    values = np.random.default_rng(0).normal(size=400)
    datamodule = WindowDataModule(panel_of(values, freq=freq), context_length=24, horizon=12)
    assert LSTM.from_data(datamodule, hidden_size=4, calendar=calendar).hparams["calendar"] == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"cell": "rnn"},
        {"normalization": "batch"},
        {"calendar": ["fortnight"]},
        {"point": "mode"},
        {"lr_schedule": "up"},
    ],
)
def test_an_invalid_choice_raises_an_error_that_lists_the_valid_choices(wrong):
    (key,) = wrong
    with pytest.raises(ConfigError, match=f"model.{key}=(.|\n)*choices: "):
        LSTM(48, 12, **wrong)


def test_mixup_keeps_level_and_variance_and_combines_the_masks():
    generator = torch.Generator().manual_seed(0)
    window = torch.randn(4000, 20, generator=generator)
    observed = torch.rand(4000, 20, generator=generator) < 0.9
    values = np.full(ROWS, 3.0)
    batch = make_datamodule(values).gather("train", torch.arange(4))
    batch = dataclasses.replace(
        batch,
        context=window[:, :15],
        target=window[:, 15:],
        context_mask=observed[:, :15],
        target_mask=observed[:, 15:],
    )
    mixed = mixup(batch, torch.ones(4000, 1), 1.0)
    assert torch.equal(mixed.context[:, -1], batch.context[:, -1])
    after, before = ((x.target - x.context[:, -1:]).var() for x in (mixed, batch))
    assert float(after) == pytest.approx(float(before), rel=0.03)
    assert torch.equal(mixed.target_mask, batch.target_mask & batch.target_mask.roll(1, 0))
    torch.testing.assert_close(mixup(batch, torch.ones(4000, 1), 0.0).target, batch.target)


def test_training_with_gradient_clipping_and_mixed_precision_gives_finite_forecasts():
    datamodule = make_datamodule(NOISY_SEASON)
    model, _ = trained(datamodule, epochs=1, precision="bf16-mixed", mixup=1.0)
    assert np.isfinite(mean_error(model, datamodule))


def test_autocast_does_not_change_the_precision_of_the_highway():
    net = RecurrentNet(48, 12, normalization="none", calendar=(), highway=True)
    for parameter in net.head.parameters():
        torch.nn.init.zeros_(parameter)  # only the highway contributes to the output
    torch.nn.init.normal_(net.highway.weight)
    context, mask, no_covariates = torch.randn(5, 48), torch.ones(5, 48, dtype=torch.bool), torch.empty(5, 60, 0)
    inputs = (
        context,
        mask,
        torch.zeros(5, 60, 5, dtype=torch.long),
        no_covariates,
        no_covariates,
        torch.zeros(5, dtype=torch.long),
    )
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        point, _ = net.eval()(*inputs)
    torch.testing.assert_close(point, net(*inputs)[0].detach(), rtol=0, atol=1e-5)


def test_an_ensemble_forecasts_the_average_of_its_members():
    datamodule = make_datamodule(NOISY_SEASON)
    model, _ = trained(datamodule, epochs=1, members=2)
    batch = datamodule.gather("test", torch.arange(5))
    ensemble_quantiles = model.forecast(batch).quantiles
    member_quantiles = []
    for member in list(model.net.members):
        model.net.members = torch.nn.ModuleList([member])
        member_quantiles.append(model.forecast(batch).quantiles)
    assert not torch.allclose(*member_quantiles)
    torch.testing.assert_close(ensemble_quantiles, torch.stack(member_quantiles).mean(0))


def test_the_linear_blend_uses_the_linear_forecast_if_the_network_is_untrained():
    values = 10 + 3 * np.sin(T / 5) + 0.1 * np.random.default_rng(0).normal(size=ROWS)
    datamodule = make_datamodule(values)
    model, _ = trained(datamodule, epochs=1, learning_rate=0.0, highway=False, linear_blend=True)
    batch = datamodule.gather("test", torch.arange(len(datamodule.windows["test"])))
    with torch.no_grad():
        before = (model.forecast(batch).point - batch.target).abs().mean()
        model.calibrate(datamodule)
        after = model.forecast(batch)
    assert bool((model.linear_shares >= 0.9).all())
    assert (after.point - batch.target).abs().mean() < 0.2 * before
    assert torch.all(after.quantiles.diff(dim=1) >= 0)
    assert model.describe()["linear_shares"]["point"] == round(float(model.linear_shares[0]), 2)


def test_the_linear_blend_ignores_a_linear_forecast_that_increases_the_error(caplog):
    caplog.set_level("INFO", logger="timevis")
    shocks = np.random.default_rng(1).normal(size=ROWS)
    datamodule = make_datamodule(np.where(T % 24 < 12, 5.0, -5.0) * (T % 48 < 24) + 0.01 * shocks)
    model, _ = trained(datamodule, linear_blend=True)
    model.linear_map.maps.normal_(std=10)
    model.calibrate(datamodule)
    assert model.linear_shares.tolist() == [0, 0]
    assert "share of the linear forecast: 0 % of the point, 0 % of the quantiles" in caplog.text
