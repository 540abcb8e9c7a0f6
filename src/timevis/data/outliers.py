"""Values far outside of what the training part shows for their time of day."""

from __future__ import annotations

import numpy as np

REACH = 4.0
"""How many half-widths (from the median to the 5 % or 95 % quantile) a bound lies from the median."""
FLOOR = 0.25
"""Least half-width of a slot, as a share of that of all slots together."""
MIN_PER_SLOT = 40


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
        Infinite for a channel without training values.
    """
    slots = season if season > 1 and len(train) >= MIN_PER_SLOT * season else 1
    rows = len(train) // slots * slots
    low, middle, high = _quantiles(train[:rows].reshape(-1, slots, train.shape[1]))
    all_low, all_middle, all_high = _quantiles(train.reshape(-1, 1, train.shape[1]))
    below = np.maximum(middle - low, FLOOR * (all_middle - all_low))
    above = np.maximum(high - middle, FLOOR * (all_high - all_middle))
    return _or(middle - REACH * below, -np.inf), _or(middle + REACH * above, np.inf)


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
    found = []
    for start in range(0, len(values), block := max(slots, 65_536 // slots * slots)):
        part = values[start : start + block]
        slot = np.arange(len(part)) % slots
        with np.errstate(invalid="ignore"):
            hits = np.argwhere((part < lower[slot]) | (part > upper[slot]))
        found.append(hits + np.array([start, 0]))
    return np.concatenate(found) if found else np.empty((0, 2), np.int64)


def _quantiles(stacked: np.ndarray) -> tuple[np.ndarray, ...]:
    """5 %, 50 % and 95 % quantiles over axis 0, NaN where nothing was observed."""
    ordered = np.sort(stacked, axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    picks = []
    for q in (0.05, 0.5, 0.95):
        at = np.clip(np.rint(q * (count - 1)), 0, None).astype(np.int64)
        picks.append(
            np.take_along_axis(ordered, at[None], axis=0)[0] if len(ordered) else np.full(count.shape, np.nan)
        )
    return tuple(picks)


def _or(bounds: np.ndarray, default: float) -> np.ndarray:
    return np.where(np.isfinite(bounds), bounds, default).astype(np.float32)
