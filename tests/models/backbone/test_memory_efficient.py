"""Memory-efficient layers compute what the layers of transformers and peft do, and store less."""

import copy
import weakref
from typing import Any

import pytest
import torch
from small_networks import random_windows, small_network
from torch import Tensor

from timevis.models.backbone.load import bfloat16_autocast
from timevis.models.backbone.lora import add_adapters
from timevis.models.backbone.memory import use_memory_efficient_layers
from timevis.models.digits.forecaster import cross_entropy
from timevis.models.digits.network import DigitNetwork


def loss_and_gradients(network: DigitNetwork, bfloat16: bool = False) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of random windows, and the gradients of the trained parameters."""
    windows = random_windows()
    with bfloat16_autocast(network.backbone, bfloat16):
        logits = network(windows.prompt, windows.digits, windows.calendar, windows.observed)
    loss = cross_entropy(logits, windows.digits).mean()
    loss.backward()
    return loss.detach(), {n: p.grad.clone() for n, p in network.named_parameters() if p.grad is not None}


def standard_and_efficient(kind: str, tune: str, **lora) -> tuple[DigitNetwork, DigitNetwork]:
    """A network with the layers of transformers and peft, and the same one with efficient layers; adapters differ
    from zero."""
    standard = small_network(kind)
    efficient = copy.deepcopy(standard)
    use_memory_efficient_layers(efficient.backbone)
    for network in (standard, efficient):
        network.set_trainable(tune, **lora)
        network.train()
        torch.manual_seed(1)
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                if "lora_" in name:
                    parameter.normal_(std=0.2)
    for module in standard.backbone.modules():
        if hasattr(module, "lora_A"):
            del module.forward  # restores the forward method of peft
    return standard, efficient


@pytest.mark.parametrize("kind", ["qwen2", "qwen3"])
@pytest.mark.parametrize("tune", ["full", "lora"])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_loss_and_gradients_equal_those_of_transformers_and_peft(kind: str, tune: str, checkpointing: bool) -> None:
    standard, efficient = standard_and_efficient(kind, tune, rank=4)
    if checkpointing:
        efficient.backbone.activation_checkpointing_enable()
    (loss, grads), (expected, expected_grads) = loss_and_gradients(efficient), loss_and_gradients(standard)
    torch.testing.assert_close(loss, expected)
    assert grads.keys() == expected_grads.keys()
    for name, grad in grads.items():
        torch.testing.assert_close(grad, expected_grads[name], atol=2e-5, rtol=1e-3, msg=name)


@pytest.mark.parametrize("options", [{"dora": True}, {"dropout": 0.5}, {"rslora": True}])
def test_adapter_variants_equal_those_of_peft(options: dict) -> None:
    standard, efficient = standard_and_efficient("qwen3", "lora", rank=4, **options)
    torch.manual_seed(2)
    loss, grads = loss_and_gradients(efficient)
    torch.manual_seed(2)
    expected, expected_grads = loss_and_gradients(standard)
    torch.testing.assert_close(loss, expected)
    for name, grad in grads.items():
        torch.testing.assert_close(grad, expected_grads[name], atol=2e-5, rtol=1e-3, msg=name)


def test_gradients_in_bfloat16_are_as_accurate_as_those_of_peft() -> None:
    standard, efficient = standard_and_efficient("qwen2", "lora", rank=4)
    gradients = [loss_and_gradients(standard)[1]]
    standard.zero_grad()
    gradients += [loss_and_gradients(standard, bfloat16=True)[1], loss_and_gradients(efficient, bfloat16=True)[1]]
    exact, of_standard, of_efficient = (torch.cat([g.flatten().float() for g in x.values()]) for x in gradients)
    assert 0 < float((of_efficient - exact).norm()) < 1.2 * float((of_standard - exact).norm())


def test_without_autocast_float32_adapters_on_bfloat16_weights_equal_those_of_peft() -> None:
    standard, efficient = standard_and_efficient("qwen2", "lora", rank=4)
    for network in (standard, efficient):
        for name, parameter in network.backbone.named_parameters():
            if "lora_" not in name:
                parameter.data = parameter.data.bfloat16()
    (loss, grads), (expected, expected_grads) = loss_and_gradients(efficient), loss_and_gradients(standard)
    torch.testing.assert_close(loss, expected)
    for name, grad in grads.items():
        torch.testing.assert_close(grad, expected_grads[name], msg=name)


def test_tensors_that_are_computed_again_are_not_stored() -> None:
    network = small_network("qwen2")
    outputs: dict[str, list[weakref.ref]] = {"norm": [], "activation": [], "linear": []}
    use_memory_efficient_layers(network.backbone)
    network.set_trainable("lora", rank=4)

    def record(kind: str, tensor: Any) -> None:
        if hasattr(tensor, "recomputation"):
            outputs[kind].append(weakref.ref(tensor))

    layers = network.backbone.get_decoder().layers
    for layer in layers:
        for norm in (layer.input_layernorm, layer.post_attention_layernorm):
            norm.register_forward_hook(lambda module, args, output: record("norm", output))
        layer.mlp.down_proj.register_forward_pre_hook(lambda module, args: record("activation", args[0]))
        for module in layer.modules():
            if hasattr(module, "lora_A"):
                module.register_forward_hook(lambda module, args, output: record("linear", output))
    windows = random_windows()
    logits = network(windows.prompt, windows.digits, windows.calendar, windows.observed)
    stored = {kind: sum(reference() is not None for reference in found) for kind, found in outputs.items()}
    assert {kind: len(found) for kind, found in outputs.items()} == {
        "norm": 2 * len(layers),
        "activation": len(layers),
        "linear": 7 * len(layers),
    }
    gates, ups = len(layers), len(layers) - len(layers) // 2
    assert stored == {"norm": 0, "activation": 0, "linear": gates + ups}
    cross_entropy(logits, windows.digits).mean().backward()


def test_a_copy_of_a_network_with_adapters_has_its_own_weights() -> None:
    network = small_network("qwen3")
    use_memory_efficient_layers(network.backbone)
    add_adapters(network.backbone, rank=4)
    twin = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in network.backbone.parameters():
            parameter.zero_()
    loss, loss_of_zeros = loss_and_gradients(twin.train())[0], loss_and_gradients(network.train())[0]
    assert float(loss) != pytest.approx(float(loss_of_zeros))
