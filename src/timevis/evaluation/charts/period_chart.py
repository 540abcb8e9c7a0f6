"""The chart of the whole test period: truth, median and 80 % interval of windows that follow each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from timevis.evaluation.charts.chart import COLOURS, Mark
from timevis.evaluation.charts.draw_plotly import AXIS, DATE_FORMATS, as_plain_text, traces
from timevis.evaluation.error_profile import MEDIAN_INDEX, SavedForecasts, timestamps_around
from timevis.runs.record import RunRecord
from timevis.utils.levels import QUANTILE_LEVELS

MAX_ROWS = 8000
"""Rows of the test period that the charts of all channels show together; the last ones of each channel."""
MAX_CHANNELS = 12
ZOOM_HORIZONS = (7, 30)
"""Spans of the zoom buttons, in horizons."""


def period_figures(forecasts: SavedForecasts, record: RunRecord) -> list[dict[str, Any]]:
    """A figure for each of the first channels, as ``{"title", "data", "layout"}`` for plotly.

    The windows of a figure follow each other: after each one, the last saved window that starts before its end is
    taken, or else the next one. In the latter case there are rows without a forecast between them.
    """
    channels = [channel for channel in record.channels if (forecasts.frame["channel"] == channel).any()]
    channels = channels[:MAX_CHANNELS]
    return [_figure(forecasts, channel, record, MAX_ROWS // len(channels)) for channel in channels]


def _figure(forecasts: SavedForecasts, channel: str, record: RunRecord, max_rows: int) -> dict[str, Any]:
    horizon, freq = forecasts.truth.shape[1], record.results.window_set.freq
    rows = np.flatnonzero((forecasts.frame["channel"] == channel).to_numpy())
    rows = rows[np.argsort(forecasts.frame["origin"].to_numpy()[rows], kind="stable")]
    origins = forecasts.frame["origin"].to_numpy()[rows]
    end = int(origins[-1]) + horizon
    first = max(int(origins[0]), end - max_rows)
    level = QUANTILE_LEVELS.index
    truth, low, median, high = (np.full(end - first, np.nan) for _ in range(4))
    for row, origin in zip(rows.tolist(), origins.tolist(), strict=True):
        _write(truth, forecasts.context[row], origin - len(forecasts.context[row]) - first)
        _write(truth, forecasts.truth[row], origin - first)
    for i in _following(origins, horizon):
        for values, index in ((low, level(0.1)), (median, MEDIAN_INDEX), (high, level(0.9))):
            _write(values, forecasts.quantiles[rows[i]][index], int(origins[i]) - first)
    origin_time = forecasts.frame["timestamp"].iloc[rows[0]]
    times = timestamps_around(origin_time, 0, end - int(origins[0]), freq, record.timezone)[first - int(origins[0]) :]
    main = [
        Mark("band", times, low, y2=high, opacity=0.28),
        Mark("line", times, truth, "truth", "truth"),
        Mark("line", times, median, "median forecast"),
    ]
    error = Mark("line", times, np.abs(median - truth), "absolute error", "error")
    lower = [trace | {"yaxis": "y2"} for trace in traces([error])]
    unit = as_plain_text(record.unit_of(channel))
    return {
        "title": channel,
        "data": [*traces(main), *lower],
        "layout": {
            "xaxis": {
                **AXIS,
                "anchor": "y2",
                "tickformatstops": DATE_FORMATS,
                "rangeselector": _zoom(times, horizon),
            },
            "yaxis": {**AXIS, "title": {"text": unit}, "domain": [0.3, 1]},
            "yaxis2": {**AXIS, "title": {"text": "error"}, "domain": [0, 0.22], "rangemode": "tozero"},
            "shapes": [],
            "colorway": [COLOURS["model"]],
        },
    }


def _following(origins: np.ndarray, horizon: int) -> list[int]:
    """Numbers of windows that follow each other, from increasing origins."""
    taken = [0]
    while taken[-1] < len(origins) - 1:
        last_before_end = int(np.searchsorted(origins, origins[taken[-1]] + horizon, side="right")) - 1
        taken.append(max(taken[-1] + 1, last_before_end))
    return taken


def _write(values: np.ndarray, new: np.ndarray, start: int) -> None:
    """Write `new` into `values` from row `start` on, as far as it fits."""
    skipped = max(0, -start)
    stop = min(len(values), start + len(new))
    if stop > start + skipped:
        values[start + skipped : stop] = new[skipped : stop - start]


def _zoom(times: pd.DatetimeIndex, horizon: int) -> dict[str, Any]:
    """Buttons that show the last rows of the test period, and all of it."""
    step = (times[-1] - times[0]) / max(1, len(times) - 1)
    buttons: list[dict[str, Any]] = []
    for count in ZOOM_HORIZONS:
        if count * horizon < len(times):
            days = count * horizon * step / pd.Timedelta(days=1)
            size = {"count": round(days), "step": "day"} if days >= 1 else {"count": round(days * 24), "step": "hour"}
            buttons.append(size | {"stepmode": "backward", "label": f"last {size['count']} {size['step']}s"})
    return {"buttons": [*buttons, {"step": "all", "label": "all"}]}
