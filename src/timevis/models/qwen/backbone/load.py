"""Where the language model comes from: the packaged nano, a Hugging Face id, or a local folder."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import torch

from timevis.config.options import NonNegativeInt, PositiveInt, check_choice
from timevis.errors import ConfigError, TimeVisError
from timevis.models.qwen.backbone.files import (
    BACKBONE_SUBSTITUTES,
    COPY_AGAIN,
    is_local_path,
    read_architecture,
    weights_fingerprint,
)
from timevis.models.qwen.backbone.memory_efficient import use_memory_efficient_layers
from timevis.models.qwen.backbone.shared_prefix_attention import ATTENTION_NAME

SMALL_MODEL_PARAMETERS = 50_000_000
"""Parameters below which a backbone counts as small."""
REAL_BACKBONE = "model/backbone=qwen2.5-0.5b"


@dataclass
class Backbone:
    """A loaded language model and who it is.

    Attributes
    ----------
    model : transformers causal language model
        Without gradients.
    tokenizer : transformers tokenizer
    name : str
        For people: the id, or the folder with the origin that its config states.
    path : str
        Id or absolute folder from which it can be loaded again.
    fingerprint : str
        16 hex digits of the SHA-256 of its weights file(s), with the number of layers that are kept.
    note : str
        What one should know about these weights.
    parameters : int
        Of the whole language model, with the layers that are kept.
    settings : dict
        timevis.json of a backbone made for TimeVis (nano): digits, fields, codec.
    folder : Path
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
        Not read here; it selects defaults of the config, such as rates and batch sizes.
    layers : int, optional
        Keep only the first so many layers.
    pretrained : bool
        False takes the architecture with random weights (drawn from `seed`), for ablations.
    dtype : str
        ``float32``, ``bfloat16``, or ``auto``: bfloat16 where the processor is fast at it, but float32 for models
        below 50 M parameters, for which it was measured to be slower on a CPU.
    quantization : str
        ``none``, or ``nf4``: frozen weights in 4 bit (QLoRA; Dettmers et al. 2023), on CUDA and with bitsandbytes.
    note : str
        Kept for `Backbone.note`, after what the weights say of themselves.

    Raises
    ------
    TimeVisError
        The folder or the hub has no such model, or it is of another architecture.
    """
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # of reading weights; a download has its own
    folder, raw, config = read_architecture(path, layers)
    assert path is not None
    about = "" if pretrained else ", random weights"
    if layers is not None:
        if layers < config.num_hidden_layers:
            about = f", first {layers} of {config.num_hidden_layers} layers{about}"
        config.num_hidden_layers = layers
        config.layer_types = config.layer_types[:layers]
    kind, smaller = _dtype(dtype, raw), _quantization(quantization)
    if pretrained:
        model = _read_weights(path, folder, config=config, dtype=kind, **smaller)
        identity = weights_fingerprint(folder)
    else:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = AutoModelForCausalLM.from_config(config, dtype=kind, attn_implementation=ATTENTION_NAME)
        identity = hashlib.sha256(f"random {seed} {json.dumps(raw, sort_keys=True)}".encode()).hexdigest()[:16]
    if layers is not None:
        identity = hashlib.sha256(f"{identity} {layers}".encode()).hexdigest()[:16]
    use_memory_efficient_layers(model)
    settings_file = folder / "timevis.json"
    settings = json.loads(settings_file.read_text(encoding="utf-8")) if settings_file.is_file() else {}
    notes = (_origin_note(raw), str(settings.get("note", ""))) if pretrained else ()
    local = Path(path).expanduser()
    return Backbone(
        model=model.train().requires_grad_(False),
        tokenizer=_read_tokenizer(path, folder),
        name=_name(path, raw, settings) + about,
        path=str(local.resolve()) if path != "nano" and local.is_dir() else path,
        fingerprint=identity,
        note=" ".join(n for n in (*notes, note) if n),
        parameters=sum(p.numel() for p in model.parameters()),
        folder=folder,
        settings=settings,
    )


def check_backbone(values: Mapping[str, Any]) -> None:
    """Refuse what `load_backbone` would, as far as can be told without the hub and without the weights."""
    path = values.get("path")
    if path in BACKBONE_SUBSTITUTES:
        return
    _quantization(values.get("quantization", "none"))
    if not path or is_local_path(path):
        read_architecture(path, values.get("layers"))


def load_for_tuning(backbone: Mapping[str, Any], tune: str) -> Backbone:
    """`load_backbone` of a config section; weights that are all trained come in float32 unless it says otherwise."""
    values = dict(backbone)
    if tune == "full" and values.get("quantization", "none") != "none":
        raise ConfigError(
            "model.tune=full cannot train weights of 4 bit", "use model.tune=lora, or quantization none"
        )
    if tune == "full" and values.get("dtype", "auto") == "auto":
        values["dtype"] = "float32"  # small updates of bfloat16 weights round to nothing
    return load_backbone(**values)


def _read_weights(path: str, folder: Path, **how: Any) -> Any:
    """The model, every weight from its files: transformers would draw a missing one at random."""
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    library = logging.getLogger("transformers")
    level = library.level
    library.setLevel(logging.ERROR)  # it lists the layers that are left out, and those that are not sharded
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            attn_implementation=ATTENTION_NAME,
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are refused below, by name
            **how,
        )
    except (SafetensorError, OSError) as error:
        raise TimeVisError(
            f"model.backbone.path={path}: its weights cannot be read ({str(error).splitlines()[0]})",
            COPY_AGAIN,
        ) from error
    finally:
        library.setLevel(level)
    model, report = loaded
    if wrong := sorted(report["mismatched_keys"]):
        name, found, wanted = wrong[0]
        size = f"{name} is of size {list(found)}, where config.json asks for {list(wanted)}"
        raise TimeVisError(f"model.backbone.path={path}: {size}", COPY_AGAIN)
    if missing := sorted(report["missing_keys"]):
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise TimeVisError(f"model.backbone.path={path}: its files lack the weights {missing[0]}{more}", COPY_AGAIN)
    return model


def _read_tokenizer(path: str, folder: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder)
    except (ValueError, OSError, KeyError) as error:
        raise TimeVisError(
            f"model.backbone.path={path}: its tokenizer cannot be read ({str(error).splitlines()[0]})",
            COPY_AGAIN,
        ) from error


def _dtype(name: str, raw: dict[str, Any]) -> torch.dtype:
    check_choice(name, ("auto", "float32", "bfloat16"), "model.backbone.dtype")
    if name != "auto":
        return getattr(torch, name)
    size = raw["num_hidden_layers"] * raw["hidden_size"] * (4 * raw["hidden_size"] + 3 * raw["intermediate_size"])
    fast = torch.cuda.is_bf16_supported() if torch.cuda.is_available() else has_fast_bfloat16()
    return torch.bfloat16 if fast and size > SMALL_MODEL_PARAMETERS else torch.float32


def _quantization(name: str) -> dict[str, Any]:
    """What `from_pretrained` needs for it; an error where the machine can't do it."""
    if check_choice(name, ("none", "nf4"), "model.backbone.quantization") == "none":
        return {}
    if not torch.cuda.is_available():
        raise ConfigError(
            "model.backbone.quantization=nf4 needs a CUDA GPU, and there is none here",
            "leave it at none; to save memory, model.backbone.layers keeps fewer layers",
        )
    if not find_spec("bitsandbytes"):
        raise ConfigError("model.backbone.quantization=nf4 needs bitsandbytes", "pip install bitsandbytes")
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16,
    )
    return {"quantization_config": config, "device_map": {"": torch.cuda.current_device()}}


def has_fast_bfloat16() -> bool:
    """Whether this CPU has instructions for bfloat16 products (AVX512-BF16 or AMX)."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def use_bfloat16(device: torch.device, wanted: bool | Literal["auto"]) -> bool:
    """Whether products are in bfloat16 on this CPU; ``auto`` where it is fast. On CUDA the Trainer decides."""
    return device.type == "cpu" and (has_fast_bfloat16() if wanted == "auto" else bool(wanted))


def _name(path: str, raw: dict[str, Any], settings: dict[str, Any]) -> str:
    if "name" in settings:
        return str(settings["name"])
    folder = Path(path).expanduser()
    if not folder.is_dir():
        return path
    origin = raw.get("_model_name_or_path") or raw.get("_name_or_path")
    return folder.resolve().name + (f" ({origin})" if origin else "")


def _origin_note(raw: dict[str, Any]) -> str:
    """Names the development weights, which came out of a 4-bit file and should not pass for the original."""
    origin = str(raw.get("_model_name_or_path", ""))
    if "AWQ" in origin or "GPTQ" in origin:
        model = origin.replace("AWQ", "").replace("GPTQ", "").strip()
        return f"{model.replace(' ', '-')}, dequantised from 4 bit."
    return ""
