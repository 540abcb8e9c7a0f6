"""Forecast one item of a request: rows of the recent past and of the forecast, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.hold_out import hold_out_last_rows, values_at
from timevis.data.panel import Panel
from timevis.errors import ConfigError
from timevis.models.forecaster import Forecaster
from timevis.predict import NewData, forecast_panel, load_panels
from timevis.runs.folder import RunFolder

MIN_HISTORY_ROWS = 48
HISTORY_HORIZONS = 3
"""The recent past that is shown is as long as this many horizons, and not shorter than `MIN_HISTORY_ROWS`."""


def requested_items(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The items of a request for forecasts; `models` is short for items with the same data."""
    if request.get("items") is not None:
        return [dict(item) for item in request["items"]]
    data = {key: request[key] for key in ("dataset", "values") if request.get(key) is not None}
    return [{"model": model, **data} for model in request["models"]]


class ItemForecasts:
    """Forecasts items one after the other; a model that several items name is loaded once."""

    def __init__(self, kind: str = "future", horizon: int | None = None) -> None:
        self.kind, self.horizon = kind, horizon
        self._loaded: dict[Path, Forecaster] = {}

    def forecast(self, run: Path, data: NewData) -> pd.DataFrame:
        """Forecast one item.

        Parameters
        ----------
        run : Path
            Run folder of the model.
        data : DataFrame, file or None
            New rows; None takes the data of the run.

        Returns
        -------
        DataFrame
            Columns item, channel, timestamp (in UTC if the data have a zone), is_history, point, truth and the quantiles. In rows of the recent past
            only `truth` has a value. In rows of the forecast it has one if the forecast is a back-test.

        Raises
        ------
        TimeVisError
            The data do not fit the model.
        """
        folder = RunFolder(run)
        if run not in self._loaded:
            self._loaded[run] = folder.load_forecaster()
        forecaster = self._loaded[run]
        horizon = self.horizon or forecaster.horizon
        if horizon > forecaster.horizon:
            raise ConfigError(
                f"horizon={horizon} is longer than the horizon of the model, {forecaster.horizon} rows",
                f"give at most {forecaster.horizon}, or train a model with this horizon",
            )
        return pd.concat(
            [
                self._forecast_panel(forecaster, panel, name, horizon)
                for name, panel in load_panels(folder, data).items()
            ],
            ignore_index=True,
        )

    def _forecast_panel(self, forecaster: Forecaster, panel: Panel, name: str, horizon: int) -> pd.DataFrame:
        is_backtest = self.kind == "backtest"
        known = hold_out_last_rows(panel, horizon) if is_backtest else panel
        forecast = forecast_panel(forecaster, known, name)
        forecast = forecast.groupby("channel", sort=False).head(horizon).assign(is_history=False, truth=np.nan)
        if is_backtest:
            forecast["truth"] = values_at(panel, forecast["channel"], forecast["timestamp"])
        rows = max(MIN_HISTORY_ROWS, HISTORY_HORIZONS * horizon)
        first = forecast.groupby("channel", sort=False)["timestamp"].first()
        return pd.concat([*(_history(panel, name, str(c), t, rows) for c, t in first.items()), forecast])


def _history(panel: Panel, item: str, channel: str, first: pd.Timestamp, rows: int) -> pd.DataFrame:
    """The rows of a channel before its first forecast."""
    index = panel.local_index
    end = int(index.searchsorted(first))
    past = slice(max(0, end - rows), end)
    values = panel.values[past, panel.channels.index(channel)].astype(np.float64)
    return pd.DataFrame(
        {"item": item, "channel": channel, "timestamp": index[past], "is_history": True, "truth": values}
    )
