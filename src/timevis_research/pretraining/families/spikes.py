"""A quiet base with spikes: events that decay, periodic peaks, rain, requests of a server, prices of power."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import ANY_STEP, Clock
from timevis_research.pretraining.families.drifting_waves import USUAL_PERIODS
from timevis_research.pretraining.processes import (
    autoregressive,
    decayed,
    heavy_noise,
    log_uniform,
    profiles,
    read_profile,
    smooth,
    some,
    uniform,
)

STEPS = ANY_STEP


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length]."""
    size = len(clock)
    usual = rng.choice([p for p in USUAL_PERIODS if p < length / 3], (size, 1))
    phase = np.where(clock.rows_per(1440) > 3, clock.day(length), np.arange(length) / usual % 1).astype(np.float32)
    season = read_profile(profiles(rng, size), phase)
    calm = smooth(rng, size, length, log_uniform(rng, 10, length / 2, size))
    # random spikes, more of them in some hours and in some weeks
    rate = log_uniform(rng, 2 / length, 0.15, size)
    rate = rate * np.exp(uniform(rng, 0, 1.5, size) * season + uniform(rng, 0, 1.5, size) * calm)
    tail = log_uniform(rng, 0.25, 1.5, size)
    height = np.minimum(rng.standard_exponential((size, length), dtype=np.float32) ** (2 * tail), 40)
    random_spikes = (rng.random((size, length), dtype=np.float32) < rate) * height
    # spikes at a fixed place of each period, such as a nightly backup
    place = np.arange(length) + rng.integers(0, 1000, (size, 1))
    width = np.maximum(1, rng.integers(0, 3, (size, 1)))
    hit = (place % usual < width) * (1 + log_uniform(rng, 0.02, 0.8, size) * heavy_noise(rng, size, length))
    kept = rng.random((size, length), dtype=np.float32) < uniform(rng, 0.75, 1.3, size)
    periodic = np.maximum(hit * kept, 0) * log_uniform(rng, 1, 6, size)
    memory = np.where(rng.random((size, 1)) < 0.45, 0.05, log_uniform(rng, 0.5, 30, size))
    events = decayed(random_spikes * some(rng, size, 0.85) + periodic * some(rng, size, 0.4), memory)
    sign = np.where(rng.random((size, 1)) < 0.85, 1, -1)
    base = log_uniform(rng, 0.05, 1, size) * season * some(rng, size, 0.6)
    base += log_uniform(rng, 0.05, 0.8, size) * autoregressive(rng, size, length, log_uniform(rng, 1, 100, size))
    base += log_uniform(rng, 0.01, 0.2, size) * heavy_noise(rng, size, length)
    is_positive = some(rng, size, 0.35)
    return sign * events + np.where(is_positive > 0, np.maximum(base, 0), base)
