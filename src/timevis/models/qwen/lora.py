"""What of the network is trained: adapters, everything, the tables alone, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from timevis.errors import ConfigError
from timevis.models.qwen.network import DigitNetwork

MODES = ("lora", "full", "head", "none")


def prepare_tuning(
    network: DigitNetwork,
    mode: str,
    *,
    rank: int = 16,
    alpha: int = 32,
    dropout: float = 0.0,
    targets: str | Sequence[str] = "all-linear",
    dora: bool = False,
    rslora: bool = False,
) -> None:
    """Set which parameters of a network are trained; adapters (peft) are injected in place.

    Parameters
    ----------
    mode : str
        ``lora`` trains adapters (Hu et al. 2022) and the tables, ``full`` all weights, ``head`` the tables alone,
        which hold the digit rows of the head, ``none`` nothing (zero-shot).
    rank, alpha, dropout, targets, dora, rslora
        Of the adapters; targets are names of linear layers, or ``all-linear``.

    Raises
    ------
    ConfigError
        Unknown mode or targets.
    """
    if mode not in MODES:
        raise ConfigError(f"model.tune={mode} is unknown", f"choose among {', '.join(MODES)}")
    backbone: Any = network.backbone
    backbone.requires_grad_(mode == "full")
    network.tables.requires_grad_(mode != "none")
    if mode != "lora":
        return
    from peft import LoraConfig, inject_adapter_in_model

    linear = sorted({n.rsplit(".", 1)[-1] for n, m in backbone.model.named_modules() if isinstance(m, nn.Linear)})
    chosen = linear if targets == "all-linear" else [targets] if isinstance(targets, str) else list(targets)
    if unknown := set(chosen) - set(linear):
        raise ConfigError(
            f"model.lora.targets names {', '.join(sorted(unknown))}",
            f"choose among {', '.join(linear)}, or all-linear",
        )
    config = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=chosen, use_dora=dora, use_rslora=rslora
    )
    inject_adapter_in_model(config, backbone)
    for name, parameter in backbone.named_parameters():
        parameter.requires_grad_("lora_" in name)
        if "lora_" in name:
            parameter.data = parameter.data.float()  # bfloat16 would swallow small updates


@contextmanager
def merged(network: DigitNetwork) -> Iterator[None]:
    """Within, adapters cost less: the same function, fewer or cheaper products.

    In a float32 backbone they become part of the weights. Weights in bfloat16 would be rounded by that, so there
    the adapters compute in bfloat16 beside them. Everything comes back untouched.
    """
    from peft.tuners.lora import LoraLayer

    layers: list[Any] = [m for m in network.backbone.modules() if isinstance(m, LoraLayer)]
    merging = [m for m in layers if m.get_base_layer().weight.dtype == torch.float32 and not any(m.use_dora.values())]
    rounding = [m for m in layers if m.get_base_layer().weight.dtype == torch.bfloat16]
    with torch.no_grad():
        changes = [
            (m.get_base_layer().weight, m.get_base_layer().weight + m.get_delta_weight("default")) for m in merging
        ]
        changes += [(p, p.bfloat16()) for m in rounding for name, p in m.named_parameters() if "lora_" in name]
    kept = [(parameter, parameter.data) for parameter, _ in changes]
    try:
        for parameter, data in changes:
            parameter.data = data.detach()
        for layer in merging:
            layer.enable_adapters(False)
        yield
    finally:
        for parameter, data in kept:
            parameter.data = data
        for layer in merging:
            layer.enable_adapters(True)
