import numpy as np
import pytest
import torch
from panels import mean_error, panel_of

from timevis.data.datamodule import WindowDataModule
from timevis.models.boosted import Boosted
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.training.refit import on_all_rows

ROWS = 2000
T = np.arange(ROWS)
RNG = np.random.default_rng(0)


def make_datamodule(values, covariates=None, known=()):
    panel = panel_of(values, covariates, known)
    return WindowDataModule(panel, context_length=48, horizon=12)


def fitted(datamodule, cls=Boosted, **kwargs):
    model = cls.from_data(datamodule, **kwargs)
    model.prepare(datamodule)
    model.calibrate(datamodule)
    return model


SMALL = {"max_rounds": 60, "max_rows": 20_000}


def test_boosted_beats_seasonal_naive_on_a_noisy_daily_season():
    datamodule = make_datamodule(10 * np.sin(2 * np.pi * T / 24) + RNG.normal(size=ROWS))
    assert mean_error(fitted(datamodule, **SMALL), datamodule) < 0.85 * mean_error(
        fitted(datamodule, SeasonalNaive), datamodule
    )


def test_a_covariate_with_known_future_values_reduces_the_error():
    event = (RNG.random(ROWS) < 0.2).astype(float)
    values = 20 * event + RNG.normal(size=ROWS)
    known = make_datamodule(values, event[:, None], (True,))
    unknown = make_datamodule(values, event[:, None], (False,))
    assert mean_error(fitted(known, **SMALL), known) < 0.3 * mean_error(fitted(unknown, **SMALL), unknown)


def test_intervals_are_wider_at_hours_with_larger_errors():
    noise_std = np.where(T % 24 < 12, 0.2, 5.0)
    datamodule = make_datamodule(RNG.normal(size=ROWS) * noise_std)
    model = fitted(datamodule, **SMALL)
    batch = datamodule.gather("test", torch.arange(200))
    quantiles = model.forecast(batch).quantiles
    width = quantiles[:, 12] - quantiles[:, 2]
    hour = batch.calendar[:, -12:, 1]
    assert width[hour >= 12].mean() > 5 * width[hour < 12].mean()


def test_forecasts_follow_a_level_that_training_did_not_contain():
    values = np.sin(2 * np.pi * T / 24) + 0.1 * RNG.normal(size=ROWS)
    values[1600:] += 100
    datamodule = make_datamodule(values)
    batch = datamodule.gather("test", torch.arange(100, 300))
    assert (fitted(datamodule, **SMALL).point(batch) - batch.target).abs().mean() < 1


def test_with_an_empty_context_the_forecast_stays_at_the_last_observed_level():
    values = 1000 + np.sin(2 * np.pi * T / 24) + 0.1 * RNG.normal(size=ROWS)
    values[1700:1760] = np.nan
    datamodule = make_datamodule(values)
    batch = datamodule.series.gather(torch.tensor([1755]), torch.tensor([0]), 48, 12)
    assert not batch.context_mask.any()
    assert (fitted(datamodule, **SMALL).point(batch) - 1000).abs().max() < 5


def test_boosting_stops_when_validation_no_longer_improves():
    datamodule = make_datamodule(RNG.normal(size=ROWS))
    model = fitted(datamodule, max_rounds=300, patience=5, max_rows=5000)
    assert model.booster.num_trees() < 100


def test_the_same_seed_gives_the_same_trees():
    datamodule = make_datamodule(np.sin(T / 4) + RNG.normal(size=ROWS))
    one, two = (fitted(datamodule, max_rounds=10, max_rows=3000, seed=3).get_extra_state() for _ in range(2))
    assert torch.equal(one, two)


def test_the_state_dict_holds_the_trees_as_tensors():
    datamodule = make_datamodule(np.sin(T / 4) + RNG.normal(size=ROWS))
    model = fitted(datamodule, max_rounds=10, max_rows=3000)
    empty = Boosted.from_data(datamodule)
    empty.load_state_dict(model.state_dict())
    batch = datamodule.gather("test", torch.arange(20))
    assert torch.equal(empty.forecast(batch).quantiles, model.forecast(batch).quantiles)
    assert all(isinstance(v, torch.Tensor) for v in model.state_dict().values())
    frames = (b.trees_to_dataframe() for b in (model.booster, model.error_booster))
    assert model.parameter_counts()[0] == sum(frame["left_child"].isna().sum() for frame in frames)


