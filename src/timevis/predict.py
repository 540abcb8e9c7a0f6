"""Forecasts beyond the data: a run and new rows in, a data frame of quantiles out."""

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

from timevis.data.catalog import load_files
from timevis.data.data_frames import write_frame
from timevis.data.holidays import holiday_flags
from timevis.data.options import CleaningOptions, DataOptions
from timevis.data.panel import Panel
from timevis.data.windows import SeriesStore
from timevis.errors import DataError
from timevis.models.forecaster import QUANTILE_LEVELS, Forecaster
from timevis.runs.folder import RunFolder
from timevis.runs.reload import as_trained, load_again, with_unread
from timevis.utils.formatting import join_names

log = logging.getLogger(__name__)

NewData: TypeAlias = pd.DataFrame | str | Path | Sequence[str | Path] | None
QUANTILE_COLUMNS = tuple(f"q{level:g}" for level in QUANTILE_LEVELS)


def predict(
    run: str | os.PathLike[str],
    data: NewData = None,
    *,
    refit: bool = False,
    batch_size: int = 256,
) -> pd.DataFrame:
    """Forecast the rows that follow the last observed one.

    Parameters
    ----------
    run : path
        Of a run folder with a model.
    data : DataFrame, file or files, optional
        New rows with the run's time column and channels; the run's own data when None. A long table gives one item
        for each of its series.
    refit : bool
        Fit the model again on all rows of the run's data first; see `timevis.training.refit.refit`.
    batch_size : int

    Returns
    -------
    DataFrame
        `horizon` rows for each item and each channel with a value in its context: item, channel, timestamp, point,
        and the quantiles ``q0.025`` to ``q0.975``, in the unit of the data.

    Raises
    ------
    DataError
        The new rows do not fit the run, or are fewer than its context.
    RunFolderError
        The run has no model.
    """
    folder = RunFolder(run)
    return forecast_items(folder, panels_for(folder, data), refit=refit, batch_size=batch_size)


def forecast_items(
    folder: RunFolder, items: Mapping[str, Panel], *, refit: bool = False, batch_size: int = 256
) -> pd.DataFrame:
    """`predict` for panels as `panels_for` returns them."""
    from timevis.training.refit import refit as fit_again

    forecaster = fit_again(folder) if refit else folder.load_forecaster()
    tables = [forecast_panel(forecaster, panel, name, batch_size) for name, panel in items.items()]
    return pd.concat(tables, ignore_index=True)


def panels_for(folder: RunFolder, data: NewData = None) -> dict[str, Panel]:
    """The run's own data, or new data with the run's channels and covariates, by item name.

    A covariate that the model does not read may be absent.
    """
    if data is None:
        _, panel, _ = load_again(folder, future=True)
        return {panel.card.name: panel}
    if isinstance(data, str | os.PathLike):
        data = [data]
    if isinstance(data, pd.DataFrame):
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "data.parquet"
            write_frame(data, path)
            return panels_for(folder, [path])
    if not data:
        raise DataError("there is no file to forecast", "give one or more, or None for the run's own data")
    report = folder.data_report
    decimal, day_first = report.get("decimal"), report.get("day_first")  # None in older reports
    usual = CleaningOptions(decimal=decimal, day_first=day_first)
    items = load_files(
        data,
        DataOptions.from_config(folder.config.data),
        tuple(report["channels"]),
        freq=report["frequency"],
        usual=usual,
    )
    names = list(report["covariates"])
    if any(set(names).difference(panel.covariate_names) for panel in items.values()):
        read = [names[k] for k in folder.load_forecaster().covariates_read]
        items = {name: with_unread(panel, report, read) for name, panel in items.items()}
    return {name: as_trained(panel, report, name) for name, panel in items.items()}


