"""Read one channel of a cleaned dataset, downsampled for a chart."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from timevis.service.problems import Problem
from timevis.service.profiling import SERIES_FILE


def read_series(folder: Path, channel: int, start: str | None, end: str | None, points: int) -> dict[str, Any]:
    """The rows of a range, at most about `points` of them."""
    frame = pq.read_table(folder / SERIES_FILE, columns=["time", f"channel{channel}"]).to_pandas()
    times, values = pd.DatetimeIndex(frame["time"]), frame.iloc[:, 1].to_numpy()
    first = 0 if start is None else int(times.searchsorted(_time(start, times, "/start")))
    last = len(times) if end is None else int(times.searchsorted(_time(end, times, "/end"), side="right"))
    times, values = times[first:last], values[first:last]
    rows = downsample(values, points)
    return {
        "rows": len(values),
        "time": [str(time) for time in times[rows]],
        "value": [None if np.isnan(value) else float(value) for value in values[rows]],
    }


def downsample(values: np.ndarray, points: int) -> np.ndarray:
    """Row numbers of the smallest and the largest value of each of ``points / 2`` bins; all rows if they are few.

    A bin without a value keeps its first row, so that a chart shows the gap.
    """
    if len(values) <= points:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), max(1, points // 2) + 1).astype(int)
    rows = []
    for low, high in pairwise(edges):
        part = values[low:high]
        if np.isnan(part).all():
            rows.append(low)
        else:
            rows += [low + int(np.nanargmin(part)), low + int(np.nanargmax(part))]
    return np.unique(rows)


def _time(text: str, times: pd.DatetimeIndex, pointer: str) -> pd.Timestamp:
    try:
        time = pd.Timestamp(text)
    except ValueError:
        raise Problem(422, "invalid-request", f"{text!r} is not a time", "write 2026-01-31T12:00", pointer) from None
    if times.tz is None:
        return time.tz_localize(None)
    return time.tz_localize(times.tz) if time.tz is None else time
