"""Lean layers compute what transformers' and peft's do, forward and backward, and keep less."""

import copy
import weakref

import pytest
import torch
from small_networks import random_windows, small_network
from torch import Tensor

from timevis.models.qwen.backbone import memory_efficient as lean_layers
from timevis.models.qwen.backbone.lora import add_adapters, bfloat16_autocast
from timevis.models.qwen.backbone.memory_efficient import use_memory_efficient_layers
from timevis.models.qwen.digits.loss import cross_entropy
from timevis.models.qwen.digits.network import DigitNetwork


def steps(network: DigitNetwork, half: bool = False) -> tuple[Tensor, dict[str, Tensor]]:
    """Loss of some windows, and the gradients of what is trained."""
    windows = random_windows()
    with bfloat16_autocast(network.backbone, half):
        logits = network(windows.prompt, windows.digits, windows.calendar, windows.observed)
    loss = cross_entropy(logits, windows.digits).mean()
    loss.backward()
    return loss.detach(), {n: p.grad.clone() for n, p in network.named_parameters() if p.grad is not None}


def pair(kind: str, tune: str, **lora) -> tuple[DigitNetwork, DigitNetwork]:
    """A network as transformers and peft make it, and its lean twin; adapters are not zero."""
    plain = small_network(kind)
    lean = copy.deepcopy(plain)
    use_memory_efficient_layers(lean.backbone)
    for network in (plain, lean):
        network.set_trainable(tune, **lora)
        network.train()
        torch.manual_seed(1)
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                if "lora_" in name:
                    parameter.normal_(std=0.2)
    for module in plain.backbone.modules():
        if hasattr(module, "lora_A"):
            del module.forward  # back to peft's own
    return plain, lean


@pytest.mark.parametrize("kind", ["qwen2", "qwen3"])
@pytest.mark.parametrize("tune", ["full", "lora"])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_losses_and_gradients_are_those_of_transformers_and_peft(kind: str, tune: str, checkpointing: bool) -> None:
    plain, lean = pair(kind, tune, rank=4)
    if checkpointing:
        lean.backbone.activation_checkpointing_enable()
    (loss, grads), (expected, expected_grads) = steps(lean), steps(plain)
    torch.testing.assert_close(loss, expected)
    assert grads.keys() == expected_grads.keys()
    for name, grad in grads.items():
        torch.testing.assert_close(grad, expected_grads[name], atol=2e-5, rtol=1e-3, msg=name)


@pytest.mark.parametrize("special", [{"dora": True}, {"dropout": 0.5}, {"rslora": True}])
def test_special_adapters_are_those_of_peft(special: dict) -> None:
    plain, lean = pair("qwen3", "lora", rank=4, **special)
    torch.manual_seed(2)
    loss, grads = steps(lean)
    torch.manual_seed(2)
    expected, expected_grads = steps(plain)
    torch.testing.assert_close(loss, expected)
    for name, grad in grads.items():
        torch.testing.assert_close(grad, expected_grads[name], atol=2e-5, rtol=1e-3, msg=name)


def test_bfloat16_products_are_as_near_to_float32_as_those_of_peft() -> None:
    plain, lean = pair("qwen2", "lora", rank=4)
    gradients = [steps(plain)[1]]
    plain.zero_grad()
    gradients += [steps(plain, half=True)[1], steps(lean, half=True)[1]]
    exact, theirs, ours = (torch.cat([g.flatten().float() for g in x.values()]) for x in gradients)
    assert 0 < float((ours - exact).norm()) < 1.2 * float((theirs - exact).norm())


def test_adapters_in_float32_on_bfloat16_weights_are_left_to_peft_without_autocast() -> None:
    plain, lean = pair("qwen2", "lora", rank=4)
    for network in (plain, lean):
        for name, parameter in network.backbone.named_parameters():
            if "lora_" not in name:
                parameter.data = parameter.data.bfloat16()
    (loss, grads), (expected, expected_grads) = steps(lean), steps(plain)
    torch.testing.assert_close(loss, expected)
    for name, grad in grads.items():
        torch.testing.assert_close(grad, expected_grads[name], msg=name)


def test_what_is_computed_again_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    network = small_network("qwen2")
    outputs: dict[str, list[weakref.ref]] = {"_RMSNorm": [], "_SwiGLU": [], "_AdaptedLinear": []}
    use_memory_efficient_layers(network.backbone)
    network.set_trainable("lora", rank=4)
    offer = lean_layers._offer

    def watched(out: Tensor, output_again) -> Tensor:
        outputs[output_again.__qualname__.split(".")[0]].append(weakref.ref(out))
        return offer(out, output_again)

    monkeypatch.setattr(lean_layers, "_offer", watched)
    windows = random_windows()
    logits = network(windows.prompt, windows.digits, windows.calendar, windows.observed)
    alive = {kind: sum(x() is not None for x in found) for kind, found in outputs.items()}
    layers = len(network.backbone.get_decoder().layers)
    assert {kind: len(found) for kind, found in outputs.items()} == {
        "_RMSNorm": 2 * layers,
        "_SwiGLU": layers,
        "_AdaptedLinear": 7 * layers,
    }
    gates, ups = layers, layers - layers // 2
    assert alive == {"_RMSNorm": 0, "_SwiGLU": 0, "_AdaptedLinear": gates + ups}
    cross_entropy(logits, windows.digits).mean().backward()


def test_what_is_computed_again_is_computed_once_and_freed() -> None:
    found = []

    def compute() -> Tensor:
        found.append(torch.ones(3))
        return found[-1]

    tensor = torch.ones(3)
    tensor.again = again = lean_layers._Again(compute)
    assert lean_layers._Again.claim(tensor) == lean_layers._Again.claim(tensor) == (None, again)
    assert again.value() is again.take() is again.take() is found[0]
    last = weakref.ref(found.pop())
    assert last() is None


def test_a_model_that_was_adapted_can_be_copied() -> None:
    network = small_network("qwen3")
    use_memory_efficient_layers(network.backbone)
    add_adapters(network.backbone, rank=4)
    twin = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in network.backbone.parameters():
            parameter.zero_()
    assert float(steps(twin.train())[0]) != pytest.approx(float(steps(network.train())[0]))
