"""Sums of oscillators as in audio: harmonic stacks with changing loudness, resonances, chirps, beats, heart beats."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import Clock
from timevis_research.pretraining.processes import (
    bursts,
    cycle,
    heavy_noise,
    levels,
    log_uniform,
    rough,
    smooth,
    some,
    uniform,
)

STEPS = {1: 0.5, 5: 0.2, 10: 0.1, 15: 0.1, 60: 0.1}
PARTIALS = 4


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length]."""
    size, time = len(clock), np.arange(length, dtype=np.float32)
    pitch = 1 / log_uniform(rng, 6, 120, size)
    # the pitch is constant, glides, changes in steps, or trembles
    wander = smooth(rng, size, length, log_uniform(rng, length / 8, length, size))
    steps = levels(rng, size, length, log_uniform(rng, length / 12, length, size))
    kind = rng.choice(4, (size, 1), p=[0.45, 0.25, 0.15, 0.15])
    tremble = np.sin(2 * np.pi * (time / log_uniform(rng, 40, length / 3, size) % 1))
    change = np.select([kind == 1, kind == 2, kind == 3], [0.25 * wander, 0.35 * steps, 0.08 * tremble], 0.0)
    phase = (pitch * np.exp(change)).cumsum(1, dtype=np.float64).astype(np.float32) + uniform(rng, 0, 1, size)
    voice = np.zeros((size, length), np.float32)
    decay = uniform(rng, 0.3, 2.2, size)
    stretch = 1 + uniform(rng, 0, 0.02, size) * some(rng, size, 0.3)  # partials that are not quite harmonic
    for k in range(1, PARTIALS + 1):
        partial = phase * np.float32(k) * stretch ** (k - 1) + uniform(rng, 0, 1, size)
        voice += some(rng, size, 0.9 if k == 1 else 0.6) * k**-decay * np.sin(np.float32(2 * np.pi) * (partial % 1))
    loudness = np.exp(uniform(rng, 0, 0.8, size) * smooth(rng, size, length, log_uniform(rng, 30, length / 2, size)))
    beat = 1 + uniform(rng, 0, 0.9, size) * np.sin(2 * np.pi * (time / log_uniform(rng, 50, length / 3, size) % 1))
    voice = voice * np.where(rng.random((size, 1)) < 0.4, beat, loudness)
    resonance = cycle(rng, size, length, 1 / pitch, log_uniform(rng, 10, 800, size))
    # heart beats and knocks: the same short wave at each period
    place = phase % 1 / pitch
    ringing = np.sin(2 * np.pi * place / log_uniform(rng, 3, 12, size)) * np.exp(
        -place / log_uniform(rng, 2, 15, size)
    )
    noise = rough(rng, size, length, uniform(rng, 0, 1.8, size))
    knocks = bursts(rng, size, length, log_uniform(rng, 1e-3, 0.02, size), log_uniform(rng, 1, 20, size))
    first = rng.choice(3, (size, 1), p=[0.5, 0.25, 0.25])
    out = np.select([first == 0, first == 1], [voice, resonance], 2 * ringing)
    out = out + uniform(rng, 0.2, 0.8, size) * some(rng, size, 0.2) * resonance
    out = out + log_uniform(rng, 0.01, 0.6, size) * noise + some(rng, size, 0.1) * knocks
    return (out + log_uniform(rng, 0.002, 0.1, size) * heavy_noise(rng, size, length)).astype(np.float32)
