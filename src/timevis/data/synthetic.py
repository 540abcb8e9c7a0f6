"""Synthetic series that resemble traffic, electricity or weather data, from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from timevis.config.options import check_choice
from timevis.data.calendar import check_frequency, steps_per_day
from timevis.data.panel import DatasetCard, Panel

UNITS = {"traffic": "vehicles per hour", "electricity": "kWh", "weather": "degrees Celsius", "other": ""}
CHANNEL_NAMES = {"traffic": "volume", "electricity": "load", "weather": "temperature", "other": "value"}


@dataclass(frozen=True)
class TimeAxis:
    """The times of a series, and curves over them.

    Attributes
    ----------
    day : float64 [T]
        Days since January 1 of the first year.
    weekday : int64 [T]
        Monday is 0.
    hour : float64 [S]
        The distinct times of day, in hours.
    slot : int64 [T]
        Index into `hour` of each row.
    per_day : float
        Rows per day.
    """

    day: np.ndarray
    weekday: np.ndarray
    hour: np.ndarray
    slot: np.ndarray
    per_day: float

    @classmethod
    def from_index(cls, index: pd.DatetimeIndex, freq: str) -> TimeAxis:
        """The time axis of an index."""
        start = pd.Timestamp(index[0].year, 1, 1)
        day = np.asarray((index - start) / pd.Timedelta(days=1), dtype=np.float64)
        seconds, slot = np.unique(index.hour * 3600 + index.minute * 60 + index.second, return_inverse=True)
        return cls(day, np.asarray(index.day_of_week), seconds / 3600, slot, steps_per_day(freq))

    def __len__(self) -> int:
        return len(self.day)

    def yearly_cosine(self, peak: float) -> np.ndarray:
        """A cosine with a period of one year, which is 1 on day `peak` of the year, [T]."""
        return np.cos(2 * np.pi * (self.day - peak) / 365.25)

    def daily_peak(self, hour: float, width: float) -> np.ndarray:
        """A Gaussian curve over the day with its peak at `hour`, continued across midnight, [S]."""
        distance = (self.hour - hour + 12) % 24 - 12
        return np.exp(-0.5 * (distance / width) ** 2)

    def autoregression(self, days: float, rng: np.random.Generator) -> np.ndarray:
        """A first-order autoregression of unit variance, whose correlation is 1/e after `days`, [T]."""
        decay = float(np.exp(-1 / max(days * self.per_day, 1e-3)))
        out = rng.standard_normal(len(self)) * np.sqrt(1 - decay**2)
        out[0] /= np.sqrt(1 - decay**2)
        step, weight = 1, decay
        while step < len(out) and weight > 1e-9:  # each pass doubles the number of summed lags
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
    """Series with daily, weekly and yearly seasons, autocorrelated deviations and noise.

    A channel does not depend on the number of channels.

    Parameters
    ----------
    rows, channels : int
    domain : {"traffic", "electricity", "weather", "other"}
        Kind of the series; ``other`` is generated as electricity.
    freq : str
        pandas frequency.
    seed : int
    start : str
        First time; if it is not on the grid, the first grid time after it.
    """
    check_choice(domain, tuple(GENERATORS), "domain")
    freq = check_frequency(freq)
    index = pd.date_range(start, periods=rows, freq=freq, unit="us")
    times = TimeAxis.from_index(index, freq)
    values = np.empty((channels, rows), np.float32)
    for j in range(channels):
        values[j] = GENERATORS[domain](times, np.random.default_rng([seed, j]))
    name = CHANNEL_NAMES[domain]
    return Panel(
        values=values.T,
        index=index,
        freq=freq,
        channels=tuple([name] if channels == 1 else [f"{name}_{j + 1}" for j in range(channels)]),
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


def traffic(times: TimeAxis, rng: np.random.Generator) -> np.ndarray:
    """Vehicle counts with two rush hours on working days, one late peak at weekends, and occasional congestion."""
    morning, evening = rng.uniform(6.8, 8.3), rng.uniform(16.3, 17.8)
    working_day = (
        0.9 * times.daily_peak(morning, 1.3) + times.daily_peak(evening, 2.0) + 0.7 * times.daily_peak(12.5, 3.5)
    )
    weekend = 0.75 * times.daily_peak(14.5, 4.2)
    level = np.where(times.weekday < 5, working_day[times.slot], weekend[times.slot]) + 0.08
    level *= 1 + 0.06 * times.yearly_cosine(182) + 0.08 * times.autoregression(1 / 3, rng)
    is_congested = times.autoregression(1 / 12, rng) > 2.8
    return rng.poisson(rng.uniform(1500, 5000) * np.maximum(level, 0) * np.where(is_congested, 0.45, 1.0))


def electricity(times: TimeAxis, rng: np.random.Generator) -> np.ndarray:
    """Electric load with a morning and an evening peak, lower at weekends, higher in winter, with noise."""
    daily = (
        0.6
        + 0.35 * times.daily_peak(10.5, 3.0)
        + 0.45 * times.daily_peak(19.5, 2.5)
        - 0.15 * times.daily_peak(3.5, 2.5)
    )
    weekend = rng.uniform(0.75, 0.9)
    level = daily[times.slot] * np.where(times.weekday < 5, 1.0, weekend)
    level *= 1 + rng.uniform(0.08, 0.2) * times.yearly_cosine(15) + 0.06 * times.autoregression(2, rng)
    return rng.uniform(200, 3000) * level * (1 + 0.015 * rng.standard_normal(len(times)))


def weather(times: TimeAxis, rng: np.random.Generator) -> np.ndarray:
    """Temperature with a yearly and a daily cycle (wider in summer and under a clear sky), fronts and noise."""
    year = times.yearly_cosine(200)
    daily = np.cos(2 * np.pi * (times.hour - 15) / 24)[times.slot]
    fronts = times.autoregression(2.5, rng)
    clearness = np.clip(1 - 0.35 * times.autoregression(1.0, rng), 0.2, 1.6)
    mean, amplitude = rng.uniform(6, 16), rng.uniform(7, 13)
    return (
        mean + amplitude * year + (3 + year) * daily * clearness + 3 * fronts + 0.3 * rng.standard_normal(len(times))
    )


GENERATORS = {"traffic": traffic, "electricity": electricity, "weather": weather, "other": electricity}
