"""Counts: rare sales, calls, accidents, passengers; many of them zero, with seasons, growth and over-dispersion."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import DAY, MONTH, WEEK, Clock
from timevis_research.pretraining.families.drifting_waves import USUAL_PERIODS
from timevis_research.pretraining.processes import (
    levels,
    log_uniform,
    profiles,
    read_profile,
    smooth,
    some,
    uniform,
)

STEPS = {5: 0.05, 15: 0.1, 30: 0.05, 60: 0.3, DAY: 0.35, WEEK: 0.1, MONTH: 0.05}
LARGEST_RATE = 3000.0


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length] of whole numbers that are not negative."""
    size = len(clock)
    usual = rng.choice([p for p in USUAL_PERIODS if p < length / 3], (size, 1))
    phase = np.where(clock.rows_per(1440) > 3, clock.day(length), np.arange(length) / usual % 1).astype(np.float32)
    season = read_profile(profiles(rng, size), phase) * uniform(rng, 0, 1.4, size) * some(rng, size, 0.75)
    free = rng.normal(0, 0.6, (size, 1)) * (clock.weekday(length) >= 5) * (clock.rows_per(10_080) >= 3)
    yearly = read_profile(profiles(rng, size), clock.year(length)) * uniform(rng, 0, 0.6, size) * some(rng, size, 0.4)
    slow = smooth(rng, size, length, log_uniform(rng, length / 20, length, size)) * uniform(rng, 0, 0.7, size)
    stage = levels(rng, size, length, log_uniform(rng, length / 20, length, size)) * some(rng, size, 0.2)
    log_rate = np.log(log_uniform(rng, 0.03, 60, size)) + season + free + yearly + slow + stage
    rate = np.exp(np.clip(log_rate, -7, np.log(LARGEST_RATE))).astype(np.float32)
    shape = log_uniform(rng, 0.3, 20, size)
    rows = np.flatnonzero(rng.random(size) < 0.5)
    if len(rows):  # negative binomial
        rate[rows] *= (
            rng.standard_gamma(shape[rows] * np.ones((1, length), np.float32), dtype=np.float32) / shape[rows]
        )
    out = _poisson(rng, rate)
    # days without any sale, singly or in a row
    closed = rng.random((size, length), dtype=np.float32) < uniform(rng, 0.1, 0.9, size)
    stretches = levels(rng, size, length, log_uniform(rng, 2, 60, size)) > rng.normal(0.8, 0.7, (size, 1))
    kind = rng.choice(3, (size, 1), p=[0.65, 0.2, 0.15])
    out = np.where(((kind == 1) & closed) | ((kind == 2) & stretches), 0, out)
    lots = np.where(rng.random((size, 1)) < 0.15, rng.choice([6, 10, 12, 24], (size, 1)), 1)  # sold in boxes
    return (out * lots).astype(np.float32)


def _poisson(rng: Generator, rate: np.ndarray) -> np.ndarray:
    """Poisson numbers; rounded normal ones where the rate is above 30, which is faster."""
    large = rng.standard_normal(rate.shape, dtype=np.float32) * np.sqrt(rate) + rate
    out = np.maximum(np.round(large), 0)
    small = rate <= 30
    out[small] = rng.poisson(rate[small])
    return out
