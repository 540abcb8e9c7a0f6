"""Multiplicative business series: sales, visits, calls, web traffic; weeks, closed days, campaigns, holidays."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import DAY, WEEK, Clock
from timevis_research.pretraining.processes import (
    autoregressive,
    decayed,
    heavy_noise,
    levels,
    log_uniform,
    normal,
    profiles,
    random_walk,
    read_profile,
    some,
    uniform,
)

STEPS = {DAY: 0.6, 60: 0.2, 30: 0.05, WEEK: 0.15}
DAYS_OF_YEAR = 365


def _opening(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Visits over the hours of a day: zero while closed, one or two maxima while open."""
    size, hour = len(clock), clock.day(length) * 24
    opens, closes = uniform(rng, 5, 11, size), uniform(rng, 15, 24, size)
    inside = (hour >= opens) & (hour < closes)
    middle = np.clip((hour - opens) / (closes - opens), 0, 1)
    shape = np.maximum(np.sin(np.pi * middle), 0) ** log_uniform(rng, 0.3, 2, size)
    noon = 1 - uniform(rng, 0, 0.5, size) * np.exp(-(((hour - uniform(rng, 11, 15, size)) / 1.5) ** 2))
    always = np.exp(uniform(rng, 0.2, 0.9, size) * read_profile(profiles(rng, size), clock.day(length)))
    return np.where(rng.random((size, 1)) < 0.55, inside * shape * noon, always).astype(np.float32)


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length] that are not negative."""
    size, row = len(clock), np.arange(len(clock))[:, None]
    weekday, step = clock.weekday(length), clock.minutes_per_row
    week = np.exp(uniform(rng, 0.02, 0.35, size) * normal(rng, size, 7))
    week[:, 5:] *= np.exp(rng.normal(0, 0.6, (size, 1)))
    closed = np.array([0, 0, 0, 0, 0, 0, 1]) * (rng.random((size, 1)) < 0.2)  # Sundays
    closed = closed + np.array([0, 0, 0, 0, 0, 1, 1]) * (rng.random((size, 1)) < 0.1)  # weekends
    closed = closed + (np.arange(7) == rng.integers(0, 5, (size, 1))) * (rng.random((size, 1)) < 0.05)
    week = np.where(closed > 0, 0, week) * some(rng, size, 0.9) + (1 - some(rng, size, 1.0))
    week = np.where(week.sum(1, keepdims=True) == 0, 1, week)
    year = clock.year(length)
    season = np.exp(uniform(rng, 0.02, 0.5, size) * read_profile(profiles(rng, size), year))
    christmas = np.exp(-((((year - 0.97 + 0.5) % 1 - 0.5) / log_uniform(rng, 0.008, 0.03, size)) ** 2))
    season *= np.maximum(1 + rng.normal(0, 0.7, (size, 1)) * some(rng, size, 0.35) * christmas, 0.02)
    level = np.exp(
        log_uniform(rng, 0.03, 1, size) * random_walk(rng, size, length)
        + rng.normal(0, 0.6, (size, 1)) * np.linspace(0, 1, length)
        + 0.3 * some(rng, size, 0.25) * levels(rng, size, length, log_uniform(rng, length / 10, length, size))
    )
    # holidays of the year, the same days in all years; campaigns at random; pay days
    day_of_year = (year * DAYS_OF_YEAR).astype(np.int64) % DAYS_OF_YEAR
    is_holiday = (rng.random((size, DAYS_OF_YEAR)) < 0.03)[row, day_of_year] & (step <= DAY)
    holiday = np.where(is_holiday, uniform(rng, 0, 1.6, size) * some(rng, size, 0.8), 1)
    rate = log_uniform(rng, 0.002, 0.03, size) * np.minimum(step / DAY, 1)
    starts = (rng.random((size, length), dtype=np.float32) < rate).astype(np.float32)
    lasting = decayed(starts, np.maximum(uniform(rng, 1, 7, size) * DAY / step, 0.3))
    campaign = 1 + log_uniform(rng, 0.1, 2, size) * some(rng, size, 0.35) * np.minimum(lasting, 1.5)
    month_phase = (year * 12) % 1
    pay_day = 1 + uniform(rng, 0, 0.6, size) * some(rng, size, 0.15) * np.exp(-month_phase * 8)
    noise = autoregressive(rng, size, length, log_uniform(rng, 0.1, 20, size))
    noise = np.exp(log_uniform(rng, 0.02, 0.35, size) * (0.5 * noise + 0.8 * heavy_noise(rng, size, length)))
    hourly = np.where(step < DAY, _opening(rng, clock, length), 1)
    weekly = np.where(step < WEEK, week[row, weekday], 1)
    out = level * season * weekly * hourly * holiday * campaign * pay_day * np.clip(noise, 0.05, 20)
    return out.astype(np.float32)
