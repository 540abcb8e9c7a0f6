"""Seeded series that look like traffic, electricity or weather, of any length and width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from timevis.config.options import check_choice
from timevis.data.calendar import steps_per_day
from timevis.data.panel import DatasetCard, Panel
from timevis.data.schema.frequency import check_frequency

UNITS = {"traffic": "vehicles per hour", "electricity": "kWh", "weather": "degrees Celsius", "other": ""}
STEMS = {"traffic": "volume", "electricity": "load", "weather": "temperature", "other": "value"}


@dataclass(frozen=True)
class Clock:
    """The times of a series, in the forms that the shapes need.

    Attributes
    ----------
    day : float64 [T]
        Days since the first of January of the first year.
    weekday : int64 [T]
        Monday is 0.
    hour : float64 [S]
        The distinct times of day, in hours.
    slot : int64 [T]
        Index into `hour` for every row.
    per_day : float
        Rows per day.
    """

    day: np.ndarray
    weekday: np.ndarray
    hour: np.ndarray
    slot: np.ndarray
    per_day: float

    @classmethod
    def of(cls, index: pd.DatetimeIndex, freq: str) -> Clock:
        start = pd.Timestamp(index[0].year, 1, 1)
        day = np.asarray((index - start) / pd.Timedelta(days=1), dtype=np.float64)
        seconds, slot = np.unique(index.hour * 3600 + index.minute * 60 + index.second, return_inverse=True)
        return cls(day, np.asarray(index.day_of_week), seconds / 3600, slot, steps_per_day(freq))

    def __len__(self) -> int:
        return len(self.day)

    def yearly(self, peak: float) -> np.ndarray:
        """A cosine over the year that is 1 on day `peak` of it, [T]."""
        return np.cos(2 * np.pi * (self.day - peak) / 365.25)

    def bump(self, centre: float, width: float) -> np.ndarray:
        """A bell over the day around `centre`, in hours, that wraps around at midnight, [S]."""
        away = (self.hour - centre + 12) % 24 - 12
        return np.exp(-0.5 * (away / width) ** 2)

    def persistence(self, days: float, rng: np.random.Generator) -> np.ndarray:
        """A first-order autoregression of unit variance that forgets over some days, [T]."""
        decay = float(np.exp(-1 / max(days * self.per_day, 1e-3)))
        out = rng.standard_normal(len(self)) * np.sqrt(1 - decay**2)
        out[0] /= np.sqrt(1 - decay**2)
        step, weight = 1, decay
        while step < len(out) and weight > 1e-9:  # each pass doubles how far back a row sums
            out[step:] += weight * out[:-step].copy()
            step, weight = 2 * step, weight * weight
        return out


def synthetic_panel(
    rows: int,
    channels: int = 1,
    *,
    domain: str = "electricity",
    freq: str = "h",
    seed: int = 0,
    start: str = "2021-01-01",
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
    start : str
        First time, or the first one on the grid after it.
    """
    check_choice(domain, tuple(SHAPES), "domain")
    freq = check_frequency(freq)
    index = pd.date_range(start, periods=rows, freq=freq, unit="us")
    clock = Clock.of(index, freq)
    values = np.empty((channels, rows), np.float32)
    for j in range(channels):
        values[j] = SHAPES[domain](clock, np.random.default_rng([seed, j]))
    stem = STEMS[domain]
    return Panel(
        values=values.T,
        index=index,
        freq=freq,
        channels=tuple([stem] if channels == 1 else [f"{stem}_{j + 1}" for j in range(channels)]),
        covariates=np.empty((rows, 0), np.float32),
        covariate_names=(),
        covariate_known=(),
        card=DatasetCard(
            "synthetic",
            domain,
            f"Synthetic {domain} series, seed {seed}",
            UNITS[domain],
            source="synthetic",
            public=True,
        ),
    )


def traffic(clock: Clock, rng: np.random.Generator) -> np.ndarray:
    """Counts with two rush hours on working days, one late hump at weekends, and occasional jams."""
    morning, evening = rng.uniform(6.8, 8.3), rng.uniform(16.3, 17.8)
    work = 0.9 * clock.bump(morning, 1.3) + clock.bump(evening, 2.0) + 0.7 * clock.bump(12.5, 3.5)
    rest = 0.75 * clock.bump(14.5, 4.2)
    level = np.where(clock.weekday < 5, work[clock.slot], rest[clock.slot]) + 0.08
    level *= 1 + 0.06 * clock.yearly(182) + 0.08 * clock.persistence(1 / 3, rng)
    jam = clock.persistence(1 / 12, rng) > 2.8
    return rng.poisson(rng.uniform(1500, 5000) * np.maximum(level, 0) * np.where(jam, 0.45, 1.0))


def electricity(clock: Clock, rng: np.random.Generator) -> np.ndarray:
    """Load with a morning and an evening peak, lower at weekends, higher in winter, and noise that persists."""
    shape = 0.6 + 0.35 * clock.bump(10.5, 3.0) + 0.45 * clock.bump(19.5, 2.5) - 0.15 * clock.bump(3.5, 2.5)
    weekend = rng.uniform(0.75, 0.9)
    level = shape[clock.slot] * np.where(clock.weekday < 5, 1.0, weekend)
    level *= 1 + rng.uniform(0.08, 0.2) * clock.yearly(15) + 0.06 * clock.persistence(2, rng)
    return rng.uniform(200, 3000) * level * (1 + 0.015 * rng.standard_normal(len(clock)))


def weather(clock: Clock, rng: np.random.Generator) -> np.ndarray:
    """Temperature: the year, the day (wider in summer and under clear skies), fronts of a few days, and noise."""
    year = clock.yearly(200)
    daily = np.cos(2 * np.pi * (clock.hour - 15) / 24)[clock.slot]
    fronts = clock.persistence(2.5, rng)
    sky = np.clip(1 - 0.35 * clock.persistence(1.0, rng), 0.2, 1.6)
    mean, swing = rng.uniform(6, 16), rng.uniform(7, 13)
    return mean + swing * year + (3 + year) * daily * sky + 3 * fronts + 0.3 * rng.standard_normal(len(clock))


SHAPES = {"traffic": traffic, "electricity": electricity, "weather": weather, "other": electricity}
