"""Find outliers, which lie far outside the training values of the same time of day; report them or mask them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.calendar import steps_per_day
from timevis.data.panel import Panel
from timevis.data.quality.quality_report import MAX_LISTED_PLACES, QualityReport
from timevis.data.split import Split
from timevis.messages import Setting, Text

PLACEHOLDER_PATTERN = re.compile(r"-?(99\.9+|9{3,}(\.9+)?)")
BOUND_HALF_WIDTHS = 4.0
"""Distance of a bound from the median, in half-widths (from the median to the 5 % or 95 % quantile)."""
MIN_HALF_WIDTH_SHARE = 0.15
"""Smallest half-width of a time of day, as a share of the half-width of all rows."""
MIN_ROWS_PER_SLOT = 40
VALUES_PER_BLOCK = 1_000_000
"""Values that `find_outliers` compares with their bounds at once."""
MIN_ROWS_PER_GROWTH_BLOCK = 4
GROWTH_BLOCKS, MIN_GROWTH_CORRELATION = 12, 0.9
"""A channel grows steadily if the medians of so many blocks of training rows have this rank correlation with time."""


def handle_outliers(panel: Panel, split: Split, mask: bool, report: QualityReport) -> Panel:
    """Report outliers and probable placeholders, and mask the outliers before the test part if requested.

    The test part is never masked: a value that is difficult to forecast must count in the score.

    Parameters
    ----------
    panel : Panel
    split : Split
        Bounds are fitted on the training part.
    mask : bool
        Set the outliers of the training and validation part to NaN.
    report : QualityReport
        Its outliers and notes are filled in.
    """
    train = split.training_values(panel.values)
    season = rows_of_day(panel.freq)
    slopes = fit_growth(train, season)
    lower, upper = fit_bounds(subtract_growth(train, slopes), season)
    outliers = find_outliers(subtract_growth(panel.values, slopes), lower, upper)
    test_starts = np.broadcast_to(split.borders[..., 1], len(panel.channels))
    is_before_test = outliers[:, 0] < test_starts[outliers[:, 1]]
    by_channel = outliers[np.argsort(outliers[:, 1], kind="stable")]
    channels, starts = np.unique(by_channel[:, 1], return_index=True)
    for j, rows in zip(channels.tolist(), np.split(by_channel[:, 0], starts[1:]), strict=False):  # perhaps none
        bounds = [bound[rows % len(bound), j] + slopes[j] * rows for bound in (lower, upper)]
        report.outliers[panel.channels[j]] = {
            "count": len(rows),
            "masked": int((rows < test_starts[j]).sum()) if mask else 0,
            "places": _farthest_places(panel.local_index[rows], panel.values[rows, j], *bounds),
        }
    _note_placeholders(panel, report)
    if mask and is_before_test.any():
        values = panel.values.copy(order="K")
        values[outliers[is_before_test, 0], outliers[is_before_test, 1]] = np.nan
        panel = panel.with_values(values)
    return panel


def _farthest_places(
    times: pd.DatetimeIndex, values: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> list[dict[str, Any]]:
    """The outliers that lie farthest outside their bounds, at most `MAX_LISTED_PLACES`, in the order of time."""
    distance = np.maximum(lower - values, values - upper)
    listed = np.sort(np.argsort(-distance, kind="stable")[:MAX_LISTED_PLACES])
    return [{"time": str(times[i]), "value": values[i], "lower": lower[i], "upper": upper[i]} for i in listed]


def _note_placeholders(panel: Panel, report: QualityReport) -> None:
    """Note the channels in which a number such as -999 probably means that the value is missing."""
    for channel, column in zip(panel.channels, panel.values.T, strict=True):
        if (placeholder := find_placeholder(column)) is not None:
            value, count = placeholder
            text = Text(
                "{channel!r} is {value:g} in {count} rows, far from its other values: if this number means that the "
                "value is missing, set {setting}",
                code="note-placeholder",
                setting=Setting("data.missing_values", f"[{value:g}]"),
                channel=channel,
                value=float(value),
                count=int(count),
            )
            report.notes.append(text)


def rows_of_day(freq: str) -> int:
    """Rows of a day, each with bounds of its own; 1 where the steps are longer, or no whole number makes a day."""
    per_day = steps_per_day(freq)
    return round(per_day) if per_day > 1 and abs(per_day - round(per_day)) < 1e-9 else 1


def fit_growth(train: np.ndarray, season: int) -> np.ndarray:
    """The slope of the channels that grow or shrink steadily, from training rows only.

    The training rows are cut into `GROWTH_BLOCKS` blocks. If the medians of the blocks rise or fall nearly without
    exception, the slope is the median of the slopes between all pairs of blocks (Theil and Sen).

    Parameters
    ----------
    train : float32 [T, C]
        NaN where missing.
    season : int
        Rows of a day, or 1; blocks are whole days where there are enough rows.

    Returns
    -------
    float64 [C]
        In units of the channel per row; 0 for a channel that does not grow steadily.
    """
    slopes = np.zeros(train.shape[1])
    whole = len(train) // GROWTH_BLOCKS
    rows = whole // season * season or whole
    if rows < MIN_ROWS_PER_GROWTH_BLOCK:
        return slopes
    first, second = np.triu_indices(GROWTH_BLOCKS, 1)
    for j in range(train.shape[1]):
        medians = _quantiles(train[: rows * GROWTH_BLOCKS, j].reshape(GROWTH_BLOCKS, rows))[1]
        ranks = np.argsort(np.argsort(medians)).astype(np.float64)
        is_constant = np.ptp(medians) == 0 or not np.isfinite(medians).all()
        if not is_constant and abs(np.corrcoef(ranks, np.arange(GROWTH_BLOCKS))[0, 1]) >= MIN_GROWTH_CORRELATION:
            slopes[j] = np.median((medians[second] - medians[first]) / (second - first)) / rows
    return slopes


def subtract_growth(values: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Values [T, C] less the growth of each channel since the first row; the same array where none grows."""
    if not slopes.any():
        return values
    return (values - np.arange(len(values))[:, None] * slopes).astype(np.float32)


