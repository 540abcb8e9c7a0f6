"""Generate synthetic series with calendars, on which the nano backbone is pretrained.

The series are sums and products of the components of `timevis_research.nano.series_components`, similar to
KernelSynth (Ansari et al. 2024, Chronos) and ForecastPFN (Dooley et al. 2023). Most have daily and weekly profiles,
since the hour and the weekday are informative in traffic and electricity data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from timevis_research.nano.series_components import (
    BINS_PER_DAY,
    autoregressive,
    bursts,
    level_shifts,
    log_uniform,
    power_law,
    ramps,
    smooth,
    standardise,
    week_profiles,
)

STEP_MINUTES = {"h": 60, "30min": 30, "15min": 15, "10min": 10, "5min": 5, "D": 1440}
FREQUENCY_SHARES = {"h": 0.68, "30min": 0.07, "15min": 0.08, "10min": 0.07, "5min": 0.04, "D": 0.06}
SHARE_OFF_THE_FULL_HOUR = 0.05
"""Share of the hourly series whose time stamps are not at minute 0."""
RECIPES = ("easy", "traffic", "load", "temperature", "pressure", "wind", "solar", "mixture")
RECIPE_SHARES = (0.05, 0.26, 0.26, 0.13, 0.05, 0.08, 0.04, 0.13)
WEEKLY_SHARES = {"easy": 0.7, "traffic": 0.95, "load": 0.85, "mixture": 0.5}
"""Share of the series with a weekly pattern, by recipe; zero for the others."""
DOMAINS = {
    "traffic": "traffic",
    "load": "electricity",
    "temperature": "weather",
    "pressure": "weather",
    "wind": "weather",
    "solar": "weather",
}
"""Domain of each recipe, for the prompt."""
FIRST_START, START_RANGE = 13_149_360, 35 * 525_960  # in minutes since 1970: series start between 1995 and 2030


@dataclass(frozen=True)
class SyntheticSeries:
    """A batch of B series of T values with the same frequency.

    Attributes
    ----------
    values : float32 [B, T]
    calendar : int64 [B, T, 5]
        See `timevis.data.calendar.CALENDAR_FIELDS`.
    frequency : str
        Pandas alias.
    domains : tuple of B str
        ``traffic``, ``electricity``, ``weather`` or ``other``, for the prompt.
    recipes : tuple of B str
        The recipe of each series, from `RECIPES`; ``real`` for windows of a data set.
    """

    values: np.ndarray
    calendar: np.ndarray
    frequency: str
    domains: tuple[str, ...]
    recipes: tuple[str, ...]


def regular_calendars(start: np.ndarray, step: int | np.ndarray, length: int) -> np.ndarray:
    """Compute the calendar fields of series with regular time steps.

    Parameters
    ----------
    start : int64 [B]
        Minutes since 1970.
    step : int or int64 [B, 1]
        Minutes between two values, of all series or of each.
    length : int

    Returns
    -------
    int64 [B, length, 5]
        See `timevis.data.calendar.CALENDAR_FIELDS`.
    """
    minutes = start[:, None] + step * np.arange(length)
    days = minutes // 1440
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    day = (dates - months).astype(np.int64)
    month = months.astype(np.int64) % 12
    return np.stack([minutes % 60, minutes // 60 % 24, (days + 3) % 7, day, month], -1)


def _seasonal(rng: Generator, calendar: np.ndarray, start: np.ndarray, step: int, share_weekly: float) -> np.ndarray:
    """Repeat a random weekly profile along each series, with random holidays; float64 [B, T]."""
    size, length = calendar.shape[:2]
    week = week_profiles(rng, size, share_weekly)
    if step >= 1440:
        week = np.repeat(week.mean(2, keepdims=True) + 0.3 * rng.normal(size=(size, 8, 1)), BINS_PER_DAY, 2)
    week = standardise(week.reshape(size, -1)).reshape(week.shape)
    day_number = (start[:, None] % 1440 + step * np.arange(length)) // 1440
    holiday = rng.random((size, int(day_number.max()) + 1)) < 0.03 * (rng.random((size, 1)) < 0.5)
    row = np.arange(size)[:, None]
    day = np.where(holiday[row, day_number], 7, calendar[..., 2])
    bins, minutes = np.divmod(calendar[..., 1] * 60 + calendar[..., 0], 1440 // BINS_PER_DAY)
    share = minutes * BINS_PER_DAY / 1440
    return (1 - share) * week[row, day, bins] + share * week[row, day, (bins + 1) % BINS_PER_DAY]


def _cycles(rng: Generator, size: int, length: int) -> np.ndarray:
    """One or two waves of random period, each with its second harmonic; float64 [size, length]."""
    out = np.zeros((size, length))
    for share in (1.0, 0.3):
        period = log_uniform(rng, 4, 200, size)
        angle = 2 * np.pi * (np.arange(length) / period + rng.random((size, 1)))
        wave = np.cos(angle) + rng.uniform(0, 0.7, (size, 1)) * np.cos(2 * angle + rng.uniform(0, 6.3, (size, 1)))
        out += wave * (rng.random((size, 1)) < share) * rng.uniform(0.3, 1, (size, 1))
    return out


def _slow_level(rng: Generator, size: int, length: int, day: float) -> np.ndarray:
    """A slowly varying level: a smooth Gaussian process, AR(1), or power-law noise; float64 [size, length].

    `day` is the number of time steps per day.
    """
    levels = np.stack(
        [
            smooth(rng, size, length, log_uniform(rng, day, 12 * day, size)),
            autoregressive(rng, size, length, log_uniform(rng, 0.4 * day, 40 * day, size)),
            power_law(rng, size, length, rng.uniform(1.2, 2.6, (size, 1))),
        ]
    )
    return levels[rng.integers(0, 3, size), np.arange(size)]


def _noise(rng: Generator, size: int, length: int) -> np.ndarray:
    """White noise, heavy-tailed noise, or AR(1) noise with a short memory; float64 [size, length]."""
    white = rng.standard_normal((size, length))
    heavy = np.clip(rng.standard_t(3, (size, length)), -8, 8) / 1.6
    short = autoregressive(rng, size, length, log_uniform(rng, 0.5, 8, size))
    kind = rng.choice(3, (size, 1), p=[0.35, 0.15, 0.5])
    return np.select([kind == 0, kind == 1], [white, heavy], short)


def _round_some(rng: Generator, x: np.ndarray) -> np.ndarray:
    """Round a quarter of the series to a coarse grid, as in counts and readings of instruments."""
    grid = log_uniform(rng, 0.01, 0.3, len(x)) * np.maximum(x.std(1, keepdims=True), 1e-9)
    return np.where(rng.random((len(x), 1)) < 0.25, np.round(x / grid) * grid, x)


class SeriesGenerator:
    """Generates batches of series; a batch depends on the seed and its number only.

    Parameters
    ----------
    seed : int
    length : int
        T, values per series.
    """

    def __init__(self, seed: int, length: int) -> None:
        self.seed, self.length = seed, length

    def batch(self, number: int, size: int, easy_share: float = 0.0) -> SyntheticSeries:
        """Generate the batch with this number.

        Parameters
        ----------
        number : int
        size : int
            B, series in the batch.
        easy_share : float
            Share of the series that are purely seasonal with little noise, in addition to the usual share.
        """
        rng = np.random.default_rng([self.seed, number])
        frequency = str(rng.choice(list(FREQUENCY_SHARES), p=list(FREQUENCY_SHARES.values())))
        step = STEP_MINUTES[frequency]
        start = FIRST_START + rng.integers(0, START_RANGE, size)
        start -= start % step
        if step == 60:
            start += rng.integers(0, 60, size) * (rng.random(size) < SHARE_OFF_THE_FULL_HOUR)
        calendar = regular_calendars(start, step, self.length)
        share = np.array(RECIPE_SHARES)
        share = (1 - easy_share) * share + easy_share * np.eye(len(RECIPES))[0]
        recipe_of_series = rng.choice(len(RECIPES), size, p=share)
        values = np.empty((size, self.length))
        for k, recipe in enumerate(RECIPES):
            rows = np.flatnonzero(recipe_of_series == k)
            if len(rows):
                values[rows] = self._draw(rng, recipe, calendar[rows], start[rows], step)
        recipes = tuple(RECIPES[k] for k in recipe_of_series)
        unknown = rng.random(size) < 0.3
        domains = tuple("other" if u else DOMAINS.get(r, "other") for r, u in zip(recipes, unknown, strict=True))
        values = _round_some(rng, values)
        scale, offset = log_uniform(rng, 0.1, 1000, size), rng.normal(size=(size, 1)) * 3
        values = (values + offset) * scale
        return SyntheticSeries(values.astype(np.float32), calendar, frequency, domains, recipes)

    def _draw(self, rng: Generator, recipe: str, calendar: np.ndarray, start: np.ndarray, step: int) -> np.ndarray:
        """Draw series of one recipe, float64 [B, T]."""
        size, length = calendar.shape[:2]
        day = max(1440 / step, 5.0)
        if recipe == "solar":
            return self._solar(rng, calendar, day)
        if recipe == "pressure":
            level, share = _slow_level(rng, size, length, day), 0.2 * rng.random((size, 1))
            return level + share * _seasonal(rng, calendar, start, step, 0.0)
        seasonal = _seasonal(rng, calendar, start, step, WEEKLY_SHARES.get(recipe, 0.0))
        return getattr(self, f"_{recipe}")(rng, seasonal, day)

    def _easy(self, rng: Generator, seasonal: np.ndarray, day: float) -> np.ndarray:
        """Purely seasonal series with little noise."""
        size, length = seasonal.shape
        return seasonal + log_uniform(rng, 0.003, 0.1, size) * rng.standard_normal((size, length))

    def _traffic(self, rng: Generator, seasonal: np.ndarray, day: float) -> np.ndarray:
        """Non-negative counts: noisier at a high level, with days of more or less traffic and sudden incidents."""
        size, length = seasonal.shape
        base = np.maximum(seasonal - seasonal.min(1, keepdims=True), 0) + rng.uniform(0, 0.5, (size, 1))
        slow = log_uniform(rng, 0.01, 0.25, size) * smooth(
            rng, size, length, log_uniform(rng, day / 3, 4 * day, size)
        )
        noise = log_uniform(rng, 0.02, 0.3, size) * _noise(rng, size, length)
        shared = rng.uniform(0, 1, (size, 1))
        flow = base * np.exp(slow) + noise * (shared * base + (1 - shared) * 0.7)
        incident = np.minimum(bursts(rng, size, length) * (rng.random((size, 1)) < 0.3), 0.9)
        reduced_flow = np.maximum(flow * (1 - incident), 0)
        power = np.where(rng.random((size, 1)) < 0.3, rng.uniform(0.6, 1.8, (size, 1)), 1.0)
        return reduced_flow**power

    def _load(self, rng: Generator, seasonal: np.ndarray, day: float) -> np.ndarray:
        """A seasonal load with a slowly varying level, level shifts and a trend; additive or multiplicative."""
        size, length = seasonal.shape
        level = log_uniform(rng, 0.02, 1.5, size) * _slow_level(rng, size, length, day)
        swing = np.exp(
            log_uniform(rng, 0.01, 0.4, size) * smooth(rng, size, length, log_uniform(rng, day, 10 * day, size))
        )
        trend = rng.normal(size=(size, 1)) * (rng.random((size, 1)) < 0.3) * np.linspace(-1, 1, length)
        shifts = level_shifts(rng, size, length) * (rng.random((size, 1)) < 0.15)
        noise = log_uniform(rng, 0.005, 0.3, size) * _noise(rng, size, length)
        x = seasonal * swing + level + trend + shifts + noise
        return np.where(rng.random((size, 1)) < 0.4, np.exp(rng.uniform(0.1, 0.8, (size, 1)) * x), x)

    def _temperature(self, rng: Generator, swing: np.ndarray, day: float) -> np.ndarray:
        """A daily swing of varying strength, a random level with sudden changes (fronts), and a seasonal drift."""
        size, length = swing.shape
        strength = log_uniform(rng, 0.1, 1.0, size) * np.exp(0.5 * smooth(rng, size, length, np.full((size, 1), day)))
        level = _slow_level(rng, size, length, day) + 0.7 * rng.random((size, 1)) * level_shifts(rng, size, length)
        drift = rng.normal(size=(size, 1)) * np.linspace(-0.7, 0.7, length)
        texture = log_uniform(rng, 0.02, 0.3, size) * autoregressive(rng, size, length, log_uniform(rng, 1, 12, size))
        return strength * swing + level + drift + texture

    def _wind(self, rng: Generator, seasonal: np.ndarray, day: float) -> np.ndarray:
        """Skewed, positive series: exponentials of noise, bursts, or sums that grow until they are reset."""
        size, length = seasonal.shape
        slow = autoregressive(rng, size, length, log_uniform(rng, 2, 2 * day, size))
        gusts = np.exp(rng.uniform(0.4, 1.3, (size, 1)) * (slow + 0.4 * rng.random((size, 1)) * seasonal))
        cumulated = ramps(rng, size, length)
        kind = rng.choice(3, (size, 1), p=[0.3, 0.5, 0.2])
        return np.select([kind == 0, kind == 1], [gusts, cumulated], bursts(rng, size, length) + 0.1 * gusts)

    def _solar(self, rng: Generator, calendar: np.ndarray, day: float) -> np.ndarray:
        """Solar radiation or power: zero at night, a bell curve by day, reduced by clouds."""
        size, length = calendar.shape[:2]
        hour = calendar[..., 1] + calendar[..., 0] / 60
        noon, half = rng.uniform(11, 14, (size, 1)), rng.uniform(3.5, 8, (size, 1))
        height = np.cos(np.pi / 2 * np.minimum(np.abs((hour - noon + 12) % 24 - 12) / half, 1))
        bell = height ** rng.uniform(0.7, 1.8, (size, 1))
        weather = smooth(rng, size, length, log_uniform(rng, day / 2, 3 * day, size))
        clouds = autoregressive(rng, size, length, log_uniform(rng, 0.05 * day, 0.3 * day, size))
        cover = rng.normal(-0.5, 1, (size, 1)) + log_uniform(rng, 0.2, 2, size) * (weather + 0.7 * clouds)
        transmitted = 1 - rng.uniform(0.2, 0.95, (size, 1)) / (1 + np.exp(-2 * cover))
        return np.minimum(bell * transmitted, rng.uniform(0.5, 2.0, (size, 1)))

    def _mixture(self, rng: Generator, seasonal: np.ndarray, day: float) -> np.ndarray:
        """Random sums and products of all components, sometimes clipped or rounded."""
        size, length = seasonal.shape
        parts = [
            seasonal,
            _cycles(rng, size, length),
            _slow_level(rng, size, length, day),
            _noise(rng, size, length) * log_uniform(rng, 0.05, 0.7, size),
            level_shifts(rng, size, length),
            bursts(rng, size, length),
            rng.normal(size=(size, 1)) * np.linspace(-1, 1, length),
        ]
        share = (0.75, 0.25, 0.6, 0.9, 0.15, 0.15, 0.3)
        x = sum(
            part * (rng.random((size, 1)) < p) * log_uniform(rng, 0.15, 1.5, size)
            for part, p in zip(parts, share, strict=True)
        )
        envelope = 1 + 0.5 * smooth(rng, size, length, log_uniform(rng, day, 8 * day, size))
        x = np.where(rng.random((size, 1)) < 0.2, x * envelope, x)
        z = standardise(x)
        clipped = np.clip(z, *np.sort(rng.uniform(-2.0, 2.0, (2, size, 1)), axis=0))
        rounded = np.round(z * 4) / 4
        kind = rng.choice(5, (size, 1), p=[0.55, 0.2, 0.1, 0.1, 0.05])
        return np.select(
            [kind == 0, kind == 1, kind == 2, kind == 3],
            [z, np.exp(rng.uniform(0.2, 1.0, (size, 1)) * z), clipped, np.maximum(z, -0.3)],
            rounded,
        )
