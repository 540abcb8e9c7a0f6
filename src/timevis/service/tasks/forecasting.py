"""The results of forecasts and comparisons: the recent past and the forecast in one table, and paired differences."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from timevis.data.catalog import load_panel
from timevis.data.events import EventReading
from timevis.data.known_values import KNOWN_PREFIX, KnownValues
from timevis.data.panel import Panel
from timevis.data.readers.parquet import write_frame
from timevis.data.split import hold_out_last_rows
from timevis.errors import DataError
from timevis.evaluation.comparison import comparison_notes, difference_table, scores_of
from timevis.evaluation.labels import SEASONAL_NAIVE
from timevis.evaluation.over_seeds import NAIVE_KEY, differing_settings, input_notes, pairs_to_compare, training_curve
from timevis.inference.predict import (
    NewData,
    forecast_panel,
    known_of_forecast,
    load_panels,
    mark_scored,
    with_events,
)
from timevis.messages import Text
from timevis.models.forecaster import Forecaster
from timevis.runs.folder import RunFolder
from timevis.runs.record import RunRecord
from timevis.service.training import untrained_config, untrained_methods
from timevis.training.refit import default_horizon, untrained_forecaster
from timevis.utils.json_types import to_json_types

Events: TypeAlias = Sequence[Mapping[str, Any]]
MIN_HISTORY_ROWS = 48
MAX_LOADED = 4
VALUES_STEM = "data"
"""What `timevis.inference.predict.load_panels` calls rows that are not in a file."""
HISTORY_HORIZONS = 3
"""The recent past that is shown is as long as this many horizons, and not shorter than `MIN_HISTORY_ROWS`."""


def requested_items(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The items of a request for forecasts; `models` is short for items with the same data."""
    if request.get("items") is not None:
        return [dict(item) for item in request["items"]]
    data = {key: request[key] for key in ("dataset", "values", "events") if request.get(key) is not None}
    if request.get("training") is not None:
        return [{"training": request["training"]}]
    if request.get("method") is not None:
        return [{"method": request["method"], **data}]
    return [{"model": model, **data} for model in request["models"]]


