"""Find gaps: runs of rows without a value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from timevis.data.panel import Panel


def find_gaps(panel: Panel, max_places: int | None = None) -> dict[str, Any]:
    """Find the runs of rows in which every channel is missing, without the rows of closed hours.

    Parameters
    ----------
    panel : Panel
    max_places : int, optional
        Number of gaps that are listed; all when None.

    Returns
    -------
    dict
        ``count`` of the gaps, number of their ``rows``, rows of the ``longest``, and ``places``, the longest first.
    """
    is_empty = np.ones(len(panel), bool)
    for j in range(len(panel.channels)):
        is_empty &= np.isnan(panel.values[:, j])
        if not is_empty.any():
            return {"count": 0, "rows": 0, "longest": 0, "places": []}
    is_open = ~panel.closed_rows  # a gap may reach over closed hours, whose rows it does not count
    (first, length), index = _runs(is_empty[is_open]), panel.local_index[is_open]
    if not len(first):
        return {"count": 0, "rows": 0, "longest": 0, "places": []}
    longest_first = np.argsort(-length, kind="stable")[:max_places]
    places = [
        {
            "start": str(index[first[i]]),
            "end": str(index[first[i] + length[i] - 1]),
            "rows": int(length[i]),
        }
        for i in longest_first
    ]
    return {"count": len(first), "rows": int(length.sum()), "longest": int(length.max()), "places": places}


def longest_gap(column: np.ndarray, index: pd.DatetimeIndex) -> dict[str, Any] | None:
    """Number of rows and first time of the longest gap of a channel [T]; None if no value is missing."""
    first, length = _runs(np.isnan(column))
    if not len(first):
        return None
    longest = int(length.argmax())
    return {"rows": int(length[longest]), "start": str(index[first[longest]])}


def _runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First rows and lengths of the runs of True in bool [T]."""
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(np.int8), 0]))
    return edges[::2], edges[1::2] - edges[::2]
