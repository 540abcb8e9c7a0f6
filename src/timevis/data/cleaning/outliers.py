"""Values far outside of what the training part shows for their time of day."""

from __future__ import annotations

import re

import numpy as np

NINES_PATTERN = re.compile(r"-?(99\.9+|9{3,}(\.9+)?)")
BOUND_HALF_WIDTHS = 4.0
"""How many half-widths (from the median to the 5 % or 95 % quantile) a bound lies from the median."""
MIN_HALF_WIDTH_SHARE = 0.15
"""Least half-width of a slot, as a share of that of all slots together."""
MIN_ROWS_PER_SLOT = 40
VALUES_PER_BLOCK = 1_000_000
"""Values that are compared with their bounds at a time."""


def fit_bounds(train: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds for each row of a season, from training rows only.

    Each side has its own half-width, so a skewed channel is not called an outlier for being skewed. A season with
    fewer than 40 training rows for each of its slots is treated as one slot.

    Parameters
    ----------
    train : float32 [T, C]
        NaN where missing.
    season : int
        Rows of a day, or 1.

    Returns
    -------
    lower, upper : float32 [season or 1, C]
        Infinite for a channel without training values, and on a side where the quantile is the median.
    """
    slots = season if season > 1 and len(train) >= MIN_ROWS_PER_SLOT * season else 1
    days = len(train) // slots
    lower, upper = np.full((2, slots, train.shape[1]), np.nan, np.float32)
    for j in range(train.shape[1]):
        column = np.ascontiguousarray(train[:, j])
        low, middle, high = _quantiles(column[: days * slots].reshape(days, slots).T)
        all_low, all_middle, all_high = _quantiles(column[None])
        below = np.maximum(middle - low, MIN_HALF_WIDTH_SHARE * (all_middle - all_low))
        above = np.maximum(high - middle, MIN_HALF_WIDTH_SHARE * (all_high - all_middle))
        # a value that fills nearly all rows, such as no rain, says nothing about how far the others go
        lower[:, j] = middle - BOUND_HALF_WIDTHS * np.where(below > 0, below, np.inf)
        upper[:, j] = middle + BOUND_HALF_WIDTHS * np.where(above > 0, above, np.inf)
    return np.where(np.isfinite(lower), lower, -np.inf), np.where(np.isfinite(upper), upper, np.inf)


def find_outliers(values: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Rows and channels outside their bounds.

    Parameters
    ----------
    values : float32 [T, C]
    lower, upper : float32 [S, C]
        From `fit_bounds`; row t belongs to slot ``t % S``.

    Returns
    -------
    int64 [N, 2]
        (row, channel), ascending.
    """
    slots = len(lower)
    block = max(1, VALUES_PER_BLOCK // (slots * values.shape[1])) * slots
    found = []
    for start in range(0, len(values), block):
        part = values[start : start + block]
        slot = np.arange(len(part)) % slots
        with np.errstate(invalid="ignore"):
            hits = np.argwhere((part < lower[slot]) | (part > upper[slot]))
        found.append(hits + np.array([start, 0]))
    return np.concatenate(found) if found else np.empty((0, 2), np.int64)


def find_placeholder(column: np.ndarray) -> tuple[float, int] | None:
    """A value such as -999 that may stand for "no value", and how often: nines, farther off than the rest is wide."""
    seen = column[np.isfinite(column)]
    for value in (seen.min(), seen.max()) if len(seen) else ():
        if NINES_PATTERN.fullmatch(f"{value:g}") and (others := seen[seen != value]).size:
            away, count = np.abs(others - value).min(), len(seen) - len(others)
            if count > 2 and away > others.max() - others.min():
                return float(value), count
    return None


def _quantiles(stacked: np.ndarray) -> tuple[np.ndarray, ...]:
    """5 %, 50 % and 95 % quantiles of each row, the nearest observation to each; NaN where nothing was observed."""
    ordered = np.sort(stacked, axis=1)
    last = np.isfinite(ordered).sum(axis=1) - 1
    picks = (np.clip(np.rint(q * last), 0, None).astype(np.int64) for q in (0.05, 0.5, 0.95))
    return tuple(np.take_along_axis(ordered, at[:, None], axis=1)[:, 0] for at in picks)
