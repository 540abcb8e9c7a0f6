"""Seeded series that look like traffic, electricity or weather, of any length and width."""

from __future__ import annotations

import numpy as np
import pandas as pd

from timevis.data.calendar import steps_per_day
from timevis.data.grid import check_frequency
from timevis.data.panel import DatasetCard, Panel

DOMAIN_UNITS = {"traffic": "vehicles per hour", "electricity": "kWh", "weather": "degrees Celsius", "other": ""}
CHUNK = 64


def synthetic_panel(
    rows: int,
    channels: int = 1,
    *,
    domain: str = "electricity",
    freq: str = "h",
    seed: int = 0,
    start: str = "2021-01-01",
    name: str = "synthetic",
) -> Panel:
    """Series with daily, weekly and yearly seasons, weather-like persistence and noise.

    Channel j is the same whatever the number of channels.

    Parameters
    ----------
    rows, channels : int
    domain : {"traffic", "electricity", "weather", "other"}
        The kind of series; ``other`` looks like electricity.
    freq : str
        pandas frequency.
    seed : int
    """
    freq = check_frequency(freq)
    index = pd.date_range(start, periods=rows, freq=freq, unit="us")
    day = np.arange(rows) / steps_per_day(freq)
    values = np.empty((rows, channels), np.float32)
    for first in range(0, channels, CHUNK):
        last = min(first + CHUNK, channels)
        for j in range(first, last):
            rng = np.random.default_rng([seed, j])
            values[:, j] = SHAPES[domain](day, index[0].weekday(), rng)
    stem = {"traffic": "volume", "electricity": "load", "weather": "temperature", "other": "value"}[domain]
    return Panel(
        values=values,
        index=index,
        freq=freq,
        channels=tuple([stem] if channels == 1 else [f"{stem}_{j + 1}" for j in range(channels)]),
        covariates=np.empty((rows, 0), np.float32),
        covariate_names=(),
        covariate_known=(),
        card=DatasetCard(
            name,
            domain,
            f"Synthetic {domain} series, seed {seed}",
            DOMAIN_UNITS[domain],
            source="synthetic",
            public=True,
        ),
    )


def persistence(rows: int, memory: float, rng: np.random.Generator) -> np.ndarray:
    """A first-order autoregression of unit variance that forgets over `memory` rows, [rows]."""
    decay = np.exp(-1 / max(memory, 1e-3))
    noise = rng.standard_normal(rows) * np.sqrt(1 - decay**2)
    noise[0] /= np.sqrt(1 - decay**2)
    size = 1 << (2 * rows - 1).bit_length()
    return np.fft.irfft(np.fft.rfft(noise, size) * np.fft.rfft(decay ** np.arange(rows), size), size)[:rows]


def _bump(hour: np.ndarray, centre: float, width: float) -> np.ndarray:
    """A bell over the hours of a day, which wraps around at midnight."""
    away = (hour - centre + 12) % 24 - 12
    return np.exp(-0.5 * (away / width) ** 2)


def _rows_per_day(day: np.ndarray) -> float:
    return 1 / (day[1] - day[0]) if len(day) > 1 else 1.0


def traffic(day: np.ndarray, first_weekday: int, rng: np.random.Generator) -> np.ndarray:
    """Counts with two rush hours on working days, one late hump at weekends, and occasional jams."""
    hour, weekday = day * 24 % 24, (np.floor(day) + first_weekday) % 7
    morning, evening = rng.uniform(6.8, 8.3), rng.uniform(16.3, 17.8)
    work = 0.9 * _bump(hour, morning, 1.3) + 1.0 * _bump(hour, evening, 2.0) + 0.7 * _bump(hour, 12.5, 3.5)
    rest = 0.75 * _bump(hour, 14.5, 4.2)
    level = np.where(weekday < 5, work, rest) + 0.08
    level *= 1 + 0.06 * np.cos(2 * np.pi * (day / 365.25 - 0.5))
    level *= np.exp(0.08 * persistence(len(day), 8 / 24 * _rows_per_day(day), rng))
    size = rng.uniform(1500, 5000)
    jam = persistence(len(day), 2 / 24 * _rows_per_day(day), rng) > 2.8
    return rng.poisson(size * level * np.where(jam, 0.45, 1.0)).astype(np.float64)


def electricity(day: np.ndarray, first_weekday: int, rng: np.random.Generator) -> np.ndarray:
    """Load with a morning and an evening peak, lower at weekends, higher in winter, and noise that persists."""
    hour, weekday = day * 24 % 24, (np.floor(day) + first_weekday) % 7
    shape = 0.6 + 0.35 * _bump(hour, 10.5, 3.0) + 0.45 * _bump(hour, 19.5, 2.5) - 0.15 * _bump(hour, 3.5, 2.5)
    shape *= np.where(weekday < 5, 1.0, rng.uniform(0.75, 0.9))
    winter = 1 + rng.uniform(0.08, 0.2) * np.cos(2 * np.pi * (day / 365.25 - 15 / 365.25))
    slow = np.exp(0.06 * persistence(len(day), 2 * _rows_per_day(day), rng))
    return rng.uniform(200, 3000) * shape * winter * slow * (1 + 0.015 * rng.standard_normal(len(day)))


def weather(day: np.ndarray, first_weekday: int, rng: np.random.Generator) -> np.ndarray:
    """Temperature: the year, the day (wider in summer), fronts of a few days, and noise."""
    year = np.cos(2 * np.pi * (day / 365.25 - 200 / 365.25))
    daily = np.cos(2 * np.pi * (day - 15 / 24))
    fronts = persistence(len(day), 2.5 * _rows_per_day(day), rng)
    mean, swing = rng.uniform(6, 16), rng.uniform(7, 13)
    noise = 0.3 * rng.standard_normal(len(day))
    return mean + swing * year + (3 + year) * daily * np.clip(1 - 0.35 * fronts, 0.2, 1.5) + 3 * fronts + noise


SHAPES = {"traffic": traffic, "electricity": electricity, "weather": weather, "other": electricity}
