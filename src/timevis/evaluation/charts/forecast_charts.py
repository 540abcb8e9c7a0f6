"""Pictures of forecasts beyond the data."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from timevis.data.calendar import to_local_time
from timevis.data.panel import Panel
from timevis.evaluation.charts.chart import Chart, Mark
from timevis.evaluation.charts.run_charts import BANDS

SHOWN = 12


def future_charts(table: pd.DataFrame, items: Mapping[str, Panel]) -> list[Chart]:
    """The end of the known series and its forecast, for the first items and channels of a `predict` table."""
    charts = []
    for (item, channel), rows in list(table.groupby(["item", "channel"], sort=False))[:SHOWN]:
        panel = items[str(item)]
        values = panel.values[:, panel.channels.index(str(channel))]
        past = int(panel.index.searchsorted(rows["timestamp"].iloc[0]))
        start = max(0, past - max(48, 3 * len(rows)))
        times = to_local_time(pd.DatetimeIndex(rows["timestamp"]), panel.timezone)
        title = f"{item} · {channel}" if len(panel.channels) > 1 or len(items) > 1 else str(channel)
        known = np.isfinite(values[start:past])
        charts.append(
            Chart(
                name="future",
                title=title,
                x_label="",
                y_label=panel.card.unit_of(str(channel)),
                marks=[
                    *(
                        Mark("band", times, rows[f"q{low:g}"], name, y2=rows[f"q{high:g}"], strength=strength)
                        for low, high, name, strength in BANDS
                    ),
                    Mark("line", panel.local_index[start:past][known], values[start:past][known], "data", "truth"),
                    Mark("line", times, rows["q0.5"], "median forecast"),
                ],
            )
        )
    return charts
