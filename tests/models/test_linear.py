import numpy as np
import pytest
import torch
from panels import panel_of

from timevis.data.datamodule import WindowDataModule
from timevis.errors import ConfigError
from timevis.models import linear as gap_sums
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


def test_individual_maps_are_better_for_channels_with_different_seasons():
    values = np.stack([np.sin(T / 2), (T % 9 == 0) * 1.0], axis=1)
    shared, individual = (scaled_error(*prepared(values, individual=i, penalties=(1e-6,))) for i in (False, True))
    assert individual < 0.5 * shared


def test_a_channel_without_training_windows_repeats_its_last_value():
    values = np.stack([np.sin(T / 2), np.sin(T / 3)], axis=1)
    values[8:430, 1] = np.nan  # the rows before and after are too few for a training window
    model, datamodule = prepared(values, individual=True)
    batch = datamodule.gather("test", torch.arange(20))
    is_empty = batch.channel == 1
    torch.testing.assert_close(model.point(batch)[is_empty], batch.context[is_empty, -1:].expand(-1, 4))


def test_the_penalty_with_the_lowest_validation_error_is_selected():
    values = RNG.normal(size=(600, 1)).cumsum(0)
    errors = {}
    for penalties in [(1e-6,), (10.0,), (1e-6, 10.0)]:
        model, datamodule = prepared(values, penalties=penalties)
        errors[penalties] = model.validation_error(datamodule)
    assert errors[(1e-6, 10.0)] == min(errors.values())
    assert model.refit_arguments()["penalties"] == [min((1e-6, 10.0), key=lambda p: errors[(p,)])]


def test_sums_over_gaps_are_equal_by_transforms_and_by_products(monkeypatch):
    values = np.sin(T / 5)[:, None] + RNG.normal(size=(600, 2))
    values[:40, 1] = np.nan
    values[T % 24 < 9] = np.nan
    maps = []
    for cost in (0, np.inf):
        monkeypatch.setattr(gap_sums, "FFT_COST", cost)
        maps.append(prepared(values, penalties=(1e-3,))[0].maps)
    torch.testing.assert_close(*maps, rtol=1e-4, atol=1e-5)
    assert maps[0].abs().max() > 0.1


def test_missing_targets_have_no_weight():
    values = 5 + np.sin(T / 5)[:, None] + 0.02 * RNG.normal(size=(600, 1))
    values_with_gaps = values.copy()
    values_with_gaps[RNG.random(600) < 0.05] = np.nan
    complete, incomplete = (prepared(v, penalties=(1e-3,))[0] for v in (values, values_with_gaps))
    batch = make_datamodule(values).gather("test", torch.arange(100))
    assert (complete.point(batch) - incomplete.point(batch)).abs().max() < 0.1


@pytest.mark.parametrize(
    "is_observed",
    [RNG.random(600) > 0.03, RNG.random(600) > 0.7, T % 4 == 0],
    ids=("few gaps", "most missing", "every fourth row"),
)
def test_each_step_is_fitted_by_least_squares_to_its_observed_targets(is_observed):
    values = np.sin(T / 5)[:, None] + 0.3 * RNG.normal(size=(600, 1))
    values[~is_observed] = np.nan
    model, datamodule = prepared(values, penalties=(1e-2,))
    batch = datamodule.gather("train", torch.arange(len(datamodule.windows["train"])))
    x, _, last, std = model.features(batch)
    y = (batch.target - last) / std
    ridge = 1e-2 * x.double().T.matmul(x.double()).diagonal().mean() * torch.eye(x.shape[1], dtype=torch.float64)
    for step in range(4):
        observed = batch.target_mask[:, step]
        a, b = x[observed].double(), y[observed, step].double()
        exact = torch.linalg.solve(a.T @ a + ridge, a.T @ b)
        assert (x.double() @ (model.maps[0, :, step] - exact)).abs().mean() < 1e-3


