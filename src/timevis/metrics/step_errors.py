"""Errors of forecasts at each step, for arrays of NumPy and tensors of PyTorch alike.

Importing this module does not import PyTorch.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from typing import Any


def pinball_loss(quantiles: Any, target: Any, levels: Any) -> Any:
    """Pinball loss of each quantile, ``max(level * error, (level - 1) * error)`` (Koenker and Bassett, 1978).

    Parameters
    ----------
    quantiles : [B, Q, H]
    target : [B, H]
    levels : [Q]

    Returns
    -------
    [B, Q, H]
    """
    error, levels = target[:, None] - quantiles, levels.reshape(1, -1, 1)
    # a slope without gradient needs fewer passes over memory than `maximum`
    return namespace(error).where(error < 0, levels - 1, levels) * error


def namespace(array: Any) -> Any:
    """The module of an array, NumPy or PyTorch, which has the functions `where` and `sqrt`."""
    return sys.modules[type(array).__module__.partition(".")[0]]


class StepErrors:
    """Errors of the forecasts of B windows at each step, from which terms are computed; each is computed once.

    Parameters
    ----------
    point, target : [B, H]
    quantiles : [B, Q, H]
    levels : [Q]
        Of the quantiles, ascending.
    rows : mapping of float to int
        Row of each level in `quantiles`.
    """

    def __init__(self, point: Any, quantiles: Any, target: Any, levels: Any, rows: Mapping[float, int]) -> None:
        self.point, self.quantiles, self.target, self.levels, self.rows = point, quantiles, target, levels, rows

    def quantile(self, level: float) -> Any:
        """The quantile of one of the levels, [B, H]."""
        return self.quantiles[:, self.rows[level]]

    @cached_property
    def one(self) -> Any:
        """1 at each step, [B, H]."""
        return namespace(self.target).ones_like(self.target)

    @cached_property
    def error(self) -> Any:
        """Point forecast minus target, [B, H]."""
        return self.point - self.target

    @cached_property
    def median_abs_error(self) -> Any:
        """Absolute error of the median, [B, H]."""
        return abs(self.quantile(0.5) - self.target)

    @cached_property
    def symmetric_error(self) -> Any:
        """Absolute error of the median, divided by the mean size of median and target; 0 where both are 0."""
        size = abs(self.quantile(0.5)) + abs(self.target)
        return namespace(size).where(size > 0, 2 * self.median_abs_error / size.clip(1e-300), 0.0)

    @cached_property
    def losses(self) -> Any:
        """`pinball_loss` of each quantile, [B, Q, H]."""
        return pinball_loss(self.quantiles, self.target, self.levels)

    @property
    def loss_integral(self) -> Any:
        """Integral of the pinball loss over all levels from 0 to 1, [B, H]. Twice of it is the CRPS.

        The trapezoid rule between the levels; only for tensors. Beyond the outermost levels, the quantiles are taken
        as equal to the outermost ones, for which the integral is exact.
        """
        xp, quantiles, levels = namespace(self.losses), self.quantiles, self.levels
        integral = xp.trapezoid(self.losses, levels, dim=1)
        ends = ((0, levels[0], self.target < quantiles[:, 0]), (-1, 1 - levels[-1], self.target > quantiles[:, -1]))
        for row, gap, is_outside in ends:
            integral += self.losses[:, row] * xp.where(is_outside, gap * (2 - gap) / (2 - 2 * gap), gap / 2)
        return integral

    def is_inside(self, low: float, high: float) -> Any:
        """1 where the interval between two levels contains the target, and 0 elsewhere, [B, H]."""
        return self.one * ((self.target >= self.quantile(low)) & (self.target <= self.quantile(high)))
