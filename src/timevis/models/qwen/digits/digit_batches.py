"""Small steps between batches of windows and batches of digits."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from timevis.data.windows import Batch
from timevis.models.qwen.digits.sampling import uniforms

SHOWN_PATHS = 5


def thinned(total: int, wanted: int, channels: int) -> Tensor:
    """Window numbers of `total`, evenly spaced and of all channels alike, int64 [N]; `wanted` to twice as many."""
    step = max(1, total // wanted)
    while math.gcd(step, channels) > 1:  # windows lie channel by channel
        step += 1
    return torch.arange(0, total, step)


def shuffled(batch: Batch, seed: int) -> Batch:
    """Each window's context in a random order of its own; the calendar stays where it was."""
    # of other numbers than the first path is drawn by
    order = uniforms(~seed, batch.origin, batch.channel, 1, batch.context.shape[1]).squeeze(1).argsort(1)
    return replace(batch, context=batch.context.gather(1, order), context_mask=batch.context_mask.gather(1, order))


def carry_forward(values: Tensor, mask: Tensor, last: Tensor) -> Tensor:
    """Fill masked values [B, H] with the value before them; `last` [B, 1] comes before all."""
    step = torch.arange(1, values.shape[1] + 1, device=values.device)
    source = torch.where(mask, step, 0).cummax(1).values
    return torch.cat([last, values], 1).gather(1, source)


def shown(context: Tensor, written: Tensor) -> dict[str, list]:
    """Digits of contexts [B, L, width] and of the first paths [B, S, H, width], as numbers with blanks between."""
    return {
        "context": [_spell(digits) for digits in context],
        "digits": [[_spell(path) for path in paths[:SHOWN_PATHS]] for paths in written],
    }


def _spell(digits: Tensor) -> str:
    return " ".join("".join(map(str, value)) for value in digits.tolist())
