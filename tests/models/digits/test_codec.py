"""Properties of the digit codec, and its rounding errors on the bundled data sets."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.models.digits.codec import DigitCodec, Scaling, ScalingRule

finite = st.floats(-1e6, 1e6, allow_nan=False, width=32)


def scaling_of(shift: float, scale: float) -> Scaling:
    return Scaling(torch.tensor([[shift]], dtype=torch.float64), torch.tensor([[scale]], dtype=torch.float64))


@settings(max_examples=60)
@given(code=st.integers(0, 9999), width=st.integers(1, 4), shift=finite, scale=st.floats(1e-3, 1e4))
def test_encoding_decoded_digits_returns_the_digits(code: int, width: int, shift: float, scale: float) -> None:
    codec, scaling = DigitCodec(width), scaling_of(shift, max(scale, 1e-3 * abs(shift)))
    digits = torch.tensor([[[int(d) for d in f"{code % 10**width:0{width}d}"]]])
    values = codec.decode(digits, scaling)
    encoded, clipped = codec.encode(values, scaling)
    assert torch.equal(encoded, digits)
    assert not clipped.any()


@settings(max_examples=60)
@given(z=st.floats(-49.9, 49.9), width=st.integers(1, 4))
def test_a_value_within_the_limit_is_decoded_to_within_half_a_bin(z: float, width: int) -> None:
    codec, scaling = DigitCodec(width), scaling_of(0.0, 1.0)
    value = torch.tensor([[z]])
    digits, _ = codec.encode(value, scaling)
    u, decoded = codec.squash(value.double()), codec.squash(codec.decode(digits, scaling).double())
    assert float((u - decoded).abs()) <= 1 / codec.num_bins + 1e-6


@settings(max_examples=60)
@given(a=st.floats(-200, 200), b=st.floats(-200, 200))
def test_greater_values_never_get_smaller_codes(a: float, b: float) -> None:
    codec, scaling = DigitCodec(3), scaling_of(0.0, 1.0)
    digits, _ = codec.encode(torch.tensor([[min(a, b), max(a, b)]]), scaling)
    low, high = (digits[0] * torch.tensor([100, 10, 1])).sum(-1).tolist()
    assert low <= high


@pytest.mark.parametrize("bulk", [0.8, 1.0])
def test_unsquash_is_the_inverse_of_squash(bulk: float) -> None:
    codec = DigitCodec(3, bulk=bulk)
    z = torch.linspace(-60, 60, 4001, dtype=torch.float64)
    assert torch.allclose(codec.unsquash(codec.squash(z)), z, atol=1e-9)


def test_the_slope_is_continuous_at_the_knee() -> None:
    codec = DigitCodec(3)
    z = torch.tensor([1.999, 2.0, 2.001], dtype=torch.float64)
    below, above = codec.squash(z).diff().tolist()
    assert above == pytest.approx(below, rel=0.02)


def test_clipped_values_are_marked() -> None:
    _, clipped = DigitCodec(3).encode(torch.tensor([[0.0, 49.0, 51.0, -51.0]]), scaling_of(0.0, 1.0))
    assert clipped.tolist() == [[False, False, True, True]]


@pytest.mark.parametrize("rule", get_args(ScalingRule))
def test_scaling_depends_on_observed_values_only(rule: str) -> None:
    codec = DigitCodec(3, rule=rule)
    context = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    mask = torch.tensor([[True, False, True, True, False, True]])
    changed = torch.where(mask, context, 1e6)
    first, second = codec.fit(context, mask, torch.ones(1, 1)), codec.fit(changed, mask, torch.ones(1, 1))
    assert torch.equal(first.shift, second.shift)
    assert torch.equal(first.scale, second.scale)


@pytest.mark.parametrize("rule", get_args(ScalingRule))
def test_shifting_and_scaling_a_series_does_not_change_its_digits(rule: str) -> None:
    codec = DigitCodec(3, rule=rule)
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 50)))
    mask = torch.ones_like(x, dtype=torch.bool)
    digits, _ = codec.encode(x, codec.fit(x, mask, torch.full((3, 1), 0.5)))
    y = 1024 * x + 512
    scaled_digits, _ = codec.encode(y, codec.fit(y, mask, torch.full((3, 1), 512.0)))
    assert float((digits != scaled_digits).any(-1).double().mean()) < 0.02  # values at the border of a bin may differ


def test_a_constant_context_is_encoded_and_decoded() -> None:
    codec = DigitCodec(3)
    scaling = codec.fit(torch.full((1, 10), 7.0), torch.ones(1, 10, dtype=torch.bool), torch.zeros(1, 1))
    digits, _ = codec.encode(torch.full((1, 10), 7.0), scaling)
    assert torch.allclose(codec.decode(digits, scaling), torch.tensor(7.0), atol=1e-4)


@pytest.mark.parametrize("name", ["traffic", "electricity", "weather"])
def test_clipping_and_rounding_errors_are_small_on_bundled_data(name: str, bundled_panel) -> None:
    panel = bundled_panel(name)
    codec, length, horizon = DigitCodec(3), 168, 24
    rows = int(0.7 * len(panel))
    for c in range(len(panel.channels)):
        series = torch.from_numpy(panel.values[:, c]).double()
        naive_error = min(float((series[rows + k :] - series[rows:-k]).abs().nanmean()) for k in (24, 168))
        deviation = torch.from_numpy(panel.values[:rows, c]).double()
        deviation = deviation[deviation.isfinite()].std().view(1, 1)
        windows = series.unfold(0, length + horizon, 29)
        windows = windows[windows.isfinite().all(1)]
        mask = torch.ones(len(windows), length, dtype=torch.bool)
        scaling = codec.fit(windows[:, :length], mask, deviation)
        digits, clipped = codec.encode(windows, scaling)
        error = (codec.decode(digits, scaling) - windows).abs()[:, length:].mean()
        assert float(clipped.double().mean()) < 0.001, panel.channels[c]
        assert float(error) < 0.02 * naive_error, panel.channels[c]


@pytest.mark.parametrize("rule", get_args(ScalingRule))
def test_the_unit_of_a_series_does_not_change_its_digits(rule: str) -> None:
    torch.manual_seed(0)
    series, mask = 3 + torch.randn(2, 168), torch.ones(2, 168, dtype=torch.bool)
    codec = DigitCodec(rule=rule)
    large, small = (
        codec.encode(x, codec.fit(x, mask, x.std(1, keepdim=True)))[0] for x in (series * 1e6, series * 1e-9)
    )
    assert float((large == small).all(-1).double().mean()) > 0.99


def test_the_seasonal_rule_encodes_a_periodic_series_as_a_constant_after_one_season() -> None:
    codec, daily = DigitCodec(3, rule="seasonal", season=24), torch.sin(torch.arange(24.0)).repeat(3).view(1, -1)
    scaling = codec.fit(daily, torch.ones_like(daily, dtype=torch.bool), torch.ones(1, 1), horizon=30)
    digits, _ = codec.encode(daily, scaling.at_steps(0, 72))
    assert (digits[0, 24:] == digits[0, 24]).all()
    target = daily[:, :30]
    target_digits, _ = codec.encode(target, scaling.at_steps(72))
    assert (target_digits == digits[0, 24]).all()
    decoded = codec.decode(target_digits.unsqueeze(1), scaling.at_steps(72)).squeeze(1)
    assert torch.allclose(decoded, target, atol=1e-3)


@pytest.mark.parametrize("rule", [rule for rule in get_args(ScalingRule) if rule != "seasonal"])
def test_observed_zeros_stay_exactly_zero_and_move_the_shift_by_at_most_half_a_bin(rule: str) -> None:
    generator = torch.Generator().manual_seed(0)
    amounts = torch.rand(50, 96, generator=generator) * 30
    rain = torch.where(torch.rand(50, 96, generator=generator) < 0.3, amounts, 0.0)
    codec, all_observed, deviation = DigitCodec(rule=rule), torch.ones(50, 96, dtype=torch.bool), torch.ones(50, 1)
    scaling = codec.fit(rain, all_observed, deviation)
    digits, _ = codec.encode(rain, scaling)
    zeros = (rain == 0) & (scaling.shift.abs() < codec.knee * scaling.scale)
    assert zeros.sum() > 1000
    assert codec.decode(digits, scaling)[zeros].abs().max() < 1e-6
    # zeros that fill gaps do not count
    zero_gaps = codec.fit(rain, rain != 0, deviation)
    other_gaps = codec.fit(torch.where(rain == 0, 5.0, rain), rain != 0, deviation)
    observed_last = rain[:, -1:] != 0 if rule == "last_value" else torch.ones(50, 1, dtype=torch.bool)
    assert torch.equal(zero_gaps.shift[observed_last], other_gaps.shift[observed_last])
    without_zeros = codec.fit(rain + 1e-3, all_observed, deviation)
    assert (
        (scaling.shift + 1e-3 - without_zeros.shift).abs() <= scaling.scale * 0.5 * 2.5 * 2 / codec.num_bins + 1e-6
    ).all()
