"""Trend times season times noise, as the prior of ForecastPFN (Dooley et al., 2023, arXiv:2311.01933).

The trend is linear, exponential, or saturates; the seasons are those of the clock: of the day, the week and the year.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import DAY, MONTH, QUARTER, WEEK, Clock
from timevis_research.pretraining.processes import (
    heavy_noise,
    log_uniform,
    profiles,
    random_walk,
    read_profile,
    some,
    uniform,
)

STEPS = {5: 0.03, 10: 0.04, 15: 0.1, 30: 0.15, 60: 0.35, DAY: 0.23, WEEK: 0.05, MONTH: 0.04, QUARTER: 0.01}


def _growth(rng: Generator, size: int, length: int) -> np.ndarray:
    """Factor of the level: a linear, exponential or logistic change; positive."""
    time = np.linspace(0, 1, length, dtype=np.float32)
    slope = rng.normal(0, 0.6, (size, 1)).astype(np.float32)
    exponential = np.exp(np.clip(slope * 1.5 * time, -2.5, 2.5))
    linear = np.maximum(1 + np.clip(slope, -0.9, 3) * time, 0.05)
    middle, width = uniform(rng, 0, 1, size), log_uniform(rng, 0.03, 0.3, size)
    logistic = 1 + log_uniform(rng, 0.2, 3, size) / (1 + np.exp(np.clip(-(time - middle) / width, -30, 30)))
    kind = rng.choice(4, (size, 1), p=[0.3, 0.25, 0.25, 0.2])
    return np.select([kind == 0, kind == 1, kind == 2], [np.ones_like(linear), linear, exponential], logistic)


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length]."""
    size, step = len(clock), clock.minutes_per_row
    out = np.ones((size, length), np.float32)
    week = rng.normal(0, 1, (size, 7)).astype(np.float32) + np.array([0, 0, 0, 0, 0, 1, 1]) * rng.normal(
        0, 2, (size, 1)
    )
    week = np.take_along_axis(week / 2, clock.weekday(length).astype(np.int64), 1)
    day = read_profile(profiles(rng, size), clock.day(length))
    year = read_profile(profiles(rng, size), clock.year(length))
    usable = (step < DAY, step < WEEK, (step > 60) | (rng.random((size, 1)) < 0.3))
    for wave, is_usable, share in zip((day, week, year), usable, (0.85, 0.6, 0.75), strict=True):
        strength = log_uniform(rng, 0.03, 0.6, size) * some(rng, size, share) * is_usable
        out *= np.maximum(1 + strength * wave, 0.02)
    drift = np.exp(log_uniform(rng, 0.02, 0.5, size) * some(rng, size, 0.5) * random_walk(rng, size, length))
    noise = 1 + log_uniform(rng, 0.005, 0.25, size) * heavy_noise(rng, size, length)
    return out * _growth(rng, size, length) * drift * noise + uniform(rng, -1, 3, size)
