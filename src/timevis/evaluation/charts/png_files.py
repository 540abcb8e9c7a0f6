"""Charts as PNG files, with matplotlib and no display."""

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

from timevis.evaluation.charts.chart import COLOURS, Chart, Mark, isolated
from timevis.utils.files import atomic_write

log = logging.getLogger(__name__)

PANEL = (4.2, 2.15)
LEFT, RIGHT, ABOVE, BELOW, LEGEND = 0.95, 0.3, 0.35, 0.85, 0.25
"""Size of a panel and the margins around it, inches."""
LETTERS = 40
"""Of a line in a panel's legend."""
MORE_LETTERS = (
    *("Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "PingFang SC"),
    *("Hiragino Sans GB", "Microsoft YaHei", "SimHei", "Noto Sans CJK JP", "Noto Sans"),
)
"""Fonts for what DejaVu Sans lacks, Chinese above all."""
STROKE = 8
"""Width of a band of one step, points."""
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
}


def figure(charts: list[Chart], columns: int = 2, one_legend: bool | None = None) -> Figure:
    """Draw charts in a grid of `columns`; `one_legend` below them serves charts that all name the same things."""
    named = [[mark.name for mark in chart.marks if mark.name] for chart in charts]
    if one_legend is None:
        one_legend = len(named[0]) > 1 and all(set(names) == set(named[0]) for names in named)
    columns = min(columns, len(charts))
    rows = -(-len(charts) // columns)
    margin = LEFT + 0.08 * max(0, _longest_name(charts) - 10)
    panel = max(PANEL[1], 0.17 * max(_names(chart) for chart in charts))
    width = columns * (PANEL[0] + margin)
    abreast = max(1, int(width / (0.65 + 0.07 * max(map(len, named[0]), default=0))))
    below = one_legend * LEGEND * -(-len(named[0]) // abreast)
    height = rows * (panel + BELOW) + ABOVE + below
    with mpl.rc_context(style()):
        picture = Figure(figsize=(width + RIGHT, height))
        FigureCanvasAgg(picture)
        for i, chart in enumerate(charts):
            row, column = divmod(i, columns)
            # fixed margins: matplotlib's layout engines take longer than all the drawing
            left = column * (PANEL[0] + margin) + margin
            bottom = height - ABOVE - row * (panel + BELOW) - panel
            box = (left / (width + RIGHT), bottom / height, PANEL[0] / (width + RIGHT), panel / height)
            axes = picture.add_axes(box)
            draw(axes, chart)
            handles, names = axes.get_legend_handles_labels()
            if one_legend and i == 0:
                picture.legend(handles, names, loc="lower center", ncols=min(abreast, len(names)))
            elif not one_legend and len(names) > 1:
                words = [textwrap.fill(name, LETTERS) for name in names]
                axes.legend(handles, words, loc="best", frameon=True, framealpha=0.8, edgecolor="none")
    return picture


def _longest_name(charts: list[Chart]) -> int:
    """Letters of the longest name on a y axis."""
    names = [y for chart in charts for mark in chart.marks for y in mark.y if isinstance(y, str)]
    return max(map(len, names), default=0)


def _names(chart: Chart) -> int:
    """How many names stand on its y axis."""
    return max((len(mark.y) for mark in chart.marks if isinstance(next(iter(mark.y), None), str)), default=0)


def draw(axes: Axes, chart: Chart) -> None:
    """Draw a chart into axes."""
    for mark in chart.marks:
        # matplotlib draws times with a zone as UTC
        _mark(axes, replace(mark, x=mark.x.tz_localize(None)) if isinstance(mark.x, pd.DatetimeIndex) else mark)
    axes.set_title(chart.title)
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)
    if chart.zero:
        axes.set_ylim(bottom=0)
    if chart.log:
        log_axis(axes)
    first = chart.marks[0]
    if len(first.x) and hasattr(first.x[0], "year"):
        date_axis(axes, 3, 7)
    elif chart.x_label == "steps ahead":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if first.kind == "points" and len(first.y) and isinstance(first.y[0], str):
        axes.set_ylim(-0.6, len(first.y) - 0.4)
        if not chart.log:
            axes.xaxis.set_major_locator(MaxNLocator(6))


def date_axis(axes: Axes, fewest: int, most: int) -> None:
    locator = AutoDateLocator(minticks=fewest, maxticks=most)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def log_axis(axes: Axes) -> None:
    """A logarithmic x axis whose ticks are plain numbers and leave room for each other."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    if high < 5 * low:
        axes.xaxis.set_major_locator(MaxNLocator(4))
    else:
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,), numticks=6))
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def _mark(axes: Axes, mark: Mark) -> None:
    colour, label = COLOURS[mark.role], mark.name or None
    if mark.role == "rule" and mark.x[0] == mark.x[-1]:
        axes.axvline(mark.x[0], color=colour, lw=1.0, ls="--")
    elif mark.kind == "line":
        thickness, alone = 1.0 if mark.role in ("rule", "context") else 1.6, isolated(mark.y)
        dots: Any = {"marker": "o", "ms": 2.5, "markevery": alone} if alone.any() else {}
        axes.plot(mark.x, mark.y, color=colour, label=label, lw=thickness, ls="--" if mark.dashed else "-", **dots)
    elif mark.kind == "points":
        ring: Any = {"mfc": "none", "ms": 8} if mark.hollow else {"ms": 4}
        axes.plot(mark.x, mark.y, color=colour, label=label, marker="o", lw=0, **ring)
    elif mark.kind == "band":
        assert mark.y2 is not None
        if len(mark.x) > 1:
            axes.fill_between(mark.x, mark.y, mark.y2, color=colour, alpha=mark.strength, lw=0, label=label)
        else:  # nothing lies between one time and itself
            axes.vlines(mark.x, mark.y, mark.y2, color=colour, alpha=mark.strength, lw=STROKE, label=mark.name)
    elif mark.kind == "heat":
        image = axes.imshow(np.asarray(mark.z), aspect="auto", cmap="Blues", origin="upper")
        axes.grid(False)
        axes.set_yticks(range(len(mark.y)), mark.y)
        every = max(1, len(mark.x) // 8)
        axes.set_xticks(range(0, len(mark.x), every), [mark.x[i] for i in range(0, len(mark.x), every)])
        assert axes.figure is not None
        axes.figure.colorbar(image, ax=axes, pad=0.02, label=mark.z_label).outline.set_visible(False)
    elif mark.sideways:
        axes.barh(mark.y, mark.x, color=colour, label=label, height=0.7, alpha=0.82)
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
    else:
        width = 0.8 if mark.width is None else mark.width
        axes.bar(mark.x, mark.y, width=width, color=colour, label=label, alpha=0.82)
        axes.grid(axis="x", visible=False)


@cache
def style() -> Any:
    """`STYLE` with DejaVu Sans and, for letters that it lacks, what is installed."""
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # such a font may have one weight alone
    there = {font.name for font in fontManager.ttflist}
    return STYLE | {"font.family": ["DejaVu Sans", *(name for name in MORE_LETTERS if name in there)]}


@cache
def _say_once(letters: str) -> None:
    log.warning("no font here has %s: install one, such as fonts-noto-cjk; report.html shows all letters", letters)


def write_png(picture: Figure, path: Path) -> None:
    """Write a picture, whole or old; says once which letters no font has."""
    with atomic_write(path) as temporary, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        picture.savefig(temporary, dpi=110)
    missing = [re.match(r"Glyph (\d+)", str(w.message)) for w in said]
    if letters := sorted({chr(int(found[1])) for found in missing if found}):
        _say_once("letters such as " + "".join(letters[:5]))
    for warning, found in zip(said, missing, strict=True):
        if not found:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def save(folder: Path, name: str, charts: list[Chart], columns: int = 2, one_legend: bool | None = None) -> Path:
    """Write charts as one picture, ``folder/name.png``, whole or old, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    write_png(figure(charts, columns, one_legend), path)
    return path