def test_autocast_does_not_change_the_forecast():
    model, datamodule = prepared(50 + np.sin(T / 5) + np.sin(T / 3), penalties=(1e-8,))
    batch = datamodule.gather("test", torch.arange(20))
    with torch.autocast("cpu", torch.bfloat16):
        point = model.point(batch)
    assert torch.equal(point, model.point(batch))


@pytest.mark.parametrize("individual", [False, True])
def test_forecasts_are_finite_with_a_constant_channel(individual):
    values = np.stack([np.sin(T / 5), np.full(600, 3.0)], axis=1)
    model, datamodule = prepared(values, individual=individual)
    batch = datamodule.gather("test", torch.arange(40))
    assert bool(torch.isfinite(model.point(batch)).all())


def test_a_profile_reads_the_last_day_and_the_mean_of_each_position_in_the_season():
    basis = profile_basis(13, day=2, profile=5)
    context = torch.arange(13.0)
    inputs = torch.cat([context, torch.ones(1)]) @ basis
    means = [5.5, 6.5, 7.5, 8.5, 9.5]  # means of 3 and 8, 4 and 9, ...; the first three rows are not a whole season
    torch.testing.assert_close(inputs, torch.tensor([11.0, 12.0, *means, 1.0]))
    torch.testing.assert_close(profile_basis(13, day=2, profile=0), torch.eye(14))


def test_the_map_of_a_profile_is_the_least_squares_solution_on_its_inputs():
    values = 5 + np.sin(T / 5)[:, None] + RNG.normal(size=(600, 1))
    model, datamodule = prepared(values, penalties=(1e-9,), profiles=(3,))
    batch = datamodule.gather("train", torch.arange(len(datamodule.windows["train"])))
    x, _, last, std = model.features(batch)
    inputs = (x @ profile_basis(12, 12, 3)).double()
    y = ((batch.target - last) / std).double()
    # rank-deficient, since the last value minus itself is always zero
    solution = torch.linalg.lstsq(inputs, y, driver="gelsd", rcond=1e-7).solution
    expected = inputs @ solution
    torch.testing.assert_close(x @ model.maps[0], expected.float(), rtol=1e-3, atol=1e-3)


def seasonal(length: int) -> np.ndarray:
    """A daily season of 24 hours and white noise of the same variance."""
    rng = np.random.default_rng(0)
    return (np.resize(rng.normal(size=24), length) + rng.normal(size=length))[:, None]


def test_a_noisy_daily_season_selects_its_profile_which_a_saved_model_keeps(tmp_path):
    datamodule = make_datamodule(seasonal(1500), context_length=240, horizon=24)
    model = Linear.from_data(datamodule)
    model.prepare(datamodule)
    without_profile = Linear.from_data(datamodule, profiles=(0,))
    without_profile.prepare(datamodule)
    assert model.describe() == {"profile": 24}
    assert model.parameter_counts() == (49 * 24, 241 * 24)  # the last day, the mean day and a constant
    assert scaled_error(model, datamodule) < scaled_error(without_profile, datamodule)
    serialization.save(model, tmp_path)
    loaded = serialization.load(tmp_path)
    assert loaded.parameter_counts() == model.parameter_counts()
    assert loaded.refit_arguments() == model.refit_arguments() == {"penalties": [model.penalty], "profiles": [24]}


def test_candidate_profiles_are_seasons_that_fit_into_the_context_twice():
    model = Linear(context_length=168, horizon=24)
    assert model.candidate_profiles((1, 24, 168)) == [0, 24]
    assert Linear(context_length=336, horizon=24).candidate_profiles((1, 24, 168)) == [0, 24, 168]


def test_a_profile_longer_than_the_context_raises_a_config_error():
    with pytest.raises(ConfigError, match="400 rows does not fit into context_length=168"):
        Linear(context_length=168, horizon=24, profiles=(0, 400))
