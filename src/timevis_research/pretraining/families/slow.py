"""Months, quarters, weeks and years: local trends and seasons that change slowly, as exponential smoothing assumes.

Components are those of state-space models (Hyndman et al., 2008): a level that is a random walk, a trend that may be
damped, a season of the year whose shape changes; added or multiplied; with business cycles, breaks and outliers.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy import signal

from timevis_research.pretraining.clock import DAY, MONTH, QUARTER, WEEK, YEAR, Clock
from timevis_research.pretraining.processes import (
    cycle,
    heavy_noise,
    level_shifts,
    log_uniform,
    normal,
    profiles,
    read_profile,
    smooth,
    some,
    uniform,
)

STEPS = {MONTH: 0.5, QUARTER: 0.25, WEEK: 0.12, DAY: 0.05, YEAR: 0.08}
LONG_STEPS = {DAY: 0.75, WEEK: 0.25}
"""Steps of series of thousands of rows, which no series of months has."""
ROWS_OF_TRENDS = 240
"""Rows over which a trend of usual strength changes the level by about its spread."""


def _trend(rng: Generator, size: int, length: int) -> np.ndarray:
    """Level and slope that are random walks; the slope is damped in some series."""
    damping = np.where(rng.random(size) < 0.5, 1.0, rng.uniform(0.85, 0.995, size))
    shock = log_uniform(rng, 1e-4, 0.02, size) * some(rng, size, 0.6) * heavy_noise(rng, size, length)
    start = rng.normal(0, 1.5, (size, 1)) * some(rng, size, 0.8) * log_uniform(rng, 0.3, 3, size) / ROWS_OF_TRENDS
    shock[:, :1] += start
    slope = np.empty_like(shock)
    for row, factor in enumerate(damping):
        slope[row] = signal.lfilter([1.0], [1.0, -factor], shock[row])
    lasting = start * some(rng, size, 0.5)  # a constant drift beside the slope that may fade
    level = (slope + lasting + log_uniform(rng, 1e-3, 0.15, size) * heavy_noise(rng, size, length)).cumsum(1)
    return level.astype(np.float32)


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length]."""
    size, year = len(clock), clock.year(length)
    daily = clock.minutes_per_row == DAY
    # two profiles, between which the season moves over the years
    share = 0.5 + 0.5 * np.tanh(1.5 * smooth(rng, size, length, log_uniform(rng, length / 6, 2 * length, size)))
    share *= some(rng, size, 0.5)
    rough_shape = rng.random((size, 1)) < 0.5  # of months that differ without any order, as in production figures
    shapes = []
    for _ in range(2):
        months = normal(rng, size, 12)
        months = months - months.mean(1, keepdims=True)
        shapes.append(np.where(rough_shape, read_profile(months, year), read_profile(profiles(rng, size), year)))
    season = shapes[0] + share * (shapes[1] - shapes[0])
    swing = np.exp(uniform(rng, 0, 0.5, size) * smooth(rng, size, length, log_uniform(rng, length / 6, length, size)))
    season = season * swing * log_uniform(rng, 0.05, 1.5, size) * some(rng, size, 0.75)
    season *= clock.minutes_per_row < 400_000  # series of years have none
    week = np.take_along_axis(normal(rng, size, 7), clock.weekday(length), 1)
    season += week * uniform(rng, 0, 0.8, size) * some(rng, size, 0.5) * daily
    rows_of_year = np.maximum(clock.rows_per(525_960), 1.0)
    business = cycle(rng, size, length, uniform(rng, 3, 12, size) * rows_of_year, 8 * rows_of_year)
    level = log_uniform(rng, 0.3, 3, size) * _trend(rng, size, length) + 0.5 * some(rng, size, 0.3) * business
    breaks = level_shifts(rng, size, length, np.float32(1.5 / length)) * some(rng, size, 0.2)
    noise = log_uniform(rng, 0.01, 0.6, size) * heavy_noise(rng, size, length)
    outliers = (rng.random((size, length)) < 0.004) * rng.normal(0, 3, (size, length)) * some(rng, size, 0.15)
    total = level + breaks
    added = total + season + noise + outliers
    strength = log_uniform(rng, 0.05, 0.5, size)
    bounded = total / np.maximum(total.std(1, keepdims=True) / 2, 1)  # else a long series grows beyond all numbers
    multiplied = np.exp(np.clip(strength * (1.5 * bounded + season + noise), -8, 8))
    return np.where(rng.random((size, 1)) < 0.5, added, multiplied).astype(np.float32)
