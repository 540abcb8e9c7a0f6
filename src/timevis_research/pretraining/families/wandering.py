"""Series without a season: random walks, ARMA processes, volatility clusters, slow mean reversion, exchange rates."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import ANY_STEP, Clock
from timevis_research.pretraining.processes import (
    autoregressive,
    cycle,
    heavy_noise,
    log_uniform,
    normal,
    rough,
    smooth,
    some,
    standardise,
    trend,
    uniform,
)

STEPS = ANY_STEP


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length]."""
    size = len(clock)
    # volatility that changes slowly, as of prices
    loudness = smooth(rng, size, length, log_uniform(rng, 10, length / 2, size)) + 0.5 * normal(rng, size, length)
    clustered = heavy_noise(rng, size, length) * np.exp(uniform(rng, 0, 1, size) * some(rng, size, 0.5) * loudness)
    drift = rng.normal(0, 1.5, (size, 1)) * some(rng, size, 0.4) / np.sqrt(length)
    walk = (clustered + drift).cumsum(1)
    price = np.exp(np.clip(log_uniform(rng, 0.02, 1, size) * standardise(walk), -5, 5))
    long_cycle = cycle(rng, size, length, log_uniform(rng, 8, 300, size), log_uniform(rng, 4, 200, size))
    parts = (
        walk,
        price,
        cycle(rng, size, length, log_uniform(rng, 3, 200, size), log_uniform(rng, 2, 400, size)),
        autoregressive(rng, size, length, log_uniform(rng, 0.3, 2 * length, size)),
        rough(rng, size, length, uniform(rng, 0, 3, size)),
        standardise(long_cycle.cumsum(1)),
        clustered,
    )
    kind = rng.choice(len(parts), (size, 1), p=[0.2, 0.15, 0.15, 0.2, 0.15, 0.1, 0.05])
    out = standardise(np.select([kind == i for i in range(len(parts))], parts).astype(np.float32))
    return (
        out
        + trend(rng, size, length, 0.25)
        + log_uniform(rng, 0.003, 0.2, size) * some(rng, size, 0.4) * normal(rng, size, length)
    )
