"""95 % intervals and p-values of a mean of autocorrelated values, such as the errors at successive origins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr

AUTOCORRELATED = "Student t intervals from 24 cosine transforms over origins, averaged over autocorrelations"
"""The text with which results.json names `MeanInterval`."""
INDEPENDENT = "Student t intervals over series"
"""The text with which results.json names the intervals of independent values."""
LEVEL = 0.95
NUM_TRANSFORMS = 24
PERSISTENCES = (3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 50.0, 100.0, 200.0)
"""n (1 - phi) of the autoregressive processes that are averaged over, where n is the number of values."""
AUTOREGRESSIVE_SHARES = (1.0, 0.33)
"""Share of the process in the variance; the rest is white noise."""
WHITE_NOISE_PROBABILITY = 0.6
"""Prior probability of no autocorrelation. It is chosen so that intervals of white noise contain 96 to 97 %."""
MIN_HORIZONS = 5
"""Horizons that the origins of windows must span for an interval. Of windows that overlap, with errors that are not
autocorrelated, the intervals of the ratio of two models contain the true ratio in 59 to 72, 81 to 83, 89 to 93 and 94
to 95 % of simulations with 2, 3, 4 and 5 horizons; the interval of two windows of one row contains it in 95 %, but
reaches to 200 times the ratio. See docs/experiments/interval-coverage.md."""
GRID = 512
"""Length of the series for which the variances of the transforms are computed; they hardly depend on it."""


class SeedVariance(NamedTuple):
    """How the means of S series vary with the seeds of training runs, for K independent groups of runs.

    Attributes
    ----------
    variances : float64 [K, S]
        Variance of the mean of each group over its seeds: the variance between seeds, divided by their number. 0 for
        a group of one run.
    degrees : float64 [K, S]
        Degrees of freedom: number of seeds minus 1; at least 1.
    """

    variances: np.ndarray
    degrees: np.ndarray

    @classmethod
    def of(cls, groups: Sequence[np.ndarray]) -> SeedVariance:
        """The variance from the means [R, S] of the R seeds of each group.

        Parameters
        ----------
        groups : sequence of float [R, S]
        """
        shape = (len(groups), groups[0].shape[1])
        variances, degrees = np.zeros(shape), np.ones(shape)
        for k, means in enumerate(groups):
            if len(means) > 1:
                variances[k], degrees[k] = means.var(0, ddof=1) / len(means), len(means) - 1
        return cls(np.nan_to_num(variances), degrees)

    def scaled(self, factor: np.ndarray) -> SeedVariance:
        """The same for means that are multiplied by a factor [S]."""
        return SeedVariance(np.nan_to_num(self.variances * factor**2), self.degrees)

    def relative_to(self, means: np.ndarray) -> SeedVariance:
        """The variances of the logarithms of the means [K, S]; 0 where a mean is not positive."""
        return SeedVariance(np.where(means > 0, self.variances / means**2, 0.0), self.degrees)


class Interval(NamedTuple):
    """A value and its 95 % interval, whose ends are NaN if there are too few values."""

    value: float
    low: float
    high: float


def cosine_transforms(values: np.ndarray) -> np.ndarray:
    """Weighted means of series [n, S] with cosines of the lowest frequencies; float64 [q, S], q at most 24.

    Each has the variance of the mean if the values are not autocorrelated.
    """
    n = len(values)
    frequency = np.arange(1, min(NUM_TRANSFORMS, n - 1) + 1)
    return np.sqrt(2) / n * np.cos(np.pi / n * np.outer(frequency, np.arange(n) + 0.5)) @ values


@lru_cache(maxsize=1)
def _processes() -> tuple[np.ndarray, np.ndarray]:
    """Prior log probability of each process [M], and its variances [M, 1 + 24] of the mean and of the transforms."""
    steps = np.arange(GRID)
    basis = np.concatenate([np.full((1, GRID), 1 / GRID), cosine_transforms(np.eye(GRID))])
    variances, probabilities = [np.ones(1 + NUM_TRANSFORMS)], [WHITE_NOISE_PROBABILITY]
    for persistence in PERSISTENCES:
        phi = np.exp(-persistence / GRID)
        variance = (1 - phi) / (1 + phi)  # of a process whose mean has the variance 1 / n in the limit
        covariance = variance * phi ** np.abs(steps[:, None] - steps)
        of_transforms = GRID * np.einsum("it,ts,is->i", basis, covariance, basis, optimize=True)
        for share in AUTOREGRESSIVE_SHARES:
            variances.append(of_transforms + variance * (1 - share) / share)
            probabilities.append((1 - WHITE_NOISE_PROBABILITY) / len(PERSISTENCES) / len(AUTOREGRESSIVE_SHARES))
    return np.log(probabilities), np.array(variances)


class MeanInterval:
    """The distribution of the error of the mean of each series.

    The mean and the 24 cosine transforms of the lowest frequencies are nearly independent normal variables, whose
    relative variances follow from the autocorrelation (Müller and Watson, 2008, Econometrica 76; 2016, Review of
    Economic Studies 83). Given the autocorrelation, the error of the mean has Student's t distribution with as many
    degrees of freedom as there are transforms. The autocorrelation is not known and is hard to estimate, so the
    distribution is averaged over white noise and autoregressive processes of several persistences, with or without
    additional white noise, each weighted by its posterior probability. High frequencies do not matter, so that the
    dependence of windows that overlap needs no model of its own.

    Parameters
    ----------
    values : float [n, S]
        Values in the order of time, at nearly equal distances.
    independent : bool
        The values are independent: the interval uses Student's t distribution with n - 1 degrees of freedom.
    seeds : SeedVariance, optional
        The values are means over the seeds of a model, or differences of such means: the variance over seeds is added
        to the variance over origins. Given the autocorrelation, the sum has the degrees of freedom of Welch (1947)
        and Satterthwaite (1946). What a seed changes at single origins only is counted in both variances.
    """

    def __init__(self, values: np.ndarray, *, independent: bool = False, seeds: SeedVariance | None = None) -> None:
        self._degrees: int | np.ndarray
        if independent:
            self._degrees = len(values) - 1
            self._scales = values.std(0, ddof=1, keepdims=True) / np.sqrt(len(values))
            self._is_constant = self._scales[0] == 0
            self._posterior = np.ones_like(self._scales)
        else:
            self._from_transforms(values)
        if seeds is not None:
            self._add(seeds)
        self._scales[:, self._is_constant] = 1.0

    def _from_transforms(self, values: np.ndarray) -> None:
        transforms = cosine_transforms(values - values.mean(0))
        self._degrees = len(transforms)
        log_prior, variances = _processes()
        variances = variances[:, : 1 + self._degrees]
        scaled = (1 / variances[:, 1:]) @ transforms**2
        self._is_constant = scaled[0] == 0
        scaled[:, self._is_constant] = 1.0
        log_posterior = log_prior - np.log(variances[:, 1:]).sum(1) / 2
        log_posterior = log_posterior[:, None] - self._degrees / 2 * np.log(scaled)
        posterior = np.exp(log_posterior - log_posterior.max(0))
        self._posterior = posterior / posterior.sum(0)
        self._scales = np.sqrt(scaled / self._degrees * variances[:, :1])

    def _add(self, seeds: SeedVariance) -> None:
        of_origins = np.where(self._is_constant, 0.0, self._scales**2)
        total = of_origins + seeds.variances.sum(0)
        self._is_constant = total[0] == 0
        squares = of_origins**2 / self._degrees + (seeds.variances**2 / seeds.degrees).sum(0)
        self._degrees = total**2 / np.where(self._is_constant, 1.0, squares)
        self._degrees = np.where(self._is_constant, 1.0, self._degrees)
        self._scales = np.sqrt(total)

    def p_value(self, mean: np.ndarray) -> np.ndarray:
        """Two-sided p-values of means [S] under the hypothesis that their expectations are zero."""
        tails = 2 * stdtr(self._degrees, -np.abs(mean) / self._scales)
        return np.where(self._is_constant, np.where(mean == 0, 1.0, 0.0), (self._posterior * tails).sum(0))

    def half_widths(self) -> np.ndarray:
        """Half of the width of the 95 % interval of each series, float64 [S]."""
        return np.where(self._is_constant, 0.0, _half_widths(self.p_value, self._scales.max(0)))


class DifferenceInterval:
    """The distribution of the error of the difference between the means of two independent series.

    The error of each mean is as in `MeanInterval`. Given the autocorrelations of both, the difference has Student's t
    distribution with the degrees of freedom of Welch (1947); it is averaged over both posterior distributions.

    Parameters
    ----------
    a, b : MeanInterval
        Of S series each, none of which is constant.
    """

    def __init__(self, a: MeanInterval, b: MeanInterval) -> None:
        squares_a, squares_b = a._scales[:, None] ** 2, b._scales[None] ** 2
        total = squares_a + squares_b
        self._scales = np.sqrt(total)
        self._degrees = total**2 / (squares_a**2 / a._degrees + squares_b**2 / b._degrees)
        self._posterior = a._posterior[:, None] * b._posterior[None]

    def p_value(self, difference: np.ndarray) -> np.ndarray:
        """Two-sided p-values of differences [S] under the hypothesis that the expectations are equal."""
        tails = 2 * stdtr(self._degrees, -np.abs(difference) / self._scales)
        return (self._posterior * tails).sum((0, 1))

    def half_widths(self) -> np.ndarray:
        """Half of the width of the 95 % interval of each difference, float64 [S]."""
        return _half_widths(self.p_value, self._scales.max((0, 1)))


def _half_widths(p_value: Callable[[np.ndarray], np.ndarray], start: np.ndarray) -> np.ndarray:
    """The values whose p-value is 1 - `LEVEL`, float64 [S], from values above zero."""
    low, high = np.zeros_like(start), start.copy()
    while (too_low := p_value(high) > 1 - LEVEL).any():
        high[too_low] *= 2
    for _ in range(50):  # bisection
        middle = (low + high) / 2
        is_below = p_value(middle) > 1 - LEVEL
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return high


def holm(p_values: np.ndarray) -> np.ndarray:
    """P-values with the correction of Holm (1979) for several comparisons; NaN stays NaN and does not count."""
    adjusted = np.array(p_values, dtype=np.float64)
    order = np.argsort(adjusted)[: np.isfinite(adjusted).sum()]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(adjusted[order] * factors))
    return adjusted
