import numpy as np
import pytest
import torch
from panels import panel_of

from timevis.data.datamodule import WindowDataModule
from timevis.errors import ConfigError
from timevis.models import serialization
from timevis.models.linear import Linear, profile_basis


def make_datamodule(values, context_length=12, horizon=4):
    return WindowDataModule(panel_of(values), context_length=context_length, horizon=horizon)


def prepared(values, **kwargs):
    datamodule = make_datamodule(values)
    model = Linear.from_data(datamodule, **kwargs)
    model.prepare(datamodule)
    return model, datamodule


def scaled_error(model, datamodule):
    batch = datamodule.gather("test", torch.arange(len(datamodule.windows["test"])))
    error = (model.point(batch) - batch.target) / model.scale(batch.channel)[1]
    return float(error[batch.target_mask].abs().mean())


T = np.arange(600)
RNG = np.random.default_rng(0)


def test_a_series_that_obeys_a_linear_recurrence_is_forecast_exactly():
    values = 50 + np.stack([np.sin(T / 5), np.cos(T / 5 + 1)], axis=1)
    model, datamodule = prepared(values, penalties=(1e-8,))
    assert scaled_error(model, datamodule) < 1e-3
    assert model.parameter_counts() == (13 * 4, 13 * 4)  # twelve rows and a constant for each of four steps


def test_channels_of_different_rhythms_need_maps_of_their_own():
    values = np.stack([np.sin(T / 2), (T % 9 == 0) * 1.0], axis=1)
    shared, own = (scaled_error(*prepared(values, individual=i, penalties=(1e-6,))) for i in (False, True))
    assert own < 0.5 * shared


def test_a_channel_without_training_windows_repeats_its_last_value():
    values = np.stack([np.sin(T / 2), np.sin(T / 3)], axis=1)
    values[8:430, 1] = np.nan  # but for a few rows, too few for a context
    model, datamodule = prepared(values, individual=True)
    batch = datamodule.gather("test", torch.arange(20))
    own = batch.channel == 1
    torch.testing.assert_close(model.point(batch)[own], batch.context[own, -1:].expand(-1, 4))


def test_the_penalty_with_the_least_validation_error_is_taken():
    values = RNG.normal(size=(600, 1)).cumsum(0)
    errors = {}
    for penalties in [(1e-6,), (10.0,), (1e-6, 10.0)]:
        model, datamodule = prepared(values, penalties=penalties)
        errors[penalties] = model._validation_error(datamodule)
    assert errors[(1e-6, 10.0)] == min(errors.values())
    assert model.refit_arguments()["penalties"] == [min((1e-6, 10.0), key=lambda p: errors[(p,)])]


def test_missing_targets_carry_no_weight():
    values = 5 + np.sin(T / 5)[:, None] + 0.02 * RNG.normal(size=(600, 1))
    gaps = values.copy()
    gaps[RNG.random(600) < 0.05] = np.nan
    whole, holed = (prepared(v, penalties=(1e-3,))[0] for v in (values, gaps))
    batch = make_datamodule(values).gather("test", torch.arange(100))
    assert (whole.point(batch) - holed.point(batch)).abs().max() < 0.1


@pytest.mark.parametrize(
    "kept",
    [RNG.random(600) > 0.03, RNG.random(600) > 0.7, T % 4 == 0],
    ids=("few gaps", "most missing", "every fourth row"),
)
def test_each_step_is_fitted_by_least_squares_to_its_observed_targets(kept):
    values = np.sin(T / 5)[:, None] + 0.3 * RNG.normal(size=(600, 1))
    values[~kept] = np.nan
    model, datamodule = prepared(values, penalties=(1e-2,))
    batch = datamodule.gather("train", torch.arange(len(datamodule.windows["train"])))
    x, _, last, std = model._features(batch)
    y = (batch.target - last) / std
    ridge = 1e-2 * x.double().T.matmul(x.double()).diagonal().mean() * torch.eye(x.shape[1], dtype=torch.float64)
    for step in range(4):
        seen = batch.target_mask[:, step]
        a, b = x[seen].double(), y[seen, step].double()
        exact = torch.linalg.solve(a.T @ a + ridge, a.T @ b)
        assert (x.double() @ (model.maps[0, :, step] - exact)).abs().mean() < 1e-3


