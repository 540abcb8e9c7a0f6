"""Families of synthetic series beside the recipes of `SeriesGenerator`, for the pretraining of the patch network.

They are the kinds of series that other synthetic corpora consist of: Gaussian processes (KernelSynth; Ansari et al.,
2024), autoregressive and integrated series, jumps and regimes, any period, calendar seasons of slow series, counts
with many zeros, steps and spikes. Each function draws a batch: every row is one series with its own parameters.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from timevis_research.nano.series_components import (
    BINS_PER_DAY,
    autoregressive,
    autoregressive_cycle,
    bursts,
    day_profiles,
    level_shifts,
    log_uniform,
    power_law,
    smooth,
    standardise,
)
from timevis_research.nano.series_generator import FIRST_START, START_RANGE, regular_calendars

STEPS = (1, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440, 10_080)
"""Minutes per row of the families whose values do not depend on the calendar."""
USUAL_PERIODS = (
    4,
    5,
    6,
    7,
    8,
    10,
    12,
    13,
    14,
    20,
    24,
    26,
    30,
    36,
    48,
    50,
    52,
    60,
    72,
    84,
    96,
    100,
    120,
    144,
    168,
    288,
)
SHARE_OF_USUAL_PERIODS = 0.7
SLOW_STEPS = ("day", "day", "week", "month", "quarter")
"""Steps of the family with calendar seasons; each batch has one."""
MINUTES_PER_DAY, DAYS_PER_WEEK = 1440, 7


def _some(rng: Generator, size: int, share: float) -> np.ndarray:
    """Choose a share of the rows, bool [size, 1]."""
    return rng.random((size, 1)) < share


def _trend(rng: Generator, size: int, length: int) -> np.ndarray:
    """A linear or bent trend for some rows, by its total excursion; float64 [size, length]."""
    time = np.linspace(0, 1, length)
    excursion = rng.normal(0, 1.5, (size, 1)) * _some(rng, size, 0.35)
    return excursion * time ** log_uniform(rng, 0.6, 1.8, size)


def _noise(rng: Generator, size: int, length: int, low: float, high: float) -> np.ndarray:
    """White or heavy-tailed noise with a standard deviation between `low` and `high`; float64 [size, length]."""
    white, heavy = rng.standard_normal((size, length)), np.clip(rng.standard_t(3, (size, length)), -8, 8) / 1.6
    return log_uniform(rng, low, high, size) * np.where(_some(rng, size, 0.2), heavy, white)


def _wave(rng: Generator, phase: np.ndarray) -> np.ndarray:
    """A random periodic profile at the phases [size, length], of which 1 is a whole period."""
    profile = day_profiles(rng, len(phase))
    position = phase % 1 * BINS_PER_DAY
    bins = position.astype(np.int64) % BINS_PER_DAY
    share, row = position % 1, np.arange(len(phase))[:, None]
    return (1 - share) * profile[row, bins] + share * profile[row, (bins + 1) % BINS_PER_DAY]


def periods(rng: Generator, size: int, length: int) -> np.ndarray:
    """A profile of any period, with noise, a trend and, in some rows, a changing amplitude and a second period."""
    usual = rng.choice(USUAL_PERIODS, (size, 1)).astype(float)
    period = np.where(_some(rng, size, SHARE_OF_USUAL_PERIODS), usual, log_uniform(rng, 3, length / 3, size))
    time = np.arange(length)
    out = _wave(rng, time / period + rng.random((size, 1)))
    second = _wave(rng, time / (period * rng.integers(2, 8, (size, 1))) + rng.random((size, 1)))
    out += second * _some(rng, size, 0.35) * rng.uniform(0.2, 1, (size, 1))
    amplitude = np.exp(0.6 * smooth(rng, size, length, log_uniform(rng, length / 8, length, size)))
    level = smooth(rng, size, length, log_uniform(rng, length / 6, length, size)) * rng.uniform(0, 1.2, (size, 1))
    out = np.where(_some(rng, size, 0.4), out * amplitude, out) + np.where(_some(rng, size, 0.4), level, 0)
    return out + _trend(rng, size, length) + _noise(rng, size, length, 0.01, 0.8)


def gaussian_processes(rng: Generator, size: int, length: int) -> np.ndarray:
    """Sums and products of samples with smooth, rough and periodic kernels."""
    kernels = np.stack(
        [
            smooth(rng, size, length, log_uniform(rng, 4, length, size)),
            smooth(rng, size, length, log_uniform(rng, length / 10, 2 * length, size)),
            power_law(rng, size, length, rng.uniform(0.5, 3, (size, 1))),
            _wave(rng, np.arange(length) / log_uniform(rng, 4, length / 2, size) + rng.random((size, 1))),
        ]
    )
    row = np.arange(size)
    out = kernels[rng.integers(0, 4, size), row]
    for _ in range(2):
        other, operation = kernels[rng.integers(0, 4, size), row], rng.random((size, 1))
        out = np.where(operation < 0.45, out + rng.uniform(0.2, 1.5, (size, 1)) * other, out)
        out = np.where(operation > 0.8, out * other, out)
    return out + _noise(rng, size, length, 0.003, 0.3)


def autoregressions(rng: Generator, size: int, length: int) -> np.ndarray:
    """AR(1) and AR(2) series; a quarter of them is summed up, and some have a trend."""
    cycle = autoregressive_cycle(rng, size, length, log_uniform(rng, 3, 200, size), log_uniform(rng, 2, 400, size))
    memory = autoregressive(rng, size, length, log_uniform(rng, 0.5, 4 * length, size))
    out = np.where(_some(rng, size, 0.5), cycle, memory)
    summed = standardise(out.cumsum(1)) * 2
    return np.where(_some(rng, size, 0.25), summed, out) + _trend(rng, size, length)


def jumps_and_regimes(rng: Generator, size: int, length: int) -> np.ndarray:
    """Mean-reverting series with jumps of the level and regimes of different variance."""
    regime = smooth(rng, size, length, log_uniform(rng, 10, length, size)) > rng.normal(0, 0.7, (size, 1))
    loudness = np.where(regime, log_uniform(rng, 0.1, 1, size), 1.0)
    out = autoregressive(rng, size, length, log_uniform(rng, 1, 100, size)) * loudness
    out = (
        out
        + 2 * level_shifts(rng, size, length)
        + np.where(_some(rng, size, 0.5), regime, 0) * rng.normal(0, 2, (size, 1))
    )
    return out + bursts(rng, size, length) * _some(rng, size, 0.3) * 3


def counts(rng: Generator, size: int, length: int) -> np.ndarray:
    """Counts, many of them zero, with a rate that has a period, a slow change, or both."""
    period = rng.choice(USUAL_PERIODS, (size, 1))
    season = _wave(rng, np.arange(length) / period + rng.random((size, 1))) * rng.uniform(0, 1, (size, 1))
    slow = smooth(rng, size, length, log_uniform(rng, length / 12, length, size)) * rng.uniform(0, 0.7, (size, 1))
    rate = np.exp(np.clip(np.log(log_uniform(rng, 0.05, 40, size)) + season + slow, -6, 6))
    over_dispersed = rate * rng.gamma(2, 0.5, (size, length))
    out = rng.poisson(np.where(_some(rng, size, 0.4), over_dispersed, rate)).astype(float)
    return out * np.where(_some(rng, size, 0.3), rng.random((size, length)) < rng.uniform(0.1, 0.9, (size, 1)), 1)


def steps_and_spikes(rng: Generator, size: int, length: int) -> np.ndarray:
    """Levels that change suddenly, pulses with a fixed period and width, and spikes; little noise."""
    levels = level_shifts(rng, size, length) * 2
    period = np.where(_some(rng, size, 0.7), rng.choice(USUAL_PERIODS, (size, 1)), rng.integers(4, 200, (size, 1)))
    position = (np.arange(length) + rng.integers(0, 300, (size, 1))) % period
    pulse = (position < np.maximum(period * rng.uniform(0.05, 0.7, (size, 1)), 1)) * rng.normal(0, 1.5, (size, 1))
    out = levels * _some(rng, size, 0.6) + pulse * _some(rng, size, 0.7)
    out = out + 2 * bursts(rng, size, length) * _some(rng, size, 0.4)
    return out + _noise(rng, size, length, 0.001, 0.2)


INDEPENDENT_FAMILIES: tuple[Callable[[Generator, int, int], np.ndarray], ...] = (
    periods,
    gaussian_processes,
    autoregressions,
    jumps_and_regimes,
    counts,
    steps_and_spikes,
)
"""Families whose values do not depend on the calendar."""


def slow_calendars(rng: Generator, size: int, length: int, step: str) -> np.ndarray:
    """Draw calendars of series with a step of a day, week, month or quarter; int64 [size, length, 5]."""
    start = FIRST_START + rng.integers(0, START_RANGE, size)
    start -= start % MINUTES_PER_DAY
    if step in ("day", "week"):
        days = 1 if step == "day" else DAYS_PER_WEEK
        return regular_calendars(start, days * MINUTES_PER_DAY, length)
    first = (start // MINUTES_PER_DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    months = first[:, None] % 360 + (1 if step == "month" else 3) * np.arange(length)
    days_since_1970 = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    calendar = np.zeros((size, length, 5), np.int64)
    calendar[..., 2], calendar[..., 4] = (days_since_1970 + 3) % DAYS_PER_WEEK, months % 12
    return calendar


def calendar_seasons(rng: Generator, calendar: np.ndarray) -> np.ndarray:
    """Series of days, weeks, months or quarters with a season of the year, and of the week where there is one."""
    size, length = calendar.shape[:2]
    year = (calendar[..., 4] + calendar[..., 3] / 31) / 12
    season = _wave(rng, year + rng.random((size, 1))) * log_uniform(rng, 0.1, 1.5, size) * _some(rng, size, 0.75)
    week = rng.normal(size=(size, DAYS_PER_WEEK)) * log_uniform(rng, 0.05, 1, size)
    week += np.array([0, 0, 0, 0, 0, 1, 1]) * rng.normal(0, 1, (size, 1))
    out = season + week[np.arange(size)[:, None], calendar[..., 2]] * _some(rng, size, 0.75)
    kind = rng.integers(0, 3, (size, 1))
    level = np.select(
        [kind == 0, kind == 1],
        [
            autoregressive(rng, size, length, log_uniform(rng, 5, 4 * length, size)),
            smooth(rng, size, length, log_uniform(rng, length / 10, length, size)),
        ],
        power_law(rng, size, length, rng.uniform(1, 2.4, (size, 1))),
    )
    out = out + level * log_uniform(rng, 0.05, 2, size) + 2 * _trend(rng, size, length)
    out = out + _noise(rng, size, length, 0.02, 0.6)
    return np.where(_some(rng, size, 0.3), np.exp(0.6 * standardise(out)), out)


def draw_families(rng: Generator, size: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw series with equal shares of all families.

    Returns
    -------
    values : float64 [size, length]
    calendar : int64 [size, length, 5]
    """
    parts = np.array_split(np.arange(size), len(INDEPENDENT_FAMILIES) + 1)
    step = rng.choice(STEPS, size)
    start = FIRST_START + rng.integers(0, START_RANGE, size)
    calendar = regular_calendars(start - start % step, step[:, None], length)
    values = np.empty((size, length))
    for rows, family in zip(parts, INDEPENDENT_FAMILIES, strict=False):
        if len(rows):
            values[rows] = family(rng, len(rows), length)
    if len(rows := parts[-1]):
        calendar[rows] = slow_calendars(rng, len(rows), length, str(rng.choice(SLOW_STEPS)))
        values[rows] = calendar_seasons(rng, calendar[rows])
    return values, calendar
