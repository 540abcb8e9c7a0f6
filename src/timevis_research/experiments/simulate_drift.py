"""Simulate how often the drift test of a monitor raises a false alarm, and how soon it finds a drift.

    python -m timevis_research.experiments.simulate_drift --repetitions 400

A monitor forecasts once a day for a year. Each day it compares the relative errors of its last 28 forecasts (at least
14) with 70 test windows of its model. The errors are log-normal with autocorrelation phi from day to day. Without
drift, a cell is the share of years, in percent, in which the test ever finds one. With drift, the errors are larger
by a factor from the 100th day on, and a cell has the shares of years in which it is found within 28 and 60 days.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from timevis.evaluation.bootstrap import DifferenceInterval, MeanInterval
from timevis.evaluation.drift import MIN_RECENT
from timevis.utils.formatting import markdown_table

DAYS, DRIFT_DAY, WINDOW, TESTS = 365, 100, 28, 70
LEVELS = (0.001, 0.005, 0.01, 0.03)
SIGMA = 0.4
"""Standard deviation of the logarithm of the error of one forecast relative to seasonal naive."""
BURN_IN = 300
MIN_ERRORS = 2.0
"""Standard errors of white noise below which no ratio has a p-value below 0.04, so that it need not be computed."""


def errors(rng: np.random.Generator, phi: float, length: int, count: int) -> np.ndarray:
    """Log-normal autoregressive errors [n, S] with expectation 1."""
    noise = rng.normal(size=(length + BURN_IN, count))
    normal = np.sqrt(1 - phi**2) * lfilter([1], [1, -phi], noise, axis=0)[BURN_IN:]
    return np.asarray(np.exp(SIGMA * normal - SIGMA**2 / 2))


def daily_p_values(phi: float, factor: float, days: int, repetitions: int, seed: int = 0) -> np.ndarray:
    """The p-value of each day and year, float64 [D, S]; 1 where the recent errors are not clearly larger.

    With a factor, the days begin when the errors become larger.
    """
    rng = np.random.default_rng(seed)
    series = errors(rng, phi, TESTS + DAYS, repetitions)
    test, recent = series[:TESTS], series[TESTS:]
    start = MIN_RECENT - 1 if factor == 1 else DRIFT_DAY
    recent[start:] *= factor
    scaled_test = test / test.mean(0) - 1
    p = np.ones((days, repetitions))
    for day in range(days):
        window = recent[max(0, start + day + 1 - WINDOW) : start + day + 1]
        scaled = window / window.mean(0) - 1
        ratio = np.log(window.mean(0) / test.mean(0))
        error = np.sqrt(scaled.var(0) / len(scaled) + scaled_test.var(0) / TESTS)
        chosen = np.flatnonzero(ratio > MIN_ERRORS * error)
        if len(chosen):
            interval = DifferenceInterval(MeanInterval(scaled[:, chosen]), MeanInterval(scaled_test[:, chosen]))
            p[day, chosen] = interval.p_value(ratio[chosen])
    return p


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=400)
    args = parser.parse_args()
    rows = []
    for phi in (0.0, 0.5, 0.8):
        years = daily_p_values(phi, 1.0, DAYS - MIN_RECENT + 1, args.repetitions)
        drifts = {factor: daily_p_values(phi, factor, 60, args.repetitions) for factor in (1.5, 2.0)}
        for level in LEVELS:
            cells: dict[str, object] = {"phi": phi, "level": level}
            cells["a false alarm in a year"] = f"{100 * (years.min(0) < level).mean():.1f} %"
            for factor, p in drifts.items():
                shares = (f"{100 * (p[:days].min(0) < level).mean():.0f} %" for days in (28, 60))
                cells[f"errors times {factor:g}"] = " / ".join(shares)
            rows.append(cells)
    print(markdown_table(pd.DataFrame(rows)))


if __name__ == "__main__":
    main()
