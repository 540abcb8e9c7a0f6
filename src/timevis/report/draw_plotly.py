"""Draw charts with plotly, as JSON that the copy of plotly.js in report.html shows."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from timevis.messages import Text
from timevis.report.chart import COLOURS, Chart, Mark, Values, isolated_points
from timevis.utils.phrases import MONTHS, WEEKDAYS

AXIS = {"gridcolor": "#e8eaee", "linecolor": "#9aa1aa", "zeroline": False, "automargin": True}
COLOUR_SCALE = [[0, "#f4f8fc"], [0.5, "#7fb0d8"], [1, "#174a7a"]]


def plotly_script() -> str:
    """Source of plotly.js from the installed plotly package."""
    return (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


def plotly_locale() -> dict[str, Any]:
    """The words and the dates that plotly.js itself shows, one of the ``locales`` of its config."""
    zoom_out = "Double-click to zoom back out"
    return {
        "dictionary": {zoom_out: str(Text("Double-click to zoom back out"))},
        "format": {
            "months": [str(month) for month in MONTHS],
            "shortMonths": [str(month) for month in MONTHS],
            "days": [str(WEEKDAYS[day - 1]) for day in range(7)],  # from Sunday
            "shortDays": [str(WEEKDAYS[day - 1]) for day in range(7)],
            "year": "%Y",
            "month": str(Text("%b %Y")),
            "dayMonth": str(Text("%b %-d")),
            "dayMonthYear": str(Text("%b %-d, %Y")),
        },
    }


def date_axis() -> dict[str, Any]:
    """Formats of time labels by the distance between ticks, in milliseconds or months."""
    formats = (
        (None, 86_399_999, Text("%H:%M\n%-d %b")),
        (86_400_000, "M1", Text("%-d %b\n%Y")),
        ("M1", None, Text("%b\n%Y")),
    )
    return {"tickformatstops": [{"dtickrange": [low, high], "value": str(text)} for low, high, text in formats]}


def plotly_figure(chart: Chart) -> dict[str, Any]:
    """A chart as ``{"data", "layout"}``, the arguments of ``Plotly.react``."""
    layout: dict[str, Any] = {
        "xaxis": {**AXIS, "title": {"text": as_plain_text(chart.x_label)}},
        "yaxis": {**AXIS, "title": {"text": as_plain_text(chart.y_label)}},
    }
    if chart.y_from_zero:
        layout["yaxis"]["rangemode"] = "tozero"
    if chart.log_x:
        layout["xaxis"]["type"] = "log"
    if any(mark.horizontal or mark.kind == "heat" for mark in chart.marks):
        layout["yaxis"] |= {"autorange": "reversed", "type": "category"}
    if isinstance(chart.marks[0].x, pd.DatetimeIndex):
        layout["xaxis"] |= {"nticks": 6, "tickangle": 0} | date_axis()
    if sum(bool(mark.name) for mark in chart.marks) < 2:
        layout["showlegend"] = False
    if any(mark.width is not None for mark in chart.marks):
        layout["bargap"] = 0
    return {"data": traces(chart.marks), "layout": layout}


def traces(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """Marks that share their axes as traces of plotly."""
    x_digits = _significant_digits([mark.x for mark in marks])
    y_digits = _significant_digits([values for mark in marks for values in (mark.y, mark.y2)])
    return [trace for mark in marks for trace in _traces(mark, x_digits, y_digits)]


def _significant_digits(axis_values: Sequence[Values | None]) -> int:
    """Digits that show differences of a thousandth of the range of an axis, at least 5."""
    arrays = [np.asarray(values) for values in axis_values if values is not None]
    numbers = np.concatenate([[], *(a[np.isfinite(a)] for a in arrays if a.dtype.kind == "f")])
    value_range = np.ptp(numbers) if len(numbers) else 0.0
    return 9 if value_range == 0 else 5 + max(0, int(np.log10(np.abs(numbers).max() / value_range)))


def _traces(mark: Mark, x_digits: int, y_digits: int) -> list[dict[str, Any]]:
    colour = COLOURS[mark.role]
    x, y = _json_values(mark.x, x_digits), _json_values(mark.y, y_digits)
    common = {"x": x, "name": as_plain_text(mark.name), "showlegend": bool(mark.name)}
    if mark.kind == "line":
        line = {"color": colour, "width": 1.2 if mark.role in ("guide", "context") else 2}
        line |= {"dash": "dash"} if mark.dashed else {}
        hover = {"hoverinfo": "skip"} if mark.role == "guide" else {}
        isolated = isolated_points(mark.y)
        dots = {"mode": "lines+markers", "marker": {"size": (4 * isolated).tolist(), "color": colour}}
        mode = dots if isolated.any() else {"mode": "lines"}
        return [common | {"type": "scatter", "y": y, "line": line} | mode | hover]
    if mark.kind == "points":
        ring = {"symbol": "circle-open", "size": 11} if mark.hollow else {}
        return [common | {"type": "scatter", "mode": "markers", "y": y, "marker": {"color": colour} | ring}]
    if mark.kind == "band":
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        fill = f"rgba({red},{green},{blue},{mark.opacity})"
        edge = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        assert mark.y2 is not None
        upper = _json_values(mark.y2, y_digits)
        parts: list[dict[str, Any]] = []
        for run in _finite_runs(np.asarray(mark.y, float) + np.asarray(mark.y2, float)):
            part = common | edge | {"x": x[run]} | ({"showlegend": False} if parts else {})
            if len(x[run]) == 1:  # a band of one step has no area, so it is drawn as a thick vertical line
                ends = {"x": [*x[run], *x[run]], "y": [*y[run], *upper[run]]}
                parts.append(part | ends | {"line": {"width": 11, "color": fill}})
                continue
            lower = part | {"y": y[run], "showlegend": False}
            parts += [lower, part | {"y": upper[run], "fill": "tonexty", "fillcolor": fill}]
        return parts
    if mark.kind == "heat":
        colour_bar = {
            "thickness": 10,
            "outlinewidth": 0,
            "title": {"text": as_plain_text(mark.z_label), "side": "right"},
        }
        return [
            {"type": "heatmap", "x": x, "y": y, "z": [_json_values(row) for row in np.asarray(mark.z)]}
            | {"colorscale": COLOUR_SCALE, "xgap": 1, "ygap": 1, "colorbar": colour_bar}
        ]
    bars = common | {"type": "bar", "y": y, "marker": {"color": colour, "opacity": 0.82}}
    if mark.horizontal:
        return [bars | {"orientation": "h"}]
    return [bars | ({} if mark.width is None else {"width": _json_values(mark.width)})]


def _json_values(values: Any, digits: int = 5) -> list[Any]:
    """A list for JSON: numbers rounded to significant digits, times as text, missing values as None."""
    if isinstance(values, pd.DatetimeIndex):
        text = values.tz_localize(None).strftime("%Y-%m-%d %H:%M:%S")
        return [t.removesuffix(":00") for t in text]
    array = np.asarray(values)
    if array.dtype.kind == "f":
        return [float(f"{v:.{digits}g}") if np.isfinite(v) else None for v in array]
    return [as_plain_text(value) if isinstance(value, str) else value for value in array.tolist()]


def as_plain_text(text: str) -> str:
    """A text of which plotly.js, which understands a part of HTML, shows every character."""
    return html.escape(text, quote=False)


def json_for_html(value: Any) -> str:
    """JSON that can stand in a script element, since it cannot close the element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _finite_runs(values: np.ndarray) -> list[slice]:
    """The runs of finite values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.isfinite(values).astype(int), [0]])))
    return [slice(start, stop) for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)]
