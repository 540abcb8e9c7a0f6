"""Random processes of which the families of synthetic series consist.

Every function draws a batch in float32: each row is one series, and parameters of shape [size, 1] are of each series.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy import fft, signal

BINS_PER_PROFILE = 96
"""Values of a periodic profile; a daily one has one value for 15 minutes."""
LEVELS_PER_SERIES = 64
"""Different levels of a piecewise constant series before the first one returns."""


def uniform(rng: Generator, low: float, high: float, size: int) -> np.ndarray:
    return rng.uniform(low, high, (size, 1)).astype(np.float32)


def log_uniform(rng: Generator, low: float | np.ndarray, high: float | np.ndarray, size: int) -> np.ndarray:
    """Float32 [size, 1] whose logarithm is uniform."""
    return np.exp(rng.uniform(np.log(low), np.log(high), (size, 1))).astype(np.float32)


def some(rng: Generator, size: int, share: float) -> np.ndarray:
    """Choose a share of the series; float32 [size, 1] with ones and zeros."""
    return (rng.random((size, 1)) < share).astype(np.float32)


def normal(rng: Generator, size: int, length: int) -> np.ndarray:
    return rng.standard_normal((size, length), dtype=np.float32)


def standardise(x: np.ndarray) -> np.ndarray:
    """Shift and scale each row to mean 0 and standard deviation 1; a constant row becomes 0."""
    x = x - x.mean(-1, keepdims=True, dtype=np.float64).astype(np.float32)
    return x / np.maximum(np.sqrt((x * x).mean(-1, keepdims=True)), 1e-6)


def heavy_noise(rng: Generator, size: int, length: int) -> np.ndarray:
    """White noise; in a quarter of the series its tails are those of a Student distribution with three degrees."""
    white = normal(rng, size, length)
    rows = np.flatnonzero(rng.random(size) < 0.25)
    if len(rows):
        spread = np.sqrt(3 / np.maximum(2 * rng.standard_gamma(1.5, (len(rows), length), dtype=np.float32), 0.05))
        white[rows] *= spread / 1.7
    return white


def coloured(rng: Generator, size: int, length: int, amplitude: np.ndarray) -> np.ndarray:
    """Gaussian noise of variance 1 with an amplitude spectrum [size or 1, length + 1]: half of a circle."""
    amplitude = amplitude.astype(np.float32)
    white = normal(rng, size, 2 * (length + 1)).view(np.complex64)
    scale = 2 * length / np.sqrt(np.maximum(4 * (amplitude**2).sum(-1, keepdims=True), 1e-20))
    return fft.irfft(white * amplitude, 2 * length, axis=1)[:, :length] * scale


def frequencies(length: int) -> np.ndarray:
    """Frequencies of `coloured`, in cycles per row."""
    return (np.arange(length + 1) / (2 * length)).astype(np.float32)


def smooth(rng: Generator, size: int, length: int, scale: np.ndarray) -> np.ndarray:
    """Gaussian process with a squared-exponential kernel whose length is `scale` rows."""
    return coloured(rng, size, length, np.exp(-((np.pi * frequencies(length) * scale) ** 2)) + 1e-9)


def rough(rng: Generator, size: int, length: int, exponent: np.ndarray) -> np.ndarray:
    """Noise with power frequency ** -exponent: 0 is white, 1 pink, 2 a random walk."""
    return coloured(rng, size, length, np.maximum(frequencies(length), 0.5 / length) ** (-exponent / 2))


def autoregressive(rng: Generator, size: int, length: int, memory: np.ndarray) -> np.ndarray:
    """AR(1) noise with variance 1; `memory` is its decay time in rows."""
    loss = -np.expm1(-1 / np.maximum(memory, 0.05))  # 1 - phi, exact also where phi is close to 1
    power = loss**2 + 4 * (1 - loss) * np.sin(np.pi * frequencies(length)) ** 2
    return coloured(rng, size, length, 1 / np.sqrt(power))


def cycle(rng: Generator, size: int, length: int, period: np.ndarray, memory: np.ndarray) -> np.ndarray:
    """AR(2) noise around a cycle; its phase is forgotten after `memory` rows."""
    radius, wave = np.exp(-1 / memory), np.exp(-2j * np.pi * frequencies(length)).astype(np.complex64)
    first, second = 2 * radius * np.cos(2 * np.pi / period), -(radius**2)
    return coloured(rng, size, length, 1 / np.maximum(np.abs(1 - first * wave - second * wave**2), 1e-4))


def random_walk(rng: Generator, size: int, length: int) -> np.ndarray:
    """Sums of white noise with a standard deviation of about 1 over the series."""
    return normal(rng, size, length).cumsum(1, dtype=np.float32) * np.float32(2.4 / np.sqrt(length))


def segments(rng: Generator, size: int, length: int, duration: np.ndarray) -> np.ndarray:
    """Number of the segment of each row, int64 [size, length]; segments last `duration` rows on average."""
    return (rng.random((size, length), dtype=np.float32) < 1 / duration).cumsum(1)


def levels(rng: Generator, size: int, length: int, duration: np.ndarray) -> np.ndarray:
    """Piecewise constant levels that are independent and normal."""
    table = normal(rng, size, LEVELS_PER_SERIES)
    return np.take_along_axis(table, segments(rng, size, length, duration) % LEVELS_PER_SERIES, 1)


def level_shifts(rng: Generator, size: int, length: int, rate: np.ndarray | np.float32) -> np.ndarray:
    """A level that makes a normal jump with probability `rate` at each row."""
    jump = (rng.random((size, length), dtype=np.float32) < rate) * normal(rng, size, length)
    return jump.cumsum(1, dtype=np.float32)


def decayed(events: np.ndarray, memory: np.ndarray) -> np.ndarray:
    """Sum of events [size, length], each of which decays exponentially with `memory` rows."""
    phi = np.exp(-1 / np.maximum(memory, 0.05)).ravel().astype(np.float32)
    out = np.empty_like(events)
    for row, factor in enumerate(phi):
        out[row] = signal.lfilter([np.float32(1)], np.array([1, -factor], np.float32), events[row])
    return out


def bursts(rng: Generator, size: int, length: int, rate: np.ndarray | np.float32, memory: np.ndarray) -> np.ndarray:
    """Sudden events of exponential size that decay exponentially; not negative."""
    happens = rng.random((size, length), dtype=np.float32) < rate
    return decayed(happens * rng.standard_exponential((size, length), dtype=np.float32), memory)


def trend(rng: Generator, size: int, length: int, share: float = 0.35) -> np.ndarray:
    """A straight, bent or broken trend for a share of the series, with an excursion of about 1.5."""
    time = np.linspace(0, 1, length, dtype=np.float32)
    bent = uniform(rng, -1.5, 1.5, size) * time ** log_uniform(rng, 0.6, 1.8, size)
    knot = uniform(rng, 0.1, 0.9, size)
    broken = bent + rng.normal(0, 1.5, (size, 1)).astype(np.float32) * np.maximum(time - knot, 0)
    return np.where(some(rng, size, 0.4) > 0, broken, bent) * some(rng, size, share)


def read_profile(profile: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Values of profiles [size, K] at phases [size, length], of which 1 is a whole period, interpolated linearly."""
    size, bins = profile.shape
    position = (phase % 1) * np.float32(bins)
    index = np.minimum(position.astype(np.int32), bins - 1)
    share = position - index
    offset = (np.arange(size, dtype=np.int32) * (bins + 1))[:, None]
    closed = np.concatenate([profile, profile[:, :1]], 1).astype(np.float32).ravel()
    before = closed.take(index + offset)
    return before + share * (closed.take(index + offset + 1) - before)