def forecast_panel(forecaster: Forecaster, panel: Panel, item: str, batch_size: int = 256) -> pd.DataFrame:
    """Forecast the channels of one panel that hold a value in the context; see `predict`."""
    horizon, length = forecaster.horizon, forecaster.context_length
    panel, origin = with_future(panel, horizon)
    if origin < length:
        raise DataError(
            f"{item} has {origin} rows up to its last value, fewer than the context_length of the run, {length}",
            f"give at least {length} rows",
        )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    forecaster = forecaster.to(device).eval()
    if told := join_names(_unknown_ahead(panel, forecaster.covariates_read, origin, horizon)):
        log.warning(
            "%s: known ahead, but without a value in the %d rows that are forecast: %s; "
            "give it in rows with empty targets",
            item,
            horizon,
            told,
        )
    series = SeriesStore(panel).to(device)
    ever = np.isfinite(panel.values).any(axis=0)
    if empty := join_names([repr(c) for c in compress(panel.channels, ~ever)]):
        log.warning("%s holds no value of %s: not forecast", item, empty)
    read = np.isfinite(panel.values[origin - length : origin]).any(axis=0)
    if ended := join_names([repr(c) for c in compress(panel.channels, ever & ~read)]):
        log.warning(
            "%s: the %d rows before %s hold no value of %s: not forecast; "
            "a file that ends where they do is forecast from there",
            *(item, length, panel.index[origin], ended),
        )
    seen = np.flatnonzero(read)
    points, quantiles = [], []
    with torch.no_grad():
        for channel in torch.from_numpy(seen).to(device).split(batch_size):
            batch = series.gather(torch.full_like(channel, origin), channel, length, horizon)
            forecast = forecaster.forecast(batch)
            points.append(forecast.point.float().cpu().numpy())
            quantiles.append(forecast.quantiles.float().cpu().numpy())
    stacked = np.concatenate(quantiles).transpose(0, 2, 1).reshape(-1, len(QUANTILE_LEVELS))
    table = pd.DataFrame(
        {
            "item": item,
            "channel": np.repeat(np.asarray(panel.channels, dtype=object)[seen], horizon),
            "timestamp": panel.index[np.tile(np.arange(origin, origin + horizon), len(seen))],
            "point": np.concatenate(points).ravel(),
        }
    )
    return table.join(pd.DataFrame(stacked, columns=list(QUANTILE_COLUMNS)))


def _unknown_ahead(panel: Panel, read: Sequence[int], origin: int, horizon: int) -> list[str]:
    """The covariates that are `read` and known ahead, but have no value in some rows that are forecast: in how many.

    Columns without any value are those of series that are not there.
    """
    empty = np.isnan(panel.covariates[origin : origin + horizon]).sum(axis=0)
    there = np.isfinite(panel.covariates).any(axis=0)
    out = []
    for k in read:
        columns, first = np.unique(panel.channel_covariate_columns[k], return_index=True)
        for column, j in zip(columns, first, strict=True):
            if panel.covariate_known[k] and empty[column] and there[column]:
                whose = f" of {panel.channels[j]!r}" if len(columns) > 1 else ""
                out.append(f"{panel.covariate_names[k]!r}{whose} in {empty[column]}")
    return out


def with_future(panel: Panel, horizon: int) -> tuple[Panel, int]:
    """A panel that reaches `horizon` rows past its last observed target, and the row of the first forecast.

    Rows without targets at the end keep their covariates: that is how a known future is told. Holidays are known
    from the calendar.
    """
    seen = np.flatnonzero(np.isfinite(panel.values).any(axis=1))
    origin = int(seen[-1]) + 1 if len(seen) else 0
    missing = origin + horizon - len(panel)
    if missing > 0:
        panel = panel.extend(missing)
    if "holiday" in panel.covariate_names and panel.card.country:
        covariates = panel.covariates.copy()
        columns = np.unique(panel.channel_covariate_columns[panel.covariate_names.index("holiday")])
        ahead = covariates[origin:, columns]
        flags = holiday_flags(panel.local_index, panel.card.country)[origin:, None]
        covariates[origin:, columns] = np.where(np.isnan(ahead), flags, ahead)
        panel = replace(panel, covariates=covariates)
    return panel, origin
