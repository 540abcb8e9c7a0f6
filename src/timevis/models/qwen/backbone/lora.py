"""What of the network is trained: adapters, everything, the tables alone, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Literal, TypeAlias

import torch
from torch import nn

from timevis.config.options import FractionBelowOne, PositiveInt
from timevis.errors import ConfigError
from timevis.models.qwen.backbone.memory_efficient import use_memory_efficient_adapters

Tuning: TypeAlias = Literal["lora", "full", "head", "none"]
LayerTuning: TypeAlias = Literal["norms", "lora", "full", "none"]


def set_trainable(backbone: Any, mode: str, **adapters: Any) -> None:
    """Set which parameters of a language model are trained that reads something else than tokens.

    Parameters
    ----------
    backbone : transformers causal language model
    mode : str
        ``norms`` trains the normalisation layers alone (GPT4TS; Zhou et al. 2023, arXiv:2302.11939), ``lora``
        adapters, ``full`` all weights, ``none`` nothing.
    adapters
        Of `add_adapters`.

    Raises
    ------
    ConfigError
        Unknown targets.
    """
    backbone.requires_grad_(mode == "full")
    if mode == "lora":
        add_adapters(backbone, **adapters)
    elif mode == "norms":
        for module in backbone.modules():
            if type(module).__name__.endswith("Norm"):
                module.requires_grad_().float()  # bfloat16 would swallow small updates


def add_adapters(
    backbone: Any,
    *,
    rank: PositiveInt = 16,
    alpha: PositiveInt = 32,
    dropout: FractionBelowOne = 0.0,
    targets: str | Sequence[str] = "all-linear",
    dora: bool = False,
    rslora: bool = False,
) -> None:
    """Inject adapters (peft) into a language model, in place; they alone are trained.

    Parameters
    ----------
    backbone : transformers causal language model
    targets : str or sequence of str
        Names of linear layers, or ``all-linear``.
    rank, alpha, dropout, dora, rslora
        Of the adapters.

    Raises
    ------
    ConfigError
        Unknown targets.
    """
    from peft import LoraConfig, inject_adapter_in_model

    linear = sorted({n.rsplit(".", 1)[-1] for n, m in backbone.model.named_modules() if isinstance(m, nn.Linear)})
    names = targets if isinstance(targets, list | tuple) else [targets]
    chosen = linear if targets == "all-linear" else [str(name) for name in names]
    if not chosen or set(chosen) - set(linear):
        raise ConfigError(
            f"model.lora.targets names {', '.join(sorted(set(chosen) - set(linear))) or 'no layer'}",
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
    use_memory_efficient_adapters(backbone)


@contextmanager
def bfloat16_autocast(backbone: nn.Module, enabled: bool) -> Iterator[None]:
    """Bfloat16 products within, if enabled or so already; adapters then take their input as it is.

    They would convert it to float32 and autocast convert it back, and the copy of each is kept for the backward pass.
    """
    from peft.helpers import disable_input_dtype_casting

    kind = next(backbone.parameters()).device.type
    # a disabled autocast would also undo the Trainer's own
    with (
        torch.autocast(kind, torch.bfloat16) if enabled else nullcontext(),
        disable_input_dtype_casting(backbone, active=torch.is_autocast_enabled(kind)),
    ):
        yield


@contextmanager
def merged_adapters(backbone: nn.Module, dtype: torch.dtype = torch.float32) -> Iterator[None]:
    """Within, the backbone costs less: nearly the same function, fewer or cheaper products.

    In a float32 backbone adapters become part of the weights, which are then rounded to `dtype`. Weights that are in
    bfloat16 would lose small adapters in rounding, so there these compute in bfloat16 beside them. Everything comes
    back untouched.
    """
    from peft.tuners.lora import LoraLayer

    layers: list[Any] = [m for m in backbone.modules() if isinstance(m, LoraLayer)]
    merging = [m for m in layers if m.get_base_layer().weight.dtype == torch.float32 and not any(m.use_dora.values())]
    data = {p: p.detach() for p in backbone.parameters()}
    kept = list(data.items())
    with torch.no_grad():
        for layer in merging:
            weight = layer.get_base_layer().weight
            data[weight] = weight + layer.get_delta_weight("default")
        for layer in layers:
            if layer.get_base_layer().weight.dtype == torch.bfloat16:
                data |= {p: p.bfloat16() for n, p in layer.named_parameters() if "lora_" in n}
        if dtype != torch.float32:
            data = {p: d.to(dtype) for p, d in data.items()}
    try:
        for parameter, new in data.items():
            parameter.data = new.detach()
        for layer in merging:
            layer.enable_adapters(False)
        yield
    finally:
        for parameter, old in kept:
            parameter.data = old
        for layer in merging:
            layer.enable_adapters(True)
