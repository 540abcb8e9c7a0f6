"""Components of synthetic series: daily and weekly profiles, noise, bursts, ramps and level shifts.

Every function draws a batch: each row is one series, with its own random parameters from the given generator.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

BINS_PER_DAY = 96
"""Resolution of a daily profile: 15 minutes."""


def log_uniform(rng: Generator, low: float, high: float, size: int) -> np.ndarray:
    """Draw float64 [size, 1] between `low` and `high`, with a uniform logarithm."""
    return np.exp(rng.uniform(np.log(low), np.log(high), (size, 1)))


def standardise(x: np.ndarray) -> np.ndarray:
    """Shift and scale each row to mean 0 and standard deviation 1; a constant row becomes 0."""
    x = x - x.mean(-1, keepdims=True)
    return x / np.maximum(x.std(-1, keepdims=True), 1e-6)


def _bumps(rng: Generator, hours: np.ndarray, centres: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Sums of periodic bell curves with random heights; centres and widths [size, K] in hours."""
    angle = 2 * np.pi * (hours - centres[..., None]) / 24
    concentration = (24 / (2 * np.pi * widths[..., None])) ** 2
    height = rng.uniform(0.3, 1.0, centres.shape)[..., None]
    return (height * np.exp(concentration * (np.cos(angle) - 1))).sum(1)


def _smooth_plateau(rng: Generator, size: int, hours: np.ndarray) -> np.ndarray:
    """High during a part of the day, with smooth edges."""
    middle, half = rng.uniform(9, 17, (size, 1)), rng.uniform(2, 9, (size, 1))
    distance = np.abs((hours - middle + 12) % 24 - 12)
    return 1 / (1 + np.exp((distance - half) / log_uniform(rng, 0.15, 2.0, size)))


def _harmonics(rng: Generator, size: int, hours: np.ndarray, smoothness: float = 1.3) -> np.ndarray:
    """Sums of eight harmonics of the day whose amplitudes fall with about frequency ** -smoothness."""
    k = np.arange(1, 9)
    amplitude = rng.normal(size=(size, 8)) * k ** -rng.uniform(smoothness - 0.6, smoothness + 0.9, (size, 1))
    phase = rng.uniform(0, 2 * np.pi, (size, 8, 1))
    return (amplitude[..., None] * np.cos(2 * np.pi * k[:, None] * hours / 24 + phase)).sum(1)


def _temperature_swing(rng: Generator, size: int, hours: np.ndarray) -> np.ndarray:
    """Lowest before dawn and highest after noon, with a shorter rise than fall."""
    low, high = rng.uniform(3, 7, (size, 1)), rng.uniform(13, 17, (size, 1))
    rise = high - low
    elapsed = (hours - low) % 24
    return np.where(elapsed < rise, -np.cos(np.pi * elapsed / rise), np.cos(np.pi * (elapsed - rise) / (24 - rise)))


def day_profiles(rng: Generator, size: int) -> np.ndarray:
    """Draw daily profiles: rush hours, plateaus, harmonics, temperature swings, spikes, and sums of these.

    Returns
    -------
    float64 [size, BINS_PER_DAY]
        Standardised. A quarter of the profiles is shifted by a random time of the day.
    """
    hours = np.arange(BINS_PER_DAY) * 24 / BINS_PER_DAY
    rush_hours = np.stack([rng.normal(7.8, 1.0, size), rng.normal(17.0, 1.3, size), rng.normal(13, 2.5, size)], 1)
    rush_width = rng.uniform([0.7, 0.8, 2.0], [2.5, 3.5, 6.0], (size, 3))
    random_hours = rng.uniform(0, 24, (size, 4))
    shapes = np.stack(
        [
            standardise(shape)
            for shape in (
                _bumps(rng, hours, rush_hours, rush_width),
                _smooth_plateau(rng, size, hours),
                _harmonics(rng, size, hours),
                _harmonics(rng, size, hours, smoothness=2.2),
                _temperature_swing(rng, size, hours),
                _bumps(rng, hours, random_hours, np.exp(rng.uniform(np.log(0.4), np.log(4), (size, 4)))),
                _smooth_plateau(rng, size, hours) - _smooth_plateau(rng, size, hours),
            )
        ]
    )
    share = [0.24, 0.16, 0.16, 0.1, 0.14, 0.1, 0.1]
    row = np.arange(size)
    first, second, third = (shapes[rng.choice(len(share), size, p=share), row] for _ in range(3))
    weight = rng.uniform(0, 1, (size, 2)) * (rng.random((size, 2)) < 0.5)
    mixed = first + weight[:, :1] * second + weight[:, 1:] * third
    shift = np.where(rng.random(size) < 0.25, rng.integers(0, BINS_PER_DAY, size), 0)
    return standardise(mixed[row[:, None], (np.arange(BINS_PER_DAY) - shift[:, None]) % BINS_PER_DAY])


