"""How the nano backbone is pretrained: its network, its loss, its optimisers and the folder it is shipped in."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from timevis.data.calendar import CALENDAR_FIELDS
from timevis.models.qwen.backbone.shared_prefix_attention import ATTENTION_NAME
from timevis.models.qwen.digits.codec import DigitCodec
from timevis.models.qwen.digits.layout import TokenLayout, ValueTables
from timevis.models.qwen.digits.network import DigitNetwork
from timevis.models.qwen.nano.batches import DigitBatch

PLACE_LOSS_WEIGHTS = (1.0, 0.8, 0.4, 0.1)
"""Weight of a digit's loss: the last digit of a noisy series is noise, to the value and to the gradient."""


def build_network(
    tokenizer: PreTrainedTokenizerFast,
    *,
    digits: int = 3,
    hidden_size: int = 128,
    layers: int = 4,
    heads: int = 2,
    intermediate_size: int = 384,
    fields: Sequence[str] = CALENDAR_FIELDS,
) -> DigitNetwork:
    """A new nano network, with tables of the calendar `fields`; the caller seeds torch.

    The digit rows of embedding and head start as smooth functions of the digit, so that neighbours are alike.
    """
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden_size,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=hidden_size // heads,
        intermediate_size=intermediate_size,
        max_position_embeddings=8192,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        tie_word_embeddings=False,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    backbone: Any = Qwen3ForCausalLM(config)
    backbone.set_attn_implementation(ATTENTION_NAME)
    layout = TokenLayout.from_tokenizer(tokenizer, digits)
    network = DigitNetwork(backbone, layout, ValueTables(hidden_size, digits, tuple(fields), init_std=0.02))
    d = torch.arange(10.0)
    angle = 2 * math.pi * d / 10
    waves = [angle.cos(), angle.sin(), (2 * angle).cos(), (2 * angle).sin()]
    smooth = torch.stack([(d - 4.5) / 3, ((d - 4.5) / 3) ** 2 - 0.9, *waves])
    with torch.no_grad():
        for ids in layout.digit_ids:
            for module in (backbone.get_input_embeddings(), backbone.get_output_embeddings()):
                module.weight[list(ids)] += 0.02 * smooth.t() @ torch.randn(len(smooth), hidden_size)
    network.tables.digit.requires_grad_(False)  # the tokenizer has a token per place already
    network.tables.head.requires_grad_(False)
    return network


def digit_loss(network: DigitNetwork, batch: DigitBatch) -> Tensor:
    """Weighted cross-entropy of every observed digit, context and target, in nats per value."""
    logits = network(batch.prompt, batch.digits, batch.calendar, batch.observed)
    width = batch.digits.shape[2]
    losses = F.cross_entropy(logits.flatten(0, 2), batch.digits.flatten(), reduction="none").view(-1, width)
    weight = torch.tensor(PLACE_LOSS_WEIGHTS[:width], device=losses.device)
    kept = batch.observed.flatten().float()
    return ((losses * weight).sum(1) * kept).sum() / kept.sum()


def optimisers(network: DigitNetwork, matrix_rate: float, rate: float) -> list[torch.optim.Optimizer]:
    """Muon (Jordan et al. 2024) for the matrices of the layers, AdamW for embeddings, tables, norms and head."""
    backbone: Any = network.backbone
    matrices = [p for p in backbone.model.layers.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in network.parameters() if p.requires_grad and id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=matrix_rate, weight_decay=0.01, momentum=0.95),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def schedule(step: int, steps: int, warmup: int, decay: float) -> float:
    """Warm-up, plateau, then a linear decay over the last share `decay` of the steps (WSD, Hu et al. 2024)."""
    left = (steps - step) / max(1, round(decay * steps))
    return min(1.0, (step + 1) / max(1, warmup), max(0.0, left))


def export(
    network: nn.Module, weights: dict[str, Tensor], tokenizer: Any, folder: Path, note: dict[str, Any]
) -> None:
    """Write the packaged folder: config, bf16 weights, tokenizer, calendar tables and timevis.json."""
    folder.mkdir(parents=True, exist_ok=True)
    backbone: Any = network.backbone
    prefix, tables = "backbone.", "tables."
    weights = {name: value.to(torch.bfloat16).contiguous() for name, value in weights.items()}
    state = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    config = backbone.config
    config.dtype = torch.bfloat16
    config.architectures = ["Qwen3ForCausalLM"]
    config.save_pretrained(folder)
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    added = {name.removeprefix(tables): value for name, value in weights.items() if name.startswith(tables)}
    save_file(added, folder / "tables.safetensors")
    tokenizer.save_pretrained(folder)
    (folder / "timevis.json").write_text(json.dumps(note, indent=2) + "\n")


def packaged_note(codec: DigitCodec, fields: Sequence[str], note: str) -> dict[str, Any]:
    """What timevis.json says about how the backbone reads and writes values."""
    rules = asdict(codec)
    return {
        "name": "nano",
        "digits": rules.pop("width"),
        "fields": list(fields),
        "separator": "",
        "codec": rules,
        "context_length": 168,
        "horizon": 24,
        "note": note,
    }
