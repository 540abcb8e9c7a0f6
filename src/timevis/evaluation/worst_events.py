"""Group the worst windows of a run into events: periods that several windows forecast badly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

MAX_EVENTS = 6
CANDIDATE_SHARE = 0.1
"""Share of the windows, those with the largest errors, that may belong to an event."""


@dataclass(frozen=True)
class Event:
    """A period that the worst windows forecast badly.

    Attributes
    ----------
    rows : int64 [N]
        Rows of windows.parquet that belong to it, the worst window first.
    first, last : int
        First row of the data that one of its windows forecasts, and the row after the last one.
    """

    rows: np.ndarray
    first: int
    last: int


def worst_events(windows: pd.DataFrame, horizon: int) -> list[Event]:
    """Events of the windows with the largest mean absolute errors, the worst event first.

    Windows whose targets overlap with the targets of a worse window, of any channel, belong to its event.

    Parameters
    ----------
    windows : DataFrame
        windows.parquet of a run.
    horizon : int
        Rows that a window forecasts.
    """
    error = scaled_error(windows)
    order = np.argsort(-error.to_numpy(), kind="stable")[: int(error.count())]
    order = order[: max(MAX_EVENTS, round(CANDIDATE_SHARE * len(order)))]
    origins = windows["origin"].to_numpy()
    peaks: list[int] = []
    members: list[list[int]] = []
    for row in order.tolist():
        near = [i for i, peak in enumerate(peaks) if abs(origins[row] - origins[peak]) < horizon]
        if near:
            members[near[0]].append(row)
        elif len(peaks) < MAX_EVENTS:
            peaks.append(row)
            members.append([row])
    return [Event(np.array(rows), int(origins[rows].min()), int(origins[rows].max()) + horizon) for rows in members]


def scaled_error(windows: pd.DataFrame) -> pd.Series:
    """Mean absolute error of the median of each window, in stds of its channel; NaN without a truth."""
    return windows["median_abs_error"] / windows["count"].where(windows["count"] > 0) / windows["std"]