def week_profiles(rng: Generator, size: int, share_weekly: float) -> np.ndarray:
    """Draw weekly profiles: days off have another daily profile than working days, and every day varies a little.

    Parameters
    ----------
    share_weekly : float
        Share of the series with a weekly pattern; the others have the same profile on all days.

    Returns
    -------
    float64 [size, 8, BINS_PER_DAY]
        Monday to Sunday, then a holiday.
    """
    work = day_profiles(rng, size)
    scale, level = rng.uniform(0.1, 1.1, (size, 1)), rng.normal(-0.5, 0.6, (size, 1))
    delay = rng.integers(0, 13, size)
    row, bins = np.arange(size)[:, None], np.arange(BINS_PER_DAY)
    shifted = work[row, (bins - delay[:, None]) % BINS_PER_DAY]
    kind = rng.choice(4, (size, 1), p=[0.35, 0.2, 0.35, 0.1])
    other = day_profiles(rng, size)
    blend = rng.uniform(0.3, 1, (size, 1))
    rest = np.select([kind == 0, kind == 1, kind == 2], [work, shifted, (1 - blend) * work + blend * other], 0.0)
    rest = scale * rest + level
    pattern = np.array([[0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 1, 0]], dtype=bool)
    off = pattern[rng.choice(3, size, p=[0.86, 0.08, 0.06])]
    irregular = rng.random(size) < 0.08
    off[irregular] = rng.random((int(irregular.sum()), 7)) < 0.35
    week = np.where(off[:, :, None], rest[:, None], work[:, None])
    sunday_scale = rng.uniform(0.6, 1, (size, 1)) * (rng.random((size, 1)) < 0.5)
    week[:, 6] = np.where(sunday_scale > 0, sunday_scale * week[:, 6] - (1 - sunday_scale), week[:, 6])
    spread = np.abs(rng.normal(0, 0.12, (size, 1, 1))) * (rng.random((size, 1, 1)) < 0.6)
    week = week * (1 + spread * rng.normal(size=(size, 7, 1))) + spread * rng.normal(size=(size, 7, 1))
    strength = np.where(rng.random((size, 1)) < 0.5, 1.0, rng.uniform(0.05, 1, (size, 1)))
    strength *= rng.random((size, 1)) < share_weekly
    rest = work + strength * (rest - work)
    week = work[:, None] + strength[:, :, None] * (week - work[:, None])
    return np.concatenate([week, rest[:, None]], 1)


def _filtered_noise(rng: Generator, size: int, length: int, spectrum: np.ndarray) -> np.ndarray:
    """Gaussian noise with an amplitude spectrum [size or 1, 2 * length + 1]: the start of a series of 4 * length."""
    n = 4 * length
    bins = spectrum.shape[-1]
    white = rng.standard_normal((size, bins)) + 1j * rng.standard_normal((size, bins))
    return _scale_by_spectrum(np.fft.irfft(white * spectrum, n)[:, :length], spectrum, n)


