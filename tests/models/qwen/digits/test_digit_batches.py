"""What of a window is read, and which windows: contexts out of order, gaps carried forward, windows thinned."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from timevis.models.qwen.digits.digit_batches import carry_forward, shuffled, thinned


def test_a_shuffled_context_keeps_its_values_and_changes_the_forecast(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.shuffle_context=true")
    plain, _ = make_forecaster()
    batch = data.gather("test", torch.arange(3))
    for one, two in zip(
        forecaster.forecast(batch).extras["context"], plain.forecast(batch).extras["context"], strict=True
    ):
        assert one != two
        assert sorted(one.split()) == sorted(two.split())


def test_a_shuffled_gap_goes_with_its_value(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.shuffle_context=true", "model.bf16=false", "model.num_samples=20")
    with torch.no_grad():
        forecaster.network.tables.missing.normal_()
    batch = data.gather("train", torch.arange(3))
    gaps = torch.rand(batch.context.shape, generator=torch.Generator().manual_seed(0)) < 0.4
    batch = replace(batch, context=torch.where(gaps, batch.context[:, :1], batch.context), context_mask=~gaps)
    mixed = shuffled(batch, forecaster.hparams["seed"])
    seen = [
        float(forecaster.loss(batch).detach()),
        forecaster.forecast(batch).samples,
        forecaster.first_value(batch)[1],
    ]
    forecaster.hparams["shuffle_context"] = False
    assert seen[0] == float(forecaster.loss(mixed).detach())
    assert torch.equal(seen[1], forecaster.forecast(mixed).samples)
    assert torch.equal(seen[2], forecaster.first_value(mixed)[1])


def test_gaps_carry_the_value_before_them() -> None:
    values, mask = torch.tensor([[5.0, 0.0, 0.0, 7.0]]), torch.tensor([[True, False, False, True]])
    assert carry_forward(values, mask, torch.tensor([[1.0]])).tolist() == [[5.0, 5.0, 5.0, 7.0]]
    assert carry_forward(values, ~mask, torch.tensor([[1.0]])).tolist() == [[1.0, 0.0, 0.0, 0.0]]


@pytest.mark.parametrize("channels", [1, 2, 4, 5, 10, 321])
def test_windows_are_thinned_over_all_channels_alike(channels: int) -> None:
    chosen = thinned(200 * channels, 40, channels)
    seen = torch.bincount(chosen % channels, minlength=channels)
    assert len(chosen) <= 40 + 1
    assert int(seen.max() - seen.min()) <= 1
