"""The chart of the whole test period: truth, median and 80 % interval of windows that follow each other."""

from __future__ import annotations

from typing import Any

import pandas as pd

from timevis.evaluation.charts.chart import COLOURS, Mark
from timevis.evaluation.charts.draw_plotly import AXIS, as_plain_text, date_axis, traces
from timevis.evaluation.error_profile import SavedForecasts
from timevis.evaluation.labels import ABSOLUTE_ERROR, MEDIAN_FORECAST, TRUTH
from timevis.evaluation.scored_period import scored_period
from timevis.messages import Text
from timevis.runs.record import RunRecord

MAX_ROWS = 8000
"""Rows of the test period that the charts of all channels show together; the last ones of each channel."""
MAX_CHANNELS = 12
ZOOM_HORIZONS = (7, 30)
"""Spans of the zoom buttons, in horizons."""


def period_figures(forecasts: SavedForecasts, record: RunRecord) -> list[dict[str, Any]]:
    """A figure for each of the first channels, as ``{"title", "data", "layout"}`` for plotly.

    See `timevis.evaluation.scored_period` for the windows that a figure shows.
    """
    saved = set(forecasts.frame["channel"])
    channels = [channel for channel in record.channels if channel in saved][:MAX_CHANNELS]
    return [_figure(forecasts, channel, record, MAX_ROWS // len(channels)) for channel in channels]


def _figure(forecasts: SavedForecasts, channel: str, record: RunRecord, max_rows: int) -> dict[str, Any]:
    period = scored_period(forecasts, channel, record, max_rows)
    times, truth, median = period.times, period.truth, period.median
    main = [
        Mark("band", times, period.low, y2=period.high, opacity=0.28),
        Mark("line", times, truth, str(TRUTH), "truth"),
        Mark("line", times, median, str(MEDIAN_FORECAST)),
    ]
    error = Mark("line", times, period.error, str(ABSOLUTE_ERROR), "error")
    lower = [trace | {"yaxis": "y2"} for trace in traces([error])]
    unit = as_plain_text(record.unit_of(channel))
    return {
        "title": channel,
        "data": [*traces(main), *lower],
        "layout": {
            "xaxis": {
                **AXIS,
                "anchor": "y2",
                **date_axis(),
                "rangeselector": _zoom(times, forecasts.truth.shape[1]),
            },
            "yaxis": {**AXIS, "title": {"text": unit}, "domain": [0.3, 1]},
            "yaxis2": {
                **AXIS,
                "title": {"text": str(Text("error", "error"))},
                "domain": [0, 0.22],
                "rangemode": "tozero",
            },
            "shapes": [],
            "colorway": [COLOURS["model"]],
        },
    }


def _zoom(times: pd.DatetimeIndex, horizon: int) -> dict[str, Any]:
    """Buttons that show the last rows of the test period, and all of it."""
    row = (times[-1] - times[0]) / max(1, len(times) - 1)
    buttons: list[dict[str, Any]] = []
    for count in ZOOM_HORIZONS:
        if count * horizon < len(times):
            days = count * horizon * row / pd.Timedelta(days=1)
            step, number = ("day", round(days)) if days >= 1 else ("hour", round(days * 24))
            label = (
                Text("last-days", "last {count} days", count=number)
                if step == "day"
                else Text("last-hours", "last {count} hours", count=number)
            )
            buttons.append({"count": number, "step": step, "stepmode": "backward", "label": str(label)})
    return {"buttons": [*buttons, {"step": "all", "label": str(Text("all-rows", "all"))}]}
