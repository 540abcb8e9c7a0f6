"""Small lines of lists: few numbers that are stored with a row, so that a list reads no file."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from timevis.data.cleaning.outliers import rows_of_day
from timevis.data.panel import Panel
from timevis.service.series import bucket_edges, summarise_buckets

POINTS = 56
"""Points of a stored line: a week in steps of three hours, or eight weeks of days."""
RESOLUTION = 500
"""A stored line is rounded to steps of at most its range divided by this; it is some 30 pixels high."""


@dataclass(frozen=True, kw_only=True)
class NewestValues:
    """The newest values of the first channel of a dataset.

    Attributes
    ----------
    start, end : str
        Local times of the first and the last value, ISO 8601.
    values : list of float or None [at most 56]
        Means of equally long stretches; None where all values are missing.
    """

    start: str
    end: str
    values: list[float | None]


def small_line(values: np.ndarray, points: int) -> list[float | None]:
    """Means of at most `points` equally long stretches, from the first to the last value of a series [T]."""
    observed = np.flatnonzero(np.isfinite(values))
    if not len(observed):
        return []
    return bucket_means(values[observed[0] : observed[-1] + 1], points)


def bucket_means(values: np.ndarray, points: int) -> list[float | None]:
    """Means of at most `points` equally long stretches of a series [T]; None where all values are missing."""
    means = summarise_buckets(values, bucket_edges(len(values), points))[0]
    return [None if math.isnan(mean) else float(f"{mean:.7g}") for mean in means.tolist()]  # values are float32


def rows_of_line(freq: str) -> int:
    """Rows of a stored line: a week, or 56 rows where a week has fewer."""
    return max(POINTS, 7 * rows_of_day(freq))


def newest_values(panel: Panel) -> dict[str, Any] | None:
    """`NewestValues` as JSON types; None if the first channel has no value."""
    column = panel.values[:, 0]
    observed = np.flatnonzero(np.isfinite(column))
    if not len(observed):
        return None
    last = int(observed[-1])
    first = int(observed[observed.searchsorted(last + 1 - rows_of_line(panel.freq))])
    start, end = (panel.local_index[row].isoformat() for row in (first, last))
    (values,) = rounded([small_line(column[first : last + 1], POINTS)])
    return asdict(NewestValues(start=start, end=end, values=values))


def rounded(lines: list[list[float | None]]) -> list[list[float | None]]:
    """Lines of one scale with no more digits than a small picture shows."""
    known = [value for line in lines for value in line if value is not None]
    span = max(known, default=0.0) - min(known, default=0.0)
    if span == 0:
        return lines
    digits = math.ceil(math.log10(RESOLUTION / span))
    return [[None if value is None else round(value, digits) for value in line] for line in lines]
