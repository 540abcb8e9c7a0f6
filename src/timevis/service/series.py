"""Stored series of datasets: a range in buckets for charts, the parts of a split, and small lines of lists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.calendar import to_local_time
from timevis.data.closed_hours import ClosedHours
from timevis.data.outliers import find_outliers, fit_bounds, fit_growth, rows_of_day, subtract_growth
from timevis.data.panel import Panel
from timevis.data.quality.quality_report import QualityReport, has_time_zone
from timevis.data.split import RowEnds, Shares, make_split
from timevis.messages import Text
from timevis.service.problems import wrong_field
from timevis.utils.files import atomic_write

VALUES_FILE, TIMES_FILE, OUTLIERS_FILE = "values.npy", "times.npy", "outliers.npy"
TIME_UNIT = "datetime64[us]"
MAX_MARKS = 1000
"""Missing stretches and outliers that one answer lists: the longest stretches, and the first outliers."""
POINTS = 56
"""Points of a stored line: a week in steps of three hours, or eight weeks of days."""
RESOLUTION = 500
"""A stored line is rounded to steps of at most its range divided by this; it is some 30 pixels high."""


def write_series(folder: Path, panel: Panel, report: QualityReport) -> None:
    """Write a panel as arrays: values float32 [C, T], times int64 [T] and outliers int64 [N, 2] (row, channel)."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        VALUES_FILE: np.ascontiguousarray(panel.values.T),
        TIMES_FILE: stored_times(panel),
        OUTLIERS_FILE: _outliers(panel, report),
    }
    for name, array in arrays.items():
        with atomic_write(folder / name) as path, path.open("wb") as file:
            np.save(file, array, allow_pickle=False)


def stored_times(panel: Panel) -> np.ndarray:
    """The times of a panel in microseconds since 1970, int64 [T]; in UTC if they have a zone."""
    index = panel.local_index if panel.local_index.tz is None else panel.local_index.tz_convert("UTC")
    return index.tz_localize(None).to_numpy().astype(TIME_UNIT).astype(np.int64)


def _outliers(panel: Panel, report: QualityReport) -> np.ndarray:
    """Rows and channels of all outliers, by the bounds of the training part; the report lists only the first ones."""
    train = report.split["train"]
    train_rows = int(panel.local_index.searchsorted(pd.Timestamp(train["end"]), side="right")) if train["rows"] else 0
    train, season = panel.values[:train_rows], rows_of_day(panel.freq)
    slopes = fit_growth(train, season)
    bounds = fit_bounds(subtract_growth(train, slopes), season)
    outliers = find_outliers(subtract_growth(panel.values, slopes), *bounds)
    reported = [j for j, channel in enumerate(panel.channels) if channel in report.outliers]
    return outliers[np.isin(outliers[:, 1], reported)]


@dataclass(frozen=True)
class StoredSeries:
    """One channel of a dataset.

    Attributes
    ----------
    values : float32 [T]
        NaN where missing; memory-mapped.
    times : int64 [T]
        Microseconds since 1970; memory-mapped.
    outliers : int64 [N]
        Rows.
    has_zone : bool
        Whether times are UTC; without a zone they are as in the file.
    timezone : str or None
        Time zone in which times are shown.
    closed : ClosedHours or None
        Hours of the week in which its values are always missing.
    """

    values: np.ndarray
    times: np.ndarray
    outliers: np.ndarray
    has_zone: bool
    timezone: str | None
    closed: ClosedHours | None = None

    @classmethod
    def open(cls, folder: Path, channel: int, report: dict[str, Any]) -> StoredSeries:
        """Open the arrays that `write_series` wrote, without reading them."""
        values, times = (np.load(folder / name, mmap_mode="r") for name in (VALUES_FILE, TIMES_FILE))
        outliers = np.load(folder / OUTLIERS_FILE)
        rows = outliers[outliers[:, 1] == channel, 0]
        closed = ClosedHours.from_report(report, list(report["channels"])[channel])
        return cls(values[channel], times, rows, has_time_zone(report), report["timezone"], closed)

    def index(self, rows: np.ndarray | slice) -> pd.DatetimeIndex:
        """Local times of rows."""
        index = pd.DatetimeIndex(self.times[rows].astype(TIME_UNIT))
        return to_local_time(index.tz_localize("UTC"), self.timezone) if self.has_zone else index

    def iso(self, rows: np.ndarray) -> list[str]:
        """Local times of rows as ISO text."""
        return [time.isoformat() for time in self.index(rows)]

    def values_at(self, times: pd.DatetimeIndex) -> np.ndarray:
        """The values at times, float64 [N]; NaN where there is none. Times with a zone are converted to UTC."""
        naive = times if times.tz is None else times.tz_convert("UTC").tz_localize(None)
        wanted = naive.to_numpy().astype(TIME_UNIT).astype(np.int64)
        rows = np.minimum(self.times.searchsorted(wanted), len(self.times) - 1)
        return np.where(self.times[rows] == wanted, self.values[rows].astype(np.float64), np.nan)

    def first_row(self, text: str, pointer: str, side: Any = "left") -> int:
        """The first row at or after a time; with side ``right``, after it."""
        time = read_time(text, pointer)
        if self.has_zone and time.tz is None:
            time = time.tz_localize(self.timezone or "UTC", ambiguous=True, nonexistent="shift_forward")
        if time.tz is not None:
            time = time.tz_convert("UTC").tz_localize(None) if self.has_zone else time.tz_localize(None)
        return int(self.times.searchsorted(time.to_datetime64().astype(TIME_UNIT).astype(np.int64), side=side))


