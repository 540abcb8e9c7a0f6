"""The report on a file: what was read, what was found, and its pictures."""

from __future__ import annotations

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
from timevis.data.panel import Panel
from timevis.data.quality.quality_report import QualityReport
from timevis.data.quality.statistics import autocorrelation, moving_average
from timevis.data.split import SplitSpec, split_rows
from timevis.report.chart import COLOURS, isolated_points
from timevis.report.draw_matplotlib import set_date_axis, style, write_png

MAX_CHANNELS = 6
MAX_SERIES_POINTS = 1200
"""Points drawn of a long series; each one stands for several rows by their min and max."""
PART_ROLES = (("train", "model"), ("validation", "second"), ("test", "third"))


def draw_data_report(panel: Panel, report: QualityReport, split: SplitSpec) -> Figure:
    """Draw a row of four plots for each channel; of many channels, for those with the most gaps and outliers.

    Parameters
    ----------
    panel : Panel
    report : QualityReport
    split : SplitSpec
        As in `data.split`.

    Returns
    -------
    Figure
    """
    shown, selection = list(range(len(panel.channels))), ""
    if len(shown) > MAX_CHANNELS:
        defects = _count_defects(panel, report)
        shown = np.argsort(-defects, kind="stable")[:MAX_CHANNELS].tolist()
        criterion = "those with the most gaps and outliers" if defects.any() else "the first"
        selection = f"\n{MAX_CHANNELS} of {len(panel.channels)} channels, {criterion}"
    borders = np.broadcast_to(split_rows(panel, split, report.split_by).borders, (len(panel.channels), 3))
    with mpl.rc_context(style()):
        figure = Figure(figsize=(16, 2.9 * len(shown) + 0.8), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(len(shown), 4, squeeze=False, width_ratios=(3.2, 1.3, 1.0, 1.3))
        legend: dict[str, Any] = {}
        for row, number in enumerate(shown):
            channel, ends = panel.channels[number], borders[number].tolist()
            values = np.ascontiguousarray(panel.values[:, number])
            _draw_series(axes[row, 0], panel, report, channel, values, ends)
            legend |= dict(zip(*reversed(axes[row, 0].get_legend_handles_labels()), strict=True))
            _draw_profile(axes[row, 1], panel, values, with_legend=row == 0)
            _draw_distribution(axes[row, 2], values, panel.card.unit_of(channel))
            _draw_autocorrelation(axes[row, 3], panel, values[: ends[0]])
        figure.suptitle(
            f"{panel.card.name}: {len(panel):,} rows every {panel.freq}, {str(panel.local_index[0])[:16]} to "
            f"{str(panel.local_index[-1])[:16]}{selection}",
            x=0.005,
            ha="left",
            fontsize=12,
            fontweight="bold",
        )
        figure.legend(list(legend.values()), list(legend), loc="outside upper right", ncols=len(legend))
    return figure


def save_data_report(panel: Panel, report: QualityReport, split: SplitSpec, path: Path) -> Path:
    """Write the figure of `draw_data_report` to a PNG file, whose folder is created, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(style()):
        write_png(draw_data_report(panel, report, split), path)
    return path


def _count_defects(panel: Panel, report: QualityReport) -> np.ndarray:
    """Outliers plus gaps of each channel, int64 [C]; a gap is a run of missing values."""
    missing = np.isnan(panel.values) & ~panel.closed_values
    gaps = missing[:1].sum(axis=0) + (missing[1:] & ~missing[:-1]).sum(axis=0)
    return gaps + [report.outliers.get(channel, {"count": 0})["count"] for channel in panel.channels]


def _draw_series(
    axes: Axes, panel: Panel, report: QualityReport, channel: str, values: np.ndarray, ends: tuple
) -> None:
    times = panel.local_index.tz_localize(None)
    starts = (0, ends[0], ends[1])
    for (name, role), start, end in zip(PART_ROLES, starts, ends, strict=True):
        if end > start:
            _draw_range(axes, times[start:end], values[start:end], color=COLOURS[role], label=name, alpha=0.75)
    if ends[2] < len(values):
        _draw_range(axes, times[ends[2] :], values[ends[2] :], color=COLOURS["guide"], label="not used")
    week = round(7 * steps_per_day(panel.freq))
    if week >= 24 and len(values) > 8 * week:
        axes.plot(times, moving_average(values, week), color=COLOURS["truth"], lw=1.0, label="weekly mean")
    closed = None if panel.closed is None else panel.closed[panel.channels.index(channel)]
    is_closed = np.zeros(len(panel), bool) if closed is None else closed.contains(panel.local_index)
    _draw_missing(axes, times[np.isnan(values) & ~is_closed])
    outliers = report.outliers.get(channel)
    if outliers:
        x = pd.to_datetime([place["time"] for place in outliers["places"]])
        x = x.tz_convert(panel.local_index.tz).tz_localize(None) if x.tz is not None else x
        y = [place["value"] for place in outliers["places"]]
        axes.plot(x, y, "o", ms=5, mfc="none", color=COLOURS["fifth"], label="outlier")
    listed, count = (len(outliers["places"]), outliers["count"]) if outliers else (0, 0)
    axes.set_title(channel + (f": the first {listed} of {count} outliers circled" if listed < count else ""))
    axes.set_ylabel(panel.card.unit_of(channel))
    set_date_axis(axes, 4, 9)
    axes.margins(x=0.005)


def _draw_range(axes: Axes, times: pd.DatetimeIndex, values: np.ndarray, **look: Any) -> None:
    x, low, high = _min_and_max(times, values)
    axes.fill_between(x, low, high, lw=0.8, **look)
    isolated = isolated_points(low)
    for edge in (low, high):
        axes.plot(x[isolated], edge[isolated], ".", ms=2, color=look["color"])


def _min_and_max(times: pd.DatetimeIndex, values: np.ndarray) -> tuple[pd.DatetimeIndex, np.ndarray, np.ndarray]:
    """Min and max of each run of rows that becomes one point, so that the picture shows every peak."""
    rows_per_point = max(1, len(values) // MAX_SERIES_POINTS)
    if rows_per_point == 1:
        return times, values, values
    starts = np.arange(0, len(values), rows_per_point)
    return times[starts], np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)


def _draw_missing(axes: Axes, times: pd.DatetimeIndex) -> None:
    """Mark times without a value."""
    if len(times):
        axes.plot(
            times,
            np.zeros(len(times)),
            "|",
            transform=axes.get_xaxis_transform(),
            color=COLOURS["truth"],
            ms=7,
            label="missing",
            clip_on=False,
        )


def _draw_profile(axes: Axes, panel: Panel, values: np.ndarray, with_legend: bool) -> None:
    """Median and 10 % to 90 % range over the day.

    Daily data have them over the week or the year, whichever varies more, and slower data over the year.
    """
    index = panel.local_index
    if steps_per_day(panel.freq) > 1:
        slot, unit = index.hour + index.minute / 60, "hour of the day"
        groups = [("Monday to Friday", index.day_of_week < 5, "model"), ("weekend", index.day_of_week >= 5, "second")]
    else:
        slot, unit = index.month, "month"
        is_daily = steps_per_day(panel.freq) == 1
        if is_daily and _std_of_medians(values, index.day_of_week) > _std_of_medians(values, index.month):
            slot, unit = index.day_of_week + 1, "day of the week, from Monday"
        groups = [("all years", np.ones(len(index), bool), "model")]
    for name, mask, role in groups:
        series = pd.Series(values[mask]).groupby(np.asarray(slot)[mask])
        low, median, high = (series.quantile(q).dropna() for q in (0.1, 0.5, 0.9))
        axes.fill_between(median.index, low, high, color=COLOURS[role], alpha=0.16, lw=0)
        marker = "." if len(median) == 1 else ""
        axes.plot(median.index, median, color=COLOURS[role], lw=1.6, label=name, marker=marker)
    axes.set_xlabel(unit)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 3, 6, 10]))
    axes.set_title("median and 10 % to 90 % range")
    if with_legend and len(groups) > 1:
        axes.legend(loc="best")


def _std_of_medians(values: np.ndarray, slot: pd.Index) -> float:
    """Standard deviation of the medians of the slots."""
    return float(pd.Series(values).groupby(np.asarray(slot)).median().std())


def _draw_distribution(axes: Axes, values: np.ndarray, unit: str) -> None:
    observed = values[np.isfinite(values)]
    axes.hist(observed, bins=histogram_bins(observed), color=COLOURS["model"], alpha=0.82)
    axes.xaxis.set_major_locator(MaxNLocator(3))  # labels of six digits must not overlap
    axes.set_title("distribution")
    axes.set_xlabel(unit)
    axes.set_ylabel("rows")
    axes.grid(axis="x", visible=False)


def histogram_bins(observed: np.ndarray, max_bins: int = 60) -> list[float] | int:
    """Bins for a histogram of values that may be multiples of a step.

    Where at least 90 % of the values are multiples of a step, each bin covers the same whole number of steps;
    otherwise some bins would cover one step more than others.

    Parameters
    ----------
    observed : float [N]
        Values without NaN.
    max_bins : int

    Returns
    -------
    list of float, or int
        Edges of the bins; `max_bins` where the values have no step.
    """
    values, counts = np.unique(observed, return_counts=True)
    is_common = counts > max(1, len(observed) / 1000)
    common = values[is_common].astype(float)
    if len(common) < 2 or counts[is_common].sum() < 0.9 * len(observed):
        return max_bins
    step = float(np.diff(common).min())
    low, high = float(values[0]), float(values[-1])
    width = step * np.ceil((high - low) / step / max_bins)
    start = common[0] - step / 2 - width * np.ceil((common[0] - low) / width)
    return np.arange(start, high + width, width).tolist()


def _draw_autocorrelation(axes: Axes, panel: Panel, train: np.ndarray) -> None:
    """Autocorrelation of the training part up to twice the longest season."""
    seasons = season_lengths(panel.freq)
    longest = 366 if steps_per_day(panel.freq) == 1 else 2 * seasons[-1] + seasons[-1] // 7
    max_lag = min(max(longest, 40), max(2, len(train) // 3), 800)
    lags = np.arange(max_lag + 1)
    correlation: Any = np.array(autocorrelation(train, lags.tolist()), dtype=float)
    finite = np.isfinite(correlation)
    axes.fill_between(lags[finite], 0, correlation[finite], color=COLOURS["model"], alpha=0.25, lw=0)
    axes.plot(lags[finite], correlation[finite], color=COLOURS["model"], lw=1.2)
    for season in seasons[1:]:
        if season <= max_lag:
            axes.axvline(season, color=COLOURS["guide"], ls="--", lw=1)
            axes.annotate(f"{season}", (season, 1.0), fontsize=8, color=COLOURS["context"], ha="left", va="top")
    axes.axhline(0, color=COLOURS["guide"], lw=0.8)
    axes.set_ylim(min(-0.2, float(np.nanmin(correlation)) - 0.05), 1.05)
    axes.set_xlabel("lag in rows")
    axes.set_title("autocorrelation, training part")
