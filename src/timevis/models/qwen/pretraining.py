"""How the nano backbone is pretrained: its network, its stream of batches, its optimisers and its checkpoints."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from timevis.models.qwen.codec import DigitCodec
from timevis.models.qwen.layout import Layout, ValueTables
from timevis.models.qwen.nano_tokenizer import build_tokenizer
from timevis.models.qwen.network import DigitNetwork
from timevis.models.qwen.synthetic_prior import SyntheticPrior, SyntheticSeries

FIELDS = ("minute", "hour", "weekday", "day", "month")
WINDOWS = ((168, 24, 0.5), (336, 24, 0.25), (96, 24, 0.1), (168, 96, 0.1), (72, 24, 0.05))
"""Context length, horizon and share of the batches."""
BLOCKS, BLOCK = "timevis_causal_blocks", 144
PLACE_WEIGHT = (1.0, 0.7, 0.3, 0.1)
"""Weight of a digit's loss: the last digit of a noisy series is noise, to the value and to the gradient."""


def blocked_attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: None, scaling: float, **kwargs: Any
) -> tuple[Tensor, None]:
    """Causal attention, a block of queries at a time: all matrix products, a third faster than SDPA on a CPU.

    Query, key and value are float [B, heads, T, d] with as many heads each; returns [B, T, heads, d].
    """
    query, length, outputs = query * scaling, query.shape[2], []
    for start in range(0, length, BLOCK):
        end = min(start + BLOCK, length)
        scores = query[:, :, start:end] @ key[:, :, :end].transpose(-1, -2)
        later = torch.ones(end - start, end, dtype=torch.bool, device=scores.device).triu(start + 1)
        chances = scores.masked_fill(later, float("-inf")).softmax(-1).to(value.dtype)
        outputs.append(chances @ value[:, :, :end])
    return torch.cat(outputs, 2).transpose(1, 2), None


AttentionInterface.register(BLOCKS, blocked_attention)
AttentionMaskInterface.register(BLOCKS, lambda *args, **kwargs: None)


def build_network(
    tokenizer: PreTrainedTokenizerFast,
    *,
    digits: int = 3,
    hidden_size: int = 128,
    layers: int = 4,
    heads: int = 2,
    intermediate_size: int = 384,
) -> DigitNetwork:
    """A new nano network; the caller seeds torch.

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
        attn_implementation=BLOCKS,
    )
    backbone = Qwen3ForCausalLM(config)
    layout = Layout.from_tokenizer(tokenizer, digits)
    network = DigitNetwork(backbone, layout, ValueTables(hidden_size, digits, FIELDS, init_std=0.02))
    d = torch.arange(10.0)
    angle = 2 * math.pi * d / 10
    waves = [angle.cos(), angle.sin(), (2 * angle).cos(), (2 * angle).sin()]
    smooth = torch.stack([(d - 4.5) / 3, ((d - 4.5) / 3) ** 2 - 0.9, *waves])
    with torch.no_grad():
        for ids in layout.table:
            for module in (backbone.get_input_embeddings(), backbone.get_output_embeddings()):
                module.weight[list(ids)] += 0.02 * smooth.t() @ torch.randn(len(smooth), hidden_size)
    network.tables.digit.requires_grad_(False)  # the tokenizer has a token per place already
    network.tables.head.requires_grad_(False)
    return network


@dataclass(frozen=True)
class DigitBatch:
    """What the network reads: prompt [B, P], digits [B, V, width], calendar [B, V, 5], observed [B, V]."""

    prompt: Tensor
    digits: Tensor
    calendar: Tensor
    observed: Tensor

    def split(self, tokens: int) -> list[DigitBatch]:
        """Pieces of equal rows with about so many digits each."""
        rows = max(1, round(tokens / self.digits[0].numel()))
        parts = zip(*(t.split(rows) for t in vars(self).values()), strict=True)
        return [DigitBatch(*part) for part in parts]

    def to(self, device: torch.device) -> DigitBatch:
        return DigitBatch(*(t.to(device) for t in vars(self).values()))


class BatchStream:
    """Batch number n is a function of (seed, n) alone, so a run resumes where it was without reading on.

    Parameters
    ----------
    seed, tokens : int
        Tokens of a batch, about.
    easy_batches : int
        Over this many batches the share of easy series falls from one to its usual value.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, codec: DigitCodec, seed: int, tokens: int, easy_batches: int
    ) -> None:
        self.tokenizer, self.codec, self.seed, self.tokens = tokenizer, codec, seed, tokens
        self.easy_batches = easy_batches

    def __getitem__(self, number: int) -> DigitBatch:
        rng = np.random.default_rng([self.seed, number, 1])
        context_length, horizon, _ = WINDOWS[rng.choice(len(WINDOWS), p=[w[2] for w in WINDOWS])]
        total = context_length + horizon
        size = max(1, round(self.tokens / (total * self.codec.width)))
        easy = max(0.0, 1 - number / max(1, self.easy_batches))
        series = SyntheticPrior(self.seed, total).chunk(number, size, easy)
        observed = _gaps(rng, size, total, context_length)
        values = torch.from_numpy(_carry(series.values, observed)).double()
        seen = torch.from_numpy(observed)
        deviation = values.std(1, keepdim=True)
        scaling = self.codec.fit(values[:, :context_length], seen[:, :context_length], deviation)
        digits, _ = self.codec.encode(values, scaling)
        prompt = self._prompt(rng, series, context_length, horizon)
        return DigitBatch(prompt, digits, torch.from_numpy(series.calendar), seen)

    def _prompt(self, rng: np.random.Generator, series: SyntheticSeries, context_length: int, horizon: int) -> Tensor:
        """Half of the batches have no prompt; the others one of equal length in tokens."""
        start = [int(self.tokenizer.bos_token_id)]
        if rng.random() < 0.5:
            return torch.tensor([start] * len(series.domains))
        texts = [
            describe(rng, domain, series.frequency, calendar, context_length, horizon)
            for domain, calendar in zip(series.domains, series.calendar, strict=True)
        ]
        ids = [self.tokenizer.encode(text, add_special_tokens=False) for text in texts]
        length = min(len(i) for i in ids)
        return torch.tensor([start + i[-length:] for i in ids])


