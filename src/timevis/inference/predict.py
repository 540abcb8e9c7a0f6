"""Forecast beyond the data: takes a run and new rows, returns a data frame of quantiles."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import torch

from timevis.data.closed_hours import ClosedHours
from timevis.data.covariates import holiday_flags
from timevis.data.events import TextEvent, rows_of_events
from timevis.data.known_values import KnownValues, known_values, with_known_values
from timevis.data.new_files import load_files
from timevis.data.options import DataOptions
from timevis.data.panel import Panel
from timevis.data.quality.quality_report import has_time_zone
from timevis.data.read_events import EventsGiven, read_events
from timevis.data.read_options import ReadOptions
from timevis.data.readers.parquet import write_frame
from timevis.data.split import hold_out_last_rows, values_at
from timevis.data.windows import SeriesStore
from timevis.errors import ConfigError, DataError
from timevis.messages import Setting, Text, listed
from timevis.models.forecaster import Forecaster
from timevis.runs.folder import RunFolder
from timevis.runs.reload import (
    add_unread_covariates,
    load_run_data,
    select_trained_channels,
    with_columns_of_long_table,
)
from timevis.training.refit import refit as refit_run
from timevis.utils.levels import QUANTILE_COLUMNS, QUANTILE_LEVELS
from timevis.utils.phrases import join_names
from timevis.utils.stdout import with_progress

log = logging.getLogger(__name__)

NewData: TypeAlias = pd.DataFrame | pd.Series | str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None
MAX_LISTED_CHANNELS = 5


def predict(
    run: str | os.PathLike[str],
    data: NewData = None,
    *,
    refit: bool = False,
    horizon: int | None = None,
    backtest: bool = False,
    known: KnownValues | None = None,
    batch_size: int = 256,
    events: EventsGiven | None = None,
) -> pd.DataFrame:
    """Forecast the rows that follow the last observed one of each series, or the last observed ones again.

    Parameters
    ----------
    run : path
        Run folder with a model.
    data : DataFrame, Series, file or files, optional
        New rows with the time column and the channels of the run; None takes the data of the run. A long table gives
        one item for each of its series.
    refit : bool
        First fit the model again on all rows of the data of the run; see `timevis.training.refit.refit`.
    horizon : int, optional
        Rows of the forecast, at most the horizon of the run, which None takes.
    backtest : bool
        Hide the last `horizon` rows, forecast them, and add their values as a column truth.
    known : mapping, optional
        Known covariates in the rows of the forecast in place of the values of the data, to see how the forecast
        changes: name to values, of which None keeps a value. For all series alike.
    batch_size : int
        Windows that are forecast at once.
    events : path or list, optional
        Events in words that are known ahead of time, in addition to the events of the run: a file with the columns
        from, to and text, or a list such as ``[{"from": "2024-05-07", "to": "2024-05-07", "text": "closed"}]``; see
        `timevis.data.read_events.read_events`. Warnings name those that the model may misread.

    Returns
    -------
    DataFrame
        `horizon` rows for each item and each channel with a value in its context; point and quantiles are NaN in the
        hours of the week in which the data never have a value. Columns: item, channel, timestamp,
        point, the quantiles ``q0.025`` to ``q0.975``, in the unit of the data, and scored, which is False for a
        series that was too short for the run to score. Times with a zone are in `data.timezone`, or else in the zone
        of the data.

    Raises
    ------
    ConfigError
        The horizon is below 1 or longer than the horizon of the run, `refit` would train on the rows that are
        hidden, `known` names no known covariate that the model reads, or the model does not read `events`.
    DataError
        The new rows lack a channel of the run, or are fewer than its context.
    RunFolderError
        The run has no model.
    """
    folder = RunFolder(run)
    items = load_panels(folder, data, events)
    return forecast_items(
        folder, items, refit=refit, horizon=horizon, backtest=backtest, known=known, batch_size=batch_size
    )


def forecast_items(
    folder: RunFolder,
    items: Mapping[str, Panel],
    *,
    refit: bool = False,
    horizon: int | None = None,
    backtest: bool = False,
    known: KnownValues | None = None,
    batch_size: int = 256,
) -> pd.DataFrame:
    """Forecast each panel that `load_panels` returned; see `predict`."""
    if refit and backtest:
        message = Text("a refit trains on the rows that a back-test hides")
        raise ConfigError(message, Text("leave one of the two out"))
    forecaster = refit_run(folder) if refit else folder.load_forecaster()
    _log_series_not_scored(folder, items)
    tables = [
        forecast_panel(
            forecaster, panel, name, horizon=horizon, backtest=backtest, known=known, batch_size=batch_size
        )
        for name, panel in items.items()
    ]
    zones = {table["timestamp"].dt.tz for table in tables}
    if len(zones) > 1 and None not in zones:  # files with different offsets from UTC
        tables = [table.assign(timestamp=table["timestamp"].dt.tz_convert("UTC")) for table in tables]
    return mark_scored(folder, pd.concat(tables, ignore_index=True))


def mark_scored(folder: RunFolder, table: pd.DataFrame) -> pd.DataFrame:
    """Add the column scored to rows with a channel: False if the series was too short for the run to score."""
    return table.assign(scored=~table["channel"].isin(folder.channels_not_scored()))


def _log_series_not_scored(folder: RunFolder, items: Mapping[str, Panel]) -> None:
    """Log how many of the series to forecast were too short to be scored by the run."""
    channels = folder.channels_not_scored()
    for name, panel in items.items():
        forecast = np.unique(panel.channel_series[np.isfinite(panel.values).any(axis=0)])
        not_scored = np.intersect1d(forecast, panel.channel_series[np.isin(panel.channels, channels)])
        if len(not_scored):
            log.warning(
                "%s: %d of %d series were too short to be scored: their forecasts come without a measured error",
                name,
                len(not_scored),
                len(forecast),
            )


def load_panels(folder: RunFolder, data: NewData = None, events: EventsGiven | None = None) -> dict[str, Panel]:
    """Load the data of the run, or new data with the channels and covariates of the run.

    New data need not have a covariate that the model does not read.

    Parameters
    ----------
    folder : RunFolder
    data : DataFrame, file or files, optional
        See `predict`.
    events : path or list, optional
        See `predict`.

    Returns
    -------
    dict
        Item name to panel.

    Raises
    ------
    DataError
        See `predict`.
    """
    if events is not None:
        forecaster = folder.load_forecaster()
        return {name: with_events(panel, forecaster, events) for name, panel in load_panels(folder, data).items()}
    if data is None:
        _, panel, _ = load_run_data(folder, future=True)
        return {panel.card.name: panel}
    paths: Sequence[str | os.PathLike[str]] = [data] if isinstance(data, str | os.PathLike) else data
    if not isinstance(paths, list | tuple) or not all(isinstance(path, str | os.PathLike) for path in paths):
        with tempfile.TemporaryDirectory() as temporary_folder:
            path = Path(temporary_folder) / "data.parquet"
            write_frame(data, path)
            return load_panels(folder, [path])
    if not paths:
        message = Text("there is no file to forecast")
        raise DataError(message, Text("give one or more files, or None for the data of the run"))
    report, options = folder.data_report, DataOptions.from_config(folder.config.data)
    items = load_files(
        paths,
        replace(with_columns_of_long_table(options, report), id=options.id),
        tuple(report["channels"]),
        series_columns=report.get("series_columns", ()),
        units=report["card"]["units"],
        freq=report["frequency"],
        timezone=report["timezone"] or ("UTC" if has_time_zone(report) else None),  # UTC has no name
        inferred=ReadOptions(decimal=report.get("decimal"), day_first=report.get("day_first")),
    )
    path = folder.config.data.get("events")
    of_run = read_events(path) if path else ()
    items = {name: replace(panel, events=of_run) for name, panel in items.items()}
    names = list(report["covariates"])
    if any(set(names).difference(panel.covariate_names) for panel in items.values()):
        covariates_read = [names[k] for k in folder.load_forecaster().covariates_read]
        items = {name: add_unread_covariates(panel, report, covariates_read) for name, panel in items.items()}
    selected = {name: select_trained_channels(panel, report, name) for name, panel in items.items()}
    closed = tuple(ClosedHours.from_report(report, channel) for channel in report["channels"])
    return {name: replace(panel, closed=closed) for name, panel in selected.items()}


def with_events(panel: Panel, forecaster: Forecaster, events: EventsGiven) -> Panel:
    """The panel with further events, which the forecaster must read; see `predict`."""
    if not forecaster.reads_events:
        message = Text("the model of this run does not read events")
        settings = {"model": Setting("model", "qwen_patch"), "tune": Setting("model.tune", "none")}
        advice = Text("leave them out, or use a run with {model} and {tune}", **settings)
        raise ConfigError(message, advice)
    return replace(panel, events=(*panel.events, *read_events(events)))


def forecast_panel(
    forecaster: Forecaster,
    panel: Panel,
    item: str,
    *,
    horizon: int | None = None,
    backtest: bool = False,
    known: KnownValues | None = None,
    batch_size: int = 256,
) -> pd.DataFrame:
    """Forecast the channels of one panel that have a value in the context; see `predict`."""
    rows = forecaster.horizon if horizon is None else horizon
    horizon, length, observed = forecaster.horizon, forecaster.context_length, panel
    if rows < 1:
        message = Text("{horizon} is below 1", horizon=Setting("horizon", rows))
        raise ConfigError(message, Text("give 1 to {maximum} rows", maximum=horizon), "horizon")
    if rows > horizon:
        message = Text(
            "{horizon} is longer than the horizon of the model, {maximum} rows",
            horizon=Setting("horizon", rows),
            maximum=horizon,
        )
        advice = Text("give at most {maximum}, or train a model with this horizon", maximum=horizon)
        raise ConfigError(message, advice, "horizon")
    if backtest:
        panel = hold_out_last_rows(panel, rows, item)
    panel, origins, channels = windows_to_forecast(forecaster, panel, item)
    if known:
        panel = with_known_values(panel, origins, rows, forecaster.covariates_read, known)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    forecaster = forecaster.to(device).eval()
    series = SeriesStore(panel).to(device)
    if forecaster.reads_events:
        first, last = int(origins.min()) - length, int(origins.max()) + rows
        _warn_about_events(forecaster, panel.events, panel.local_index[first:last], item)
    points, quantiles = [], []
    with torch.no_grad():
        batches = torch.from_numpy(channels).split(batch_size)
        for channel in with_progress(batches, len(batches), "forecasts"):
            origin = torch.from_numpy(origins)[channel]
            batch = series.gather(origin.to(device), channel.to(device), length, horizon)
            forecast = forecaster.forecast(batch)
            points.append(forecast.point.float().cpu().numpy())
            quantiles.append(forecast.quantiles.float().cpu().numpy())
    quantile_rows = np.concatenate(quantiles).transpose(0, 2, 1).reshape(-1, len(QUANTILE_LEVELS))
    forecast_rows = (origins[channels, None] + np.arange(horizon)).ravel()
    closed_values = np.broadcast_to(panel.closed_values, panel.values.shape)
    is_closed = closed_values[forecast_rows, np.repeat(channels, horizon)]
    quantile_rows[is_closed] = np.nan
    if is_closed.all():
        log.warning(
            "%s: all %d rows to forecast lie in hours in which the data never have a value, so that the forecast is "
            "empty; train a model with a longer horizon",
            item,
            horizon,
        )
    table = pd.DataFrame(
        {
            "item": item,
            "channel": np.repeat(np.asarray(panel.channels, dtype=object)[channels], horizon),
            "timestamp": panel.local_index[forecast_rows],
            "point": np.where(is_closed, np.float32(np.nan), np.concatenate(points).ravel()),
        }
    )
    table = table.join(pd.DataFrame(quantile_rows, columns=list(QUANTILE_COLUMNS)))
    table = table.groupby("channel", sort=False).head(rows).reset_index(drop=True)
    return table.assign(truth=values_at(observed, table["channel"], table["timestamp"])) if backtest else table


def known_of_forecast(
    forecaster: Forecaster,
    panel: Panel,
    rows: int,
    *,
    backtest: bool = False,
    known: KnownValues | None = None,
) -> dict[str, np.ndarray]:
    """The known covariates of the forecast that `forecast_panel` gives: name to values, float32 [C, rows]."""
    if not any(panel.covariate_known[k] for k in forecaster.covariates_read):
        return {}
    if backtest:
        panel = hold_out_last_rows(panel, rows)
    panel, origins = extend_to_horizon(panel, forecaster.horizon, forecaster.context_length)
    if known:
        panel = with_known_values(panel, origins, rows, forecaster.covariates_read, known)
    return known_values(panel, origins, rows, forecaster.covariates_read)


def windows_to_forecast(forecaster: Forecaster, panel: Panel, item: str) -> tuple[Panel, np.ndarray, np.ndarray]:
    """The windows of a forecast; warnings name channels that are not forecast and covariates without a value.

    Returns
    -------
    panel : Panel
    origins : int64 [C]
        See `extend_to_horizon`.
    channels : int64 [N]
        Numbers of the channels with a value in the context.

    Raises
    ------
    DataError
        The panel has fewer rows than a context.
    """
    length = forecaster.context_length
    panel, origins = extend_to_horizon(panel, forecaster.horizon, length)
    if origins.min() < length:
        message = Text(
            "{source} has {rows} rows up to its last value, fewer than the context_length of the run, "
            "{context_length}",
            source=item,
            rows=int(origins.min()),
            context_length=length,
        )
        raise DataError(message, Text("give at least {rows} rows", rows=length))
    _warn_about_missing_covariates(panel, forecaster.covariates_read, origins, forecaster.horizon, item)
    return panel, origins, _channels_to_forecast(panel, origins, length, item)


def _channels_to_forecast(panel: Panel, origins: np.ndarray, context_length: int, item: str) -> np.ndarray:
    """Numbers of the channels with a value in the context, int64 [N]; logs a warning for the other ones."""
    has_values = np.isfinite(panel.values).any(axis=0)
    in_context = np.array(
        [np.isfinite(panel.values[o - context_length : o, c]).any() for c, o in enumerate(origins.tolist())]
    )
    if empty := _some_channels(panel, ~has_values):
        log.warning("%s has no value of %s: not forecast", item, empty)
    if ended := _some_channels(panel, has_values & ~in_context):
        log.warning(
            "%s: the %d rows before %s have no value of %s: not forecast; to forecast them, pass a file that ends at "
            "their last value",
            item,
            context_length,
            panel.local_index[origins.max()],
            ended,
        )
    return np.flatnonzero(in_context)


def _some_channels(panel: Panel, selected: np.ndarray) -> str:
    """The names of selected channels; of more than `MAX_LISTED_CHANNELS`, their number and the first names."""
    names = [repr(name) for name in compress(panel.channels, selected)]
    count = f"{len(names)} of {len(selected)} channels: " if len(names) > MAX_LISTED_CHANNELS else ""
    return count + join_names(names, MAX_LISTED_CHANNELS)


def _warn_about_missing_covariates(
    panel: Panel, covariates_read: Sequence[int], origins: np.ndarray, horizon: int, item: str
) -> None:
    """Log a warning that names the known covariates without a value in some forecast rows, with the number of rows.

    A column without any value belongs to a series that the panel does not have, and is not named.
    """
    has_values = np.isfinite(panel.covariates).any(axis=0)
    incomplete = []
    for k in covariates_read:
        columns = panel.channel_covariate_columns[k]
        pairs, first_channels = np.unique(np.stack([columns, origins]), axis=1, return_index=True)
        series_differ = len(pairs[0]) > 1
        for (column, origin), channel in zip(pairs.T.tolist(), first_channels.tolist(), strict=True):
            num_missing = int(np.isnan(panel.covariates[origin : origin + horizon, column]).sum())
            if panel.covariate_known[k] and num_missing and has_values[column]:
                series = f" of {panel.channels[channel]!r}" if series_differ else ""
                incomplete.append(f"{panel.covariate_names[k]!r}{series} in {num_missing}")
    if incomplete:
        log.warning(
            "%s: known covariates without a value in some of the %d forecast rows: %s; give their values in rows "
            "with empty targets",
            item,
            horizon,
            join_names(incomplete),
        )


def _warn_about_events(
    forecaster: Forecaster, events: Sequence[TextEvent], rows: pd.DatetimeIndex, item: str
) -> None:
    """Log warnings of events in the rows that the model may misread, and of events in none of the rows."""
    inside = [part.event for part in rows_of_events(events, rows)]
    for text in dict.fromkeys(event.text for event in inside):
        reading = forecaster.event_reading(text)
        read = {"item": item, "text": text, "kind": reading.kind, "probability": reading.probability}
        if reading.unknown_words:
            warning = Text(
                "{item}: the model may misread the event {text!r}, since it does not know {words}; it reads {kind}, "
                "with probability {probability:.2f}",
                **read,
                words=listed(reading.unknown_words),
            )
            log.warning("%s", warning)
        elif not reading.is_sure:
            warning = Text(
                "{item}: the model may misread the event {text!r}: it reads {kind}, with probability "
                "{probability:.2f}",
                **read,
            )
            log.warning("%s", warning)
    if len(inside) < len(events):
        outside = Text(
            "{item}: {count} of {total} events lie in no row that the model reads",
            item=item,
            count=len(events) - len(inside),
            total=len(events),
        )
        log.warning("%s", outside)


def extend_to_horizon(panel: Panel, horizon: int, context_length: int = 0) -> tuple[Panel, np.ndarray]:
    """Extend a panel to `horizon` rows after the last observed target of each series.

    Rows without targets at the end of the panel are kept: they contain the future of known covariates. Future
    holidays come from the calendar. A short series of a long table gets rows without values before its first row.

    Parameters
    ----------
    panel : Panel
    horizon, context_length : int
        In rows.

    Returns
    -------
    panel : Panel
    origins : int64 [C]
        The row of the first forecast of each channel.
    """
    origins = panel.ends
    missing_rows = int(origins.max()) + horizon - len(panel)
    rows_before = 0 if panel.series is None else max(0, context_length - int(origins.min()))
    if missing_rows > 0 or rows_before:
        panel, origins = panel.extend(max(0, missing_rows), rows_before), origins + rows_before
    if "holiday" in panel.covariate_names and panel.card.country:
        covariates, first = panel.covariates.copy(), int(origins.min())
        columns = np.unique(panel.channel_covariate_columns[panel.covariate_names.index("holiday")])
        future = covariates[first:, columns]
        flags = holiday_flags(panel.local_index, panel.card.country)[first:, None]
        covariates[first:, columns] = np.where(np.isnan(future), flags, future)
        panel = replace(panel, covariates=covariates)
    return panel, origins
