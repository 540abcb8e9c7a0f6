"""Whether the recent forecasts of a model have larger errors than its test windows had."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from timevis.evaluation.bootstrap import DifferenceInterval, MeanInterval
from timevis.evaluation.window_table import WindowTable

DRIFT_METRICS = ("wql", "relative_wql")
"""The errors that are compared: the error itself, and the error relative to seasonal naive on the same rows."""
DRIFT_LEVEL = 0.005
"""Largest p-value of a drift in one of them; `timevis_research.experiments.simulate_drift` counts false alarms."""
MIN_RECENT = 14
"""Forecasts that are compared with the test windows, at least."""
MIN_TEST = 10
"""Test windows that are compared, at least."""


@dataclass(frozen=True)
class Drift:
    """The ratio of the recent error to the test error.

    Attributes
    ----------
    metric : str
        One of `DRIFT_METRICS`.
    ratio, low, high : float
        The ratio of the two values of the metric, with its 95 % interval.
    p : float
        Two-sided p-value of the hypothesis that the expected errors are equal.
    recent, test : float
        The two errors.
    forecasts, test_windows : int
        How many origins they are computed from.
    """

    metric: str
    ratio: float
    low: float
    high: float
    p: float
    recent: float
    test: float
    forecasts: int
    test_windows: int

    @property
    def is_drift(self) -> bool:
        """Whether the recent error is larger than the test error, and by more than chance explains."""
        return self.ratio > 1 and self.p < DRIFT_LEVEL


def measure_drift(recent: WindowTable, test: WindowTable) -> list[Drift]:
    """Compare the errors of recent forecasts with the errors of test windows, by each of `DRIFT_METRICS`.

    A metric is left out where there are too few of either, or where it is not defined.

    If the recent origins have equal distances, only test windows are compared whose origins have the same phase, such
    as 6 o'clock, since errors depend on the time of day at which a forecast begins.

    Parameters
    ----------
    recent, test : WindowTable
        With the quantile losses of seasonal naive. Origins are rows of one time axis.
    """
    if len(recent.origins) < MIN_RECENT:
        return []
    test = _of_same_phase(test, recent.origins)
    if len(test.origins) < MIN_TEST:
        return []
    measured = (_drift(metric, recent, test) for metric in DRIFT_METRICS)
    return [drift for drift in measured if drift is not None]


def _drift(metric: str, recent: WindowTable, test: WindowTable) -> Drift | None:
    values, relative = [], []
    for table in (recent, test):
        (value,), influences = table.influences([metric])
        values.append(float(value))
        relative.append(influences / value)
    if not (np.isfinite(values).all() and min(values) > 0 and all(series.std() > 0 for series in relative)):
        return None
    interval = DifferenceInterval(
        MeanInterval(relative[0]), MeanInterval(relative[1], independent=test.has_independent_series)
    )
    ratio, half = values[0] / values[1], float(interval.half_widths()[0])
    return Drift(
        metric=metric,
        ratio=ratio,
        low=ratio / np.exp(half),
        high=ratio * np.exp(half),
        p=float(interval.p_value(np.log([ratio]))[0]),
        recent=values[0],
        test=values[1],
        forecasts=len(recent.origins),
        test_windows=len(test.origins),
    )


def _of_same_phase(test: WindowTable, origins: np.ndarray) -> WindowTable:
    """The test windows whose origins lie a whole number of distances before the recent ones; all if they are few."""
    distance = int(np.diff(origins).min())
    if test.has_independent_series or (np.diff(origins) % distance).any():
        return test
    kept = (origins[0] - test.origins) % distance == 0
    if kept.sum() < MIN_TEST:
        return test
    return replace(test, origins=test.origins[kept], sums={name: table[kept] for name, table in test.sums.items()})
