"""Draw charts with matplotlib, as PNG files; no display is needed."""

from __future__ import annotations

import logging
import re
import textwrap
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from timevis.evaluation.labels import STEPS_AHEAD
from timevis.report.chart import COLOURS, Chart, Mark, isolated_points
from timevis.utils.files import atomic_write

log = logging.getLogger(__name__)

PANEL_WIDTH, MIN_PANEL_HEIGHT = 4.2, 2.15
LEFT_MARGIN, RIGHT_MARGIN, TOP_MARGIN, BOTTOM_MARGIN, LEGEND_ROW_HEIGHT = 0.95, 0.3, 0.35, 0.85, 0.25
"""Sizes in inches."""
MAX_LEGEND_LINE_LENGTH = 40
"""Characters in a line of the legend of a panel."""
FALLBACK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Noto Sans CJK JP",
    "Noto Sans",
)
"""Fonts for characters that DejaVu Sans lacks, such as Chinese ones."""
SINGLE_STEP_BAND_WIDTH = 8
"""Line width of a band of one step, in points."""
STYLE: Any = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9aa1aa",
    "axes.labelcolor": "#4a5059",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e8eaee",
    "xtick.color": "#6a717b",
    "ytick.color": "#6a717b",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "text.parse_math": False,  # a dollar in the name of a channel is no formula
}


