"""Shared-prefix decoding against teacher forcing and against `generate`."""

from __future__ import annotations

import threading

import pytest
import torch
from small_networks import random_windows, small_network
from transformers import LogitsProcessor, LogitsProcessorList

from timevis.models.qwen.digits import decoding
from timevis.models.qwen.digits.decoding import (
    PREFILL_TOKENS,
    _choose,
    decode,
    decode_windows,
    first_value_distribution,
)
from timevis.models.qwen.digits.sampling import uniforms

KINDS = ["qwen2", "qwen3", "nano"]


def run(network, windows, **options) -> torch.Tensor:
    return decode(network, windows.known(), **options)


def levels_of(batch: int, samples: int, steps: int, seed: int = 0) -> torch.Tensor:
    origin = torch.arange(batch) * 7
    return uniforms(seed, origin, torch.zeros_like(origin), samples, steps)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("separator", [None, 5])
def test_sampled_digits_follow_the_teacher_forced_distribution(kind: str, separator: int | None) -> None:
    if kind == "nano" and separator:
        pytest.skip("nano has no separator")
    network, windows = small_network(kind, separator), random_windows()
    levels = levels_of(3, 6, 12)
    out = run(network, windows, samples=6, levels=levels)
    for sample in range(6):
        digits = torch.cat([windows.digits[:, : windows.length], out[:, sample]], 1)
        seen = windows.observed.clone()
        seen[:, windows.length :] = True
        with torch.no_grad():
            logits = network(windows.prompt, digits, windows.calendar, seen, first=windows.length).flatten(1, 2)
        expected, _ = _choose(logits, levels[:, sample])
        assert torch.equal(expected.view(3, 4, 3), out[:, sample])


class DigitMask(LogitsProcessor):
    """Only the digits of the place whose turn it is."""

    def __init__(self, network, start: int) -> None:
        self.network, self.start = network, start

    def __call__(self, ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        place = (ids.shape[1] - self.start) % self.network.layout.group
        allowed = torch.full_like(scores, float("-inf"))
        if place == self.network.layout.width:
            allowed[:, self.network.layout.separator] = 0
        else:
            allowed[:, self.network.table[place]] = 0
        return scores + allowed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("separator", [None, 5])
def test_greedy_decoding_is_generate_under_a_digit_mask(kind: str, separator: int | None) -> None:
    if kind == "nano" and separator:
        pytest.skip("nano has no separator")
    network, windows = small_network(kind, separator, tables=False), random_windows()
    ids = torch.cat([windows.prompt, network.layout.tokens(windows.digits[:, : windows.length])], 1)
    group, horizon = network.layout.group, 4
    written = network.backbone.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=group * horizon,
        min_new_tokens=group * horizon,
        do_sample=False,
        pad_token_id=0,
        eos_token_id=None,
        logits_processor=LogitsProcessorList([DigitMask(network, ids.shape[1])]),
    )[:, ids.shape[1] :].view(3, horizon, group)[..., :3]
    ours = run(network, windows, mode="greedy")[:, 0]
    tokens = torch.gather(network.table.expand(3, horizon, 3, 10), -1, ours.unsqueeze(-1)).squeeze(-1)
    assert torch.equal(tokens, written)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("padding", [0, 4])
@pytest.mark.parametrize("separator", [None, 5])
@pytest.mark.parametrize("samples", [3, 14])  # more than there are digits: then some are alike
def test_logits_at_every_decoded_position_are_those_of_the_plain_model(
    monkeypatch, kind, padding, separator, samples
) -> None:
    """Read while decoding, against one forward pass of transformers over what was written, padded or not."""
    if kind == "nano" and separator:
        pytest.skip("nano has no separator")
    network, windows = small_network(kind, separator, tables=False), random_windows()
    seen, read = [], decoding._digit_logits
    monkeypatch.setattr(decoding, "_digit_logits", lambda *given: seen.append(read(*given)) or seen[-1])
    out = run(network, windows, samples=samples, levels=levels_of(3, samples, 12))
    layout, start = network.layout, windows.prompt.shape[1] + windows.length * network.layout.group
    for sample in range(samples):
        written = torch.cat([windows.digits[:, : windows.length], out[:, sample]], 1)
        ids = torch.cat([torch.full((3, padding), 2), windows.prompt, layout.tokens(written)], 1)
        mask = (torch.arange(ids.shape[1]) >= padding).long().expand_as(ids)
        position = (mask.cumsum(-1) - 1).clamp(min=0)
        with torch.no_grad():
            plain = network.backbone(input_ids=ids, attention_mask=mask, position_ids=position).logits[:, padding:]
        for i, logits in enumerate(seen):
            value, place = divmod(i, 3)
            at = start - 1 + value * layout.group + place
            expected = plain[:, at, network.table[place]]
            assert torch.allclose(logits[:, min(sample, logits.shape[1] - 1)], expected, atol=1e-4)