def _scale_by_spectrum(x: np.ndarray, spectrum: np.ndarray, n: int) -> np.ndarray:
    """Divide by the standard deviation that the spectrum implies."""
    power = 4 * (spectrum**2).sum(-1, keepdims=True)
    return x * n / np.sqrt(np.maximum(power, 1e-12))


def _frequencies(length: int) -> np.ndarray:
    """Frequencies of the spectrum of `_filtered_noise`, in cycles per time step."""
    return np.arange(2 * length + 1) / (4 * length)


def autoregressive(rng: Generator, size: int, length: int, memory: np.ndarray) -> np.ndarray:
    """AR(1) noise, float64 [size, length]; `memory` [size, 1] is its decay time in steps, large for a random walk."""
    phi = np.exp(-1 / memory)
    spectrum = 1 / np.abs(1 - phi * np.exp(-2j * np.pi * _frequencies(length)))
    return _filtered_noise(rng, size, length, spectrum)


def autoregressive_cycle(
    rng: Generator, size: int, length: int, period: np.ndarray, memory: np.ndarray
) -> np.ndarray:
    """AR(2) noise around a cycle, float64 [size, length]; `period` and `memory` [size, 1] are in steps."""
    radius, wave = np.exp(-1 / memory), np.exp(-2j * np.pi * _frequencies(length))
    first, second = 2 * radius * np.cos(2 * np.pi / period), -(radius**2)
    return _filtered_noise(rng, size, length, 1 / np.abs(1 - first * wave - second * wave**2))


def smooth(rng: Generator, size: int, length: int, scale: np.ndarray) -> np.ndarray:
    """Gaussian process with a squared-exponential kernel, float64 [size, length]; `scale` [size, 1] is in steps."""
    return _filtered_noise(rng, size, length, np.exp(-((np.pi * _frequencies(length) * scale) ** 2)) + 1e-9)


def power_law(rng: Generator, size: int, length: int, exponent: np.ndarray) -> np.ndarray:
    """Noise with power frequency ** -exponent, float64 [size, length]; `exponent` is [size, 1]."""
    f = np.maximum(_frequencies(length), 1 / (4 * length))
    return _filtered_noise(rng, size, length, f ** (-exponent / 2))


def bursts(rng: Generator, size: int, length: int) -> np.ndarray:
    """Sudden events with exponential decay, float64 [size, length]; non-negative, mostly of the order of one."""
    rate, decay = log_uniform(rng, 0.002, 0.05, size), log_uniform(rng, 1, 24, size)
    events = (rng.random((size, length)) < rate) * rng.exponential(1.0, (size, length))
    response = np.exp(-np.arange(length) / decay)
    n = 2 * length
    return np.maximum(np.fft.irfft(np.fft.rfft(events, n) * np.fft.rfft(response, n), n)[:, :length], 0)


def ramps(rng: Generator, size: int, length: int) -> np.ndarray:
    """Sums that grow until they are reset, such as cumulated wind speed; float64 [size, length].

    Resets are rare while the increments are large.
    """
    regime = rng.uniform(0, 1.6, (size, 1)) * autoregressive(rng, size, length, log_uniform(rng, 5, 60, size))
    reset = rng.random((size, length)) < log_uniform(rng, 0.03, 0.35, size) * np.exp(-regime)
    gain = rng.gamma(rng.uniform(0.7, 4, (size, 1)), 1.0, (size, length)) * np.exp(0.6 * regime)
    total = gain.cumsum(1)
    total_at_reset = np.maximum.accumulate(np.where(reset, total - gain, 0), 1)
    return total - total_at_reset


def level_shifts(rng: Generator, size: int, length: int) -> np.ndarray:
    """A piecewise constant level with rare random jumps, float64 [size, length]."""
    jump = (rng.random((size, length)) < log_uniform(rng, 0.001, 0.02, size)) * rng.normal(size=(size, length))
    return jump.cumsum(1)