def draw_figure(charts: list[Chart], columns: int = 2, one_legend: bool | None = None) -> Figure:
    """Draw charts as the panels of one figure.

    Parameters
    ----------
    charts : list of Chart
    columns : int
        Panels in a row of the figure.
    one_legend : bool, optional
        Whether the figure has one legend below its panels instead of one in each panel; when None, it has if all
        charts name the same marks.
    """
    named = [[mark.name for mark in chart.marks if mark.name] for chart in charts]
    if one_legend is None:
        one_legend = len(named[0]) > 1 and all(set(names) == set(named[0]) for names in named)
    columns = min(columns, len(charts))
    rows = -(-len(charts) // columns)
    margin = LEFT_MARGIN + 0.08 * max(0, _longest_category(charts) - 10)
    panel_height = _panel_height([_num_categories(chart) for chart in charts])
    width = columns * (PANEL_WIDTH + margin)
    legend_columns = max(1, int(width / (0.65 + 0.07 * max(map(len, named[0]), default=0))))
    legend_height = one_legend * LEGEND_ROW_HEIGHT * -(-len(named[0]) // legend_columns)
    height = rows * (panel_height + BOTTOM_MARGIN) + TOP_MARGIN + legend_height
    with mpl.rc_context(style()):
        figure = Figure(figsize=(width + RIGHT_MARGIN, height))
        FigureCanvasAgg(figure)
        for i, chart in enumerate(charts):
            row, column = divmod(i, columns)
            # margins are fixed, because the layout engines of matplotlib are slow
            left = column * (PANEL_WIDTH + margin) + margin
            bottom = height - TOP_MARGIN - row * (panel_height + BOTTOM_MARGIN) - panel_height
            full_width = width + RIGHT_MARGIN
            box = (left / full_width, bottom / height, PANEL_WIDTH / full_width, panel_height / height)
            axes = figure.add_axes(box)
            draw_chart(axes, chart)
            handles, names = axes.get_legend_handles_labels()
            if one_legend and i == 0:
                figure.legend(handles, names, loc="lower center", ncols=min(legend_columns, len(names)))
            elif not one_legend and len(names) > 1:
                wrapped = [textwrap.fill(name, MAX_LEGEND_LINE_LENGTH) for name in names]
                axes.legend(handles, wrapped, loc="best", frameon=True, framealpha=0.8, edgecolor="none")
    return figure


def _panel_height(categories: list[int]) -> float:
    """Height of the panels in inches, from the number of category names of each; few names need a low panel."""
    if 0 in categories:
        return max(MIN_PANEL_HEIGHT, 0.17 * max(categories))
    return max(0.35 * min(max(categories), 6), 0.17 * max(categories)) + 0.2


def _longest_category(charts: list[Chart]) -> int:
    """Characters of the longest category name on a y axis."""
    names = [y for chart in charts for mark in chart.marks for y in mark.y if isinstance(y, str)]
    return max(map(len, names), default=0)


def _num_categories(chart: Chart) -> int:
    """Number of category names on the y axis."""
    return max((len(mark.y) for mark in chart.marks if isinstance(next(iter(mark.y), None), str)), default=0)


def draw_chart(axes: Axes, chart: Chart) -> None:
    """Draw a chart into axes."""
    for mark in chart.marks:
        # matplotlib would convert times with a time zone to UTC
        local = replace(mark, x=mark.x.tz_localize(None)) if isinstance(mark.x, pd.DatetimeIndex) else mark
        _draw_mark(axes, local)
    axes.set_title(chart.title)
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)
    if chart.y_from_zero:
        axes.set_ylim(bottom=0)
    if chart.log_x:
        set_log_axis(axes)
    first = chart.marks[0]
    if len(first.x) and hasattr(first.x[0], "year"):
        set_date_axis(axes, 3, 7)
    elif chart.x_label == str(STEPS_AHEAD):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if first.kind == "points" and len(first.y) and isinstance(first.y[0], str):
        axes.set_ylim(-0.6, len(first.y) - 0.4)
        axes.margins(x=0.08)
        if not chart.log_x:
            axes.xaxis.set_major_locator(MaxNLocator(6))


def set_date_axis(axes: Axes, min_ticks: int, max_ticks: int) -> None:
    """Give the x axis short date labels."""
    locator = AutoDateLocator(minticks=min_ticks, maxticks=max_ticks)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def set_log_axis(axes: Axes) -> None:
    """Make the x axis logarithmic, with tick labels that are plain numbers and do not overlap."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    if high < 5 * low:
        axes.xaxis.set_major_locator(MaxNLocator(4))
    else:
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,), numticks=6))
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def _draw_mark(axes: Axes, mark: Mark) -> None:
    colour, label = COLOURS[mark.role], mark.name or None
    if mark.role == "guide" and mark.x[0] == mark.x[-1]:
        axes.axvline(mark.x[0], color=colour, lw=1.0, ls="--")
    elif mark.kind == "line":
        line_width, isolated = 1.0 if mark.role in ("guide", "context") else 1.6, isolated_points(mark.y)
        dots: Any = {"marker": "o", "ms": 2.5, "markevery": isolated} if isolated.any() else {}
        axes.plot(mark.x, mark.y, color=colour, label=label, lw=line_width, ls="--" if mark.dashed else "-", **dots)
    elif mark.kind == "points":
        ring: Any = {"mfc": "none", "ms": 8} if mark.hollow else {"ms": 4}
        axes.plot(mark.x, mark.y, color=colour, label=label, marker="o", lw=0, **ring)
    elif mark.kind == "band":
        assert mark.y2 is not None
        if len(mark.x) > 1:
            axes.fill_between(mark.x, mark.y, mark.y2, color=colour, alpha=mark.opacity, lw=0, label=label)
        else:  # a band of one step has no area, so it is drawn as a thick vertical line
            look: Any = {"color": colour, "alpha": mark.opacity, "lw": SINGLE_STEP_BAND_WIDTH}
            axes.vlines(mark.x, mark.y, mark.y2, label=mark.name, **look)
    elif mark.kind == "heat":
        image = axes.imshow(np.asarray(mark.z), aspect="auto", cmap="Blues", origin="upper")
        axes.grid(False)
        axes.set_yticks(range(len(mark.y)), mark.y)
        positions = range(0, len(mark.x), max(1, len(mark.x) // 8))
        axes.set_xticks(positions, [mark.x[i] for i in positions])
        assert axes.figure is not None
        axes.figure.colorbar(image, ax=axes, pad=0.02, label=mark.z_label).outline.set_visible(False)
    elif mark.horizontal:
        axes.barh(mark.y, mark.x, color=colour, label=label, height=0.7, alpha=0.82)
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
    else:
        width = 0.8 if mark.width is None else mark.width
        axes.bar(mark.x, mark.y, width=width, color=colour, label=label, alpha=0.82)
        axes.grid(axis="x", visible=False)


@cache
def style() -> Any:
    """`STYLE` with DejaVu Sans and the fonts of `FALLBACK_FONTS` that are installed."""
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # a fallback font may lack the bold weight
    installed = {font.name for font in fontManager.ttflist}
    return STYLE | {"font.family": ["DejaVu Sans", *(name for name in FALLBACK_FONTS if name in installed)]}


@cache
def _warn_of_missing_font(characters: str) -> None:
    """Log a warning, once for the same characters."""
    log.warning(
        "no installed font has characters such as %s; install one, such as fonts-noto-cjk, for the PNG files; "
        "report.html shows all characters",
        characters,
    )


def write_png(figure: Figure, path: Path) -> None:
    """Write a figure to a PNG file atomically; characters that no installed font has are logged once."""
    ticks = mpl.rc_context({"text.parse_math": STYLE["text.parse_math"]})  # matplotlib makes ticks when it draws
    with atomic_write(path) as temporary, warnings.catch_warnings(record=True) as caught, ticks:
        warnings.simplefilter("always")
        figure.savefig(temporary, dpi=110)
    missing_glyphs = [re.match(r"Glyph (\d+)", str(w.message)) for w in caught]
    if characters := sorted({chr(int(glyph[1])) for glyph in missing_glyphs if glyph}):
        _warn_of_missing_font("".join(characters[:5]))
    for warning, glyph in zip(caught, missing_glyphs, strict=True):
        if not glyph:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def save_png(folder: Path, name: str, charts: list[Chart], columns: int = 2, one_legend: bool | None = None) -> Path:
    """Draw charts as one figure into ``folder/name.png`` and return its path; see `draw_figure`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    write_png(draw_figure(charts, columns, one_legend), path)
    return path