def profiles(rng: Generator, size: int) -> np.ndarray:
    """Periodic profiles of any kind, standardised; float32 [size, BINS_PER_PROFILE].

    They are harmonics, bumps, plateaus, saw-teeth and short pulses, or mixtures of two of these.
    """
    phase = np.arange(BINS_PER_PROFILE, dtype=np.float32) / BINS_PER_PROFILE
    first, second = (_one_kind_each(rng, size, phase) for _ in range(2))
    share = uniform(rng, 0, 0.7, size) * some(rng, size, 0.4)
    return standardise((1 - share) * first + share * second)


def _one_kind_each(rng: Generator, size: int, phase: np.ndarray) -> np.ndarray:
    kind = rng.choice(5, size, p=[0.35, 0.25, 0.2, 0.1, 0.1])
    out = np.empty((size, len(phase)), np.float32)
    for number, draw in enumerate((_harmonics, _bumps, _plateaus, _teeth, _pulses)):
        rows = np.flatnonzero(kind == number)
        if len(rows):
            out[rows] = standardise(draw(rng, len(rows), phase))
    return out


def _harmonics(rng: Generator, size: int, phase: np.ndarray) -> np.ndarray:
    k = np.arange(1, 9)
    amplitude = rng.normal(size=(size, 8)) * k ** -rng.uniform(0.7, 3.0, (size, 1))
    wave = np.exp(2j * np.pi * np.outer(k, phase))
    return ((amplitude * np.exp(2j * np.pi * rng.random((size, 8)))) @ wave).real.astype(np.float32)


def _bumps(rng: Generator, size: int, phase: np.ndarray) -> np.ndarray:
    out = np.zeros((size, len(phase)), np.float32)
    for share in (1.0, 0.8, 0.4):
        distance = np.abs((phase - rng.random((size, 1)) + 0.5) % 1 - 0.5)
        bump = np.exp(-((distance / log_uniform(rng, 0.02, 0.25, size)) ** 2))
        out += uniform(rng, 0.3, 1, size) * bump * some(rng, size, share)
    return out


def _plateaus(rng: Generator, size: int, phase: np.ndarray) -> np.ndarray:
    distance = np.abs((phase - rng.random((size, 1)) + 0.5) % 1 - 0.5)
    edge = (distance - uniform(rng, 0.08, 0.42, size)) / log_uniform(rng, 0.005, 0.08, size)
    return 1 / (1 + np.exp(np.clip(edge, -30, 30)))


def _teeth(rng: Generator, size: int, phase: np.ndarray) -> np.ndarray:
    place, peak = (phase + rng.random((size, 1))) % 1, uniform(rng, 0.05, 0.95, size)
    return np.where(place < peak, place / peak, (1 - place) / (1 - peak))


def _pulses(rng: Generator, size: int, phase: np.ndarray) -> np.ndarray:
    place = (phase + rng.random((size, 1))) % 1
    second = ((place + uniform(rng, 0.2, 0.8, size)) % 1 < uniform(rng, 0.03, 0.3, size)) * some(rng, size, 0.4)
    return (place < uniform(rng, 0.03, 0.6, size)) + uniform(rng, -1, 1, size) * second
