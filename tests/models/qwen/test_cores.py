"""Windows divided among cores in training: the same logits and gradients as undivided."""

from __future__ import annotations

import threading

import pytest
import torch
from small_networks import random_windows, small_network

from timevis.models.qwen import cores
from timevis.models.qwen.cores import logits_on_cores
from timevis.models.qwen.lora import prepare_tuning


@pytest.fixture(params=[2, 3])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def tuned(kind: str = "nano", **options):
    network = small_network(kind)
    prepare_tuning(network, options.pop("mode", "lora"), **options)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.05)
    return network.train()


def inputs(batch: int) -> tuple[torch.Tensor, ...]:
    windows = random_windows(batch=batch)
    return windows.prompt, windows.digits, windows.calendar, windows.observed


def noting(network, monkeypatch) -> list[tuple[int, int, bool]]:
    """Windows, threads and autocast of each call of the network from here on, which must be of another thread."""
    calls, forward = [], network.forward

    def noted(prompt, *args, **kwargs):
        assert threading.current_thread() is not threading.main_thread()
        calls.append((len(prompt), torch.get_num_threads(), torch.is_autocast_enabled("cpu")))
        return forward(prompt, *args, **kwargs)

    monkeypatch.setattr(network, "forward", noted)
    return calls


def gradients(network, logits) -> dict[str, torch.Tensor | None]:
    network.zero_grad()
    logits.log_softmax(-1)[..., 3].square().mean().backward()
    return {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(("kind", "mode"), [("nano", "lora"), ("nano", "full"), ("qwen2", "lora"), ("qwen3", "head")])
@pytest.mark.parametrize("first", [0, 9])
def test_logits_and_gradients_are_those_of_the_whole_batch(monkeypatch, threads, kind: str, mode: str, first) -> None:
    network, given = tuned(kind, mode=mode), inputs(7)
    whole = network(*given, first=first)
    expected = gradients(network, whole)
    calls = noting(network, monkeypatch)
    divided = logits_on_cores(network, *given, first=first)
    assert sorted(calls) == sorted((len(part), 1, False) for part in torch.arange(7).tensor_split(threads))
    assert torch.get_num_threads() == threads
    torch.testing.assert_close(divided, whole, rtol=1e-5, atol=1e-5)
    found = gradients(network, divided)
    assert found.keys() == expected.keys()
    for name, wanted in expected.items():
        torch.testing.assert_close(found[name], wanted, rtol=1e-3, atol=1e-4 * float(wanted.abs().max()))
    again = gradients(network, logits_on_cores(network, *given, first=first))
    assert all(torch.equal(again[name], grad) for name, grad in found.items()), "not the same bits twice"


def test_nothing_is_kept_for_a_backward_pass_that_will_not_come(monkeypatch, threads) -> None:
    network = tuned()
    noting(network, monkeypatch)
    with torch.no_grad():
        logits = logits_on_cores(network, *inputs(4))
    assert not logits.requires_grad


def test_autocast_reaches_every_core(monkeypatch, threads) -> None:
    network = tuned()
    calls = noting(network, monkeypatch)
    with torch.autocast("cpu", torch.bfloat16):
        logits = logits_on_cores(network, *inputs(4))
    assert {cast for *_, cast in calls} == {True}
    assert all(g.isfinite().all() for g in gradients(network, logits).values())


@pytest.mark.parametrize("why", ["dropout of adapters", "dropout of attention", "checkpoints", "large", "one window"])
def test_a_batch_is_not_divided_where_that_would_change_it_or_not_pay(monkeypatch, threads, why: str) -> None:
    network = tuned(dropout=0.1 if why == "dropout of adapters" else 0.0)
    if why == "dropout of attention":
        network.backbone.config.attention_dropout = 0.1
    if why == "checkpoints":
        network.backbone.activation_checkpointing_enable()
    if why == "large":
        monkeypatch.setattr(cores, "SMALL", 10)
    monkeypatch.setattr(cores, "on_each_core", None)
    logits_on_cores(network, *inputs(1 if why == "one window" else 4))


def test_an_error_on_one_core_is_raised(monkeypatch, threads) -> None:
    network = tuned()
    prompt, digits, calendar, observed = inputs(4)
    digits[-1] = 10
    with pytest.raises(IndexError):
        logits_on_cores(network, prompt, digits, calendar, observed)
    assert torch.get_num_threads() == threads
