from __future__ import annotations

import numpy as np
import pytest

from timevis.data.catalog import load_panel
from timevis.data.quality.statistics import seasonal_strength
from timevis.data.synthetic import synthetic_panel


@pytest.mark.parametrize("domain", ["traffic", "electricity", "weather"])
def test_series_depend_on_the_seed_and_a_channel_not_on_the_others(domain: str) -> None:
    single, several = synthetic_panel(500, 1, domain=domain, seed=3), synthetic_panel(500, 4, domain=domain, seed=3)
    np.testing.assert_array_equal(single.values[:, 0], several.values[:, 0])
    assert not np.array_equal(several.values[:, 0], several.values[:, 1])
    assert not np.array_equal(single.values, synthetic_panel(500, 1, domain=domain, seed=4).values)
    assert np.isfinite(several.values).all()


@pytest.mark.parametrize(
    ("domain", "period"), [("traffic", 24), ("traffic", 168), ("electricity", 24), ("weather", 24)]
)
def test_series_have_the_seasons_of_their_domain(domain: str, period: int) -> None:
    strength = seasonal_strength(synthetic_panel(24 * 200, 1, domain=domain).values[:, 0], period)
    assert strength is not None
    assert strength > 0.25


def test_traffic_counts_are_non_negative_integers() -> None:
    values = synthetic_panel(2000, 2, domain="traffic").values
    assert (values >= 0).all()
    assert (values == values.round()).all()


@pytest.mark.parametrize("freq", ["15min", "h", "D", "MS"])
def test_synthetic_data_accept_any_frequency(freq: str) -> None:
    panel, report = load_panel({"name": "synthetic", "rows": 90, "channels": 3, "frequency": freq})
    assert panel.values.shape == (90, 3)
    assert report.frequency == freq


def test_a_panel_with_many_channels_can_be_generated() -> None:
    assert synthetic_panel(17544, 20).values.shape == (17544, 20)
