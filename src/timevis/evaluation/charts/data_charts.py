"""The data report as a picture: the series and its split, the day, the distribution, the autocorrelation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from timevis.data.calendar import season_lengths, steps_per_day
from timevis.data.cleaning.quality_report import QualityReport
from timevis.data.cleaning.statistics import autocorrelation, moving_average
from timevis.data.panel import Panel
from timevis.data.split import borders
from timevis.evaluation.charts.chart import COLOURS, isolated
from timevis.evaluation.charts.png_files import date_axis, style, write_png

SHOWN = 6
"""Channels that are drawn."""
COLUMNS = 1200
"""Points of a long series that are drawn, each as the range of its rows."""
PARTS = (("train", "model"), ("validation", "second"), ("test", "third"))


def draw(panel: Panel, report: QualityReport, split: Sequence[Any], path: Path) -> Path:
    """Draw the channels of a panel in which most was found, four pictures each, to a PNG file.

    Parameters
    ----------
    panel : Panel
    report : QualityReport
    split : three numbers, or times
        As in `data.split`.
    path : Path
        Its folder is made.
    """
    shown, more = list(range(len(panel.channels))), ""
    if len(shown) > SHOWN:
        found = _findings(panel, report)
        shown = np.argsort(-found, kind="stable")[:SHOWN].tolist()
        why = "those with the most gaps and outliers" if found.any() else "the first"
        more = f"\n{SHOWN} of {len(panel.channels)} channels, {why}"
    ends = borders(panel, split)
    with mpl.rc_context(style()):
        picture = Figure(figsize=(16, 2.9 * len(shown) + 0.8), layout="constrained")
        FigureCanvasAgg(picture)
        axes = picture.subplots(len(shown), 4, squeeze=False, width_ratios=(3.2, 1.3, 1.0, 1.3))
        legend: dict[str, Any] = {}
        for j, number in enumerate(shown):
            channel, values = panel.channels[number], np.ascontiguousarray(panel.values[:, number])
            _series(axes[j, 0], panel, report, channel, values, ends)
            legend |= dict(zip(*reversed(axes[j, 0].get_legend_handles_labels()), strict=True))
            _day(axes[j, 1], panel, values, first=j == 0)
            _distribution(axes[j, 2], values, panel.card.unit_of(channel))
            _correlation(axes[j, 3], panel, values[: ends[0]])
        picture.suptitle(
            f"{panel.card.name}: {len(panel):,} rows every {panel.freq}, {str(panel.local_index[0])[:16]} to "
            f"{str(panel.local_index[-1])[:16]}{more}",
            x=0.005,
            ha="left",
            fontsize=12,
            fontweight="bold",
        )
        picture.legend(list(legend.values()), list(legend), loc="outside upper right", ncols=len(legend))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(picture, path)
    return path


def _findings(panel: Panel, report: QualityReport) -> np.ndarray:
    """Outliers and gaps of each channel, int64 [C]: a run of missing values counts once, however long."""
    missing = np.isnan(panel.values)
    gaps = missing[:1].sum(axis=0) + (missing[1:] & ~missing[:-1]).sum(axis=0)
    return gaps + [report.outliers.get(channel, {"count": 0})["count"] for channel in panel.channels]


def _series(axes: Axes, panel: Panel, report: QualityReport, channel: str, values: np.ndarray, ends: tuple) -> None:
    times = panel.local_index.tz_localize(None)
    starts = (0, ends[0], ends[1])
    for (name, role), start, end in zip(PARTS, starts, ends, strict=True):
        if end > start:
            _range(axes, times[start:end], values[start:end], color=COLOURS[role], label=name, alpha=0.75)
    if ends[2] < len(values):
        _range(axes, times[ends[2] :], values[ends[2] :], color=COLOURS["rule"], label="not used")
    week = round(7 * steps_per_day(panel.freq))
    if week >= 24 and len(values) > 8 * week:
        axes.plot(times, moving_average(values, week), color=COLOURS["truth"], lw=1.0, label="mean of a week")
    _gaps(axes, times, values)
    found = report.outliers.get(channel)
    if found:
        at = pd.to_datetime([p["time"] for p in found["places"]])
        at = at.tz_convert(panel.local_index.tz).tz_localize(None) if at.tz is not None else at
        axes.plot(
            at, [p["value"] for p in found["places"]], "o", ms=5, mfc="none", color=COLOURS["fifth"], label="outlier"
        )
    listed, count = (len(found["places"]), found["count"]) if found else (0, 0)
    axes.set_title(channel + (f": the first {listed} of {count} outliers circled" if listed < count else ""))
    axes.set_ylabel(panel.card.unit_of(channel))
    date_axis(axes, 4, 9)
    axes.margins(x=0.005)


def _range(axes: Axes, times: pd.DatetimeIndex, values: np.ndarray, **look: Any) -> None:
    x, low, high = _envelope(times, values)
    axes.fill_between(x, low, high, lw=0.8, **look)
    alone = isolated(low)
    for edge in (low, high):
        axes.plot(x[alone], edge[alone], ".", ms=2, color=look["color"])


def _envelope(times: pd.DatetimeIndex, values: np.ndarray) -> tuple[pd.DatetimeIndex, np.ndarray, np.ndarray]:
    """Lowest and highest value of each stretch of rows, so that a peak is never lost between pixels."""
    width = max(1, len(values) // COLUMNS)
    if width == 1:
        return times, values, values
    starts = np.arange(0, len(values), width)
    return times[starts], np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)


def _gaps(axes: Axes, times: pd.DatetimeIndex, values: np.ndarray) -> None:
    missing = np.flatnonzero(np.isnan(values))
    if len(missing):
        axes.plot(
            times[missing],
            np.zeros(len(missing)),
            "|",
            transform=axes.get_xaxis_transform(),
            color=COLOURS["truth"],
            ms=7,
            label="missing",
            clip_on=False,
        )


def _day(axes: Axes, panel: Panel, values: np.ndarray, first: bool) -> None:
    """Median over the day with the range of the middle 80 %; daily data: the week or year, whichever tells more."""
    index = panel.local_index
    if steps_per_day(panel.freq) > 1:
        slot, unit = index.hour + index.minute / 60, "hour of the day"
        groups = [("Monday to Friday", index.day_of_week < 5, "model"), ("weekend", index.day_of_week >= 5, "second")]
    else:
        slot, unit = index.month, "month"
        if steps_per_day(panel.freq) == 1 and _told_by(values, index.day_of_week) > _told_by(values, index.month):
            slot, unit = index.day_of_week + 1, "day of the week, from Monday"
        groups = [("all years", np.ones(len(index), bool), "model")]
    for name, mask, role in groups:
        series = pd.Series(values[mask]).groupby(np.asarray(slot)[mask])
        low, middle, high = (series.quantile(q).dropna() for q in (0.1, 0.5, 0.9))
        axes.fill_between(middle.index, low, high, color=COLOURS[role], alpha=0.16, lw=0)
        axes.plot(
            middle.index, middle, color=COLOURS[role], lw=1.6, label=name, marker="." if len(middle) == 1 else ""
        )
    axes.set_xlabel(unit)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 3, 6, 10]))
    axes.set_title("median and middle 80 %")
    if first and len(groups) > 1:
        axes.legend(loc="best")


def _told_by(values: np.ndarray, slot: pd.Index) -> float:
    """Deviation of the medians of the slots."""
    return float(pd.Series(values).groupby(np.asarray(slot)).median().std())


def _distribution(axes: Axes, values: np.ndarray, unit: str) -> None:
    seen = values[np.isfinite(values)]
    axes.hist(seen, bins=_bins(seen), color=COLOURS["model"], alpha=0.82)
    axes.xaxis.set_major_locator(MaxNLocator(3))  # room for six digits
    axes.set_title("distribution")
    axes.set_xlabel(unit)
    axes.set_ylabel("rows")
    axes.grid(axis="x", visible=False)


def _bins(seen: np.ndarray, most: int = 60) -> list[float] | int:
    """Edges of bins as wide as one or several steps of the values, where nearly all are multiples of one: with other
    widths some bins would hold a multiple more than others, or none."""
    values, counts = np.unique(seen, return_counts=True)
    often = counts > max(1, len(seen) / 1000)
    common = values[often].astype(float)
    if len(common) < 2 or counts[often].sum() < 0.9 * len(seen):
        return most
    step = float(np.diff(common).min())
    low, high = float(values[0]), float(values[-1])
    width = step * np.ceil((high - low) / step / most)
    start = common[0] - step / 2 - width * np.ceil((common[0] - low) / width)
    return np.arange(start, high + width, width).tolist()


def _correlation(axes: Axes, panel: Panel, train: np.ndarray) -> None:
    """Autocorrelation of the training part over two of the longest season."""
    seasons = season_lengths(panel.freq)
    longest = 366 if steps_per_day(panel.freq) == 1 else 2 * seasons[-1] + seasons[-1] // 7
    most = min(max(longest, 40), max(2, len(train) // 3), 800)
    lags = np.arange(most + 1)
    found: Any = np.array(autocorrelation(train, lags.tolist()), dtype=float)
    known = np.isfinite(found)
    axes.fill_between(lags[known], 0, found[known], color=COLOURS["model"], alpha=0.25, lw=0)
    axes.plot(lags[known], found[known], color=COLOURS["model"], lw=1.2)
    for season in seasons[1:]:
        if season <= most:
            axes.axvline(season, color=COLOURS["rule"], ls="--", lw=1)
            axes.annotate(f"{season}", (season, 1.0), fontsize=8, color=COLOURS["context"], ha="left", va="top")
    axes.axhline(0, color=COLOURS["rule"], lw=0.8)
    axes.set_ylim(min(-0.2, float(np.nanmin(found)) - 0.05), 1.05)
    axes.set_xlabel("rows apart")
    axes.set_title("autocorrelation, training part")
