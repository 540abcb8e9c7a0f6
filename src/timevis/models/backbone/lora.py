"""Choose the trainable parameters of a backbone, attach LoRA adapters to it, and merge them for decoding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal, TypeAlias

import torch
from annotated_types import Interval
from torch import nn

from timevis.config.options import FractionBelowOne, PositiveInt
from timevis.errors import ConfigError
from timevis.messages import Setting, Text
from timevis.models.backbone.memory import use_memory_efficient_adapters

Rank: TypeAlias = Annotated[int, Interval(ge=1, le=4096)]
Tuning: TypeAlias = Literal["lora", "full", "head", "none"]
LayerTuning: TypeAlias = Literal["norms", "lora", "full", "none"]


def set_trainable(backbone: Any, mode: str, **adapters: Any) -> None:
    """Choose which parameters of a language model are trained.

    Parameters
    ----------
    backbone : transformers causal language model
    mode : str
        ``norms`` trains only the normalisation layers (GPT4TS; Zhou et al. 2023, arXiv:2302.11939), ``lora`` trains
        adapters, ``full`` all weights; any other mode trains nothing.
    adapters
        Arguments of `add_adapters`.

    Raises
    ------
    ConfigError
        A target layer is unknown.
    """
    backbone.requires_grad_(mode == "full")
    if mode == "lora":
        add_adapters(backbone, **adapters)
    elif mode == "norms":
        for module in backbone.modules():
            if type(module).__name__.endswith("Norm"):
                module.requires_grad_().float()  # in bfloat16, small weight updates round to zero


def add_adapters(
    backbone: Any,
    *,
    rank: Rank = 16,
    alpha: PositiveInt = 32,
    dropout: FractionBelowOne = 0.0,
    targets: str | Sequence[str] = "all-linear",
    dora: bool = False,
    rslora: bool = False,
) -> None:
    """Attach LoRA adapters (Hu et al. 2022, arXiv:2106.09685) to a language model in place; only they are trained.

    Parameters
    ----------
    backbone : transformers causal language model
    rank : int
        Rank of the two factors of each adapter.
    alpha : int
        Scaling: the adapter's output is multiplied by ``alpha / rank``.
    dropout : float
        Dropout probability of the adapter's input.
    targets : str or sequence of str
        Names of linear layers, or ``all-linear``.
    dora : bool
        Train magnitude and direction of each weight separately (DoRA; Liu et al. 2024, arXiv:2402.09353).
    rslora : bool
        Scale by ``alpha / sqrt(rank)`` instead (rsLoRA; Kalajdzievski 2023, arXiv:2312.03732).

    Raises
    ------
    ConfigError
        A target layer is unknown.
    """
    from peft import LoraConfig, inject_adapter_in_model

    linear = sorted({n.rsplit(".", 1)[-1] for n, m in backbone.model.named_modules() if isinstance(m, nn.Linear)})
    names = targets if isinstance(targets, list | tuple) else [targets]
    chosen = linear if targets == "all-linear" else [str(name) for name in names]
    if not chosen or set(chosen) - set(linear):
        unknown, targets_key = sorted(set(chosen) - set(linear)), "model.lora.targets"
        raise ConfigError(
            Text("{key} names the unknown layer {layers}", key=Setting(targets_key), layers=unknown)
            if unknown
            else Text("{key} names no layer", key=Setting(targets_key)),
            Text("choose among {layers}, or all-linear", layers=linear),
            targets_key,
        )
    config = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=chosen, use_dora=dora, use_rslora=rslora
    )
    inject_adapter_in_model(config, backbone)
    for name, parameter in backbone.named_parameters():
        parameter.requires_grad_("lora_" in name)
        if "lora_" in name:
            parameter.data = parameter.data.float()  # in bfloat16, small weight updates round to zero
    use_memory_efficient_adapters(backbone)


@contextmanager
def merged_adapters(backbone: nn.Module, dtype: torch.dtype = torch.float32) -> Iterator[None]:
    """Make the forward pass of a backbone cheaper inside the context; its weights are restored afterwards.

    In a float32 backbone, adapters are added to the weights, which are then rounded to `dtype`. In a bfloat16
    backbone rounding would lose small adapters, so they stay separate and compute in bfloat16. DoRA adapters stay
    separate too.
    """
    from peft.tuners.lora import LoraLayer

    layers: list[Any] = [m for m in backbone.modules() if isinstance(m, LoraLayer)]
    merging = [m for m in layers if m.get_base_layer().weight.dtype == torch.float32 and not any(m.use_dora.values())]
    data = {p: p.detach() for p in backbone.parameters()}
    original = list(data.items())
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
        for parameter, merged in data.items():
            parameter.data = merged.detach()
        for layer in merging:
            layer.enable_adapters(False)
        yield
    finally:
        for parameter, unmerged in original:
            parameter.data = unmerged
        for layer in merging:
            layer.enable_adapters(True)
