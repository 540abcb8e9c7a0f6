"""The digit network agrees with the plain language model; properties of its tables and losses."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from small_networks import random_windows, small_network

from timevis.models.digits.decoding import decode
from timevis.models.digits.forecaster import cross_entropy, masked_mean

KINDS = ["qwen2", "qwen3", "nano"]


def plain_logits(network, windows) -> torch.Tensor:
    """The same logits, from the forward pass of the language model over token ids."""
    ids = torch.cat([windows.prompt, network.layout.token_ids(windows.digits)], 1)
    full = network.backbone(input_ids=ids).logits
    start, group = windows.prompt.shape[1], network.layout.tokens_per_value
    values = range(windows.length, windows.digits.shape[1])
    places = [
        torch.stack([full[:, start - 1 + v * group + p][:, network.digit_ids[p]] for v in values], 1)
        for p in range(network.layout.width)
    ]
    return torch.stack(places, 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("separator", [None, 5])
def test_logits_are_those_of_the_plain_model_while_the_tables_are_zero(kind: str, separator: int | None) -> None:
    if kind == "nano" and separator:
        pytest.skip("nano has no separator")
    network, windows = small_network(kind, separator, tables=False), random_windows()
    with torch.no_grad():
        logits = network(windows.prompt, windows.digits, windows.calendar, windows.observed, first=windows.length)
        expected = plain_logits(network, windows)
    assert logits.shape == (3, 4, 3, 10)
    assert torch.allclose(logits, expected, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_a_masked_softmax_over_the_whole_vocabulary(kind: str) -> None:
    network, windows = small_network(kind, tables=False), random_windows()
    network.backbone.requires_grad_(True)
    target = windows.digits[:, windows.length :]

    def gradients(loss: torch.Tensor) -> list[torch.Tensor]:
        network.zero_grad()
        loss.backward()
        return [p.grad.clone() for p in network.backbone.parameters() if p.grad is not None]

    digit_gradients = gradients(
        cross_entropy(
            network(windows.prompt, windows.digits, windows.calendar, windows.observed, windows.length), target
        ).mean()
    )
    ids = torch.cat([windows.prompt, network.layout.token_ids(windows.digits)], 1)
    full = network.backbone(input_ids=ids).logits
    total = torch.zeros(())
    for v in range(windows.length, windows.digits.shape[1]):
        for p in range(3):
            logits = full[:, windows.prompt.shape[1] - 1 + v * 3 + p]
            others = torch.ones(logits.shape[1], dtype=torch.bool)
            others[network.digit_ids[p]] = False
            truth = network.digit_ids[p][windows.digits[:, v, p]]
            total = total + F.cross_entropy(logits.masked_fill(others, float("-inf")), truth, reduction="sum")
    expected_gradients = gradients(total / (3 * 4))
    for gradient, expected in zip(digit_gradients, expected_gradients, strict=True):
        assert torch.allclose(gradient, expected, atol=1e-5)


def test_a_prediction_depends_on_the_calendar_of_the_predicted_value() -> None:
    network, windows = small_network("qwen3"), random_windows()
    later = windows.calendar.clone()
    later[:, windows.length, 1] = (later[:, windows.length, 1] + 3) % 24
    with torch.no_grad():
        first, second = (
            network(windows.prompt, windows.digits, c, windows.observed, windows.length)
            for c in (windows.calendar, later)
        )
    assert not torch.allclose(first[:, 0, 0], second[:, 0, 0], atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_digit_changes_only_the_logits_after_it(kind: str) -> None:
    network, windows = small_network(kind), random_windows()
    other = windows.digits.clone()
    value = windows.length + 1
    other[:, value, 1] = (other[:, value, 1] + 1) % 10
    with torch.no_grad():
        first, second = (
            network(windows.prompt, d, windows.calendar, windows.observed, windows.length)
            for d in (windows.digits, other)
        )
    first, second = first.flatten(1, 2), second.flatten(1, 2)
    changed = 3 * 1 + 1
    assert torch.equal(first[:, : changed + 1], second[:, : changed + 1])
    assert not torch.allclose(first[:, changed + 1], second[:, changed + 1], atol=1e-5)


def test_a_batch_without_observed_targets_has_zero_loss_with_a_gradient() -> None:
    losses = torch.ones(2, 3, requires_grad=True)
    loss = masked_mean(losses, torch.zeros(2, 3, dtype=torch.bool))
    loss.backward()
    assert float(loss.detach()) == 0


def test_logits_are_float32_under_autocast() -> None:
    network, windows = small_network("qwen3"), random_windows()
    with torch.no_grad():
        plain = network(windows.prompt, windows.digits, windows.calendar, windows.observed, windows.length)
        with torch.autocast("cpu", torch.bfloat16):
            cast = network(windows.prompt, windows.digits, windows.calendar, windows.observed, windows.length)
    assert cast.dtype == torch.float32
    assert not torch.equal(cast, cast.bfloat16().float())
    assert torch.allclose(plain, cast, atol=0.1)


def with_covariates(network, count: int):
    """The network with projections of covariates, which are zero at the start."""
    hidden = network.tables.own.shape[1]
    network.tables.own_covariates = torch.nn.Parameter(torch.zeros(count, hidden))
    network.tables.next_covariates = torch.nn.Parameter(torch.zeros(count, hidden))
    return network


def test_projections_of_covariates_change_nothing_while_they_are_zero_and_then_read_the_predicted_value() -> None:
    network, windows = small_network("qwen3"), random_windows()
    arguments = (windows.observed, windows.length)
    covariates = torch.randn(*windows.calendar.shape[:2], 2)
    known = torch.cat([windows.calendar.float(), covariates], -1)
    with torch.no_grad():
        before = network(windows.prompt, windows.digits, windows.calendar, *arguments)
        with_covariates(network, 2)
        torch.testing.assert_close(network(windows.prompt, windows.digits, known, *arguments), before)
        network.tables.next_covariates.normal_()
        reads = network(windows.prompt, windows.digits, known, *arguments)
        changed = known.clone()
        changed[:, windows.length + 1 :, 5:] += 1
        later = network(windows.prompt, windows.digits, changed, *arguments)
    assert not torch.allclose(reads, before)
    torch.testing.assert_close(later[:, 0], reads[:, 0])  # the first target does not see covariates of later ones
    assert not torch.allclose(later[:, 1, 0], reads[:, 1, 0])


def test_decoding_reads_covariates_as_teacher_forcing_does() -> None:
    network, windows = with_covariates(small_network("qwen3"), 1), random_windows()
    with torch.no_grad():
        network.tables.own_covariates.normal_(std=0.5)
        network.tables.next_covariates.normal_(std=0.5)
    covariates = torch.randn(*windows.calendar.shape[:2], 1)
    known = torch.cat([windows.calendar.float(), covariates], -1)
    inputs = windows.decoding_inputs()._replace(calendar=known)
    decoded = decode(network, inputs, mode="greedy")[:, 0]
    digits = torch.cat([inputs.context, decoded], 1)
    observed = windows.observed.clone()
    observed[:, windows.length :] = True
    with torch.no_grad():
        logits = network(windows.prompt, digits, known, observed, windows.length)
    assert torch.equal(logits.argmax(-1), decoded)
