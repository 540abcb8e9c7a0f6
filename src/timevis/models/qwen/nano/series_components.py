"""The parts that synthetic series are made of; every function makes a whole batch of them at once.

Rows are series; every row has its own parameters, drawn from the generator that is passed in.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

DAY_BINS = 96
"""Resolution of a profile of the day: 15 minutes."""


def log_uniform(rng: Generator, low: float, high: float, size: int) -> np.ndarray:
    """Float64 [size, 1] between low and high, uniform in the logarithm."""
    return np.exp(rng.uniform(np.log(low), np.log(high), (size, 1)))


def standardise(x: np.ndarray) -> np.ndarray:
    """Rows with mean zero and deviation one; a constant row becomes zero."""
    x = x - x.mean(-1, keepdims=True)
    return x / np.maximum(x.std(-1, keepdims=True), 1e-6)


def _bumps(rng: Generator, hours: np.ndarray, centres: np.ndarray, widths: np.ndarray) -> np.ndarray:
    angle = 2 * np.pi * (hours - centres[..., None]) / 24
    concentration = (24 / (2 * np.pi * widths[..., None])) ** 2
    height = rng.uniform(0.3, 1.0, centres.shape)[..., None]
    return (height * np.exp(concentration * (np.cos(angle) - 1))).sum(1)


def _smooth_plateau(rng: Generator, size: int, hours: np.ndarray) -> np.ndarray:
    middle, half = rng.uniform(9, 17, (size, 1)), rng.uniform(2, 9, (size, 1))
    distance = np.abs((hours - middle + 12) % 24 - 12)
    return 1 / (1 + np.exp((distance - half) / log_uniform(rng, 0.15, 2.0, size)))


def _harmonics(rng: Generator, size: int, hours: np.ndarray, rough: float = 1.3) -> np.ndarray:
    k = np.arange(1, 9)
    amplitude = rng.normal(size=(size, 8)) * k ** -rng.uniform(rough - 0.6, rough + 0.9, (size, 1))
    phase = rng.uniform(0, 2 * np.pi, (size, 8, 1))
    return (amplitude[..., None] * np.cos(2 * np.pi * k[:, None] * hours / 24 + phase)).sum(1)


def _swing(rng: Generator, size: int, hours: np.ndarray) -> np.ndarray:
    """Coldest before dawn, warmest after noon: rising and falling limbs of different length."""
    low, high = rng.uniform(3, 7, (size, 1)), rng.uniform(13, 17, (size, 1))
    rise = high - low
    since = (hours - low) % 24
    return np.where(since < rise, -np.cos(np.pi * since / rise), np.cos(np.pi * (since - rise) / (24 - rise)))


def day_profiles(rng: Generator, size: int) -> np.ndarray:
    """Profiles of the day of many shapes: rush hours, plateaus, harmonics, temperature swings, spikes, steps.

    Returns
    -------
    float64 [size, DAY_BINS]
        Standardised. Most keep human hours, a quarter is turned by a random number of hours.
    """
    hours = np.arange(DAY_BINS) * 24 / DAY_BINS
    rush = np.stack([rng.normal(7.8, 1.0, size), rng.normal(17.0, 1.3, size), rng.normal(13, 2.5, size)], 1)
    rush_width = rng.uniform([0.7, 0.8, 2.0], [2.5, 3.5, 6.0], (size, 3))
    anywhere = rng.uniform(0, 24, (size, 4))
    shapes = np.stack(
        [
            standardise(shape)
            for shape in (
                _bumps(rng, hours, rush, rush_width),
                _smooth_plateau(rng, size, hours),
                _harmonics(rng, size, hours),
                _harmonics(rng, size, hours, rough=2.2),
                _swing(rng, size, hours),
                _bumps(rng, hours, anywhere, np.exp(rng.uniform(np.log(0.4), np.log(4), (size, 4)))),
                _smooth_plateau(rng, size, hours) - _smooth_plateau(rng, size, hours),
            )
        ]
    )
    share = [0.24, 0.16, 0.16, 0.1, 0.14, 0.1, 0.1]
    row = np.arange(size)
    first, second, third = (shapes[rng.choice(len(share), size, p=share), row] for _ in range(3))
    weight = rng.uniform(0, 1, (size, 2)) * (rng.random((size, 2)) < 0.5)
    mixed = first + weight[:, :1] * second + weight[:, 1:] * third
    turn = np.where(rng.random(size) < 0.25, rng.integers(0, DAY_BINS, size), 0)
    return standardise(mixed[row[:, None], (np.arange(DAY_BINS) - turn[:, None]) % DAY_BINS])


def week_profiles(rng: Generator, size: int, share_weekly: float) -> np.ndarray:
    """Profiles of the week: days off follow another regime than working days, days differ a little.

    Parameters
    ----------
    share_weekly : float
        Share of the rows whose days differ; the others repeat one day.

    Returns
    -------
    float64 [size, 8, DAY_BINS]
        Monday to Sunday, then a holiday.
    """
    work = day_profiles(rng, size)
    scale, level = rng.uniform(0.1, 1.1, (size, 1)), rng.normal(-0.5, 0.6, (size, 1))
    later = rng.integers(0, 13, size)
    row, bins = np.arange(size)[:, None], np.arange(DAY_BINS)
    shifted = work[row, (bins - later[:, None]) % DAY_BINS]
    kind = rng.choice(4, (size, 1), p=[0.35, 0.2, 0.35, 0.1])
    other = day_profiles(rng, size)
    blend = rng.uniform(0.3, 1, (size, 1))
    rest = np.select([kind == 0, kind == 1, kind == 2], [work, shifted, (1 - blend) * work + blend * other], 0.0)
    rest = scale * rest + level
    pattern = np.array([[0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 1, 0]], dtype=bool)
    off = pattern[rng.choice(3, size, p=[0.86, 0.08, 0.06])]
    odd = rng.random(size) < 0.08
    off[odd] = rng.random((int(odd.sum()), 7)) < 0.35
    week = np.where(off[:, :, None], rest[:, None], work[:, None])
    sunday = rng.uniform(0.6, 1, (size, 1)) * (rng.random((size, 1)) < 0.5)
    week[:, 6] = np.where(sunday > 0, sunday * week[:, 6] - (1 - sunday), week[:, 6])
    spread = np.abs(rng.normal(0, 0.12, (size, 1, 1))) * (rng.random((size, 1, 1)) < 0.6)
    week = week * (1 + spread * rng.normal(size=(size, 7, 1))) + spread * rng.normal(size=(size, 7, 1))
    strength = np.where(rng.random((size, 1)) < 0.5, 1.0, rng.uniform(0.05, 1, (size, 1)))
    strength *= rng.random((size, 1)) < share_weekly
    rest = work + strength * (rest - work)
    week = work[:, None] + strength[:, :, None] * (week - work[:, None])
    return np.concatenate([week, rest[:, None]], 1)


def _filtered(rng: Generator, size: int, length: int, spectrum: np.ndarray) -> np.ndarray:
    """Gaussian noise with an amplitude spectrum [size or 1, 2 * length + 1], a window of twice the length."""
    n = 4 * length
    bins = spectrum.shape[-1]
    white = rng.standard_normal((size, bins)) + 1j * rng.standard_normal((size, bins))
    return standardise_by(np.fft.irfft(white * spectrum, n)[:, :length], spectrum, n)


def standardise_by(x: np.ndarray, spectrum: np.ndarray, n: int) -> np.ndarray:
    """Divide by the deviation that the spectrum implies, so that the rows have deviation one in expectation."""
    power = 4 * (spectrum**2).sum(-1, keepdims=True)
    return x * n / np.sqrt(np.maximum(power, 1e-12))


def _frequencies(length: int) -> np.ndarray:
    return np.arange(2 * length + 1) / (4 * length)


def autoregressive(rng: Generator, size: int, length: int, memory: np.ndarray) -> np.ndarray:
    """AR(1) noise, float64 [size, length]; `memory` [size, 1] is its decay time in rows (large: a random walk)."""
    phi = np.exp(-1 / memory)
    spectrum = 1 / np.abs(1 - phi * np.exp(-2j * np.pi * _frequencies(length)))
    return _filtered(rng, size, length, spectrum)


def smooth(rng: Generator, size: int, length: int, scale: np.ndarray) -> np.ndarray:
    """A Gaussian process of squared-exponential kernel, float64 [size, length]; `scale` [size, 1] in rows."""
    return _filtered(rng, size, length, np.exp(-((np.pi * _frequencies(length) * scale) ** 2)) + 1e-9)


def power_law(rng: Generator, size: int, length: int, exponent: np.ndarray) -> np.ndarray:
    """Noise whose power falls with frequency to the `exponent` [size, 1]; between a Matern process and pink noise."""
    f = np.maximum(_frequencies(length), 1 / (4 * length))
    return _filtered(rng, size, length, f ** (-exponent / 2))


def bursts(rng: Generator, size: int, length: int) -> np.ndarray:
    """Sudden events that die away, float64 [size, length], at least zero and at most of the order of one."""
    rate, decay = log_uniform(rng, 0.002, 0.05, size), log_uniform(rng, 1, 24, size)
    events = (rng.random((size, length)) < rate) * rng.exponential(1.0, (size, length))
    response = np.exp(-np.arange(length) / decay)
    n = 2 * length
    return np.maximum(np.fft.irfft(np.fft.rfft(events, n) * np.fft.rfft(response, n), n)[:, :length], 0)


def ramps(rng: Generator, size: int, length: int) -> np.ndarray:
    """Amounts that pile up until they are reset, as wind cumulated while it keeps direction; float64 [size, length].

    When much is added, resets are rare.
    """
    regime = rng.uniform(0, 1.6, (size, 1)) * autoregressive(rng, size, length, log_uniform(rng, 5, 60, size))
    reset = rng.random((size, length)) < log_uniform(rng, 0.03, 0.35, size) * np.exp(-regime)
    gain = rng.gamma(rng.uniform(0.7, 4, (size, 1)), 1.0, (size, length)) * np.exp(0.6 * regime)
    total = gain.cumsum(1)
    before = np.maximum.accumulate(np.where(reset, total - gain, 0), 1)
    return total - before


def level_shifts(rng: Generator, size: int, length: int) -> np.ndarray:
    """A level that jumps now and then, float64 [size, length]."""
    jump = (rng.random((size, length)) < log_uniform(rng, 0.001, 0.02, size)) * rng.normal(size=(size, length))
    return jump.cumsum(1)
