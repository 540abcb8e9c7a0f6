"""The multiscale patch network: scales, periods, references, missing values, causality."""

import numpy as np
import pandas as pd
import pytest
import torch

from timevis.data.calendar import calendar_fields
from timevis.models.patches.multiscale import MultiscaleNetwork, MultiscaleSettings
from timevis.models.patches.multiscale_inputs import (
    Layout,
    calendar_periods,
    detect_periods,
    multiscale_inputs,
    reference_curves,
    shift_and_scale,
)

SMALL = MultiscaleSettings(hidden_size=32, num_layers=2, num_heads=2, intermediate_size=48, head_size=48)
P = SMALL.patch_length


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return MultiscaleNetwork(SMALL).eval()


def calendars(rows, size=1, freq="h"):
    index = pd.date_range("2024-01-01", periods=rows, freq=freq)
    return torch.from_numpy(calendar_fields(index).astype(np.int64)).expand(size, -1, -1)


def season(rows, day, week_share=0.0, noise=0.0, seed=0):
    """A series with a day of `day` rows, and a week in which two days are lower."""
    rng = np.random.default_rng(seed)
    time = np.arange(rows)
    free = (time // day % 7 >= 5) * week_share
    wave = np.cos(2 * np.pi * time / day) + 0.5 * np.cos(4 * np.pi * time / day + 1)
    return torch.from_numpy(wave * (1 - free) - 2 * free + noise * rng.normal(size=rows)).float()[None]


@pytest.mark.parametrize(
    ("length", "tokens", "rows"),
    [
        (1, 1, 24),
        (528, 22, 528),
        (768, 32, 768),
        (769, 33, 864),
        (1536, 40, 1536),
        (1537, 41, 1824),
        (4128, 49, 4128),
    ],
)
def test_a_layout_has_the_fewest_patches_that_contain_the_context(length, tokens, rows):
    layout = SMALL.layout(length, 0)
    assert layout.coarse_tokens + layout.fine == tokens
    assert layout.rows(P) == rows
    assert len(layout.positions()) == tokens
    assert (layout.positions().diff() >= 1).all()


def test_the_longest_context_has_4128_rows_and_the_network_fewer_than_four_million_parameters():
    settings = MultiscaleSettings()
    assert settings.context_length == 4128
    assert sum(p.numel() for p in MultiscaleNetwork(settings).parameters()) < 4e6


@pytest.mark.parametrize(("day", "length"), [(24, 528), (48, 1536), (96, 4128), (96, 2112)])
def test_day_and_week_are_found_at_any_step(day, length):
    z = season(length, day, week_share=0.7, noise=0.3)
    period, features = detect_periods(z, torch.ones_like(z), torch.tensor([[day, 7 * day, 1]]))
    assert {day, 7 * day} <= set(period[0].tolist())
    assert features[0, [0, 3]].min() > 0.3


def test_a_period_is_found_beside_a_strong_trend_and_with_missing_values():
    rows = torch.arange(120)
    z = 5 * rows / 120 + torch.cos(2 * torch.pi * rows / 12)[None]
    z = (z - z.mean()) / z.std()
    mask = torch.ones_like(z)
    mask[0, 30:50] = 0
    assert 12 in detect_periods(z * mask, mask)[0][0].tolist()


@pytest.mark.parametrize(
    ("freq", "expected"),
    [
        ("15min", [96, 672, 1]),
        ("h", [24, 168, 1]),
        ("7h", [1, 24, 1]),
        ("D", [1, 7, 365]),
        ("W", [1, 1, 52]),
        ("MS", [1, 1, 12]),
        ("ME", [1, 1, 12]),
        ("QS", [1, 1, 4]),
        ("YS", [1, 1, 1]),
    ],
)
def test_rows_of_a_day_a_week_and_a_year_follow_from_the_calendar(freq, expected):
    for rows in (30, 31, 37):
        assert calendar_periods(calendars(rows, freq=freq)).tolist() == [expected]


def test_a_day_of_the_calendar_is_found_in_less_than_two_days():
    z = season(500, 288, noise=0.1)
    mask = torch.ones_like(z)
    assert 288 not in detect_periods(z, mask)[0][0].tolist()
    assert 288 in detect_periods(z, mask, torch.tensor([[288, 2016, 1]]))[0][0].tolist()


def test_a_year_with_a_pattern_of_quarters_is_found():
    rng = np.random.default_rng(0)
    months = np.tile([9, -3, -5, 5, -3, -4, 5, -4, -5, 2, -6, -5], 10) + rng.normal(size=120)
    z = torch.from_numpy((months - months.mean()) / months.std()).float()[None]
    assert 12 in detect_periods(z, torch.ones_like(z), torch.tensor([[1, 1, 12]]))[0][0].tolist()


def test_a_slope_without_direction_does_not_go_on():
    z = torch.tensor([0.0, 1.0]).repeat(60)[None]
    curve = reference_curves(z, torch.ones_like(z), torch.ones(1, 3, dtype=torch.int64), Layout((), 5), P)[0, -1, 2]
    assert torch.allclose(curve, torch.full((P,), 1.0), atol=1e-3)


def test_a_slope_goes_on_with_less_and_less_strength():
    z = torch.arange(5 * P, dtype=torch.float32)[None] / 100
    curve = reference_curves(z, torch.ones_like(z), torch.ones(1, 3, dtype=torch.int64), Layout((), 5), P)[0, -1, 2]
    change = 100 * torch.cat([z[0, 4 * P - 1 : 4 * P], curve]).diff()
    assert torch.allclose(change[:3], torch.tensor([0.9, 0.9**2, 0.9**3]), atol=1e-2)


def test_a_period_of_the_calendar_is_preferred_to_a_neighbouring_lag():
    z = season(528, 24, noise=0.9, seed=4)
    mask = torch.ones_like(z)
    assert 24 in detect_periods(z, mask, torch.tensor([[24, 168, 1]]))[0][0].tolist()


def test_noise_has_no_period_that_looks_clear():
    z = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 528))).float()
    assert detect_periods(z, torch.ones_like(z))[1].view(20, 3, 3)[:, 1, 0].median() < 0.25


