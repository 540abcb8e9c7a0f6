import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.regression import ContinuousRankedProbabilityScore
from trainers import quiet_trainer
from utilsforecast.losses import mae, mase, rmse, scaled_crps

from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.evaluation.backtest import evaluate
from timevis.metrics.forecast_metrics import ForecastMetrics
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.utils.levels import COVERAGES, QUANTILE_LEVELS, WQL_LEVELS


@pytest.fixture(scope="module")
def scored():
    """Scores of seasonal naive on weather data with missing values, and its forecasts as a long data frame."""
    panel, _ = load_panel({"name": "weather", "time": "time", "target": ["TEMP", "DEWP", "PRES", "Iws"]})
    values = panel.values.copy()
    values[::97, 1] = np.nan
    data = WindowDataModule(panel.with_values(values), context_length=48, horizon=24, max_windows=30, val_windows=30)
    model = SeasonalNaive.fitted(data)
    result = evaluate(quiet_trainer(), model, data, reference=SeasonalNaive.fitted(data), save_windows=10_000)
    rows = [
        pd.DataFrame(
            {"unique_id": row.channel, "ds": row.origin + np.arange(24), "y": row.truth, "median": row.quantiles[7]}
            | {"point": row.point}
            | {f"q{level}": row.quantiles[QUANTILE_LEVELS.index(level)] for level in WQL_LEVELS}
        )
        for row in result.predictions.itertuples()
    ]
    frame = pd.concat(rows, ignore_index=True).dropna()
    train = pd.DataFrame(values[: data.split.train_end], columns=list(panel.channels)).rename_axis("ds").reset_index()
    train = train.melt("ds", var_name="unique_id", value_name="y")
    return data, result, frame.astype({c: float for c in frame if c not in ("unique_id", "ds")}), train


def by_channel(data, result, name):
    return pd.Series(result.metrics["by_channel"][name], index=list(data.panel.channels))


def assert_agree(metric: pd.Series, reference: pd.DataFrame, column: str):
    expected = reference.set_index("unique_id")[column].loc[metric.index]
    np.testing.assert_allclose(metric.to_numpy(), expected.to_numpy(float), rtol=1e-6)


def test_mase_of_each_channel_agrees_with_utilsforecast(scored):
    data, result, frame, train = scored
    reference = mase(frame, ["median"], seasonality=24, train_df=train.sort_values(["unique_id", "ds"]))
    assert_agree(by_channel(data, result, "mase"), reference, "median")


def test_wql_of_each_channel_agrees_with_utilsforecast(scored):
    data, result, frame, _ = scored
    reference = scaled_crps(frame, {"naive": [f"q{level}" for level in WQL_LEVELS]}, np.array(WQL_LEVELS))
    assert_agree(by_channel(data, result, "wql"), reference, "naive")


def test_mae_and_rmse_of_each_channel_agree_with_utilsforecast(scored):
    data, result, frame, _ = scored
    assert_agree(by_channel(data, result, "mae"), mae(frame, ["median"]), "median")
    assert_agree(by_channel(data, result, "rmse"), rmse(frame, ["point"]), "point")


def test_the_headline_value_is_the_unweighted_mean_over_channels(scored):
    data, result, _, _ = scored
    for name in ("mase", "wql", "crps", "bias", "coverage_80"):
        assert result.metrics["overall"][name] == pytest.approx(by_channel(data, result, name).mean(), rel=1e-12)


def test_crps_from_quantiles_is_close_to_the_crps_of_the_samples():
    generator = torch.Generator().manual_seed(0)
    samples = torch.randn(400, 500, 2, generator=generator)
    target = torch.randn(400, 2, generator=generator)
    metrics = ForecastMetrics(2, torch.ones(1), torch.ones(1), QUANTILE_LEVELS)
    metrics.update(
        samples.mean(1),
        samples.quantile(torch.tensor(QUANTILE_LEVELS), dim=1).transpose(0, 1),
        target,
        torch.ones(400, 2, dtype=torch.bool),
        torch.zeros(400).long(),
    )
    exact = float(ContinuousRankedProbabilityScore()(samples.transpose(1, 2).flatten(0, 1), target.flatten()))
    assert metrics.summary()["crps"] == pytest.approx(exact, rel=0.01)


