"""Random numbers that are a function of what they are for, whatever is computed beside it."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

_GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)
_MIX = (0xBF58476D1CE4E5B9 - (1 << 64), 0x94D049BB133111EB - (1 << 64))
_BITS = 30
"""Of a point of torch's Sobol sequence; points are moved up to 32 bits."""
_LOW = (1 << 32) - 1
_SWAPS = ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF), (16, 0x0000FFFF))


def _splitmix(x: Tensor) -> Tensor:
    """The output function of SplitMix64 (Steele et al. 2014) on int64, which wraps as uint64 does."""
    for shift, factor in zip((30, 27), _MIX, strict=True):
        x = (x ^ ((x >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return x ^ ((x >> 31) & ((1 << 33) - 1))


def _of_window(seed: int, origin: Tensor, channel: Tensor) -> Tensor:
    """A hash of (seed, window), int64 [B]."""
    key = ((seed + 1) * _GOLDEN + (1 << 63)) % (1 << 64) - (1 << 63)  # wrapped to int64
    state = _splitmix(origin + torch.tensor(key, device=origin.device))
    return _splitmix(state ^ ((channel + 1) * _GOLDEN))


def _numbered(state: Tensor, count: int) -> Tensor:
    """Hashes of a state [..., 1] and each of `count` numbers, int64 [..., count]."""
    number = torch.arange(1, count + 1, device=state.device)
    return _splitmix(state + number * _GOLDEN)


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
    sample = _numbered(_of_window(seed, origin, channel).unsqueeze(1), samples)
    state = _numbered(sample.unsqueeze(2), steps)
    return (((state >> 11) & ((1 << 53) - 1)).double() + 0.5) / (1 << 53)


def spread_levels(seed: int, origin: Tensor, channel: Tensor, samples: int, horizon: int, width: int) -> Tensor:
    """Levels in (0, 1) at which the digits of sampled paths are drawn, spread evenly over the paths of a window.

    The levels of one value's digits are a point of a Sobol sequence, scrambled as by Owen (1995), and every value
    takes the points in an order of its own. So each level of a path is uniform and independent of the others, as if
    it were drawn, while the paths together miss no part of a digit's distribution: quantiles of 20 paths are nearer
    to those of endlessly many. They depend on (seed, window, sample, step) and on nothing else.

    Parameters
    ----------
    origin, channel : int64 [B]
        Name a window.
    width : int
        Digits of a value.

    Returns
    -------
    float64 [B, samples, horizon * width]
    """
    window = _of_window(seed, origin, channel).unsqueeze(1)
    value = _numbered(window, horizon)  # [B, H]
    place = _numbered(value.unsqueeze(2), width)  # [B, H, width]
    index = torch.arange(samples, device=origin.device).view(1, -1, 1)
    order = _owen_scrambled(index, value.unsqueeze(1))  # [B, S, H]
    points = _owen_scrambled(_sobol(order, width), place.unsqueeze(1))
    return (points.flatten(2).double() + 0.5) / (1 << 32)


@cache
def _directions(width: int) -> Tensor:
    """Direction numbers of the first dimensions (Joe and Kuo 2008), int64 [width, _BITS]."""
    return SobolEngine(width).sobolstate.clone()


def _sobol(index: Tensor, width: int) -> Tensor:
    """Points of the Sobol sequence, 32 bits of each coordinate: index int64 [...] to int64 [..., width]."""
    directions = _directions(width).to(index.device)
    points = torch.zeros(*index.shape, width, dtype=torch.long, device=index.device)
    for bit in range(_BITS):
        points ^= ((index >> bit) & 1).unsqueeze(-1) * directions[:, bit]
    return points << (32 - _BITS)


def _owen_scrambled(x: Tensor, key: Tensor) -> Tensor:
    """Flip each bit of a 32-bit number by a hash of the key and of the bits above it.

    Laine and Karras (2011, "Stratified sampling for stochastic transparency"), with the constants of Vegdahl (2021).
    """
    key = key & _LOW
    x = _reversed(x)
    x = x ^ ((x * 0x3D20ADEA) & _LOW)
    x = (x + key) & _LOW
    x = (x * ((key >> 16) | 1)) & _LOW
    x = x ^ ((x * 0x05526C56) & _LOW)
    x = x ^ ((x * 0x53A22864) & _LOW)
    return _reversed(x)


def _reversed(x: Tensor) -> Tensor:
    """A 32-bit number with its bits in reverse order."""
    for shift, mask in _SWAPS:
        x = ((x & mask) << shift) | ((x >> shift) & mask)
    return x
