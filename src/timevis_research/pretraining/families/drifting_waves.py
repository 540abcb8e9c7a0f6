"""Sums of waves whose periods and amplitudes drift: tides, rotating machines, vital signs, sun spots."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import ANY_STEP, Clock
from timevis_research.pretraining.processes import (
    heavy_noise,
    log_uniform,
    profiles,
    read_profile,
    smooth,
    some,
    trend,
    uniform,
)

STEPS = ANY_STEP
USUAL_PERIODS = (
    4, 5, 6, 7, 8, 10, 12, 13, 14, 20, 24, 26, 28, 30, 36, 48, 50, 52, 60, 72, 84, 91, 96, 100, 120, 144, 168, 182,
    240, 288, 336, 365, 480, 672, 1008,
)  # fmt: skip
TIDES = (12.4206, 12.0, 12.6583, 23.9345, 25.8193)
"""Hours of the largest tidal constituents (M2, S2, N2, K1, O1)."""


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length]."""
    size, time = len(clock), np.arange(length, dtype=np.float32)
    out = np.zeros((size, length), np.float32)
    usual = np.array([p for p in USUAL_PERIODS if p < length / 3])
    base = np.where(rng.random((size, 1)) < 0.6, rng.choice(usual, (size, 1)), log_uniform(rng, 3, length / 4, size))
    period = base
    for share in (1.0, 0.6, 0.35):
        drifts = some(rng, size, 0.45)
        wander = smooth(rng, size, length, log_uniform(rng, 3 * period, 12 * period + length / 4, size))
        swing = np.exp(uniform(rng, 0, 0.7, size) * some(rng, size, 0.5) * np.roll(wander, length // 3, 1))
        phase = time / period + uniform(rng, 0, 1, size) + drifts * log_uniform(rng, 0.02, 0.6, size) * wander
        smooth_wave = np.sin(np.float32(2 * np.pi) * (phase % 1))
        wave = np.where(rng.random((size, 1)) < 0.4, smooth_wave, read_profile(profiles(rng, size), phase))
        out += some(rng, size, share) * log_uniform(rng, 0.2, 1, size) * swing * wave
        ratio = np.where(rng.random((size, 1)) < 0.6, rng.integers(2, 9, (size, 1)), log_uniform(rng, 1.1, 8, size))
        period = np.where(base * ratio < length / 2, base * ratio, np.maximum(base / ratio, 2.5))
    tidal = (rng.random(size) < 0.12) & (clock.rows_per(60).ravel() >= 1)
    rows = np.flatnonzero(tidal)
    if len(rows):
        hours = clock[rows].minutes_per_row / 60 * time
        height = rng.dirichlet(np.ones(len(TIDES)), len(rows)).astype(np.float32)
        turns = hours[..., None] / np.array(TIDES, np.float32)
        angle = turns + rng.random((len(rows), 1, len(TIDES)), dtype=np.float32)
        out[rows] = 4 * (height[:, None] * np.cos(2 * np.pi * (angle % 1))).sum(-1)
    noise = log_uniform(rng, 0.003, 0.5, size) * heavy_noise(rng, size, length)
    return out + noise + 0.7 * trend(rng, size, length, 0.3)
