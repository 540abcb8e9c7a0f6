"""Decoding agrees with teacher forcing and with `generate` of transformers."""

from __future__ import annotations

import pytest
import torch
from small_networks import random_levels, random_windows, small_network
from transformers import LogitsProcessor, LogitsProcessorList

from timevis.models.digits.decoding import (
    PREFILL_TOKENS_PER_PASS,
    decode,
    digit_at_level,
    first_value_distribution,
    recent_level,
)

KINDS = ["qwen2", "qwen3", "nano"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("separator", [None, 5])
def test_sampled_digits_follow_the_teacher_forced_distribution(kind: str, separator: int | None) -> None:
    if kind == "nano" and separator:
        pytest.skip("nano has no separator")
    network, windows = small_network(kind, separator), random_windows()
    levels, probability = random_levels(3, 6), torch.zeros(3, 6, 4, 3, 10)
    out = decode(network, windows.decoding_inputs(), samples=6, levels=levels, probability=probability)
    past, in_rank_order = torch.zeros(3, 6, dtype=torch.double), torch.zeros_like(levels)
    for value in range(4):
        other, path = past.unsqueeze(1), past.unsqueeze(2)
        is_before = (other < path) | ((other == path) & (torch.arange(6) < torch.arange(6).unsqueeze(1)))
        number = is_before.sum(2)
        in_rank_order[:, :, value] = levels[torch.arange(3).unsqueeze(1), number, value]
        past = recent_level(past, out[:, :, value])
    for sample in range(6):
        digits = torch.cat([windows.digits[:, : windows.length], out[:, sample]], 1)
        observed = windows.observed.clone()
        observed[:, windows.length :] = True
        with torch.no_grad():
            logits = network(windows.prompt, digits, windows.calendar, observed, first=windows.length).flatten(1, 2)
        expected = logits.double().softmax(-1)
        assert torch.allclose(probability[:, sample].flatten(1, 2).double(), expected, atol=1e-5)
        digits, _ = digit_at_level(expected, in_rank_order[:, sample].flatten(1))
        assert torch.equal(digits.view(3, 4, 3), out[:, sample])


class DigitMask(LogitsProcessor):
    """Allows only the digits of the decimal place that comes next, or the separator."""

    def __init__(self, network, start: int) -> None:
        self.network, self.start = network, start

    def __call__(self, ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        place = (ids.shape[1] - self.start) % self.network.layout.tokens_per_value
        allowed = torch.full_like(scores, float("-inf"))
        if place == self.network.layout.width:
            allowed[:, self.network.layout.separator_id] = 0
        else:
            allowed[:, self.network.digit_ids[place]] = 0
        return scores + allowed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("separator", [None, 5])
def test_greedy_decoding_gives_the_tokens_of_generate_under_a_digit_mask(kind: str, separator: int | None) -> None:
    if kind == "nano" and separator:
        pytest.skip("nano has no separator")
    network, windows = small_network(kind, separator, tables=False), random_windows()
    ids = torch.cat([windows.prompt, network.layout.token_ids(windows.digits[:, : windows.length])], 1)
    group, horizon = network.layout.tokens_per_value, 4
    expected = network.backbone.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=group * horizon,
        min_new_tokens=group * horizon,
        do_sample=False,
        pad_token_id=0,
        eos_token_id=None,
        logits_processor=LogitsProcessorList([DigitMask(network, ids.shape[1])]),
    )[:, ids.shape[1] :].view(3, horizon, group)[..., :3]
    digits = decode(network, windows.decoding_inputs(), mode="greedy")[:, 0]
    tokens = torch.gather(network.digit_ids.expand(3, horizon, 3, 10), -1, digits.unsqueeze(-1)).squeeze(-1)
    assert torch.equal(tokens, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("padding", [0, 4])
@pytest.mark.parametrize("separator", [None, 5])
@pytest.mark.parametrize("samples", [3, 14])  # with 14 paths, several have the same digit
def test_logits_during_decoding_are_those_of_the_plain_model(monkeypatch, kind, padding, separator, samples) -> None:
    """The plain model reads the decoded paths in one forward pass of transformers, with or without padding."""
    if kind == "nano" and separator:
        pytest.skip("nano has no separator")
    network, windows = small_network(kind, separator, tables=False), random_windows()
    decoding_logits, digit_logits = [], network.digit_logits

    def record(*args) -> torch.Tensor:
        decoding_logits.append(digit_logits(*args))
        return decoding_logits[-1]

    monkeypatch.setattr(network, "digit_logits", record)
    levels = random_levels(3, samples)
    out = decode(network, windows.decoding_inputs(), samples=samples, levels=levels)
    assert len(decoding_logits) == 12
    layout, start = network.layout, windows.prompt.shape[1] + windows.length * network.layout.tokens_per_value
    for sample in range(samples):
        digits = torch.cat([windows.digits[:, : windows.length], out[:, sample]], 1)
        ids = torch.cat([torch.full((3, padding), 2), windows.prompt, layout.token_ids(digits)], 1)
        mask = (torch.arange(ids.shape[1]) >= padding).long().expand_as(ids)
        position_ids = (mask.cumsum(-1) - 1).clamp(min=0)
        with torch.no_grad():
            plain = network.backbone(input_ids=ids, attention_mask=mask, position_ids=position_ids).logits[
                :, padding:
            ]
        for i, logits in enumerate(decoding_logits):
            value, place = divmod(i, 3)
            token = start - 1 + value * layout.tokens_per_value + place
            expected = plain[:, token, network.digit_ids[place]]
            assert torch.allclose(logits[:, min(sample, logits.shape[1] - 1)], expected, atol=1e-4)


def test_the_attention_mask_of_padded_batches_is_respected() -> None:
    network, windows = small_network("qwen3", tables=False), random_windows()
    ids = torch.cat([windows.prompt, network.layout.token_ids(windows.digits)], 1)
    padded = torch.cat([torch.full((3, 4), 2), ids], 1)
    mask = torch.cat([torch.zeros(3, 4), torch.ones_like(ids)], 1).long()
    with torch.no_grad():
        plain = network.backbone(input_ids=ids).logits
        masked = network.backbone(input_ids=padded, attention_mask=mask).logits[:, 4:]
        unmasked = network.backbone(input_ids=padded).logits[:, 4:]
    assert torch.allclose(plain, masked, atol=1e-4)
    assert not torch.allclose(plain, unmasked, atol=1e-4)


def code_probabilities(network, windows, b: int) -> torch.Tensor:
    """Probabilities [1000] of the codes of the only target value of window b, by teacher forcing."""
    codes = torch.cartesian_prod(*[torch.arange(10)] * 3)
    observed = windows.observed.clone()
    observed[:, windows.length :] = True
    digits = torch.cat([windows.digits[b : b + 1, : windows.length].expand(1000, -1, -1), codes.unsqueeze(1)], 1)
    with torch.no_grad():
        logits = network(
            windows.prompt[b : b + 1].expand(1000, -1),
            digits,
            windows.calendar[b : b + 1].expand(1000, -1, -1),
            observed[b : b + 1].expand(1000, -1),
            first=windows.length,
        )[:, 0]
    return logits.log_softmax(-1).gather(-1, codes.unsqueeze(-1)).sum((1, 2)).exp()


def test_median_decoding_follows_the_conditional_median() -> None:
    network, windows = small_network("qwen3"), random_windows(horizon=1)
    out = decode(network, windows.decoding_inputs(), mode="median")[:, 0, 0]
    for b in range(3):
        median = int((code_probabilities(network, windows, b).cumsum(0) < 0.5).sum())
        assert int((out[b] * torch.tensor([100, 10, 1])).sum()) == median


@pytest.mark.parametrize("kind", KINDS)
def test_the_distribution_of_the_first_value_is_exact(kind: str) -> None:
    network, windows = small_network(kind), random_windows(horizon=1)
    probability = first_value_distribution(network, windows.decoding_inputs())
    assert torch.allclose(probability.sum(1), torch.ones(3, dtype=torch.double))
    for b in range(3):
        assert torch.allclose(probability[b].float(), code_probabilities(network, windows, b), rtol=1e-3, atol=1e-7)


def test_a_prefill_in_several_passes_gives_the_same_digits(monkeypatch) -> None:
    network, windows = small_network("qwen2"), random_windows(batch=5)
    levels = random_levels(5, 3)
    whole = decode(network, windows.decoding_inputs(), samples=3, levels=levels)
    monkeypatch.setitem(PREFILL_TOKENS_PER_PASS, "cpu", 2 * (windows.prompt.shape[1] + 9 * 3) + 1)
    assert torch.equal(decode(network, windows.decoding_inputs(), samples=3, levels=levels), whole)
