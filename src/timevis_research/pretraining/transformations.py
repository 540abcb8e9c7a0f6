"""Transformations of series that make more kinds of them, and gaps that hide rows from the network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import Clock
from timevis_research.pretraining.processes import log_uniform, standardise, uniform

SHARE_MIXED, SHARE_CHANGED, SHARE_FLIPPED = 0.12, 0.4, 0.5
SHARE_SINGLE_GAPS, SHARE_LONG_GAPS, SHARE_GAPS_BEFORE_FORECASTS = 0.1, 0.15, 0.12


def crop(rng: Generator, values: np.ndarray, clock: Clock, rows: np.ndarray, length: int) -> tuple[np.ndarray, Clock]:
    """Take a random part of series, at every row or at every second to sixth row, or the means of these.

    Parameters
    ----------
    values, clock
        A pool of series [N, T].
    rows : int64 [B]
        Which series of the pool.
    length : int
        Rows of a part.

    Returns
    -------
    float32 [B, length], and the times
    """
    total, size = values.shape[1], len(rows)
    strides = [stride for stride in (1, 2, 3, 4, 6) if stride * length <= total]
    shares = np.array([1.0, 0.2, 0.15, 0.1, 0.1][: len(strides)])
    stride = rng.choice(strides, size, p=shares / shares.sum())
    first = (rng.random(size) * (total - stride * length + 1)).astype(np.int64)
    out = np.empty((size, length), np.float32)
    for step in strides:
        chosen = np.flatnonzero(stride == step)
        if not len(chosen):
            continue
        part = values[rows[chosen, None], first[chosen, None] + np.arange(step * length)].reshape(-1, length, step)
        mean = rng.random((len(chosen), 1)) < 0.6
        out[chosen] = np.where(mean, part.mean(-1), part[..., 0])
    return out, clock[rows].cropped(first, stride)


def _censored(rng: Generator, z: np.ndarray) -> np.ndarray:
    """Values above or below a limit stand at the limit."""
    low, high = uniform(rng, -1.5, 0.6, len(z)), uniform(rng, -0.3, 1.5, len(z))
    return np.where(rng.random((len(z), 1)) < 0.6, np.maximum(z, low), np.minimum(z, high))


def _clipped(rng: Generator, z: np.ndarray) -> np.ndarray:
    low, high = np.sort(rng.uniform(-2, 2, (2, len(z), 1)).astype(np.float32), axis=0)
    return np.clip(z, low, np.maximum(high, low + 0.3))


def _rounded(rng: Generator, z: np.ndarray) -> np.ndarray:
    grid = log_uniform(rng, 0.02, 0.8, len(z))
    return np.round(z / grid) * grid


def _stretched(rng: Generator, z: np.ndarray) -> np.ndarray:
    """Exponentials, so that the distribution becomes skewed, or the root, which compresses."""
    strength = uniform(rng, 0.2, 1.0, len(z))
    skewed = np.exp(strength * np.clip(z, -5, 4))
    return np.where(rng.random((len(z), 1)) < 0.7, skewed, np.sign(z) * np.abs(z) ** strength)


def _modulated(rng: Generator, z: np.ndarray) -> np.ndarray:
    """The amplitude changes along a broken line."""
    knots = np.exp(rng.normal(0, 0.7, (len(z), 5))).astype(np.float32)
    place = np.linspace(0, 3.999, z.shape[1], dtype=np.float32)
    index = place.astype(np.int64)
    return z * (knots[:, index] + (place - index) * (knots[:, index + 1] - knots[:, index]))


def _with_trend(rng: Generator, z: np.ndarray) -> np.ndarray:
    time = np.linspace(-1, 1, z.shape[1], dtype=np.float32)
    return z + rng.normal(0, 1.5, (len(z), 1)).astype(np.float32) * np.sign(time) * np.abs(time) ** uniform(
        rng, 0.6, 2, len(z)
    )


def _with_outliers(rng: Generator, z: np.ndarray) -> np.ndarray:
    """Single values that are far away, as of a faulty sensor."""
    hit = rng.random(z.shape, dtype=np.float32) < log_uniform(rng, 2 / z.shape[1], 0.03, len(z))
    size = rng.normal(0, 1, z.shape).astype(np.float32) * uniform(rng, 2, 8, len(z))
    return np.where(hit, np.where(rng.random((len(z), 1)) < 0.5, np.abs(size), size), z)


def _with_level_shift(rng: Generator, z: np.ndarray) -> np.ndarray:
    place = rng.random((len(z), 1)) * z.shape[1]
    return z + (np.arange(z.shape[1]) > place) * rng.normal(0, 1.5, (len(z), 1)).astype(np.float32)


def _held(rng: Generator, z: np.ndarray) -> np.ndarray:
    """Values that are only updated every few rows, as of a meter that is read daily."""
    every = rng.choice([2, 3, 4, 6, 12, 24], (len(z), 1))
    return np.take_along_axis(z, np.arange(z.shape[1]) // every * every, 1)


CHANGES: tuple[Callable[[Generator, np.ndarray], np.ndarray], ...] = (
    _censored,
    _clipped,
    _rounded,
    _stretched,
    _modulated,
    _with_trend,
    _with_outliers,
    _with_level_shift,
    _held,
)


def transform(rng: Generator, values: np.ndarray) -> np.ndarray:
    """Standardise series [B, T] and change some; half of all have the opposite sign, and each gets a level."""
    z, size = standardise(values), len(values)
    mixed = np.flatnonzero(rng.random(size) < SHARE_MIXED)
    if len(mixed):
        share = uniform(rng, 0.15, 0.6, len(mixed))
        z[mixed] = standardise((1 - share) * z[mixed] + share * z[rng.integers(0, size, len(mixed))])
    kind = np.where(rng.random(size) < SHARE_CHANGED, rng.integers(0, len(CHANGES), size), -1)
    for number, change in enumerate(CHANGES):
        rows = np.flatnonzero(kind == number)
        if len(rows):
            z[rows] = change(rng, z[rows])
    z *= np.where(rng.random((size, 1)) < SHARE_FLIPPED, -1, 1)
    return standardise(z) + rng.normal(0, 1, (size, 1)).astype(np.float32)


def draw_gaps(rng: Generator, size: int, length: int, patch_length: int) -> np.ndarray:
    """Draw rows that the network may not read: single rows, gaps of any length, and gaps that end before a patch.

    Returns
    -------
    bool [size, length]
        True where the row is hidden.
    """
    hidden = np.zeros((size, length), bool)
    rows = np.flatnonzero(rng.random(size) < SHARE_SINGLE_GAPS)
    hidden[rows] = rng.random((len(rows), length), dtype=np.float32) < log_uniform(rng, 0.01, 0.6, len(rows))
    for row in np.flatnonzero(rng.random(size) < SHARE_LONG_GAPS):
        for start in rng.integers(0, length, rng.integers(1, 5)):
            hidden[row, start : start + int(np.exp(rng.uniform(0, np.log(length / 4))))] = True
    patches = length // patch_length
    for row in np.flatnonzero(rng.random(size) < SHARE_GAPS_BEFORE_FORECASTS):
        missing = int(np.exp(rng.uniform(0, np.log(patch_length))))
        ends = patch_length * np.flatnonzero(rng.random(patches) < rng.choice([0.1, 0.3, 1.0]))[1:]
        hidden[row, (ends[:, None] - 1 - np.arange(missing)).ravel()] = True
    return hidden