def test_padded_batches_get_a_mask() -> None:
    network, windows = small_network("qwen3", tables=False), random_windows()
    ids = torch.cat([windows.prompt, network.layout.tokens(windows.digits)], 1)
    padded = torch.cat([torch.full((3, 4), 2), ids], 1)
    mask = torch.cat([torch.zeros(3, 4), torch.ones_like(ids)], 1).long()
    with torch.no_grad():
        plain = network.backbone(input_ids=ids).logits
        after = network.backbone(input_ids=padded, attention_mask=mask).logits[:, 4:]
        blind = network.backbone(input_ids=padded).logits[:, 4:]
    assert torch.allclose(plain, after, atol=1e-4)
    assert not torch.allclose(plain, blind, atol=1e-4)


@pytest.mark.parametrize("kind", ["qwen3", "nano"])
@pytest.mark.parametrize("rows", [4, 28])
def test_samples_do_not_depend_on_how_windows_are_batched(kind: str, rows: int) -> None:
    network, windows = small_network(kind), random_windows(batch=9)
    levels = levels_of(9, 4, 12)
    whole = run(network, windows, samples=4, levels=levels)
    parts = decode_windows(network, windows.known(), rows=rows, levels=levels)
    assert float((whole == parts).all(-1).double().mean()) >= 0.999


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(decoding, "ROWS_OF_A_CORE", 4)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def threads_of_decoding(monkeypatch) -> dict[int, int]:
    """Windows decoded by each thread from here on; each thread must have one core."""
    windows: dict[int, int] = {}

    def noted(network, known, **kwargs) -> torch.Tensor:
        me = threading.get_ident()
        windows[me] = windows.get(me, 0) + len(known.prompt)
        assert torch.get_num_threads() == (1 if me != threading.main_thread().ident else 2)
        return decode(network, known, **kwargs)

    monkeypatch.setattr(decoding, "decode", noted)
    return windows


@pytest.mark.parametrize("inference", [False, True])
def test_each_core_decodes_windows_of_its_own(monkeypatch, two_cores, inference: bool) -> None:
    network, windows = small_network("nano"), random_windows(batch=9)
    levels = levels_of(9, 4, 12)
    whole = run(network, windows, samples=4, levels=levels)
    threads = threads_of_decoding(monkeypatch)
    with torch.inference_mode(inference):
        assert torch.equal(decode_windows(network, windows.known(), levels=levels), whole)
    assert sorted(threads.values()) == [4, 5]
    assert threading.main_thread().ident not in threads
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("why", ["few rows", "autocast", "large"])
def test_cores_work_together_where_windows_of_their_own_would_not_pay(monkeypatch, two_cores, why: str) -> None:
    network, windows = small_network("nano"), random_windows(batch=3)
    if why == "large":
        monkeypatch.setattr(decoding, "SMALL", 10)
    threads = threads_of_decoding(monkeypatch)
    with torch.autocast("cpu", torch.bfloat16, enabled=why == "autocast"):
        decode_windows(network, windows.known(), levels=levels_of(3, 2 if why == "few rows" else 4, 12))
    assert threads == {threading.main_thread().ident: 3}


def test_samples_do_not_depend_on_how_many_are_drawn() -> None:
    network, windows = small_network("qwen3"), random_windows()
    few, many = (run(network, windows, samples=s, levels=levels_of(3, s, 12)) for s in (3, 8))
    assert torch.equal(few, many[:, :3])


