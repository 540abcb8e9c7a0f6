"""Piecewise constant series: machines that are on or off, set points, prices, levels, pulses of any period."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import ANY_STEP, Clock
from timevis_research.pretraining.families.drifting_waves import USUAL_PERIODS
from timevis_research.pretraining.processes import (
    heavy_noise,
    level_shifts,
    levels,
    log_uniform,
    normal,
    profiles,
    read_profile,
    segments,
    some,
    uniform,
)

STEPS = ANY_STEP


def _machines(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """On and off with random durations, and more often on in some hours of the day or period."""
    size = len(clock)
    usual = rng.choice([p for p in USUAL_PERIODS if p < length / 3], (size, 1))
    phase = np.where(clock.rows_per(1440) > 3, clock.day(length), np.arange(length) / usual % 1).astype(np.float32)
    preference = read_profile(profiles(rng, size), phase) * uniform(rng, 0, 3, size)
    duration = log_uniform(rng, 1.5, 60, size)
    luck = levels(rng, size, length, duration)
    on = preference + luck > rng.normal(0.3, 0.8, (size, 1))
    return on * (1 + uniform(rng, 0, 0.4, size) * levels(rng, size, length, duration * 5))


def _schedule(rng: Generator, size: int, length: int) -> np.ndarray:
    """Pulses of a fixed period and width; some are left out."""
    usual = rng.choice([p for p in USUAL_PERIODS if p < length / 3], (size, 1))
    period = np.where(rng.random((size, 1)) < 0.7, usual, rng.integers(4, 200, (size, 1)))
    place = np.arange(length) + rng.integers(0, 300, (size, 1))
    pulse = place % period < np.maximum(period * uniform(rng, 0.05, 0.7, size), 1)
    left_out = np.take_along_axis(
        rng.random((size, 128)) < uniform(rng, 0, 0.3, size) * some(rng, size, 0.4), place // period % 128, 1
    )
    return pulse * (1 - left_out.astype(np.float32))


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length]."""
    size = len(clock)
    kind = rng.choice(4, size, p=[0.3, 0.25, 0.25, 0.2])
    out = np.empty((size, length), np.float32)
    for number in range(4):
        rows = np.flatnonzero(kind == number)
        count = len(rows)
        if not count:
            continue
        if number == 0:
            out[rows] = _machines(rng, clock[rows], length)
        elif number == 1:
            out[rows] = _schedule(rng, count, length) * (1 + 0.3 * level_shifts(rng, count, length, np.float32(2e-3)))
        elif number == 2:
            out[rows] = level_shifts(rng, count, length, log_uniform(rng, 1.5 / length, 0.04, count))
        else:  # set points from a small number of values, as of a thermostat or a price list
            duration = log_uniform(rng, 4, length / 4, count)
            menu = normal(rng, count, 4)
            choice = rng.integers(0, 4, (count, 64))
            number_of_segment = segments(rng, count, length, duration) % 64
            out[rows] = np.take_along_axis(menu, np.take_along_axis(choice, number_of_segment, 1), 1)
    out *= 2
    jumps = level_shifts(rng, size, length, log_uniform(rng, 0.5 / length, 6 / length, size)) * some(rng, size, 0.4)
    return out + jumps + log_uniform(rng, 0.001, 0.3, size) * some(rng, size, 0.7) * heavy_noise(rng, size, length)
