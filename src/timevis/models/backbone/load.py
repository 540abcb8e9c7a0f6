"""Load a backbone, in the precision of the device."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from timevis.config.options import NonNegativeInt, PositiveInt, check_choice
from timevis.errors import ConfigError
from timevis.messages import Setting, Text
from timevis.models.backbone.attention import ATTENTION_NAME
from timevis.models.backbone.files import (
    ITS_WEIGHTS,
    PATH_KEY,
    damaged_backbone_error,
    incomplete_backbone_error,
    is_local_path,
    read_model_config,
    weights_fingerprint,
)
from timevis.models.backbone.memory import use_memory_efficient_layers

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
        message = Text("{quantization} needs a CUDA GPU, and this machine has none", quantization=quantization)
        advice = Text(
            "set it to none; to save memory, set {layers} to use fewer layers",
            layers=Setting("model.backbone.layers"),
        )
        raise ConfigError(message, advice, quantization.key)
    if not find_spec("bitsandbytes"):
        message = Text("{setting} needs bitsandbytes", setting=quantization)
        raise ConfigError(message, Text("run pip install bitsandbytes"), quantization.key)
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16,
    )
    return {"quantization_config": config, "device_map": {"": torch.cuda.current_device()}}


@dataclass
class Backbone:
    """A loaded language model and the facts that identify it.

    Attributes
    ----------
    model : transformers causal language model
        No parameter requires a gradient.
    tokenizer : transformers tokenizer
    name : str
        Name for reports: the hub id, or the folder name with the origin that its config.json states.
    path : str
        Hub id, built-in name or absolute folder from which it can be loaded again.
    fingerprint : str
        16 hex digits of the SHA-256 of its weights files and of the number of layers in use.
    note : str
        Remark about these weights for reports.
    parameters : int
        Number of parameters of the whole language model, counting only the layers in use.
    folder : Path
    settings : dict
        Content of timevis.json, which a backbone pretrained for TimeVis (nano) has: digits, fields, codec. Else
        empty.
    """

    model: Any
    tokenizer: Any
    name: str
    path: str
    fingerprint: str
    note: str
    parameters: int
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)


def load_backbone(
    path: str | None = "nano",
    *,
    size: Literal["small", "large"] = "large",
    layers: PositiveInt | None = None,
    pretrained: bool = True,
    dtype: Literal["auto", "float32", "bfloat16"] = "auto",
    quantization: Literal["none", "nf4"] = "none",
    seed: NonNegativeInt = 0,
    note: str = "",
) -> Backbone:
    """Load a causal language model with the shared-prefix attention.

    Parameters
    ----------
    path : str
        ``nano``, a Hugging Face id such as ``Qwen/Qwen2.5-0.5B``, or a local folder.
    size : {"small", "large"}
        Ignored here; it selects defaults of the config, such as learning rates and batch sizes.
    layers : int, optional
        Use only the first `layers` decoder layers.
    pretrained : bool
        False uses the architecture with random weights (drawn with `seed`), for ablations.
    dtype : str
        ``float32``, ``bfloat16``, or ``auto``. ``auto`` is bfloat16 if the processor is fast at it and the model has
        more than 50 M parameters, otherwise float32.
    quantization : str
        ``none``, or ``nf4``: frozen 4-bit weights (QLoRA; Dettmers et al. 2023), which need CUDA and bitsandbytes.
    seed : int
        Seed of the random weights.
    note : str
        Added to `Backbone.note`, after the note that belongs to the weights.

    Raises
    ------
    TimeVisError
        The folder or the hub has no such model, its files are damaged, or its architecture is not supported.
    """
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # hides the bar for reading weights; a download shows its own
    folder, raw_config, config = read_model_config(path, layers)
    assert path is not None
    variant = "" if pretrained else ", random weights"
    if layers is not None:
        if layers < config.num_hidden_layers:
            variant = f", first {layers} of {config.num_hidden_layers} layers{variant}"
        config.num_hidden_layers = layers
        config.layer_types = config.layer_types[:layers]
    torch_dtype, quantization_options = choose_dtype(dtype, raw_config), quantization_arguments(quantization)
    if pretrained:
        model = _load_weights(path, folder, config=config, dtype=torch_dtype, **quantization_options)
        fingerprint = weights_fingerprint(folder)
    else:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = AutoModelForCausalLM.from_config(config, dtype=torch_dtype, attn_implementation=ATTENTION_NAME)
        fingerprint = _short_hash(f"random {seed} {json.dumps(raw_config, sort_keys=True)}")
    if layers is not None:
        fingerprint = _short_hash(f"{fingerprint} {layers}")
    use_memory_efficient_layers(model)
    settings_file = folder / "timevis.json"
    settings = json.loads(settings_file.read_text(encoding="utf-8")) if settings_file.is_file() else {}
    weights_notes = (_dequantization_note(raw_config), str(settings.get("note", ""))) if pretrained else ()
    local = Path(path).expanduser()
    return Backbone(
        model=model.train().requires_grad_(False),
        tokenizer=_load_tokenizer(path, folder),
        name=_display_name(path, raw_config, settings) + variant,
        path=str(local.resolve()) if path != "nano" and local.is_dir() else path,
        fingerprint=fingerprint,
        note=" ".join(text for text in (*weights_notes, note) if text),
        parameters=sum(p.numel() for p in model.parameters()),
        folder=folder,
        settings=settings,
    )


def check_backbone(options: Mapping[str, Any]) -> None:
    """Raise the errors of `load_backbone` that need neither the hub nor the weights.

    Parameters
    ----------
    options : mapping
        Arguments of `load_backbone`.
    """
    path = options.get("path")
    quantization_arguments(options.get("quantization", "none"))
    if not path or is_local_path(path):
        read_model_config(path, options.get("layers"))


def load_for_tuning(backbone: Mapping[str, Any], tune: str) -> Backbone:
    """Load a backbone for the training mode `tune`; with ``full`` and dtype ``auto`` its weights are float32.

    Raises
    ------
    ConfigError
        All weights should be trained, but they are quantized.
    """
    options = dict(backbone)
    if tune == "full" and options.get("quantization", "none") != "none":
        message = Text("{tune} cannot train 4-bit weights", tune=Setting("model.tune", tune))
        advice = Text(
            "use {tune}, or {quantization}",
            tune=Setting("model.tune", "lora"),
            quantization=Setting("model.backbone.quantization", "none"),
        )
        raise ConfigError(message, advice, "model.tune")
    if tune == "full" and options.get("dtype", "auto") == "auto":
        options["dtype"] = "float32"  # in bfloat16, small weight updates round to zero
    return load_backbone(**options)


def _load_weights(path: str, folder: Path, **options: Any) -> Any:
    """The model with every weight from its files; transformers would initialise a missing weight at random."""
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    library_log = logging.getLogger("transformers")
    level = library_log.level
    library_log.setLevel(logging.ERROR)  # its warnings list the layers that are not in use
    try:
        result: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            attn_implementation=ATTENTION_NAME,
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # refused below, with the name of the weight
            **options,
        )
    except (SafetensorError, OSError) as error:
        raise damaged_backbone_error(path, ITS_WEIGHTS, error) from error
    finally:
        library_log.setLevel(level)
    model, loading_info = result
    if mismatched := sorted(loading_info["mismatched_keys"]):
        name, size, expected = mismatched[0]
        sizes = {"size": str(list(size)), "expected": str(list(expected))}
        message = Text(
            "{path}: {name} has size {size}, but config.json requires {expected}",
            path=Setting(PATH_KEY, path),
            name=name,
            **sizes,
        )
        raise incomplete_backbone_error(message)
    if missing := sorted(loading_info["missing_keys"]):
        message = Text(
            "{path}: its files lack {count} weights, the first is {name}",
            path=Setting(PATH_KEY, path),
            count=len(missing),
            name=missing[0],
        )
        raise incomplete_backbone_error(message)
    return model


def _load_tokenizer(path: str, folder: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder)
    except (ValueError, OSError, KeyError) as error:
        raise damaged_backbone_error(path, Text("tokenizer"), error) from error


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _display_name(path: str, raw_config: dict[str, Any], settings: dict[str, Any]) -> str:
    if "name" in settings:
        return str(settings["name"])
    folder = Path(path).expanduser()
    if not folder.is_dir():
        return path
    origin = raw_config.get("_model_name_or_path") or raw_config.get("_name_or_path")
    return folder.resolve().name + (f" ({origin})" if origin else "")


def _dequantization_note(raw_config: dict[str, Any]) -> str:
    """States that the weights come from a 4-bit file (AWQ or GPTQ), so that nobody takes them for the original."""
    origin = str(raw_config.get("_model_name_or_path", ""))
    if "AWQ" in origin or "GPTQ" in origin:
        model = origin.replace("AWQ", "").replace("GPTQ", "").strip()
        return f"{model.replace(' ', '-')}, dequantised from 4 bit."
    return ""
