"""Simulate how often the 95 % intervals of results.json contain the true value.

    python -m timevis_research.experiments.simulate_intervals --repetitions 4000
    python -m timevis_research.experiments.simulate_intervals --repetitions 4000 --paired
    python -m timevis_research.experiments.simulate_intervals --repetitions 4000 --horizons
    python -m timevis_research.experiments.simulate_intervals --repetitions 4000 --sets
    python -m timevis_research.experiments.simulate_intervals --repetitions 4000 --seeds

Each row is a process of the errors at successive origins, each column a number of origins. The cells are the share of
simulated series whose interval contains the expectation, in percent, and after the slash the width of the interval
divided by the width of the interval with the true variance of the mean. For positive errors the interval is the
interval of the logarithm, as for every metric but bias and coverage.

All processes but the annual cycle are stationary. In the rows "annual cycle" the origins span a share of one period,
and the expectation is the mean over whole periods.

With --paired the series are positive errors of two models, which share a level that changes from origin to origin.
The cells are how often the test of the difference of the two means, and after the slash the test of their ratio,
rejects at 5 %.

With --horizons windows of two models span few horizons; the cells are how often the interval of the ratio of their
errors contains the true ratio, in percent, and after the slash the factor by which its ends differ from the ratio.

With --sets the intervals are the bootstrap intervals of the skill over data sets that scripts/suite.py prints. The
cells are the share of simulations, in percent, in which the interval contains the true skill; the logarithms of the
relative errors of the sets are independent, and normal or skewed.

With --seeds two models are compared that are equal in expectation, over origins and over the seeds of their training
runs. A seed changes all errors of a run by a factor with the given standard deviation, and each error by a further
random factor. The cells are the share of simulations, in percent, in which the interval contains the true ratio: the
interval of the first seed of each model, after the first slash the interval over origins of the means over seeds, and
after the second slash the interval over origins and seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from timevis.evaluation.bootstrap import MeanInterval, SeedVariance
from timevis.utils.formatting import markdown_table
from timevis_research.suites.summary import summarise

LENGTHS = (20, 50, 100, 200, 500, 2000)
BURN_IN = 500
HORIZON = 24
SERIES_AT_ONCE = 500


def autoregressive(rng: np.random.Generator, phi: float, length: int, count: int) -> np.ndarray:
    """Stationary normal series [n, S] with expectation 0 and variance 1."""
    noise = rng.normal(size=(length + BURN_IN, count))
    return np.sqrt(1 - phi**2) * lfilter([1], [1, -phi], noise, axis=0)[BURN_IN:]


def _overlapping(rng: np.random.Generator, phi: float, length: int, count: int) -> np.ndarray:
    """Mean absolute errors of windows of `HORIZON` steps whose origins are one step apart."""
    errors = np.abs(autoregressive(rng, phi, length + HORIZON - 1, count))
    return lfilter(np.full(HORIZON, 1 / HORIZON), 1, errors, axis=0)[HORIZON - 1 :]


def _seasonal(rng: np.random.Generator, length: int, count: int) -> np.ndarray:
    """Errors with a daily period, which the phase shifts from series to series."""
    hour = np.arange(length)[:, None] + rng.integers(0, 24, count)
    return autoregressive(rng, 0.9, length, count) + 1.5 * np.sin(2 * np.pi * hour / 24)


def _log_normal_innovations(rng: np.random.Generator, phi: float, length: int, count: int) -> np.ndarray:
    """Positive autoregressive errors with expectation 1, from log-normal innovations."""
    innovations = np.exp(rng.normal(size=(length + BURN_IN, count)) - 0.5)
    return (1 - phi) * lfilter([1], [1, -phi], innovations, axis=0)[BURN_IN:]


ENTER, LEAVE, RARE_LEVEL = 0.005, 0.1, 10.0
"""Probabilities with which a rare regime begins and ends at an origin, and its errors relative to the usual ones."""
RARE_SHARE = ENTER / (ENTER + LEAVE)


def _rare_regimes(rng: np.random.Generator, length: int, count: int) -> np.ndarray:
    """Errors whose level is 1, or 10 in a regime of 10 origins on average and 5 % of the time."""
    is_rare = rng.random(count) < RARE_SHARE
    levels = np.empty((length, count))
    for origin in range(length):
        levels[origin] = np.where(is_rare, RARE_LEVEL, 1.0)
        is_rare = np.where(is_rare, rng.random(count) >= LEAVE, rng.random(count) < ENTER)
    return levels * np.exp(0.3 * rng.normal(size=levels.shape) - 0.3**2 / 2)


def _annual(rng: np.random.Generator, years: float, length: int, count: int) -> np.ndarray:
    """Errors with expectation 1 and an annual cycle; the origins span some years from any time of the year on."""
    time = years * np.arange(length)[:, None] / length + rng.random(count)
    noise = np.exp(0.3 * autoregressive(rng, 0.8, length, count) - 0.3**2 / 2)
    return (1 + 0.5 * np.sin(2 * np.pi * time)) * noise


Process = tuple[Callable[[np.random.Generator, int, int], np.ndarray], float]
"""A function of generator, length and number of series, and the expectation; 0 for errors with a sign."""


def _autoregressive(phi: float) -> Process:
    return lambda rng, n, count: autoregressive(rng, phi, n, count), 0.0


def _log_normal(phi: float) -> Process:
    return lambda rng, n, count: np.exp(0.7 * autoregressive(rng, phi, n, count)), float(np.exp(0.7**2 / 2))


def _annual_cycle(years: float) -> Process:
    return lambda rng, n, count: _annual(rng, years, n, count), 1.0


PROCESSES: dict[str, Process] = {
    **{f"phi {phi}": _autoregressive(phi) for phi in (0.0, 0.5, 0.8, 0.9, 0.95, 0.98)},
    **{f"log-normal, phi {phi}": _log_normal(phi) for phi in (0.8, 0.95)},
    "squared, phi 0.8": (lambda rng, n, count: autoregressive(rng, 0.8, n, count) ** 2, 1.0),
    "windows of 24, phi 0": (lambda rng, n, count: _overlapping(rng, 0.0, n, count), float(np.sqrt(2 / np.pi))),
    "windows of 24, phi 0.9": (lambda rng, n, count: _overlapping(rng, 0.9, n, count), float(np.sqrt(2 / np.pi))),
    "phi 0.95 and white noise": (
        lambda rng, n, count: 0.7 * autoregressive(rng, 0.95, n, count) + rng.normal(size=(n, count)),
        0.0,
    ),
    "phi 0.9 and a daily period": (_seasonal, 0.0),
    "log-normal innovations, phi 0.8": (lambda rng, n, count: _log_normal_innovations(rng, 0.8, n, count), 1.0),
    "rare regimes": (_rare_regimes, 1 + (RARE_LEVEL - 1) * RARE_SHARE),
    **{f"annual cycle, {years} years": _annual_cycle(years) for years in (0.2, 0.4, 1.0)},
}


def simulate(process: Process, length: int, repetitions: int, seed: int = 0) -> str:
    """Coverage in percent, and relative width."""
    generate, expectation = process
    rng, errors, inside, widths = np.random.default_rng(seed), [], [], []
    for _ in range(repetitions // SERIES_AT_ONCE):
        series = generate(rng, length, SERIES_AT_ONCE)
        mean = series.mean(0)
        scale = mean if expectation > 0 else np.ones_like(mean)
        half = MeanInterval(series / scale).half_widths()
        error = np.log(mean / expectation) if expectation > 0 else mean
        errors.append(error)
        inside.append(np.abs(error) <= half)
        widths.append(half)
    exact = 1.96 * np.concatenate(errors).std()
    return f"{100 * np.mean(inside):.1f} / {np.median(widths) / exact:.2f}"


PAIRED = ((0.0, 0.0), (0.9, 0.5), (0.95, 0.9), (0.98, 0.5))
"""Autocorrelation of the level that both models share, and of their own errors."""


def rejections(phi: float, own_phi: float, ratio: float, length: int, repetitions: int, seed: int = 0) -> str:
    """How often two models are found to differ if the mean errors have this ratio, in percent, by both tests."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(repetitions // SERIES_AT_ONCE):
        level = np.exp(0.5 * autoregressive(rng, phi, length, SERIES_AT_ONCE))
        a, b = (f * level * np.exp(0.3 * autoregressive(rng, own_phi, length, SERIES_AT_ONCE)) for f in (ratio, 1.0))
        mean_a, mean_b = a.mean(0), b.mean(0)
        difference = MeanInterval(a - b).p_value(mean_a - mean_b)
        relative = MeanInterval(a / mean_a - b / mean_b).p_value(np.log(mean_a / mean_b))
        found.append([difference < 0.05, relative < 0.05])
    return " / ".join(f"{100 * share:.1f}" for share in np.concatenate(found, 1).mean(1))


