"""Random numbers that are a function of what they are for, whatever is computed beside it."""

from __future__ import annotations

import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)
_MIX = (0xBF58476D1CE4E5B9 - (1 << 64), 0x94D049BB133111EB - (1 << 64))


def _splitmix(x: Tensor) -> Tensor:
    """The output function of SplitMix64 (Steele et al. 2014) on int64, which wraps as uint64 does."""
    for shift, factor in zip((30, 27), _MIX, strict=True):
        x = (x ^ ((x >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return x ^ ((x >> 31) & ((1 << 33) - 1))


def uniforms(seed: int, origin: Tensor, channel: Tensor, samples: int, steps: int) -> Tensor:
    """Numbers in (0, 1) that depend on (seed, window, sample, step) and on nothing else.

    Parameters
    ----------
    origin, channel : int64 [B]
        Name a window.

    Returns
    -------
    float64 [B, samples, steps]
    """
    key = ((seed + 1) * _GOLDEN + (1 << 63)) % (1 << 64) - (1 << 63)  # wrapped to int64
    state = _splitmix(origin + torch.tensor(key, device=origin.device))
    state = _splitmix(state ^ ((channel + 1) * _GOLDEN)).view(-1, 1, 1)
    sample = torch.arange(1, samples + 1, device=origin.device).view(1, -1, 1)
    step = torch.arange(1, steps + 1, device=origin.device).view(1, 1, -1)
    state = _splitmix(_splitmix(state + sample * _GOLDEN) + step * _GOLDEN)
    return (((state >> 11) & ((1 << 53) - 1)).double() + 0.5) / (1 << 53)
