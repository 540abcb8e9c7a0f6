"""Saw-teeth: stocks that are used up and refilled, batteries, tanks, counters that are reset, triangles.

The interval between two resets is constant, varies a little, or is random; the slope follows a season in some series.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import ANY_STEP, Clock
from timevis_research.pretraining.processes import (
    BINS_PER_PROFILE,
    heavy_noise,
    log_uniform,
    normal,
    profiles,
    read_profile,
    smooth,
    some,
    uniform,
)

STEPS = ANY_STEP


def _regular(rng: Generator, size: int, length: int) -> np.ndarray:
    """Teeth of a period that is constant or drifts, with edges of any steepness."""
    period = log_uniform(rng, 4, length / 4, size)
    wander = smooth(rng, size, length, log_uniform(rng, length / 10, length, size)) * some(rng, size, 0.4)
    phase = (np.arange(length) / period + uniform(rng, 0, 1, size) + 0.3 * wander) % 1
    peak = np.where(rng.random((size, 1)) < 0.5, 0.999, uniform(rng, 0.02, 0.98, size))
    tooth = np.where(phase < peak, phase / peak, (1 - phase) / (1 - peak))
    return tooth ** log_uniform(rng, 0.4, 2.5, size) * np.exp(uniform(rng, 0, 0.4, size) * wander)


def _used_up(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """A quantity that grows with a seasonal, random rate until it is reset near a limit."""
    size = len(clock)
    day = np.where(clock.rows_per(1440) > 3, clock.day(length), np.arange(length) / log_uniform(rng, 4, 60, size) % 1)
    rate = np.maximum(1 + uniform(rng, 0, 1, size) * read_profile(profiles(rng, size), day.astype(np.float32)), 0.02)
    rate *= np.exp(uniform(rng, 0, 0.7, size) * normal(rng, size, length))
    total = rate.cumsum(1, dtype=np.float64)
    limit = log_uniform(rng, 6, length / 5, size)
    # limits that differ from tooth to tooth: the total is warped by a random increasing function
    warp = (np.exp(uniform(rng, 0, 0.5, size) * normal(rng, size, BINS_PER_PROFILE))).cumsum(1)
    warp = warp / warp[:, -1:] * BINS_PER_PROFILE
    teeth = total / limit + uniform(rng, 0, 1, size)
    tooth = np.floor(teeth).astype(np.int64) % (BINS_PER_PROFILE - 1)
    height = np.take_along_axis(warp, tooth + 1, 1) - np.take_along_axis(warp, tooth, 1)
    return (teeth % 1 * height).astype(np.float32)


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length]; half of them decline slowly and rise suddenly."""
    size = len(clock)
    regular = rng.random(size) < 0.45
    out = np.empty((size, length), np.float32)
    out[regular] = _regular(rng, int(regular.sum()), length)
    out[~regular] = _used_up(rng, clock[~regular], length)
    level = smooth(rng, size, length, log_uniform(rng, length / 10, length, size)) * some(rng, size, 0.3)
    noise = log_uniform(rng, 0.001, 0.15, size) * heavy_noise(rng, size, length)
    return (out + 0.3 * level + noise) * np.where(rng.random((size, 1)) < 0.5, -1, 1)