SPANNED_HORIZONS = (2, 3, 4, 5, 6, 8, 10, 15)
HORIZONS_AND_STRIDES = ((1, 1), (12, 3), (24, 6), (24, 1))
SHARED_PART = 0.7
"""Part of the variance of the errors of single steps that two models share."""


def coverage_over_horizons(
    phi: float, horizon: int, stride: int, horizons: int, repetitions: int, seed: int = 0
) -> str:
    """How often the interval of the ratio of two equal models contains 1, and its width; see the top of the file."""
    rng = np.random.default_rng(seed)
    shared, *own = (autoregressive(rng, phi, horizons * horizon, repetitions) for _ in range(3))
    windows = []
    for part in own:
        errors = np.abs(np.sqrt(SHARED_PART) * shared + np.sqrt(1 - SHARED_PART) * part)
        sums = np.concatenate([np.zeros((1, repetitions)), errors.cumsum(0)])
        windows.append((sums[horizon:] - sums[:-horizon])[::stride])
    mean_a, mean_b = (errors.mean(0) for errors in windows)
    half = MeanInterval(windows[0] / mean_a - windows[1] / mean_b).half_widths()
    inside = np.abs(np.log(mean_a / mean_b)) <= half
    return f"{100 * inside.mean():.0f} / {np.exp(np.median(half)):.1f}"


