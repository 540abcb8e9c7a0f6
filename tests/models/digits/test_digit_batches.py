"""Shuffled contexts, filled gaps, and the choice of windows."""

from __future__ import annotations

from dataclasses import replace

import torch

from timevis.models.digits.forecaster import forward_fill, shuffle_contexts


def test_a_shuffled_context_keeps_its_values_and_changes_the_forecast(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.shuffle_context=true")
    plain, _ = make_forecaster()
    batch = data.gather("test", torch.arange(3))
    shuffled, ordered = (f.forecast(batch).extras["context"] for f in (forecaster, plain))
    for shuffled_text, text in zip(shuffled, ordered, strict=True):
        assert shuffled_text != text
        assert sorted(shuffled_text.split()) == sorted(text.split())


def test_a_gap_is_shuffled_together_with_its_value(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.shuffle_context=true", "model.bf16=false", "model.num_samples=20")
    with torch.no_grad():
        forecaster.network.tables.missing.normal_()
    batch = data.gather("train", torch.arange(3))
    gaps = torch.rand(batch.context.shape, generator=torch.Generator().manual_seed(0)) < 0.4
    batch = replace(batch, context=torch.where(gaps, batch.context[:, :1], batch.context), context_mask=~gaps)
    shuffled = shuffle_contexts(batch, forecaster.hparams["seed"])
    loss = float(forecaster.loss(batch).detach())
    samples = forecaster.forecast(batch).samples
    probability = forecaster.first_value_distribution(batch)[1]
    forecaster.hparams["shuffle_context"] = False
    assert loss == float(forecaster.loss(shuffled).detach())
    assert torch.equal(samples, forecaster.forecast(shuffled).samples)
    assert torch.equal(probability, forecaster.first_value_distribution(shuffled)[1])


def test_gaps_are_filled_with_the_value_before_them() -> None:
    values, mask = torch.tensor([[5.0, 0.0, 0.0, 7.0]]), torch.tensor([[True, False, False, True]])
    assert forward_fill(values, mask, torch.tensor([[1.0]])).tolist() == [[5.0, 5.0, 5.0, 7.0]]
    assert forward_fill(values, ~mask, torch.tensor([[1.0]])).tolist() == [[1.0, 0.0, 0.0, 0.0]]