def test_a_season_that_is_shorter_than_a_patch_is_read_from_its_last_repetition():
    """Of months, the first twelve rows of a forecast come from the last year, not from the year before."""
    length = 5 * P
    z = torch.arange(length, dtype=torch.float32)[None] / 100
    layout, period = Layout((), 5), torch.tensor([[1, 12, 1]])
    curves = reference_curves(z, torch.ones_like(z), period, layout, P)
    last_patch = 100 * curves[0, -1]
    first = length - P
    seasons = torch.cat([torch.arange(first - 12, first)] * 2).float()
    assert torch.allclose(last_patch[0], torch.full((P,), first - 1.0), atol=1e-3)
    assert torch.allclose(last_patch[6], seasons, atol=1e-3)
    # the rise of 12 rows per season is added once for the next season and twice for the one after it
    assert torch.allclose(last_patch[3], torch.arange(first, first + P).float(), atol=1e-2)


def test_references_of_a_horizon_come_from_before_its_first_row():
    length, hidden = 10 * P, 3 * P
    z = torch.arange(length, dtype=torch.float32)[None] / 100
    mask = torch.ones_like(z)
    mask[:, -hidden:] = 0
    period = torch.tensor([[1, 7, 36]])
    curves = reference_curves(z * mask, mask, period, Layout((), 10), P)
    assert 100 * curves[0, -3:, [0, 6, 8]].max() < length - hidden
    assert 100 * curves[0, -3:, 6].min() >= length - hidden - 7 - 1e-3  # of the last season


def test_recent_rows_have_more_weight_in_shift_and_scale():
    values = torch.cat([torch.full((1, 2000), 100.0), torch.randn(1, 1000, generator=torch.manual_seed(0))], 1)
    shift, scale = shift_and_scale(values, torch.ones_like(values))
    plain = values.mean()
    assert abs(shift) < plain / 2
    assert scale < values.std()


