"""Number formats of a backbone: float32, bfloat16 and 4-bit weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from typing import Any, Literal

import torch
from torch import nn

from timevis.config.options import check_choice
from timevis.errors import ConfigError
from timevis.messages import Setting, Text

SMALL_MODEL_PARAMETERS = 50_000_000
"""A backbone with fewer parameters counts as small."""


def has_fast_bfloat16() -> bool:
    """Whether this CPU has instructions for bfloat16 products (AVX512-BF16 or AMX)."""
    # PyTorch has no public function for this
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def use_bfloat16(device: torch.device, setting: bool | Literal["auto"]) -> bool:
    """Whether matrix products on `device` are computed in bfloat16.

    ``auto`` chooses bfloat16 on a CPU that is fast at it. The result is False on other devices, where the precision
    of the Trainer decides.
    """
    return device.type == "cpu" and (has_fast_bfloat16() if setting == "auto" else bool(setting))


@contextmanager
def bfloat16_autocast(backbone: nn.Module, enabled: bool) -> Iterator[None]:
    """Compute products in bfloat16 if `enabled` or if autocast is already active.

    Under autocast, adapters do not convert their input to float32: autocast would convert it back, and each copy
    would be stored for the backward pass.
    """
    from peft.helpers import disable_input_dtype_casting

    device = next(backbone.parameters()).device.type
    # torch.autocast(enabled=False) would also turn off the autocast of the Trainer
    with (
        torch.autocast(device, torch.bfloat16) if enabled else nullcontext(),
        disable_input_dtype_casting(backbone, active=torch.is_autocast_enabled(device)),
    ):
        yield


def choose_dtype(name: str, model_config: dict[str, Any]) -> torch.dtype:
    """The dtype of the weights; ``auto`` depends on the processor and on the size that config.json gives."""
    check_choice(name, ("auto", "float32", "bfloat16"), "model.backbone.dtype")
    if name != "auto":
        return getattr(torch, name)
    layers, hidden = model_config["num_hidden_layers"], model_config["hidden_size"]
    parameters = layers * hidden * (4 * hidden + 3 * model_config["intermediate_size"])
    is_fast = torch.cuda.is_bf16_supported() if torch.cuda.is_available() else has_fast_bfloat16()
    return torch.bfloat16 if is_fast and parameters > SMALL_MODEL_PARAMETERS else torch.float32


def quantization_arguments(name: str) -> dict[str, Any]:
    """Arguments of `from_pretrained` for a quantization.

    Raises
    ------
    ConfigError
        The name is unknown, or this machine cannot load such weights.
    """
    quantization = Setting("model.backbone.quantization", name)
    if check_choice(name, ("none", "nf4"), quantization.key) == "none":
        return {}
    if not torch.cuda.is_available():
        message = Text(
            "quantization-without-gpu",
            "{quantization} needs a CUDA GPU, and this machine has none",
            quantization=quantization,
        )
        advice = Text(
            "without-quantization",
            "set it to none; to save memory, set {layers} to use fewer layers",
            layers=Setting("model.backbone.layers"),
        )
        raise ConfigError(message, advice, quantization.key)
    if not find_spec("bitsandbytes"):
        message = Text("quantization-without-library", "{setting} needs bitsandbytes", setting=quantization)
        raise ConfigError(message, Text("install-bitsandbytes", "run pip install bitsandbytes"), quantization.key)
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16,
    )
    return {"quantization_config": config, "device_map": {"": torch.cuda.current_device()}}