def fit_bounds(train: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds for each slot of a season (time of day), from training rows only.

    The half-widths below and above the median are fitted separately, because a channel can be skewed. With fewer than
    40 training rows for each slot, all rows form one slot.

    Parameters
    ----------
    train : float32 [T, C]
        NaN where missing.
    season : int
        Rows of a day, or 1.

    Returns
    -------
    lower, upper : float32 [season or 1, C]
        Infinite for a channel without training values, and on a side where the quantile equals the median.
    """
    slots = season if season > 1 and len(train) >= MIN_ROWS_PER_SLOT * season else 1
    days = len(train) // slots
    lower, upper = np.full((2, slots, train.shape[1]), np.nan, np.float32)
    for j in range(train.shape[1]):
        column = np.ascontiguousarray(train[:, j])
        low, median, high = _quantiles(column[: days * slots].reshape(days, slots).T)
        all_low, all_median, all_high = _quantiles(column[None])
        below = np.maximum(median - low, MIN_HALF_WIDTH_SHARE * (all_median - all_low))
        above = np.maximum(high - median, MIN_HALF_WIDTH_SHARE * (all_high - all_median))
        # if nearly all rows have one value, such as no rain, the quantiles say nothing about the other values
        lower[:, j] = median - BOUND_HALF_WIDTHS * np.where(below > 0, below, np.inf)
        upper[:, j] = median + BOUND_HALF_WIDTHS * np.where(above > 0, above, np.inf)
    return np.where(np.isfinite(lower), lower, -np.inf), np.where(np.isfinite(upper), upper, np.inf)


def find_outliers(values: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Rows and channels of the values outside their bounds.

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
    block_rows = max(1, VALUES_PER_BLOCK // (slots * values.shape[1])) * slots
    outliers = []
    for start in range(0, len(values), block_rows):
        block = values[start : start + block_rows]
        slot = np.arange(len(block)) % slots
        with np.errstate(invalid="ignore"):
            outside = np.argwhere((block < lower[slot]) | (block > upper[slot]))
        outliers.append(outside + np.array([start, 0]))
    return np.concatenate(outliers) if outliers else np.empty((0, 2), np.int64)


def find_placeholder(column: np.ndarray) -> tuple[float, int] | None:
    """A value such as -999 that probably means "missing", and its count; None if there is none.

    Its digits are nines, and its distance to the other values exceeds their range.
    """
    observed = column[np.isfinite(column)]
    for value in (observed.min(), observed.max()) if len(observed) else ():
        if PLACEHOLDER_PATTERN.fullmatch(f"{value:g}") and (others := observed[observed != value]).size:
            distance, count = np.abs(others - value).min(), len(observed) - len(others)
            if count > 2 and distance > others.max() - others.min():
                return float(value), count
    return None


def _quantiles(values: np.ndarray) -> tuple[np.ndarray, ...]:
    """5 %, 50 % and 95 % quantiles of each row, as the nearest observation; NaN where nothing was observed."""
    if values.shape[1] == 0:  # a file of one row has no training rows
        return (np.full(len(values), np.nan, np.float32),) * 3
    ordered = np.sort(values, axis=1)
    last = np.isfinite(ordered).sum(axis=1) - 1
    positions = (np.clip(np.rint(q * last), 0, None).astype(np.int64) for q in (0.05, 0.5, 0.95))
    return tuple(np.take_along_axis(ordered, position[:, None], axis=1)[:, 0] for position in positions)
