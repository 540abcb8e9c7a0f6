"""Hide the newest targets of a panel, so that a forecast of them can be compared with the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from timevis.data.panel import Panel
from timevis.errors import DataError
from timevis.messages import Text


def hold_out_last_rows(panel: Panel, rows: int, item: str | None = None) -> Panel:
    """A panel without the values of its last observed rows; their times and known covariates remain.

    Parameters
    ----------
    panel : Panel
    rows : int
        Number of rows up to the last observed one of each series.
    item : str, optional
        What errors call the data; by default the name of the panel.

    Raises
    ------
    DataError
        A series with values has no more than `rows` rows from its first to its last value.
    """
    starts, ends = panel.spans()
    has_values = np.isfinite(panel.values).any(0)  # a file may lack a series of the run
    shortest = int((ends - starts)[has_values].min(initial=len(panel)))
    if shortest <= rows:
        text = Text(
            "backtest-too-short",
            "{source}: the shortest series has {rows} rows, too few for a back-test of the last {horizon} rows",
            source=item or panel.card.name,
            rows=shortest,
            horizon=rows,
        )
        raise DataError(text, Text("more-rows", "give more rows, or a smaller horizon"))
    values = panel.values.copy(order="K")
    for channel in has_values.nonzero()[0].tolist():
        values[ends[channel] - rows :, channel] = np.nan
    return panel.with_values(values)


def values_at(panel: Panel, channels: pd.Series, times: pd.Series) -> np.ndarray:
    """The values of a panel at pairs of a channel and a time, float64 [N]; NaN where there is none."""
    index = pd.DatetimeIndex(times)
    rows = panel.local_index.get_indexer(index)
    numbers = pd.Index(panel.channels).get_indexer(channels)
    is_in_panel = (rows >= 0) & (numbers >= 0)
    return np.where(is_in_panel, panel.values[rows, numbers].astype(np.float64), np.nan)
