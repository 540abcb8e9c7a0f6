"""Tests with a real Qwen; run TIMEVIS_QWEN=/path/to/folder pytest tests/models/backbone/test_real_qwen.py"""

from __future__ import annotations

import os

import pytest
import torch
from transformers import AutoModelForCausalLM, LogitsProcessor, LogitsProcessorList

from timevis.models.digits.decoding import decode
from timevis.models.serialization import load, save

QWEN_FOLDER = os.environ.get("TIMEVIS_QWEN")
pytestmark = pytest.mark.skipif(not QWEN_FOLDER, reason="TIMEVIS_QWEN is not set to the folder of a real Qwen")
QWEN = ("model/backbone=local", f"model.backbone.path={QWEN_FOLDER}")


@pytest.mark.parametrize("separator", ["", ","])
def test_greedy_digits_and_their_logits_equal_those_of_transformers(make_forecaster, separator: str) -> None:
    forecaster, data = make_forecaster(
        *QWEN, "model.backbone.dtype=float32", f"model.separator='{separator}'", "model.tune=none"
    )
    network, batch = forecaster.network, data.gather("test", torch.arange(2))
    _, _, inputs = forecaster.encode_batch(batch)
    prompt, context = inputs.prompt, inputs.context
    layout = network.layout
    ids = torch.cat([prompt, layout.token_ids(context)], 1)
    model = AutoModelForCausalLM.from_pretrained(QWEN_FOLDER, dtype=torch.float32).eval()

    class DigitMask(LogitsProcessor):
        def __call__(self, token_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            position = (token_ids.shape[1] - ids.shape[1]) % layout.tokens_per_value
            allowed = torch.tensor([layout.separator_id]) if position == layout.width else network.digit_ids[position]
            return scores + torch.full_like(scores, float("-inf")).index_fill_(1, allowed, 0.0)

    length = layout.tokens_per_value * forecaster.horizon
    generated = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=length,
        min_new_tokens=length,
        do_sample=False,
        logits_processor=LogitsProcessorList([DigitMask()]),
    )
    digits = decode(network, inputs, mode="greedy")[:, 0]
    assert torch.equal(layout.token_ids(digits), generated[:, ids.shape[1] :])
    with torch.no_grad():
        expected = model(generated[:, :-1]).logits[:, ids.shape[1] - 1 :]
        values = torch.cat([context, digits], 1)
        logits = network(prompt, values, batch.calendar, torch.ones_like(values[..., 0], dtype=torch.bool), first=48)
    for digit in range(layout.width):
        position = torch.arange(forecaster.horizon) * layout.tokens_per_value + digit
        expected_digit = expected[:, position][..., network.digit_ids[digit]]
        assert torch.allclose(expected_digit, logits[:, :, digit], atol=1e-3, rtol=1e-4)


def test_the_loss_falls_and_a_loaded_forecaster_gives_the_same_forecast(make_forecaster, tmp_path) -> None:
    forecaster, data = make_forecaster(*QWEN, "model.prompt.style=short")
    batch = data.gather("train", torch.arange(2) * 100)
    optimizer = torch.optim.AdamW([p for p in forecaster.parameters() if p.requires_grad], lr=1e-3)
    losses = []
    for _ in range(6):
        loss = forecaster.train().loss(batch)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    save(forecaster, tmp_path / "model")
    assert sum(f.stat().st_size for f in (tmp_path / "model").iterdir()) < 50_000_000
    loaded, test_batch = load(tmp_path / "model"), data.gather("test", torch.arange(2))
    assert torch.equal(loaded.eval().forecast(test_batch).samples, forecaster.eval().forecast(test_batch).samples)