PHRASES: dict[str, Sequence[str]] = {
    "traffic": ("traffic volume, unit vehicles per hour", "road traffic flow of a highway, cars", "road occupancy"),
    "electricity": ("electricity load, unit kW", "power demand of clients, kWh", "transformer load, MW"),
    "weather": ("air temperature, degrees Celsius", "weather: pressure, hPa", "wind speed, m/s", "dew point"),
    "other": ("values of a time series", "a measured series", "count of requests", "sales", "sensor values"),
}
FREQUENCY_WORDS = {"h": "hourly", "30min": "every 30 minutes", "15min": "every 15 minutes", "D": "daily"}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def describe(
    rng: np.random.Generator, domain: str, frequency: str, calendar: np.ndarray, context_length: int, horizon: int
) -> str:
    """A sentence or two about a synthetic window, in varied order; calendar int64 [T, 5]."""
    end = calendar[context_length - 1]
    pieces = [
        str(rng.choice(PHRASES[domain])),
        f"frequency {FREQUENCY_WORDS[frequency]}",
        f"the window ends on {WEEKDAYS[end[2]]} at {end[1]:02d}:{end[0]:02d}",
        f"forecast the next {horizon} values",
    ]
    pieces = [piece for piece in pieces if rng.random() < 0.8] or pieces[:1]
    return ". ".join(pieces[i] for i in rng.permutation(len(pieces))) + "\n"


def _gaps(rng: np.random.Generator, size: int, total: int, context_length: int) -> np.ndarray:
    """Observed flags, bool [size, total]: a tenth of the series have gaps in their context."""
    observed = np.ones((size, total), dtype=bool)
    for row in np.flatnonzero(rng.random(size) < 0.1):
        for start in rng.integers(1, context_length - 1, rng.integers(1, 4)):
            observed[row, start : min(start + rng.integers(1, 9), context_length)] = False
    return observed


def _carry(values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Carry the last observation over gaps; both [B, T], the first column observed."""
    last = np.maximum.accumulate(np.where(observed, np.arange(values.shape[1]), 0), 1)
    return np.take_along_axis(values, last, 1)


def digit_loss(network: DigitNetwork, batch: DigitBatch) -> Tensor:
    """Weighted cross-entropy of every observed digit, context and target, in nats per value."""
    logits = network(batch.prompt, batch.digits, batch.calendar, batch.observed)
    width = batch.digits.shape[2]
    losses = F.cross_entropy(logits.flatten(0, 2), batch.digits.flatten(), reduction="none").view(-1, width)
    weight = torch.tensor(PLACE_WEIGHT[:width], device=losses.device)
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


def packaged_note(codec: DigitCodec, note: str) -> dict[str, Any]:
    """What timevis.json says about how the backbone reads and writes values."""
    rules = asdict(codec)
    return {
        "name": "nano",
        "digits": rules.pop("width"),
        "fields": list(FIELDS),
        "separator": "",
        "codec": rules,
        "context_length": 168,
        "horizon": 24,
        "note": note,
    }


__all__ = [
    "BatchStream",
    "DigitBatch",
    "build_network",
    "build_tokenizer",
    "digit_loss",
    "export",
    "optimisers",
    "packaged_note",
    "schedule",
]
