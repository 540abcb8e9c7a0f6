"""A chart as data, which plotly draws for report.html and matplotlib for PNG files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

Values: TypeAlias = Sequence[Any] | np.ndarray | pd.Index
Kind = Literal["line", "points", "band", "bars", "heat"]
TOKENS = json.loads((files("timevis.report") / "tokens.json").read_text(encoding="utf-8"))
"""Colours and type scale of charts, report.html and the web page; the colours suit colour-blind readers."""
SERIES_ROLES = ("model", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
COLOURS = {
    **dict(zip(SERIES_ROLES, TOKENS["series"], strict=True)),
    **{role: TOKENS["colour"]["light"][role] for role in ("naive", "truth", "context", "error")},
    "guide": "#aab0b8",
}
"""Colour of each role; a role has the same meaning in every chart."""


def isolated_points(values: Values) -> np.ndarray:
    """Mask of the values whose two neighbours are missing, which a line cannot show; bool [N]."""
    observed = np.pad(pd.notna(np.asarray(values)), 1)
    return observed[1:-1] & ~observed[:-2] & ~observed[2:]


@dataclass(frozen=True)
class Mark:
    """One layer of a chart: a line, points, a band, bars or a heat map.

    Attributes
    ----------
    kind : {"line", "points", "band", "bars", "heat"}
    x, y : values
        Coordinates; for a heat map the labels of its columns and rows.
    name : str
        Entry in the legend, or empty for none.
    role : str
        Key of `COLOURS`.
    y2 : values, optional
        Upper edge of a band whose lower edge is `y`.
    z : float [len(y), len(x)], optional
        Cells of a heat map.
    z_label : str
        Label of the colour bar of a heat map.
    width : values, optional
        Widths of bars.
    horizontal : bool
        Whether bars are horizontal: `x` contains their lengths and `y` their names.
    dashed : bool
        Whether a line is dashed.
    hollow : bool
        Whether points are rings, so that points behind them stay visible.
    opacity : float
        Opacity of a band.
    """

    kind: Kind
    x: Values
    y: Values
    name: str = ""
    role: str = "model"
    y2: Values | None = None
    z: np.ndarray | None = None
    z_label: str = ""
    width: Values | None = None
    horizontal: bool = False
    dashed: bool = False
    hollow: bool = False
    opacity: float = 0.16


@dataclass(frozen=True)
class Chart:
    """A chart with a title, axis labels and marks.

    Attributes
    ----------
    name : str
        Identifier of the chart.
    title, x_label, y_label : str
    marks : list of Mark
        Drawn in this order.
    note : str
        A sentence on how to read the chart.
    full_width : bool
        Whether report.html gives the chart the full width of the page.
    y_from_zero : bool
        Whether the y axis starts at zero.
    log_x : bool
        Whether the x axis is logarithmic.
    """

    name: str
    title: str
    x_label: str
    y_label: str
    marks: list[Mark] = field(default_factory=list)
    note: str = ""
    full_width: bool = False
    y_from_zero: bool = False
    log_x: bool = False