def chance_of_every_code(network, windows, b: int) -> torch.Tensor:
    """Of the only target value of window b, [1000], by teacher forcing each of its digit strings."""
    codes = torch.cartesian_prod(*[torch.arange(10)] * 3)
    seen = windows.observed.clone()
    seen[:, windows.length :] = True
    digits = torch.cat([windows.digits[b : b + 1, : windows.length].expand(1000, -1, -1), codes.unsqueeze(1)], 1)
    with torch.no_grad():
        logits = network(
            windows.prompt[b : b + 1].expand(1000, -1),
            digits,
            windows.calendar[b : b + 1].expand(1000, -1, -1),
            seen[b : b + 1].expand(1000, -1),
            first=windows.length,
        )[:, 0]
    return logits.log_softmax(-1).gather(-1, codes.unsqueeze(-1)).sum((1, 2)).exp()


def test_median_decoding_follows_the_conditional_median() -> None:
    """Of the last value, given the digits before it, against all thousand of its possible digits."""
    network, windows = small_network("qwen3"), random_windows(horizon=1)
    out = run(network, windows, mode="median")[:, 0, 0]
    for b in range(3):
        middle = int((chance_of_every_code(network, windows, b).cumsum(0) < 0.5).sum())
        assert int((out[b] * torch.tensor([100, 10, 1])).sum()) == middle


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_value_has_an_exact_distribution(kind: str) -> None:
    network, windows = small_network(kind), random_windows(horizon=1)
    chance = first_value_distribution(network, windows.known())
    assert torch.allclose(chance.sum(1), torch.ones(3, dtype=torch.double))
    for b in range(3):
        assert torch.allclose(chance[b].float(), chance_of_every_code(network, windows, b), rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize(
    ("most", "error"), [(4, torch.OutOfMemoryError()), (1, RuntimeError("can't allocate memory"))]
)
def test_running_out_of_memory_halves_the_windows_and_then_the_paths(
    monkeypatch, most: int, error: Exception
) -> None:
    network, windows = small_network("qwen3"), random_windows(batch=8)
    levels = levels_of(8, 2, 12)
    whole = run(network, windows, samples=2, levels=levels)
    hidden = network.hidden

    def small_memory(x: torch.Tensor, **kwargs) -> torch.Tensor:
        paths = kwargs["cache"].samples
        if len(x) * paths > most:
            raise error
        return hidden(x, **kwargs)

    monkeypatch.setattr(network, "hidden", small_memory)
    out = decode_windows(network, windows.known(), rows=100, levels=levels)
    assert torch.equal(out, whole)


def test_paths_side_by_side_follow_the_memory_at_hand(monkeypatch) -> None:
    backbone = small_network("qwen3").backbone
    rows = {}
    for mebibytes in (0, 1, 64, 128, 2**30):
        monkeypatch.setattr("timevis.utils.memory.available_bytes", lambda free=mebibytes * 2**20: free)
        rows[mebibytes] = decoding.rows_per_pass(backbone, tokens=600, suffix=72, samples=20)
    assert rows[0] == 1
    assert 1 < rows[64] < 1600
    assert rows[128] // 2 == rows[64]
    assert rows[2**30] == 1600
    assert decoding.rows_per_pass(backbone, 600, 72, 20, passes=2) == 1600


def test_no_pass_that_ran_out_of_memory_is_tried_again_as_it_was(monkeypatch) -> None:
    network, windows = small_network("qwen3"), random_windows(batch=8)
    sizes = []

    def no_memory(network, known, samples: int, **kwargs) -> None:
        sizes.append(len(known.prompt) * samples)
        raise MemoryError

    monkeypatch.setattr(decoding, "decode", no_memory)
    with pytest.raises(MemoryError):
        decode_windows(network, windows.known(), rows=1000, levels=levels_of(8, 2, 12))
    assert sizes == [16, 8, 4, 2, 1]


def test_other_errors_are_not_taken_for_a_lack_of_memory(monkeypatch) -> None:
    network, windows = small_network("qwen3"), random_windows(batch=2)

    def broken(x: torch.Tensor, **kwargs) -> torch.Tensor:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(network, "hidden", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        decode_windows(network, windows.known(), levels=levels_of(2, 2, 12))


def test_a_long_prefill_in_parts_changes_nothing(monkeypatch) -> None:
    network, windows = small_network("qwen2"), random_windows(batch=5)
    levels = levels_of(5, 3, 12)
    whole = run(network, windows, samples=3, levels=levels)
    monkeypatch.setitem(PREFILL_TOKENS, "cpu", 2 * (windows.prompt.shape[1] + 9 * 3) + 1)
    assert torch.equal(run(network, windows, samples=3, levels=levels), whole)