def test_the_crps_of_a_forecast_without_spread_is_its_absolute_error():
    metrics = ForecastMetrics(2, torch.ones(1), torch.ones(1), QUANTILE_LEVELS)
    target, forecast = torch.tensor([[1.0, -4.0]]), torch.tensor([[3.0, -3.0]])
    mask, channel = torch.ones(1, 2, dtype=torch.bool), torch.zeros(1).long()
    metrics.update(forecast, forecast.unsqueeze(1).expand(-1, 15, -1), target, mask, channel)
    assert metrics.summary()["crps"] == pytest.approx(1.5)


def relative_wql_of_two_channels(factors: tuple[float, float], units: tuple[float, float]) -> dict:
    """Metrics of a forecast whose errors are `factors` times the errors of the reference, in the units given."""
    generator, units = torch.Generator().manual_seed(1), torch.tensor([units]).T
    target = units * (10 + torch.randn(2, 6, generator=generator))
    error = units.unsqueeze(1) * torch.randn(2, 15, 6, generator=generator)
    metrics = ForecastMetrics(6, torch.ones(2), torch.tensor([1.0, 2.0]), QUANTILE_LEVELS)
    reference, forecast = (
        target.unsqueeze(1) + torch.tensor([f]).T.unsqueeze(1) * error for f in ((1.0, 1.0), factors)
    )
    mask, channel = torch.ones(2, 6, dtype=torch.bool), torch.arange(2)
    metrics.update(forecast[:, 7], forecast, target, mask, channel)
    losses = metrics.elements(reference[:, 7], reference, target, mask)["pinball_wql"]
    metrics.add_reference(losses, channel)
    return metrics.compute()


def test_the_relative_wql_is_a_geometric_mean_over_channels_that_does_not_depend_on_units():
    result = relative_wql_of_two_channels((0.5, 0.125), (1.0, 1.0))
    assert result["by_channel"]["relative_wql"] == pytest.approx([0.5, 0.125])
    assert result["overall"]["relative_wql"] == pytest.approx(0.25)
    assert result["by_horizon"]["relative_wql"] == pytest.approx([0.25] * 6)
    in_other_units = relative_wql_of_two_channels((0.5, 0.125), (1.0, 1000.0))
    assert in_other_units["overall"]["relative_wql"] == pytest.approx(0.25)


def test_a_channel_on_which_the_reference_has_no_error_is_left_out_of_the_relative_wql():
    metrics = ForecastMetrics(1, torch.ones(2), torch.ones(2), QUANTILE_LEVELS)
    target, quantiles = torch.full((2, 1), 4.0), torch.full((2, 15, 1), 3.0)
    metrics.update(quantiles[:, 7], quantiles, target, torch.ones(2, 1, dtype=torch.bool), torch.arange(2))
    metrics.add_reference(torch.tensor([[0.0], [1.0]]), torch.arange(2))
    assert metrics.summary()["relative_wql"] == pytest.approx(0.5)
    assert np.isnan(metrics.compute()["by_channel"]["relative_wql"][0])


def test_the_scaled_quantile_loss_of_a_forecast_without_spread_is_its_mase():
    metrics = ForecastMetrics(2, torch.ones(1), torch.tensor([4.0]), QUANTILE_LEVELS)
    target, forecast = torch.tensor([[1.0, -4.0]]), torch.tensor([[3.0, -3.0]])
    mask, channel = torch.ones(1, 2, dtype=torch.bool), torch.zeros(1).long()
    metrics.update(forecast, forecast.unsqueeze(1).expand(-1, 15, -1), target, mask, channel)
    assert metrics.summary()["sql"] == pytest.approx(metrics.summary()["mase"]) == pytest.approx(1.5 / 4)