@pytest.mark.parametrize("rows", [500, 20_000])
def test_the_training_table_has_at_most_max_rows_rows(rows):
    datamodule = make_datamodule(np.stack([np.sin(T / 4), np.cos(T / 4)], axis=1))
    model = Boosted.from_data(datamodule, max_rows=rows)
    model.channel_std.fill_(1.0)
    x, y = model.table(datamodule, "train")
    assert len(x) == len(y)
    assert 0.8 * min(rows, 12 * len(datamodule.windows["train"])) <= len(x) <= rows


def test_a_refit_has_as_many_trees_of_each_model_as_the_run():
    datamodule = make_datamodule(10 * np.sin(2 * np.pi * T / 24) + RNG.normal(size=ROWS))
    model = fitted(datamodule, **SMALL, patience=2)
    rounds = [booster.num_trees() for booster in (model.booster, model.error_booster)]
    assert rounds[0] != rounds[1]
    again = fitted(on_all_rows(datamodule), **SMALL | model.refit_arguments())
    assert [booster.num_trees() for booster in (again.booster, again.error_booster)] == rounds


def test_a_rising_series_is_forecast_relative_to_its_last_season():
    rng, rows = np.random.default_rng(0), np.arange(240)
    values = 100 + 0.01 * rows**2 + 10 * np.sin(2 * np.pi * rows / 12) + rng.normal(0, 0.5, len(rows))
    panel = panel_of(values, freq="MS")
    datamodule = WindowDataModule(panel, context_length=48, horizon=12, max_windows=60)
    model = fitted(datamodule, **SMALL)
    assert model.describe() == {"base_season": 12, "base_rows": 12}
    assert model.bases == [(0, 0), (0, 12), (12, 0), (12, 12)]
    batch = datamodule.gather("test", torch.arange(len(datamodule.windows["test"])))
    whole = fitted(datamodule, **SMALL, base_rows=[0])
    errors = [(m.point(batch) - batch.target).abs().mean() for m in (model, whole)]
    assert errors[0] < 0.6 * errors[1]

    again = Boosted(**model.hparams)
    again.load_state_dict(model.state_dict())
    assert torch.equal(again.point(batch), model.point(batch))
    text = bytes(model.get_extra_state().numpy()).decode().rpartition("\0")[0]  # of a model that was stored before
    again.set_extra_state(torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8))
    assert again.base_rows == 0
    assert not torch.equal(again.point(batch), model.point(batch))


def test_a_quiet_night_is_forecast_low_although_the_days_are_busier_than_in_training():
    rng, rows = np.random.default_rng(0), np.arange(24 * 120)
    hour, day_level = rows % 24, 100 + 0.15 * rows
    is_day = (hour >= 7) & (hour < 22)
    values = np.where(is_day, day_level * np.sin(np.pi * (hour - 6) / 16), rng.integers(2, 15, len(rows)))
    datamodule = WindowDataModule(panel_of(values.round()), context_length=72, horizon=24, max_windows=60)
    model = Boosted.from_data(datamodule, max_rows=20_000, max_rounds=60)
    model.prepare(datamodule)
    model.calibrate(datamodule)
    batch = datamodule.gather("test", torch.arange(len(datamodule.windows["test"])))
    forecast = model.forecast(batch)
    at_night = ~torch.from_numpy(is_day)[batch.origin.unsqueeze(1) + torch.arange(24)]
    error = (forecast.point - batch.target).abs()[at_night]
    plain = Boosted.from_data(datamodule, max_rows=20_000, max_rounds=60, base_seasons=[0])
    plain.prepare(datamodule)
    assert error.mean() < 0.5 * (plain.point(batch) - batch.target).abs()[at_night].mean()
    assert error.mean() < 5
    assert forecast.point[at_night].max() < 25
    assert bool((forecast.quantiles >= 0).all())