def test_it_forecasts_in_full_precision_whatever_that_of_the_trainer():
    model, datamodule = prepared(50 + np.sin(T / 5) + np.sin(T / 3), penalties=(1e-8,))
    batch = datamodule.gather("test", torch.arange(20))
    with torch.autocast("cpu", torch.bfloat16):
        found = model.point(batch)
    assert torch.equal(found, model.point(batch))


@pytest.mark.parametrize("individual", [False, True])
def test_the_fit_stays_finite_with_a_channel_that_never_changes(individual):
    values = np.stack([np.sin(T / 5), np.full(600, 3.0)], axis=1)
    model, datamodule = prepared(values, individual=individual)
    batch = datamodule.gather("test", torch.arange(40))
    assert bool(torch.isfinite(model.point(batch)).all())


def test_a_profile_reads_the_last_day_and_the_mean_of_every_place_in_the_season():
    basis = profile_basis(13, day=2, profile=5)
    context = torch.arange(13.0)
    read = torch.cat([context, torch.ones(1)]) @ basis
    means = [5.5, 6.5, 7.5, 8.5, 9.5]  # of 3 and 8, 4 and 9, ...: the first three rows are no whole season
    torch.testing.assert_close(read, torch.tensor([11.0, 12.0, *means, 1.0]))
    torch.testing.assert_close(profile_basis(13, day=2, profile=0), torch.eye(14))


def test_a_fit_of_a_profile_is_least_squares_on_what_it_reads():
    values = 5 + np.sin(T / 5)[:, None] + RNG.normal(size=(600, 1))
    model, datamodule = prepared(values, penalties=(1e-9,), profiles=(3,))
    batch = datamodule.gather("train", torch.arange(len(datamodule.windows["train"])))
    x, _, last, std = model._features(batch)
    read = (x @ profile_basis(12, 12, 3)).double()
    y = ((batch.target - last) / std).double()
    solution = torch.linalg.lstsq(read, y, driver="gelsd", rcond=1e-7).solution  # the last value less itself is 0
    expected = read @ solution
    torch.testing.assert_close(x @ model.maps[0], expected.float(), rtol=1e-3, atol=1e-3)


def seasonal(length: int) -> np.ndarray:
    """Days of 24 hours that are alike, under noise of their size."""
    rng = np.random.default_rng(0)
    return (np.resize(rng.normal(size=24), length) + rng.normal(size=length))[:, None]


def test_a_noisy_day_is_read_through_its_mean_and_the_choice_outlives_a_refit(tmp_path):
    datamodule = make_datamodule(seasonal(1500), context_length=240, horizon=24)
    model = Linear.from_data(datamodule)
    model.prepare(datamodule)
    every = Linear.from_data(datamodule, profiles=(0,))
    every.prepare(datamodule)
    assert model.describe() == {"profile": 24}
    assert model.parameter_counts() == (49 * 24, 241 * 24)  # the last day, the mean day and a constant
    assert scaled_error(model, datamodule) < scaled_error(every, datamodule)
    serialization.save(model, tmp_path)
    loaded = serialization.load(tmp_path)
    assert loaded.parameter_counts() == model.parameter_counts()
    assert loaded.refit_arguments() == model.refit_arguments() == {"penalties": [model.penalty], "profiles": [24]}


def test_seasons_that_the_context_holds_once_are_no_candidates():
    model = Linear(context_length=168, horizon=24)
    assert model._candidates((1, 24, 168)) == [0, 24]
    assert Linear(context_length=336, horizon=24)._candidates((1, 24, 168)) == [0, 24, 168]


def test_a_profile_longer_than_the_context_is_refused():
    with pytest.raises(ConfigError, match="400 rows does not fit into context_length=168"):
        Linear(context_length=168, horizon=24, profiles=(0, 400))
