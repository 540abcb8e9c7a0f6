"""Meters of electricity, heat, gas and water: days and weeks, weather-driven load, appliances, holidays."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import DAY, Clock
from timevis_research.pretraining.processes import (
    BINS_PER_PROFILE,
    autoregressive,
    heavy_noise,
    level_shifts,
    levels,
    log_uniform,
    profiles,
    read_profile,
    smooth,
    some,
    standardise,
    uniform,
)

STEPS = {5: 0.05, 10: 0.07, 15: 0.2, 30: 0.23, 60: 0.45}


def household_profiles(rng: Generator, size: int) -> np.ndarray:
    """Profiles of days with a morning and an evening peak, or with office hours; float32 [size, BINS_PER_PROFILE]."""
    hour = np.arange(BINS_PER_PROFILE, dtype=np.float32) * 24 / BINS_PER_PROFILE
    out = np.zeros((size, BINS_PER_PROFILE), np.float32)
    for centre, spread, share in ((7.5, 1.2, 0.85), (12.5, 2.0, 0.5), (19.0, 1.8, 0.9)):
        middle, width = rng.normal(centre, spread, (size, 1)), log_uniform(rng, 0.6, 4, size)
        distance = np.abs((hour - middle + 12) % 24 - 12)
        out += uniform(rng, 0.2, 1, size) * some(rng, size, share) * np.exp(-((distance / width) ** 2))
    distance = np.abs(hour - uniform(rng, 11, 15, size))
    office = 1 / (
        1 + np.exp(np.clip((distance - uniform(rng, 3, 6, size)) / log_uniform(rng, 0.1, 1.5, size), -30, 30))
    )
    kind = rng.choice(3, (size, 1), p=[0.45, 0.35, 0.2])
    return standardise(np.select([kind == 0, kind == 1], [out, office + 0.4 * out], profiles(rng, size)))


def weekly_season(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """A day profile of working days, another one of free days, and of random holidays; float32 [B, length]."""
    size, row = len(clock), np.arange(len(clock))[:, None]
    work, other = household_profiles(rng, size), household_profiles(rng, size)
    blend = uniform(rng, 0, 1, size)
    # free days: flatter, later, or of another shape; lower on the whole
    later = np.take_along_axis(
        work, (np.arange(BINS_PER_PROFILE) - rng.integers(0, 13, (size, 1))) % BINS_PER_PROFILE, 1
    )
    kind = rng.choice(3, (size, 1), p=[0.4, 0.3, 0.3])
    free = np.select([kind == 0, kind == 1], [work, later], (1 - blend) * work + blend * other)
    free = uniform(rng, 0.15, 1.1, size) * free + rng.normal(-0.5, 0.6, (size, 1))
    strength = np.where(rng.random((size, 1)) < 0.6, 1.0, uniform(rng, 0, 1, size)) * some(rng, size, 0.85)
    free = work + strength * (free - work)
    weekday, number = clock.weekday(length), clock.day_number(length)
    days = int(number.max()) + 1
    first_free = np.where(rng.random((size, 1)) < 0.9, 5, rng.integers(4, 7, (size, 1)))
    holidays = (rng.random((size, days)) < 0.025) & (rng.random((size, 1)) < 0.6)
    is_free = (weekday >= first_free) | holidays[row, number]
    day = clock.day(length)
    out = np.where(is_free, read_profile(free, day), read_profile(work, day))
    # every day is a little louder or quieter, and Saturdays lie between working days and Sundays in some series
    loudness = rng.normal(0, 1, (size, days)).astype(np.float32)[row, number] * log_uniform(rng, 0.01, 0.2, size)
    saturday = (weekday == 5) * uniform(rng, 0, 0.5, size) * some(rng, size, 0.4)
    return (out * (1 + loudness) + 0.5 * loudness + saturday).astype(np.float32)


def outside_temperature(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Standardised temperature with a season, fronts and a daily swing; float32 [B, length]."""
    size, rows_per_day = len(clock), clock.rows_per(DAY)
    season = -np.cos(2 * np.pi * (clock.year(length) - 0.05)) * uniform(rng, 0.3, 1.4, size)
    fronts = autoregressive(rng, size, length, rows_per_day * log_uniform(rng, 1, 6, size)) * uniform(
        rng, 0.2, 0.7, size
    )
    swing = -np.cos(2 * np.pi * (clock.day(length) - uniform(rng, 0.12, 0.2, size)))
    cloud = np.exp(0.5 * smooth(rng, size, length, rows_per_day * 1.5))
    return (season + fronts + uniform(rng, 0.1, 0.6, size) * cloud * swing).astype(np.float32)


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length]."""
    size, rows_per_day = len(clock), clock.rows_per(DAY)
    season = weekly_season(rng, clock, length)
    temperature = outside_temperature(rng, clock, length)
    lagged = 0.5 * temperature + 0.5 * np.roll(temperature, int(np.median(rows_per_day) // 8), 1)
    heating = (
        np.maximum(uniform(rng, -0.8, 0.8, size) - lagged, 0) * uniform(rng, 0, 1.8, size) * some(rng, size, 0.55)
    )
    cooling = (
        np.maximum(lagged - uniform(rng, 0.2, 1.2, size), 0) * uniform(rng, 0, 1.8, size) * some(rng, size, 0.45)
    )
    swing = np.exp(
        uniform(rng, 0.02, 0.3, size) * smooth(rng, size, length, rows_per_day * log_uniform(rng, 2, 30, size))
    )
    level = autoregressive(rng, size, length, rows_per_day * log_uniform(rng, 0.3, 20, size))
    total = season * swing + heating + cooling + log_uniform(rng, 0.03, 0.6, size) * level
    total += 0.7 * level_shifts(rng, size, length, np.float32(2 / length)) * some(rng, size, 0.2)
    total += log_uniform(rng, 0.005, 0.25, size) * heavy_noise(rng, size, length)
    skewed = np.exp(uniform(rng, 0.15, 0.8, size) * np.clip(standardise(total), -4, 2.5))
    # a single flat: appliances that are switched on more often when the load is high, above a small base
    on = levels(rng, size, length, log_uniform(rng, 1, 8, size)) + 0.8 * total > rng.normal(1.2, 0.5, (size, 1))
    power = np.abs(levels(rng, size, length, log_uniform(rng, 1, 4, size)))
    flat = 0.3 * skewed + on * uniform(rng, 0.5, 3, size) * (0.6 + power)
    fridge = (np.arange(length) / np.maximum(rows_per_day / 24, 2.5) + rng.random((size, 1))) % 1 < 0.4
    flat = flat + 0.25 * some(rng, size, 0.4) * fridge + 0.05 * np.abs(heavy_noise(rng, size, length))
    kind = rng.choice(3, (size, 1), p=[0.45, 0.3, 0.25])
    return np.select([kind == 0, kind == 1], [total, skewed], flat).astype(np.float32)