def test_a_constant_context_gives_finite_forecasts(network):
    median, quantiles = network(torch.full((2, 300), 3.0), torch.ones(2, 300), calendars(348, 2))
    assert torch.isfinite(quantiles).all()
    assert (median - 3).abs().max() < 0.1


@pytest.mark.parametrize("length", [20, 300, 1000, 2500, 6000])
@pytest.mark.parametrize("horizon", [1, 24, 250])
def test_contexts_and_horizons_of_any_length_are_forecast(network, length, horizon):
    context = season(length, 24).expand(2, -1)
    with torch.inference_mode():
        median, quantiles = network(context, torch.ones_like(context), calendars(length + horizon, 2))
    assert median.shape == (2, horizon)
    assert quantiles.shape == (2, 15, horizon)
    assert (quantiles.diff(dim=1) >= 0).all()
    assert torch.equal(median, quantiles[:, 7])


def test_rows_before_the_longest_context_are_not_read(network):
    context = season(SMALL.context_length + 100, 24, noise=0.2)
    other = context.clone()
    other[:, :100] += 50
    days = calendars(context.shape[1] + 24)
    with torch.inference_mode():
        first, second = (network(x, torch.ones_like(x), days)[1] for x in (context, other))
    assert torch.equal(first, second)


def test_rows_of_every_scale_are_read(network):
    context = season(4128, 24, noise=0.2)
    days = calendars(4128 + 24)
    with torch.inference_mode():
        usual = network(context, torch.ones_like(context), days)[1]
        for row in (10, 3000, 4000):  # of the coarsest, the middle and the fine scale
            changed = context.clone()
            changed[:, row] += 1
            assert not torch.equal(usual, network(changed, torch.ones_like(context), days)[1])


def test_what_stands_in_missing_rows_does_not_matter(network):
    context, days = season(1600, 48, noise=0.2), calendars(1624)
    mask = (torch.rand(1, 1600, generator=torch.manual_seed(1)) > 0.2).float()
    mask[:, -6:] = 0
    with torch.inference_mode():
        first = network(context, mask, days)[1]
        second = network(torch.where(mask > 0, context, 99.0), mask, days)[1]
        third = network(torch.where(mask > 0, context, torch.nan), mask, days)[1]
    assert torch.equal(first, second)
    assert torch.equal(first, third)


def test_a_forecast_does_not_depend_on_later_rows(network):
    layout = Layout(((12, 2), (4, 3)), 10)
    values = season(layout.rows(P), 24, noise=0.3)
    mask, visible = torch.ones_like(values), torch.ones_like(values)
    visible[:, -5 * P :] = 0
    waves = network.waves(calendars(layout.rows(P)), layout)
    changed = values.clone()
    changed[:, -3 * P :] += 2.0
    with torch.inference_mode():
        first, second = (
            network.next_patches(multiscale_inputs(x, mask, visible, layout, P), waves) for x in (values, changed)
        )
    assert torch.allclose(first[:, :-2], second[:, :-2], atol=1e-5)
    assert not torch.allclose(first[:, -1], second[:, -1], atol=1e-3)


def test_level_and_unit_of_a_series_do_not_matter(network):
    context, days = season(800, 24, noise=0.2), calendars(824)
    with torch.inference_mode():
        plain = network(context, torch.ones_like(context), days)[1]
        scaled = network(3 * context + 7, torch.ones_like(context), days)[1]
    assert torch.allclose(3 * plain + 7, scaled, atol=1e-3)


def test_only_the_forecast_states_of_a_pass_are_computed_and_equal_the_others(network):
    layout = SMALL.layout(900, 2)
    values = season(layout.rows(P), 24, noise=0.2)
    inputs = multiscale_inputs(values, torch.ones_like(values), torch.ones_like(values), layout, P)
    waves = network.waves(calendars(layout.rows(P)), layout)
    with torch.inference_mode():
        every, some = network.next_patches(inputs, waves), network.next_patches(inputs, waves, layout.fine - 3)
    assert some.shape[1] == 2
    assert torch.allclose(every[:, -2:], some, atol=1e-5)