def read_time(text: str, pointer: str) -> pd.Timestamp:
    """A time of a request, with a zone if its text has an offset."""
    try:
        return pd.Timestamp(text)
    except ValueError:
        raise wrong_field(
            pointer, Text("{text!r} cannot be read as a time", text=text), Text("write 2026-01-31T12:00")
        ) from None


def read_series(series: StoredSeries, start: str | None, end: str | None, points: int) -> dict[str, Any]:
    """The rows of a range in at most `points` buckets, with missing stretches and outliers.

    Returns
    -------
    dict
        ``rows`` in the range; for each bucket ``time`` of its first row, ``value`` (the mean), ``low`` and ``high``,
        which are None where the bucket has no value; ``missing`` stretches and ``outliers``.
    """
    first = 0 if start is None else series.first_row(start, "/start")
    last = len(series.times) if end is None else series.first_row(end, "/end", "right")
    last = max(first, last)
    values = np.asarray(series.values[first:last])
    edges = bucket_edges(len(values), points)
    mean, low, high = summarise_buckets(values, edges)
    is_closed = None if series.closed is None else series.closed.contains(series.index(slice(first, last)))
    starts, lengths = missing_stretches(values, is_closed)
    listed = np.sort(np.argsort(-lengths, kind="stable")[:MAX_MARKS])
    outliers = series.outliers[(series.outliers >= first) & (series.outliers < last)]
    shown = outliers[:MAX_MARKS]
    return {
        "rows": len(values),
        "time": series.iso(first + edges[:-1]),
        **{"value": _numbers(mean), "low": _numbers(low), "high": _numbers(high)},
        "missing": [
            {"start": start, "end": end, "rows": int(rows)}
            for start, end, rows in zip(
                series.iso(first + starts[listed]),
                series.iso(first + starts[listed] + lengths[listed] - 1),
                lengths[listed],
                strict=True,
            )
        ],
        "missing_count": len(starts),
        "outliers": [
            {"time": time, "value": float(value)}
            for time, value in zip(series.iso(shown), series.values[shown], strict=True)
        ],
        "outlier_count": len(outliers),
    }


def split_parts(
    series: StoredSeries, spec: Shares | RowEnds, context_length: int, horizon: int
) -> list[dict[str, Any]]:
    """How a split falls: rows, first and last time, share of the rows and number of windows of each part.

    Raises
    ------
    DataError
        See `timevis.data.split`.
    """
    total = len(series.times)
    split = make_split(total, spec, context_length, horizon)
    parts = []
    for name in ("train", "val", "test"):
        start, end = map(int, split.part(name))
        first, last = series.iso(np.array([start, end - 1]))
        parts.append(
            {
                **{"name": name, "rows": end - start, "start": first, "end": last, "share": (end - start) / total},
                "windows": len(split.origins(name, context_length, horizon)),
            }
        )
    return parts


def bucket_edges(rows: int, points: int) -> np.ndarray:
    """Borders of at most `points` buckets of nearly equal length, int64 [B + 1]; one for each row if they fit."""
    buckets = min(rows, points)
    return np.arange(buckets + 1) if buckets == rows else np.linspace(0, rows, buckets + 1).astype(np.int64)


def summarise_buckets(values: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, minimum and maximum of the observed values of each bucket, float64 [B]; NaN where there is none."""
    if len(edges) < 2:
        return np.empty(0), np.empty(0), np.empty(0)
    starts = edges[:-1]
    low, high = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
    observed = ~np.isnan(values)
    filled = values if observed.all() else np.where(observed, values, 0)
    count = np.add.reduceat(observed, starts, dtype=np.int64)
    total = np.add.reduceat(filled, starts, dtype=np.float64)
    mean = np.divide(total, count, out=np.full(len(starts), np.nan), where=count > 0)
    return mean, low.astype(np.float64), high.astype(np.float64)


def missing_stretches(values: np.ndarray, is_closed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """First row and length of each run of missing values; rows of closed hours, bool [T], are not missing."""
    missing = np.flatnonzero(np.isnan(values) if is_closed is None else np.isnan(values) & ~is_closed)
    if not len(missing):
        return missing, missing
    breaks = np.flatnonzero(np.diff(missing) > 1) + 1
    starts = missing[np.concatenate([[0], breaks])]
    ends = missing[np.concatenate([breaks - 1, [len(missing) - 1]])]
    return starts, ends - starts + 1


def _numbers(values: np.ndarray) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]


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


@dataclass(frozen=True)
class VersionValues:
    """The values of one version of a dataset.

    Attributes
    ----------
    values : float32 [C, T]
    times : int64 [T]
        Microseconds since 1970.
    channels : tuple of C names
    """

    values: np.ndarray
    times: np.ndarray
    channels: tuple[str, ...]

    @classmethod
    def open(cls, folder: Path, report: Mapping[str, Any]) -> VersionValues:
        values, times = (np.load(folder / name, mmap_mode="r") for name in (VALUES_FILE, TIMES_FILE))
        return cls(values, times, tuple(report["channels"]))

    def at(self, channels: Sequence[str], times: np.ndarray) -> np.ndarray:
        """The values of C channels at times [C, H], float64 [C, H]; NaN where there is none."""
        rows = np.minimum(self.times.searchsorted(times), len(self.times) - 1)
        numbers = {name: number for number, name in enumerate(self.channels)}
        out = np.full(times.shape, np.nan)
        for c, name in enumerate(channels):
            if name in numbers:
                is_same = np.asarray(self.times[rows[c]]) == times[c]
                out[c] = np.where(is_same, self.values[numbers[name], rows[c]], np.nan)
        return out

    def has_all_of(self, times: np.ndarray) -> bool:
        """Whether the version reaches to the last one of some times, or beyond it."""
        return bool(times.max() <= self.times[-1])
