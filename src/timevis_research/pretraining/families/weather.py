"""Weather and air: temperature, humidity, pressure, wind, sun, rain, river levels, concentrations of pollutants."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import DAY, MONTH, Clock
from timevis_research.pretraining.families.meters import outside_temperature
from timevis_research.pretraining.processes import (
    autoregressive,
    bursts,
    decayed,
    heavy_noise,
    level_shifts,
    log_uniform,
    profiles,
    read_profile,
    rough,
    smooth,
    some,
    uniform,
)

STEPS = {5: 0.08, 10: 0.1, 15: 0.08, 30: 0.06, 60: 0.43, 180: 0.05, DAY: 0.17, MONTH: 0.03}
KINDS = ("temperature", "humidity", "pressure", "wind", "sun", "rain", "river", "pollution")
SHARES = (0.25, 0.1, 0.1, 0.15, 0.15, 0.07, 0.08, 0.1)


def _temperature(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    size, rows_per_day = len(clock), clock.rows_per(DAY)
    fronts = level_shifts(rng, size, length, np.minimum(0.15 / np.maximum(rows_per_day, 0.5), 0.2))
    fronts = fronts - smooth_level(fronts, np.maximum(6 * rows_per_day, 3))
    texture = autoregressive(rng, size, length, np.maximum(log_uniform(rng, 0.02, 0.5, size) * rows_per_day, 0.2))
    return (
        outside_temperature(rng, clock, length)
        + uniform(rng, 0, 0.3, size) * fronts
        + log_uniform(rng, 0.02, 0.25, size) * texture
    )


def smooth_level(x: np.ndarray, memory: np.ndarray) -> np.ndarray:
    """Exponentially weighted mean of earlier rows."""
    return decayed(x.astype(np.float32), memory) * (1 - np.exp(-1 / memory))


def _humidity(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    dryness = _temperature(rng, clock, length) + 0.8 * autoregressive(
        rng, len(clock), length, 2 * clock.rows_per(DAY)
    )
    return np.minimum(70 - 18 * dryness, uniform(rng, 92, 120, len(clock)))


def _pressure(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    size, rows_per_day = len(clock), np.maximum(clock.rows_per(DAY), 0.3)
    slow = smooth(rng, size, length, rows_per_day * log_uniform(rng, 1, 4, size))
    tide = np.cos(4 * np.pi * (clock.day(length) - 0.4)) * uniform(rng, 0, 0.12, size)
    return (
        slow
        + 0.6 * autoregressive(rng, size, length, 5 * rows_per_day)
        + tide
        + 0.01 * heavy_noise(rng, size, length)
    )


def _wind(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    size, rows_per_day = len(clock), np.maximum(clock.rows_per(DAY), 0.3)
    slow = autoregressive(rng, size, length, rows_per_day * log_uniform(rng, 0.2, 3, size))
    daily = read_profile(profiles(rng, size), clock.day(length)) * uniform(rng, 0, 0.8, size) * some(rng, size, 0.6)
    gusts = autoregressive(rng, size, length, log_uniform(rng, 0.3, 4, size))
    speed = np.exp(uniform(rng, 0.3, 0.8, size) * (slow + daily + uniform(rng, 0.1, 0.5, size) * gusts))
    # power of a turbine: the cube of the speed, up to the rated power, zero in calm air
    ratio = speed / np.quantile(speed, 0.9, axis=1, keepdims=True) * uniform(rng, 0.7, 1.4, size)
    power = np.clip(1.15 * np.clip(ratio - 0.2, 0, None) ** 2.2, 0, 1)
    return np.where(rng.random((size, 1)) < 0.4, power, speed)


def _sun(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Radiation or solar power: the height of the sun at a latitude, less clouds; zero at night."""
    size, rows_per_day = len(clock), clock.rows_per(DAY)
    tilt = 0.409 * np.sin(2 * np.pi * (clock.year(length) - 0.22))
    latitude = uniform(rng, -1.0, 1.0, size)
    noon = uniform(rng, 0.45, 0.58, size)
    hour_angle = 2 * np.pi * (clock.day(length) - noon)
    by_day = rows_per_day <= 2
    angle = np.cos(np.where(by_day, 1.0, hour_angle))
    height = np.maximum(np.sin(latitude) * np.sin(tilt) + np.cos(latitude) * np.cos(tilt) * angle, 0)
    weather = smooth(rng, size, length, np.maximum(rows_per_day, 0.3) * log_uniform(rng, 0.5, 3, size))
    clouds = autoregressive(rng, size, length, np.maximum(rows_per_day, 0.3) * log_uniform(rng, 0.03, 0.3, size))
    cover = rng.normal(-0.5, 1, (size, 1)) + log_uniform(rng, 0.2, 2, size) * (weather + 0.7 * clouds)
    passes = 1 - uniform(rng, 0.2, 0.95, size) / (1 + np.exp(-np.clip(2 * cover, -30, 30)))
    return np.minimum(height ** uniform(rng, 0.9, 1.4, size) * passes, uniform(rng, 0.4, 1.5, size))


def _rain(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    size, rows_per_day = len(clock), np.maximum(clock.rows_per(DAY), 0.2)
    wet = autoregressive(rng, size, length, rows_per_day * log_uniform(rng, 0.1, 2, size))
    season = uniform(rng, 0, 1, size) * np.cos(2 * np.pi * (clock.year(length) - uniform(rng, 0, 1, size)))
    amount = np.maximum(wet + season - uniform(rng, 0.3, 1.8, size), 0) ** uniform(rng, 1, 2.5, size)
    return amount * rng.standard_gamma(1.5, (size, length), dtype=np.float32)


def _river(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    rows_per_day = np.maximum(clock.rows_per(DAY), 0.2)
    rain = _rain(rng, clock, length)
    fast = decayed(rain, rows_per_day * log_uniform(rng, 0.3, 5, len(clock)))
    slow = decayed(rain, rows_per_day * log_uniform(rng, 10, 80, len(clock))) * uniform(rng, 0.01, 0.3, len(clock))
    flow = fast + slow + 0.1
    return np.where(rng.random((len(clock), 1)) < 0.5, np.log(flow + 0.05), flow)


def _pollution(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    size, rows_per_day = len(clock), np.maximum(clock.rows_per(DAY), 0.3)
    emitted = read_profile(profiles(rng, size), clock.day(length)) * uniform(rng, 0, 0.8, size)
    free = (clock.weekday(length) >= 5) * rng.normal(-0.2, 0.2, (size, 1))
    air = autoregressive(rng, size, length, rows_per_day * log_uniform(rng, 0.3, 4, size)) * uniform(
        rng, 0.4, 1.0, size
    )
    winter = uniform(rng, 0, 0.7, size) * np.cos(2 * np.pi * clock.year(length))
    rise = bursts(rng, size, length, np.float32(0.01), np.maximum(rows_per_day / 4, 1)) * some(rng, size, 0.3)
    noise = log_uniform(rng, 0.02, 0.3, size) * rough(rng, size, length, uniform(rng, 0, 1.5, size))
    return np.exp(np.clip(emitted + free + air + winter + noise, -5, 5)) + 2 * rise


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length]."""
    out = np.empty((len(clock), length), np.float32)
    kind = rng.choice(len(KINDS), len(clock), p=SHARES)
    functions = (_temperature, _humidity, _pressure, _wind, _sun, _rain, _river, _pollution)
    for number, function in enumerate(functions):
        rows = np.flatnonzero(kind == number)
        if len(rows):
            out[rows] = function(rng, clock[rows], length)
    return out
