"""Charts as plotly figures: plain JSON, drawn by the copy of plotly.js inside the report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from timevis.evaluation.charts.chart import COLOURS, Chart, Mark, Values, isolated

AXIS = {"gridcolor": "#e8eaee", "linecolor": "#9aa1aa", "zeroline": False, "automargin": True}
BLUES = [[0, "#f4f8fc"], [0.5, "#7fb0d8"], [1, "#174a7a"]]
DATES = [
    {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%-d %b"},
    {"dtickrange": [86_400_000, "M1"], "value": "%-d %b\n%Y"},
    {"dtickrange": ["M1", None], "value": "%b\n%Y"},
]


def plotly_script() -> str:
    """Source of the plotly.js that the plotly package carries."""
    return (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


def figure(chart: Chart) -> dict[str, Any]:
    """A chart as ``{"data", "layout"}``."""
    layout: dict[str, Any] = {
        "xaxis": {**AXIS, "title": {"text": chart.x_label}},
        "yaxis": {**AXIS, "title": {"text": chart.y_label}},
    }
    if chart.zero:
        layout["yaxis"]["rangemode"] = "tozero"
    if chart.log:
        layout["xaxis"]["type"] = "log"
    if any(m.sideways or m.kind == "heat" for m in chart.marks):
        layout["yaxis"] |= {"autorange": "reversed", "type": "category"}
    if isinstance(chart.marks[0].x, pd.DatetimeIndex):
        layout["xaxis"] |= {"nticks": 6, "tickangle": 0, "tickformatstops": DATES}
    if sum(bool(m.name) for m in chart.marks) < 2:
        layout["showlegend"] = False
    if any(m.width is not None for m in chart.marks):
        layout["bargap"] = 0
    across = _digits([mark.x for mark in chart.marks])
    up = _digits([values for mark in chart.marks for values in (mark.y, mark.y2)])
    return {"data": [trace for mark in chart.marks for trace in _traces(mark, across, up)], "layout": layout}


def _digits(values: Sequence[Values | None]) -> int:
    """Significant digits that tell apart a thousandth of the range of the values of an axis, at least 5."""
    arrays = [np.asarray(v) for v in values if v is not None]
    numbers = np.concatenate([[], *(a[np.isfinite(a)] for a in arrays if a.dtype.kind == "f")])
    span = np.ptp(numbers) if len(numbers) else 0.0
    return 9 if span == 0 else 5 + max(0, int(np.log10(np.abs(numbers).max() / span)))


def _traces(mark: Mark, across: int, up: int) -> list[dict[str, Any]]:
    colour = COLOURS[mark.role]
    x, y = _plain(mark.x, across), _plain(mark.y, up)
    shared = {"x": x, "name": mark.name, "showlegend": bool(mark.name)}
    if mark.kind == "line":
        line = {"color": colour, "width": 1.2 if mark.role in ("rule", "context") else 2}
        line |= {"dash": "dash"} if mark.dashed else {}
        quiet = {"hoverinfo": "skip"} if mark.role == "rule" else {}
        alone = isolated(mark.y)
        dots = {"mode": "lines+markers", "marker": {"size": (4 * alone).tolist(), "color": colour}}
        drawn = dots if alone.any() else {"mode": "lines"}
        return [shared | {"type": "scatter", "y": y, "line": line} | drawn | quiet]
    if mark.kind == "points":
        ring = {"symbol": "circle-open", "size": 11} if mark.hollow else {}
        return [shared | {"type": "scatter", "mode": "markers", "y": y, "marker": {"color": colour} | ring}]
    if mark.kind == "band":
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        shade = f"rgba({red},{green},{blue},{mark.strength})"
        edge = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        assert mark.y2 is not None
        upper = _plain(mark.y2, up)
        if len(x) == 1:  # nothing lies between one time and itself: a broad stroke
            return [shared | edge | {"x": [*x, *x], "y": [*y, *upper], "line": {"width": 11, "color": shade}}]
        lower = shared | edge | {"y": y, "showlegend": False}
        return [lower, shared | edge | {"y": upper, "fill": "tonexty", "fillcolor": shade}]
    if mark.kind == "heat":
        colour_bar = {"thickness": 10, "outlinewidth": 0, "title": {"text": mark.z_label, "side": "right"}}
        return [
            {"type": "heatmap", "x": x, "y": y, "z": [_plain(row) for row in np.asarray(mark.z)]}
            | {"colorscale": BLUES, "xgap": 1, "ygap": 1, "colorbar": colour_bar}
        ]
    bars = shared | {"type": "bar", "y": y, "marker": {"color": colour, "opacity": 0.82}}
    if mark.sideways:
        return [bars | {"orientation": "h"}]
    return [bars | ({} if mark.width is None else {"width": _plain(mark.width)})]


def _plain(values: Any, digits: int = 5) -> list[Any]:
    """A list for JSON: numbers to so many digits, times as text, missing as None."""
    if isinstance(values, pd.DatetimeIndex):
        text = values.tz_localize(None).strftime("%Y-%m-%d %H:%M:%S")
        return [t.removesuffix(":00") for t in text]
    array = np.asarray(values)
    if array.dtype.kind == "f":
        return [float(f"{v:.{digits}g}") if np.isfinite(v) else None for v in array]
    return array.tolist()


def embed(value: Any) -> str:
    """JSON that is safe inside a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
