"""What every model forecasts on short series of any kind: finite, ordered, and no further than a trend would go."""

import numpy as np
import pytest
import torch
from short_series import fitted, forecast_next_rows, plausible_range, short_panel

from timevis.data.panel import Panel
from timevis.errors import DataError
from timevis.models.forecaster import Forecast
from timevis.utils.levels import QUANTILE_LEVELS

MODELS = {
    "seasonal_naive": (range(80), ("model=seasonal_naive",)),
    "linear": (range(80), ("model=linear",)),
    "boosted": (range(60), ("model=boosted",)),
    "lstm": (range(0, 80, 5), ("model=lstm", "model.hidden_size=16", "model.fit.max_epochs=3")),
    "nano-patch": (range(0, 80, 3), ("model=qwen_patch", "model.tune=none")),
    "nano-patch, tuned": (range(0, 80, 8), ("model=qwen_patch", "model.fit.max_epochs=1")),
    "nano": (range(0, 80, 13), ("model=qwen", "model.fit.max_epochs=1", "evaluation.num_samples=10")),
}


def check(forecast: Forecast, panel: Panel) -> None:
    """Check the forecast of the rows after a panel of one channel; see `plausible_range`."""
    point, quantiles = forecast.point[0].numpy(), forecast.quantiles[0].numpy()
    assert np.isfinite(point).all()
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=0) >= 0).all()
    assert (point >= quantiles[0]).all()
    assert (point <= quantiles[-1]).all()
    low, high = plausible_range(panel.values[:, 0], len(point))
    bounds = [QUANTILE_LEVELS.index(level) for level in (0.1, 0.9)]
    assert low <= min(point.min(), quantiles[bounds].min())
    assert max(point.max(), quantiles[bounds].max()) <= high


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_a_forecast_of_a_short_series_is_finite_ordered_and_within_what_its_trend_allows(name):
    seeds, overrides = MODELS[name]
    refusals = []
    for seed in seeds:
        panel = short_panel(seed)
        try:
            forecaster = fitted(panel, *overrides)
        except DataError as error:
            refusals.append(error.message.code)
            continue
        check(forecast_next_rows(forecaster, panel), panel)
    # A half of validation, or the test part, has only zeros.
    assert all("has no values, or only zeros, in the windows that are scored" in code for code in refusals)
    assert len(refusals) < len(seeds) / 5


def test_a_point_outside_of_the_outermost_quantiles_is_moved_to_the_nearer_one():
    quantiles = torch.linspace(1, 15, 15).view(1, 15, 1).expand(3, 15, 2)
    forecast = Forecast(torch.tensor([[0.0, 3.5], [16.0, 15.0], [1.0, 8.0]]), quantiles)
    torch.testing.assert_close(forecast.point, torch.tensor([[1.0, 3.5], [15.0, 15.0], [1.0, 8.0]]))