SETS = (5, 10, 20, 50)
"""Numbers of data sets."""


def coverage_over_sets(skewed: bool, sets: int, repetitions: int, seed: int = 0) -> str:
    """How often the interval of the skill over data sets contains the true skill, in percent."""
    rng, inside = np.random.default_rng(seed), 0
    for repetition in range(repetitions):
        deviations = 1 - rng.exponential(size=sets) if skewed else rng.normal(size=sets)
        errors = pd.DataFrame({"model": np.exp(0.3 * deviations - 0.3), "baseline": np.ones(sets)})
        found = summarise(errors, "baseline", seed=repetition).models.loc["model"]
        inside += found["skill_low"] <= 1 - np.exp(-0.3) <= found["skill_high"]
    return f"{100 * inside / repetitions:.1f}"


SEEDS = ((2, 2), (3, 3), (5, 5), (3, 1))
"""Numbers of seeds of the two models."""
SEED_DEVIATIONS = (0.0, 0.01, 0.037, 0.1)
"""Standard deviation of the error of a model over its seeds, relative to its mean."""
SEED_ROWS = ((100, 0.9, 0.5), (500, 0.9, 0.5), (500, 0.95, 0.9))
"""Origins, and autocorrelation of the level that both models share and of their own errors."""
NOISE_OF_SEED = 0.1
"""Standard deviation of the logarithm of the factor by which a seed changes a single error."""