class ItemForecasts:
    """Forecasts items one after the other; the last `MAX_LOADED` models stay loaded for later items."""

    def __init__(self, kind: str = "future", horizon: int | None = None, known: KnownValues | None = None) -> None:
        self.kind, self.horizon, self.known = kind, horizon, known
        self._loaded: dict[Path, Forecaster] = {}  # the one that was used last is the last one

    def forecast(self, run: Path, data: NewData, name: str | None = None, events: Events = ()) -> pd.DataFrame:
        """Forecast one item.

        Parameters
        ----------
        run : Path
            Run folder of the model.
        data : DataFrame, file or None
            New rows; None takes the data of the run.
        name : str, optional
            What the result calls new rows; a stored file is named after its content.
        events : list of dict
            Events in words in addition to those of the run; see `timevis.data.read_events`.

        Returns
        -------
        DataFrame
            Columns item, channel, timestamp (in UTC if the data have a zone), is_history, point, truth, the quantiles
            and scored; see `timevis.inference.predict.predict`. In rows of the recent past only `truth` has a
            value of these. In rows of the forecast it has one if the forecast is a back-test. Further columns, whose
            names begin with `KNOWN_PREFIX`, have the known covariates that the model reads in the rows of the
            forecast. The attribute ``attrs["events"]`` is a list of the events with their readings, or None if the
            model reads none.

        Raises
        ------
        TimeVisError
            The data do not fit the model, or it does not read events.
        """
        folder = RunFolder(run)
        forecaster = self._loaded.pop(run, None) or folder.load_forecaster()
        self._loaded[run] = forecaster
        if len(self._loaded) > MAX_LOADED:
            del self._loaded[next(iter(self._loaded))]
        horizon = self.horizon or forecaster.horizon
        panels = load_panels(folder, data)
        if name is not None and data is not None:
            stem = data.stem if isinstance(data, Path) else VALUES_STEM
            panels = {_renamed(item, stem, name): panel for item, panel in panels.items()}
        if events:
            panels = {item: with_events(panel, forecaster, events) for item, panel in panels.items()}
        tables = [self._forecast_panel(forecaster, panel, name, horizon) for name, panel in panels.items()]
        whole = _in_utc(mark_scored(folder, pd.concat(tables, ignore_index=True)))
        return _with_readings(whole, forecaster, events)

    def forecast_untrained(
        self, method: str, data: pd.DataFrame | Path, options: Mapping[str, Any], events: Events = ()
    ) -> tuple[pd.DataFrame, str | None]:
        """Forecast data for which no model was trained.

        Parameters
        ----------
        method : str
            One of `timevis.service.training.untrained_methods`.
        data : DataFrame or file
        options : mapping
            Keys of the config section `data`.
        events : list of dict
            As of `forecast`.

        Returns
        -------
        table : DataFrame
            As of `forecast`; `scored` is None, since there is no run.
        timezone : str or None
            The time zone of the data.

        Raises
        ------
        TimeVisError
            The data cannot be read, are too short, or have more channels than the method allows.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = data
            if isinstance(path, pd.DataFrame):
                path = Path(folder) / "values.parquet"
                write_frame(data, path)
            panel, report = load_panel({**options, "path": str(path)}, future=True)
        maximum = untrained_methods()[method][1].max_channels
        if maximum is not None and len(panel.channels) > maximum:
            raise DataError(
                Text(
                    "the data have {count} channels, more than {maximum} for nano without a fit",
                    count=len(panel.channels),
                    maximum=maximum,
                ),
                Text("name some of them in target, or ask seasonal_naive"),
            )
        horizon = self.horizon or default_horizon(panel)
        known = hold_out_last_rows(panel, horizon) if self.kind == "backtest" else panel
        forecaster = untrained_forecaster(untrained_config(method), known, horizon)
        if events:
            panel = with_events(panel, forecaster, events)
        table = self._forecast_panel(forecaster, panel, panel.card.name, horizon)
        return _with_readings(_in_utc(table.assign(scored=None)), forecaster, events), report.timezone

    def _forecast_panel(self, forecaster: Forecaster, panel: Panel, name: str, horizon: int) -> pd.DataFrame:
        is_backtest = self.kind == "backtest"
        forecast = forecast_panel(forecaster, panel, name, horizon=horizon, backtest=is_backtest, known=self.known)
        known = known_of_forecast(forecaster, panel, horizon, backtest=is_backtest, known=self.known)
        channels = [panel.channels.index(channel) for channel in forecast["channel"].unique()]
        columns = {KNOWN_PREFIX + name: values[channels].ravel() for name, values in known.items()}
        forecast = forecast.assign(is_history=False, truth=forecast.get("truth", np.nan), **columns)
        rows = max(MIN_HISTORY_ROWS, HISTORY_HORIZONS * horizon)
        first = forecast.groupby("channel", sort=False)["timestamp"].first()
        return pd.concat([*(_history(panel, name, str(c), t, rows) for c, t in first.items()), forecast])


def _with_readings(table: pd.DataFrame, forecaster: Forecaster, events: Events) -> pd.DataFrame:
    """The table with the events and how the forecaster reads them as ``attrs["events"]``."""
    names = [part.name for part in fields(EventReading)]  # a model may store more
    read = []
    for event in events:
        reading = forecaster.event_reading(event["text"].strip())
        read.append({**event, **{name: getattr(reading, name) for name in names}, "sure": reading.is_sure})
    table.attrs["events"] = read if forecaster.reads_events else None
    return table


def _renamed(item: str, stem: str, name: str) -> str:
    """The name of an item of a file, with another name for the file."""
    first, slash, rest = item.partition("/")
    return f"{name}{slash}{rest}" if first == stem else item


def _in_utc(table: pd.DataFrame) -> pd.DataFrame:
    """The table with times in UTC without a zone, if they have one."""
    times = pd.DatetimeIndex(table["timestamp"])
    return table.assign(timestamp=times if times.tz is None else times.tz_convert("UTC").tz_localize(None))


def _history(panel: Panel, item: str, channel: str, first: pd.Timestamp, rows: int) -> pd.DataFrame:
    """The rows of a channel before its first forecast."""
    index = panel.local_index
    end = int(index.searchsorted(first))
    past = slice(max(0, end - rows), end)
    values = panel.values[past, panel.channels.index(channel)].astype(np.float64)
    return pd.DataFrame(
        {"item": item, "channel": channel, "timestamp": index[past], "is_history": True, "truth": values}
    )


def comparison_result(
    records: Mapping[str, RunRecord], described: Mapping[str, tuple[str, str]], reference: str | None
) -> dict[str, Any]:
    """Compare runs; see `timevis.service.schemas.forecasts.ComparisonResult`.

    Parameters
    ----------
    records : mapping
        Identifier of each model to its run.
    described : mapping
        Identifier to name and kind.
    reference : str, optional
        An identifier; seasonal naive when None.
    """
    scores = scores_of(records, NAIVE_KEY)
    record = next(iter(records.values()))
    first = record.results
    pairs = difference_table(scores, pairs_to_compare(list(records), reference), record.horizon)
    names = {key: name for key, (name, _) in described.items()} | {NAIVE_KEY: "seasonal naive"}
    names_in_notes = names | {NAIVE_KEY: SEASONAL_NAIVE}
    notes = comparison_notes(first, scores, reference or NAIVE_KEY, names_in_notes)
    notes += input_notes(records, names_in_notes)
    models = [
        {
            **{"model": key, "name": described[key][0], "kind": described[key][1]},
            **{"metrics": record.results.metrics, "cost": record.results.cost},
        }
        for key, record in records.items()
    ]
    naive = {"model": NAIVE_KEY, "name": names[NAIVE_KEY], "kind": NAIVE_KEY, "metrics": first.seasonal_naive}
    result: dict[str, Any] = {
        **{"data": first.run.data, "window_set": first.window_set.hash},
        "notes": [note.to_json() | {"text": str(note)} for note in notes],
        "reference": reference or NAIVE_KEY,
        "models": [*models, naive | {"cost": None}],
        "pairs": pairs.drop(columns=["dm_statistic", "dm_p"]).rename(columns={"p": "p_value"}).to_dict("records"),
        "by_horizon": {
            **{key: record.results.by_horizon["wql"] for key, record in records.items()},
            NAIVE_KEY: first.seasonal_naive_by_horizon["wql"],
        },
        "curves": {key: training_curve(record) for key, record in records.items()},
        "config_differences": differing_settings(records),
    }
    json_result: dict[str, Any] = to_json_types(result)
    return json_result
