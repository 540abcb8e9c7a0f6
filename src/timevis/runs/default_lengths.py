"""Lengths of a run that follow from the frequency and the length of the data, where the user set none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pandas.tseries.frequencies import to_offset

from timevis.data.calendar import MIN_STEPS_PER_DAY_FOR_WEEKDAYS, season_lengths, steps_per_day

MIN_ROWS_OF_DAILY_HORIZON = 12
"""Rows of a day from which on the horizon is one day; with fewer rows it is a week."""
MAX_HORIZON = 96
MAX_CONTEXT_LENGTH = 2016
"""A week of 5-minute data."""
SHORT_TEST_HORIZONS = 40
"""Length of a test part, in horizons, below which its origins are a quarter of the horizon apart."""
MAX_PASSES_PER_EPOCH = 10
"""Times that an epoch reads each training window at most; a small data set has fewer steps per epoch."""
MIN_STEPS_PER_EPOCH = 20
FREQUENCY_NAMES = {
    "YE": "yearly",
    "YS": "yearly",
    "QE": "quarterly",
    "QS": "quarterly",
    "ME": "monthly",
    "MS": "monthly",
    "W": "weekly",
    "D": "daily",
    "B": "business-daily",
    "h": "hourly",
    "30min": "half-hourly",
    "15min": "quarter-hourly",
    "min": "minutely",
    "s": "secondly",
}


@dataclass(frozen=True)
class Lengths:
    """Lengths in rows.

    Attributes
    ----------
    context_length, horizon : int
    season : int
        Rows of one season, for MASE.
    stride : int
        Rows between two origins of an evaluation.
    """

    context_length: int
    horizon: int
    season: int
    stride: int


def default_lengths(freq: str, borders: tuple[int, int, int], horizon: int | None = None) -> Lengths:
    """Derive context length, horizon, season and stride from the frequency, and shorten them for short data.

    The horizons are the horizons of the M4 competition (Makridakis, Spiliotis and Assimakopoulos, 2020) for days
    (14), weeks (13), quarters (8) and years (6), one year for months, and one day for shorter steps. The contexts
    have the span of the lags that `get_lags_for_frequency` of GluonTS generates, which AutoGluon uses too: a week of
    hours or of shorter steps, and three years of months. For days they have eight weeks instead of four, and for
    weeks two years. As AutoGluon's default for DeepAR, ``max(10, 2 * prediction_length)``, they are not shorter than
    two horizons.

    Parameters
    ----------
    freq : str
        A pandas alias.
    borders : three ints
        The rows at which training, validation and test part end. The horizon is at most three quarters of the
        validation and of the test part, and the context leaves at least half of the training rows as origins.
    horizon : int, optional
        The horizon, if it is given.
    """
    per_day, (train, val_end, test_end) = steps_per_day(freq), borders
    by_frequency_horizon, by_frequency_context = _by_frequency(freq, per_day)
    if horizon is None:
        horizon = max(1, min(by_frequency_horizon, 3 * min(val_end - train, test_end - val_end) // 4))
    context_length = min(max(by_frequency_context, 2 * horizon), max(1, (train - horizon) // 2))
    seasons = season_lengths(freq)
    season = seasons[1] if len(seasons) > 1 and 2 * seasons[1] <= train else 1
    shortest_season = min((length for length in seasons if length > 1), default=1)
    is_short = test_end - val_end < SHORT_TEST_HORIZONS * horizon
    return Lengths(context_length, horizon, season, _stride(horizon, shortest_season) if is_short else 1)


def _stride(horizon: int, season: int) -> int:
    """At most a quarter of the horizon, without a common divisor with the season.

    The errors of origins that are nearer differ little and cost as much. Without a common divisor, the origins reach
    every position in the season.
    """
    return next(stride for stride in range(max(1, horizon // 4), 0, -1) if math.gcd(stride, season) == 1)


def _by_frequency(freq: str, per_day: float) -> tuple[int, int]:
    """Horizon and context length for long data."""
    if per_day > 1:
        day, week = round(per_day), round(7 * per_day)
        return min(day if day >= MIN_ROWS_OF_DAILY_HORIZON else week, MAX_HORIZON), min(week, MAX_CONTEXT_LENGTH)
    if per_day >= MIN_STEPS_PER_DAY_FOR_WEEKDAYS:
        return (10, 40) if freq == "B" else (14, 56)
    per_year = round(365.25 * per_day)
    if per_year > 52:
        return 14, 56
    if per_year >= 40:
        return 13, 2 * per_year
    if per_year >= 10:
        return per_year, 3 * per_year
    return (8, 16) if per_year >= 3 else (6, 12)


def steps_of_small_epochs(num_windows: int, batch_size: int, max_steps: int | None) -> int:
    """Training steps of an epoch: at most `MAX_PASSES_PER_EPOCH` passes over the windows, and at most `max_steps`.

    Parameters
    ----------
    num_windows : int
        Training windows of all channels.
    batch_size : int
    max_steps : int, optional
        Maximum number of steps of an epoch; None takes one pass.
    """
    if max_steps is None:
        return 1
    return min(max_steps, max(MIN_STEPS_PER_EPOCH, -(-MAX_PASSES_PER_EPOCH * num_windows // batch_size)))


def steps_of_epoch(
    fit: Any,
    num_windows: int,
    num_channels: int,
    rows_per_window: int,
    default_steps: Callable[..., int] | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
) -> tuple[int, int | None]:
    """Minimum and maximum training steps of an epoch; those that `model.fit` leaves None follow from the data.

    Parameters
    ----------
    fit : FitOptions or DictConfig
        The section `model.fit`.
    num_windows : int
        Training windows of all channels.
    num_channels : int
    rows_per_window : int
        Context length plus horizon.
    default_steps : callable, optional
        `Forecaster.default_steps_per_epoch`.
    hyperparameters : mapping, optional
        Of the model, for `default_steps`.
    """
    maximum = fit.steps_per_epoch
    if maximum is None and default_steps is not None:
        num_rows = num_windows + num_channels * (rows_per_window - 1)
        maximum = default_steps(num_rows, rows_per_window, fit.batch_size, hyperparameters or {})
    minimum = fit.min_steps_per_epoch or steps_of_small_epochs(max(1, num_windows), fit.batch_size, maximum)
    return minimum, maximum


def frequency_name(freq: str) -> str:
    """The frequency as an adjective, such as ``half-hourly``; ``3h`` is ``3-hourly``."""
    offset = to_offset(freq)
    for alias in (freq, offset.rule_code.split("-")[0]):
        if name := FREQUENCY_NAMES.get(alias):
            return name if alias == freq or offset.n == 1 else f"{offset.n}-{name}"
    return freq
