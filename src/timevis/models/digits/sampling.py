"""Random numbers for sample paths that depend on seed, window, path and step only, not on the batch they are in."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

_GOLDEN_RATIO = 0x9E3779B97F4A7C15 - (1 << 64)
_SPLITMIX_FACTORS = (0xBF58476D1CE4E5B9 - (1 << 64), 0x94D049BB133111EB - (1 << 64))
_SOBOL_BITS = 30
"""Bits of a point of torch's Sobol sequence; points are shifted up to 32 bits."""
_LOW_32_BITS = (1 << 32) - 1
_BIT_SWAPS = ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF), (16, 0x0000FFFF))


def _splitmix(x: Tensor) -> Tensor:
    """The output function of SplitMix64 (Steele et al. 2014) on int64, which wraps as uint64 does."""
    for shift, factor in zip((30, 27), _SPLITMIX_FACTORS, strict=True):
        x = (x ^ ((x >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return x ^ ((x >> 31) & ((1 << 33) - 1))


def _window_hash(seed: int, origin: Tensor, channel: Tensor) -> Tensor:
    """A hash of seed and window, int64 [B]."""
    key = ((seed + 1) * _GOLDEN_RATIO + (1 << 63)) % (1 << 64) - (1 << 63)  # wrapped to int64
    state = _splitmix(origin + torch.tensor(key, device=origin.device))
    return _splitmix(state ^ ((channel + 1) * _GOLDEN_RATIO))


def _numbered_hashes(state: Tensor, count: int) -> Tensor:
    """Hashes of a state [..., 1] and each of the numbers 1 to `count`, int64 [..., count]."""
    number = torch.arange(1, count + 1, device=state.device)
    return _splitmix(state + number * _GOLDEN_RATIO)


def hashed_uniforms(seed: int, origin: Tensor, channel: Tensor, samples: int, steps: int) -> Tensor:
    """Independent uniform numbers in (0, 1), one for each seed, window, sample path and step.

    Parameters
    ----------
    seed : int
    origin, channel : int64 [B]
        Identify the windows.
    samples, steps : int
        Sample paths per window, and numbers per path.

    Returns
    -------
    float64 [B, samples, steps]
    """
    sample = _numbered_hashes(_window_hash(seed, origin, channel).unsqueeze(1), samples)
    state = _numbered_hashes(sample.unsqueeze(2), steps)
    return (((state >> 11) & ((1 << 53) - 1)).double() + 0.5) / (1 << 53)


def sobol_uniforms(seed: int, origin: Tensor, channel: Tensor, samples: int, horizon: int, width: int) -> Tensor:
    """Uniform numbers in (0, 1) for the digits of sample paths, spread evenly over the paths of a window.

    The numbers of one value's digits are the last coordinates of a point of a Sobol sequence with Owen's scrambling
    (Owen 1995). The points of a value are ordered by their first coordinate, which is the rank of the path that takes
    them (see `timevis.models.digits.decoding.decode`). So the numbers of one path are uniform and independent,
    while together the paths of a window cover each distribution evenly, given any past: this is randomised
    quasi-Monte Carlo. As in `hashed_uniforms`, the numbers depend on seed, window, rank and step only.

    Parameters
    ----------
    seed : int
    origin, channel : int64 [B]
        Identify the windows.
    samples, horizon : int
        Sample paths per window, and values per path.
    width : int
        Digits per value.

    Returns
    -------
    float64 [B, samples, horizon, width]
    """
    window = _window_hash(seed, origin, channel).unsqueeze(1)
    value = _numbered_hashes(window, horizon)  # [B, H]
    coordinate = _numbered_hashes(value.unsqueeze(2), 1 + width)  # [B, H, 1 + width]
    sequence = _sobol_points(torch.arange(samples, device=origin.device), 1 + width)  # [S, 1 + width]
    points = _owen_scrambled(sequence.view(1, samples, 1, -1), coordinate.unsqueeze(1))  # [B, S, H, 1 + width]
    order = points[..., :1].argsort(1).expand(-1, -1, -1, width)
    return (points[..., 1:].gather(1, order).double() + 0.5) / (1 << 32)


@cache
def _sobol_directions(width: int) -> Tensor:
    """Direction numbers of the first dimensions (Joe and Kuo 2008), int64 [width, _SOBOL_BITS]."""
    return SobolEngine(width).sobolstate.clone()


def _sobol_points(index: Tensor, width: int) -> Tensor:
    """Points of the Sobol sequence, 32 bits for each coordinate: index int64 [...] to int64 [..., width]."""
    directions = _sobol_directions(width).to(index.device)
    points = torch.zeros(*index.shape, width, dtype=torch.long, device=index.device)
    for bit in range(_SOBOL_BITS):
        points ^= ((index >> bit) & 1).unsqueeze(-1) * directions[:, bit]
    return points << (32 - _SOBOL_BITS)


def _owen_scrambled(x: Tensor, key: Tensor) -> Tensor:
    """Flip each bit of a 32-bit number by a hash of the key and of the bits above it.

    Laine and Karras (2011, "Stratified sampling for stochastic transparency"), with the constants of Vegdahl (2021).
    """
    key = key & _LOW_32_BITS
    x = _reversed_bits(x)
    x = x ^ ((x * 0x3D20ADEA) & _LOW_32_BITS)
    x = (x + key) & _LOW_32_BITS
    x = (x * ((key >> 16) | 1)) & _LOW_32_BITS
    x = x ^ ((x * 0x05526C56) & _LOW_32_BITS)
    x = x ^ ((x * 0x53A22864) & _LOW_32_BITS)
    return _reversed_bits(x)


def _reversed_bits(x: Tensor) -> Tensor:
    """A 32-bit number with its bits in reverse order."""
    for shift, mask in _BIT_SWAPS:
        x = ((x & mask) << shift) | ((x >> shift) & mask)
    return x
