"""Hide the newest targets of a panel, so that a forecast of them can be compared with the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from timevis.data.panel import Panel
from timevis.errors import DataError


def hold_out_last_rows(panel: Panel, rows: int) -> Panel:
    """A panel without the values of its last observed rows; their times and known covariates remain.

    Parameters
    ----------
    panel : Panel
    rows : int
        Number of rows up to the last one in which any channel is observed.

    Raises
    ------
    DataError
        The panel has no more than `rows` rows with a value.
    """
    observed = np.flatnonzero(np.isfinite(panel.values).any(axis=1))
    end = int(observed[-1]) + 1 if len(observed) else 0
    if end <= rows:
        raise DataError(
            f"{panel.card.name} has {end} rows up to its last value, too few for a back-test of the last {rows} rows",
            "give more rows, or a smaller horizon",
        )
    values = panel.values.copy(order="K")
    values[end - rows :] = np.nan
    return panel.with_values(values)


def values_at(panel: Panel, channels: pd.Series, times: pd.Series) -> np.ndarray:
    """The values of a panel at pairs of a channel and a time, float64 [N]; NaN where there is none."""
    rows = panel.index.get_indexer(pd.DatetimeIndex(times))
    numbers = pd.Index(panel.channels).get_indexer(channels)
    found = (rows >= 0) & (numbers >= 0)
    return np.where(found, panel.values[rows, numbers].astype(np.float64), np.nan)