def coverage_over_seeds(
    length: int, phi: float, own_phi: float, deviation: float, seeds: tuple[int, int], repetitions: int, seed: int = 0
) -> str:
    """How often the intervals of the ratio of two equal models contain 1, in percent; see the top of the file.

    Parameters
    ----------
    length : int
        Origins.
    phi, own_phi : float
        Autocorrelation of the level that both models share, and of their own errors.
    deviation : float
        Of the errors over seeds.
    seeds : tuple of 2 int
        Number of seeds of each model.
    """
    rng, inside = np.random.default_rng(seed), []
    for _ in range(repetitions // SERIES_AT_ONCE):
        level = np.exp(0.5 * autoregressive(rng, phi, length, SERIES_AT_ONCE))
        runs = []  # of each model the errors [R, n, S]
        for number in seeds:
            own = level * np.exp(0.3 * autoregressive(rng, own_phi, length, SERIES_AT_ONCE))
            factors = 1 + deviation * rng.normal(size=(number, 1, SERIES_AT_ONCE))
            runs.append(own * factors * np.exp(NOISE_OF_SEED * rng.normal(size=(number, *own.shape))))
        first = [errors[:1] for errors in runs]
        inside.append([_contains_one(first, False), _contains_one(runs, False), _contains_one(runs, True)])
    return " / ".join(f"{100 * share:.1f}" for share in np.mean(inside, (0, 2)))


def _contains_one(runs: list[np.ndarray], with_seeds: bool) -> np.ndarray:
    """Whether the intervals [S] of the ratio of two models contain 1, from their errors [R, n, S]."""
    means = [errors.mean((0, 1)) for errors in runs]
    a, b = (errors.mean(0) / mean for errors, mean in zip(runs, means, strict=True))
    variance = SeedVariance.of([errors.mean(1) / mean for errors, mean in zip(runs, means, strict=True)])
    interval = MeanInterval(a - b, seeds=variance if with_seeds else None)
    return np.abs(np.log(means[0] / means[1])) <= interval.half_widths()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=4000)
    parser.add_argument("--process", default="", help="only the processes whose name contains this text")
    parser.add_argument("--paired", action="store_true", help="simulate the tests of paired differences")
    parser.add_argument("--horizons", action="store_true", help="simulate the intervals of windows of few horizons")
    parser.add_argument("--sets", action="store_true", help="simulate the intervals over data sets")
    parser.add_argument("--seeds", action="store_true", help="simulate the intervals over origins and seeds")
    args = parser.parse_args()
    if args.seeds:
        lines = [
            {
                "origins": str(length),
                "autocorrelation of level, own": f"{phi}, {own}",
                "deviation of seeds": str(deviation),
            }
            | {
                f"{a} and {b} seeds": coverage_over_seeds(length, phi, own, deviation, (a, b), args.repetitions)
                for a, b in SEEDS
            }
            for length, phi, own in SEED_ROWS
            for deviation in SEED_DEVIATIONS
        ]
        print(markdown_table(pd.DataFrame(lines)))
        return
    if args.horizons:
        lines = [
            {"phi, H, stride": f"{phi:g}, {horizon}, {stride}"}
            | {
                f"{k} horizons": coverage_over_horizons(phi, horizon, stride, k, args.repetitions)
                for k in SPANNED_HORIZONS
            }
            for phi in (0.0, 0.5, 0.9)
            for horizon, stride in HORIZONS_AND_STRIDES
        ]
        print(markdown_table(pd.DataFrame(lines)))
        return
    if args.sets:
        lines = [
            {"logarithms of the errors": "skewed" if skewed else "normal"}
            | {f"{n} sets": coverage_over_sets(skewed, n, args.repetitions) for n in SETS}
            for skewed in (False, True)
        ]
        print(markdown_table(pd.DataFrame(lines)))
        return
    if args.paired:
        cells = [
            {"autocorrelation of level, own": f"{phi}, {own}", "ratio": ratio}
            | {f"n = {n}": rejections(phi, own, ratio, n, args.repetitions) for n in LENGTHS[2:5]}
            for ratio in (1.0, 0.7)
            for phi, own in PAIRED
        ]
        print(markdown_table(pd.DataFrame(cells)))
        return
    rows = [
        {"process": name} | {f"n = {n}": simulate(process, n, args.repetitions) for n in LENGTHS}
        for name, process in PROCESSES.items()
        if args.process in name
    ]
    print(markdown_table(pd.DataFrame(rows)))


if __name__ == "__main__":
    main()