def metrics_of_batches(order: torch.Tensor, batch_size: int) -> dict:
    """Metrics of 40 random windows of 3 channels with missing targets, added in this order and batch size."""
    generator = torch.Generator().manual_seed(3)
    target = 1000 * torch.randn(40, 5, generator=generator)
    quantiles = target.unsqueeze(1) + 300 * torch.randn(40, 15, 5, generator=generator).sort(1).values
    mask = torch.rand(40, 5, generator=generator) > 0.2
    channel = torch.arange(40) % 3
    metrics = ForecastMetrics(5, torch.tensor([1.0, 2.0, 3.0]), torch.tensor([3.0, 1.0, 2.0]), QUANTILE_LEVELS)
    for rows in order.split(batch_size):
        metrics.update(quantiles[rows, 7], quantiles[rows], target[rows], mask[rows], channel[rows])
        metrics.add_reference(target[rows].abs(), channel[rows])
    return metrics.summary()


@given(st.permutations(range(40)), st.integers(1, 512))
@settings(max_examples=25)
def test_metrics_do_not_depend_on_order_or_batch_size(order: list[int], batch_size: int):
    expected = metrics_of_batches(torch.arange(40), 512)
    assert metrics_of_batches(torch.tensor(order), batch_size) == pytest.approx(expected, rel=1e-12)


def test_batches_of_1_and_512_give_the_same_metrics():
    expected = metrics_of_batches(torch.arange(40), 512)
    assert metrics_of_batches(torch.arange(40), 1) == pytest.approx(expected, rel=1e-12)


def test_missing_targets_have_no_weight():
    metrics = ForecastMetrics(2, torch.ones(1), torch.ones(1), QUANTILE_LEVELS)
    quantiles = torch.zeros(1, 15, 2)
    target, mask = torch.tensor([[2.0, 99.0]]), torch.tensor([[True, False]])
    metrics.update(quantiles[:, 7], quantiles, target, mask, torch.zeros(1).long())
    result = metrics.compute()
    assert result["overall"]["mae"] == 2.0
    assert np.isnan(result["by_horizon"]["mae"][1])


def test_the_forecast_of_a_missing_target_is_ignored():
    def score(forecast_of_missing: float) -> dict:
        metrics = ForecastMetrics(2, torch.ones(1), torch.ones(1), QUANTILE_LEVELS)
        point, mask = torch.tensor([[1.0, forecast_of_missing]]), torch.tensor([[True, False]])
        quantiles = point.unsqueeze(1).expand(-1, 15, -1)
        metrics.update(point, quantiles, torch.tensor([[2.0, 0.0]]), mask, torch.zeros(1).long())
        metrics.add_reference(torch.ones(1, 2), torch.zeros(1).long())
        return metrics.summary()

    assert score(float("inf")) == score(3.0)


def test_a_channel_of_zeros_has_no_relative_error_and_is_left_out_of_the_mean():
    metrics = ForecastMetrics(2, torch.ones(2), torch.ones(2), QUANTILE_LEVELS)
    target, quantiles = torch.tensor([[0.0, 0.0], [4.0, 4.0]]), torch.full((2, 15, 2), 3.0)
    metrics.update(quantiles[:, 7], quantiles, target, torch.ones(2, 2, dtype=torch.bool), torch.arange(2))
    result = metrics.compute()
    assert np.isnan(result["by_channel"]["wql"][0])
    assert np.isnan(result["by_channel"]["wape"][0])
    assert result["overall"]["wql"] == result["by_channel"]["wql"][1] == pytest.approx(0.25)
    assert result["by_channel"]["mae"][0] == 3.0


def test_a_perfect_forecast_has_zero_error_and_full_coverage():
    metrics = ForecastMetrics(3, torch.ones(1), torch.ones(1), QUANTILE_LEVELS)
    target = torch.randn(4, 3)
    metrics.update(
        target,
        target.unsqueeze(1).expand(4, 15, 3),
        target,
        torch.ones(4, 3, dtype=torch.bool),
        torch.zeros(4).long(),
    )
    values = metrics.summary()
    assert {values[k] for k in ("mae", "rmse", "wql", "crps", "bias", "smape")} == {0.0}
    assert {values[f"coverage_{k}"] for k in COVERAGES} == {1.0}
