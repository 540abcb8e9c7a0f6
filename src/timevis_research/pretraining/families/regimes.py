"""Ornstein-Uhlenbeck processes that switch between regimes, each with its own mean, speed and volatility."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy import signal

from timevis_research.pretraining.clock import ANY_STEP, Clock
from timevis_research.pretraining.families.drifting_waves import USUAL_PERIODS
from timevis_research.pretraining.processes import (
    heavy_noise,
    log_uniform,
    normal,
    profiles,
    read_profile,
    segments,
    some,
    uniform,
)

STEPS = ANY_STEP
REGIMES = 3


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length]."""
    size, row = len(clock), np.arange(len(clock))[:, None]
    duration = log_uniform(rng, 8, length / 3, size)
    order = rng.integers(0, REGIMES, (size, 64))
    regime = order[row, segments(rng, size, length, duration) % 64]
    # a quarter of the series switch with the clock, such as working and free days, instead of at random
    by_clock = (rng.random((size, 1)) < 0.25) & (clock.rows_per(1440) > 3) & (clock.rows_per(1440) < 200)
    weekend = (clock.weekday(length) >= 5).astype(np.int64) + (clock.day(length) > 0.5)
    regime = np.where(by_clock, np.minimum(weekend, REGIMES - 1), regime)
    mean = (uniform(rng, 0, 2, size) * normal(rng, size, REGIMES))[row, regime]
    volatility = np.exp(uniform(rng, 0, 1, size) * normal(rng, size, REGIMES))[row, regime]
    # a speed that changes with the regime: two linear filters, of which each row takes the one of its regime
    noise = heavy_noise(rng, size, length) * volatility
    fast, slow = log_uniform(rng, 0.5, 20, size), log_uniform(rng, 10, length, size)
    filtered = [_mean_reverting(noise, memory) for memory in (fast, slow)]
    speed = (rng.random((size, REGIMES)) < 0.6)[row, regime]
    level = _mean_reverting(mean, log_uniform(rng, 0.1, 12, size), unit_gain=True)
    out = level + uniform(rng, 0.1, 1, size) * np.where(speed, filtered[0], filtered[1])
    usual = rng.choice([p for p in USUAL_PERIODS if p < length / 3], (size, 1))
    phase = np.where(clock.rows_per(1440) > 3, clock.day(length), np.arange(length) / usual % 1).astype(np.float32)
    season = log_uniform(rng, 0.1, 1, size) * some(rng, size, 0.45) * read_profile(profiles(rng, size), phase)
    positive = rng.random((size, 1)) < 0.25
    return np.where(positive, np.exp(np.clip(0.6 * (out + season), -6, 6)), out + season)


def _mean_reverting(drive: np.ndarray, memory: np.ndarray, unit_gain: bool = False) -> np.ndarray:
    """Filter the drive [B, T] with the decay time `memory` [B, 1]; the variance of noise, or a level, is kept."""
    phi = np.exp(-1 / memory)
    gain = 1 - phi if unit_gain else np.sqrt(1 - phi**2)
    out = np.empty_like(drive, dtype=np.float32)
    for row, (factor, scale) in enumerate(zip(phi.ravel(), gain.ravel(), strict=True)):
        start = np.array([factor * drive[row, 0]], np.float32) if unit_gain else np.zeros(1, np.float32)
        coefficients = np.array([scale], np.float32), np.array([1, -factor], np.float32)
        out[row] = signal.lfilter(*coefficients, drive[row].astype(np.float32), zi=start)[0]
    return out
