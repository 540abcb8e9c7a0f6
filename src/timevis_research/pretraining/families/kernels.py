"""Gaussian processes with composed kernels, as in KernelSynth (Ansari et al., 2024, arXiv:2403.07815).

A kernel is drawn from a bank (periodic, squared-exponential at several lengths, rational quadratic, linear, white);
one to five of them are combined by sums and products. Each stationary kernel is sampled through its spectrum.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import ANY_STEP, Clock
from timevis_research.pretraining.processes import (
    heavy_noise,
    log_uniform,
    profiles,
    read_profile,
    rough,
    smooth,
    some,
    uniform,
)

STEPS = ANY_STEP
NATURAL_PERIODS = (4, 7, 12, 24, 30, 48, 52, 60, 96, 144, 168, 288, 336, 365, 672)
KERNELS = ("smooth", "slow", "rough", "periodic", "linear")
KERNEL_SHARES = (0.2, 0.2, 0.15, 0.35, 0.1)


def _sample(rng: Generator, kernel: str, size: int, length: int) -> np.ndarray:
    time = np.linspace(-1, 1, length, dtype=np.float32)
    if kernel == "smooth":
        return smooth(rng, size, length, log_uniform(rng, 4, max(8, length / 16), size))
    if kernel == "slow":
        return smooth(rng, size, length, log_uniform(rng, length / 16, length, size))
    if kernel == "rough":
        return rough(rng, size, length, uniform(rng, 0.5, 3, size))
    if kernel == "linear":
        return uniform(rng, -2, 2, size) * (time - uniform(rng, -1, 1, size))
    natural = rng.choice([p for p in NATURAL_PERIODS if p < length / 3], (size, 1))
    period = np.where(rng.random((size, 1)) < 0.6, natural, log_uniform(rng, 3, length / 3, size))
    phase = np.arange(length) / period + rng.random((size, 1))
    return read_profile(profiles(rng, size), phase.astype(np.float32))


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length]."""
    size = len(clock)
    count = rng.choice([1, 2, 3, 4], size, p=[0.15, 0.4, 0.3, 0.15])
    out = np.zeros((size, length), np.float32)
    for number in range(4):
        kind = rng.choice(len(KERNELS), size, p=KERNEL_SHARES)
        multiply = (rng.random(size) < 0.3) & (number > 0)
        for index, kernel in enumerate(KERNELS):
            rows = np.flatnonzero((kind == index) & (count > number))
            if not len(rows):
                continue
            part = _sample(rng, kernel, len(rows), length) * log_uniform(rng, 0.3, 1.5, len(rows))
            times = multiply[rows, None]
            out[rows] = np.where(times, out[rows] * part, out[rows] + part)
    noise = log_uniform(rng, 0.003, 0.4, size) * some(rng, size, 0.85)
    return out + noise * heavy_noise(rng, size, length)
