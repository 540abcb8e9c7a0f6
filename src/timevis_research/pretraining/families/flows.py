"""Flows of people and vehicles: roads, bicycles, trains, parking, visitors of places; peaks, events, saturation."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import DAY, Clock
from timevis_research.pretraining.families.meters import weekly_season
from timevis_research.pretraining.processes import (
    autoregressive,
    decayed,
    heavy_noise,
    level_shifts,
    log_uniform,
    profiles,
    read_profile,
    smooth,
    some,
    standardise,
    uniform,
)

STEPS = {5: 0.08, 10: 0.07, 15: 0.15, 30: 0.15, 60: 0.5, 120: 0.05}


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length] that are not negative."""
    size, rows_per_day = len(clock), clock.rows_per(DAY)
    demand = standardise(weekly_season(rng, clock, length))
    year = read_profile(profiles(rng, size), clock.year(length)) * uniform(rng, 0, 0.5, size) * some(rng, size, 0.6)
    # fair and bad weather changes single days; growth and construction work change the level
    weather = smooth(rng, size, length, rows_per_day * log_uniform(rng, 0.3, 2, size))
    weather = np.minimum(weather, 0.5) * uniform(rng, 0, 0.5, size) * some(rng, size, 0.6)
    works = (
        level_shifts(rng, size, length, np.float32(2 / length)) * uniform(rng, 0, 0.4, size) * some(rng, size, 0.3)
    )
    noise = autoregressive(rng, size, length, log_uniform(rng, 0.3, 12, size)) * log_uniform(rng, 0.02, 0.35, size)
    depth = uniform(rng, 0.4, 1.3, size)
    flow = np.exp(np.clip(depth * demand + year + weather + works + noise, -6, 5))
    linear = np.maximum(demand - demand.min(1, keepdims=True), 0) * np.exp(year + weather + works + noise)
    # events: a match or a concert sends people within an hour or two
    rate = 0.04 / np.maximum(rows_per_day, 1)
    starts = (rng.random((size, length), dtype=np.float32) < rate) * rng.standard_exponential(
        (size, length), np.float32
    )
    event = decayed(starts.astype(np.float32), np.maximum(rows_per_day / 24, 0.4)) * some(rng, size, 0.35)
    kind = rng.choice(4, (size, 1), p=[0.3, 0.3, 0.2, 0.2])
    base = np.where((kind == 0) | (kind == 3), flow, linear)
    base = base / np.maximum(base.mean(1, keepdims=True), 1e-6) + event
    # kind 2 saturates like the occupancy of a car park; kind 3 is the share of time that a road is occupied
    full = uniform(rng, 0.9, 2.0, size)
    filled = decayed(base, np.maximum(rows_per_day * uniform(rng, 0.02, 0.3, size), 0.3))
    filled = filled / np.maximum(filled.mean(1, keepdims=True), 1e-6)
    occupied = np.clip(base * uniform(rng, 0.02, 0.12, size), 0, 0.95)
    congested = occupied + 0.25 / (1 + np.exp(-np.clip((base - uniform(rng, 1.3, 2.5, size)) * 8, -30, 30)))
    out = np.select([kind == 2, kind == 3], [np.minimum(filled, full), congested * 6], base)
    jitter = log_uniform(rng, 0.005, 0.2, size) * heavy_noise(rng, size, length)
    out = np.maximum(out * (1 + jitter), 0)
    scale = log_uniform(rng, 2, 3000, size)
    counted = rng.random((size, 1)) < 0.4
    return np.where(counted, np.round(out * scale) / scale, out).astype(np.float32)
