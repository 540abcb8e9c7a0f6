"""Network, loss, optimizers, learning rate and saved files of the pretraining of the nano backbone."""

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
"""Weight of the loss of each decimal place: the last digits of a noisy series are close to random."""


def build_network(
    tokenizer: PreTrainedTokenizerFast,
    *,
    digits: int = 3,
    hidden_size: int = 128,
    num_layers: int = 4,
    num_heads: int = 2,
    intermediate_size: int = 384,
    calendar_fields: Sequence[str] = CALENDAR_FIELDS,
) -> DigitNetwork:
    """Build a nano network with random weights from torch's global generator.

    The digit rows of the embedding and of the output layer start as smooth functions of the digit, so that
    neighbouring digits have similar vectors.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerFast
    digits : int
        Digits per value.
    hidden_size, num_layers, num_heads, intermediate_size : int
        Of the Qwen3 architecture; `intermediate_size` is the width of the MLP.
    calendar_fields : sequence of str
        Fields of the calendar tables; may be empty.
    """
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden_size,
        num_hidden_layers=num_layers,
        num_attention_heads=num_heads,
        num_key_value_heads=num_heads,
        head_dim=hidden_size // num_heads,
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
    network = DigitNetwork(backbone, layout, ValueTables(hidden_size, digits, tuple(calendar_fields), init_std=0.02))
    d = torch.arange(10.0)
    angle = 2 * math.pi * d / 10
    waves = [angle.cos(), angle.sin(), (2 * angle).cos(), (2 * angle).sin()]
    smooth = torch.stack([(d - 4.5) / 3, ((d - 4.5) / 3) ** 2 - 0.9, *waves])
    with torch.no_grad():
        for ids in layout.digit_ids:
            for module in (backbone.get_input_embeddings(), backbone.get_output_embeddings()):
                module.weight[list(ids)] += 0.02 * smooth.t() @ torch.randn(len(smooth), hidden_size)
    network.tables.digit.requires_grad_(False)  # the tokenizer already has separate tokens for each place
    network.tables.head.requires_grad_(False)
    return network


def digit_loss(network: DigitNetwork, batch: DigitBatch) -> Tensor:
    """Cross-entropy of the observed digits of context and target, weighted by place, in nats per value; float []."""
    logits = network(batch.prompt, batch.digits, batch.calendar, batch.observed)
    width = batch.digits.shape[2]
    losses = F.cross_entropy(logits.flatten(0, 2), batch.digits.flatten(), reduction="none").view(-1, width)
    weight = torch.tensor(PLACE_LOSS_WEIGHTS[:width], device=losses.device)
    observed = batch.observed.flatten().float()
    return ((losses * weight).sum(1) * observed).sum() / observed.sum()


def build_optimizers(
    network: DigitNetwork, muon_learning_rate: float, adamw_learning_rate: float
) -> list[torch.optim.Optimizer]:
    """Build Muon (Jordan et al. 2024) for the matrices of the layers, and AdamW for all other parameters."""
    backbone: Any = network.backbone
    matrices = [p for p in backbone.model.layers.parameters() if p.ndim == 2]
    matrix_ids = {id(p) for p in matrices}
    others = [p for p in network.parameters() if p.requires_grad and id(p) not in matrix_ids]
    return [
        torch.optim.Muon(matrices, lr=muon_learning_rate, weight_decay=0.01, momentum=0.95),
        torch.optim.AdamW(others, lr=adamw_learning_rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def learning_rate_factor(step: int, steps: int, warmup_steps: int, decay_share: float) -> float:
    """Factor of the learning rate: warm-up, plateau, linear decay (WSD, Hu et al. 2024).

    Parameters
    ----------
    step, steps : int
        Current step, and all steps of the run.
    warmup_steps : int
    decay_share : float
        Share of the steps, at the end, in which the learning rate falls to zero.
    """
    decay = (steps - step) / max(1, round(decay_share * steps))
    return min(1.0, (step + 1) / max(1, warmup_steps), max(0.0, decay))


def save_backbone(
    network: nn.Module, weights: dict[str, Tensor], tokenizer: Any, folder: Path, settings: dict[str, Any]
) -> None:
    """Write a folder that `load_backbone` reads: config, bfloat16 weights, tokenizer, value tables and timevis.json.

    Parameters
    ----------
    network : DigitNetwork
        Gives the config of the backbone.
    weights : dict
        State dict of the network, or averaged weights with the same names.
    tokenizer : transformers tokenizer
    folder : Path
    settings : dict
        Content of timevis.json, from `backbone_settings`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    backbone: Any = network.backbone
    weights = {name: value.to(torch.bfloat16).contiguous() for name, value in weights.items()}
    config = backbone.config
    config.dtype = torch.bfloat16
    config.architectures = ["Qwen3ForCausalLM"]
    config.save_pretrained(folder)
    save_file(_with_prefix(weights, "backbone."), folder / "model.safetensors", metadata={"format": "pt"})
    save_file(_with_prefix(weights, "tables."), folder / "tables.safetensors")
    tokenizer.save_pretrained(folder)
    (folder / "timevis.json").write_text(json.dumps(settings, indent=2) + "\n")


def _with_prefix(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The weights whose names start with the prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def backbone_settings(codec: DigitCodec, calendar_fields: Sequence[str], note: str) -> dict[str, Any]:
    """The content of timevis.json: how the backbone reads and writes values, and a note on its pretraining."""
    codec_options = asdict(codec)
    return {
        "name": "nano",
        "digits": codec_options.pop("width"),
        "fields": list(calendar_fields),
        "separator": "",
        "codec": codec_options,
        "context_length": 168,
        "horizon": 24,
        "note": note,
    }
