"""Forecasts beyond the data: a run and new rows in, a data frame of quantiles out."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from timevis.data.catalog import load_files, load_panel
from timevis.data.holidays import holiday_flags
from timevis.data.options import DataOptions
from timevis.data.panel import Panel
from timevis.data.windows import SeriesStore
from timevis.errors import DataError, RunFolderError
from timevis.models.forecaster import QUANTILE_LEVELS, Forecaster
from timevis.run_folder import RunFolder

QUANTILE_COLUMNS = tuple(f"q{level:g}" for level in QUANTILE_LEVELS)


def predict(
    run: str | os.PathLike[str],
    data: pd.DataFrame | Sequence[str | Path] | None = None,
    *,
    refit: bool = False,
    batch_size: int = 256,
) -> pd.DataFrame:
    """Forecast the rows that follow the last observed one.

    Parameters
    ----------
    run : path
        Of a run folder with a model.
    data : DataFrame or files, optional
        New rows with the run's time column and channels; the run's own data when None. A long table gives one item
        for each of its series.
    refit : bool
        Fit the model again on all rows of the run's data first; see `timevis.refit.refit`.
    batch_size : int

    Returns
    -------
    DataFrame
        `horizon` rows for each item and channel: item, channel, timestamp, point, and the quantiles ``q0.025`` to
        ``q0.975``, in the unit of the data.

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
    from timevis.refit import refit as fit_again

    forecaster = fit_again(folder) if refit else folder.load_forecaster()
    cfg = folder.config.data
    tables = [forecast_panel(forecaster, panel, name, cfg, batch_size) for name, panel in items.items()]
    return pd.concat(tables, ignore_index=True)


def panels_for(folder: RunFolder, data: pd.DataFrame | Sequence[str | Path] | None = None) -> dict[str, Panel]:
    """The run's own data, or new data with the run's channels and covariates, by item name."""
    cfg = folder.config.data
    if data is None:
        panel, _ = load_panel(cfg, future=True)
        name = panel.card.name
        return {name: select_covariates(panel, _data_report(folder)["covariates"], name)}
    if isinstance(data, pd.DataFrame):
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "data.parquet"
            data.to_parquet(path)
            return panels_for(folder, [path])
    report = _data_report(folder)
    window_set = folder.results["window_set"]
    items = load_files(data, cfg, window_set["channels"], freq=window_set["freq"])
    return {name: select_covariates(panel, report["covariates"], name) for name, panel in items.items()}


def _data_report(folder: RunFolder) -> dict[str, Any]:
    path = folder.path / "data_report.json"
    if not path.is_file():
        raise RunFolderError(f"{folder.path} has no data_report.json", "the run has not read its data; use resume=")
    return json.loads(path.read_text(encoding="utf-8"))


def select_covariates(panel: Panel, names: Mapping[str, Any] | Sequence[str], where: str) -> Panel:
    """The panel with exactly these covariates, in this order."""
    absent = [name for name in names if name not in panel.covariate_names]
    if absent:
        raise DataError(f"{where} has no covariate {absent[0]!r}, which the run was trained with", "add the column")
    order = [panel.covariate_names.index(name) for name in names]
    return replace(
        panel,
        covariates=np.ascontiguousarray(panel.covariates[:, order]),
        covariate_names=tuple(names),
        covariate_known=tuple(panel.covariate_known[k] for k in order),
    )


def forecast_panel(
    forecaster: Forecaster, panel: Panel, item: str, cfg: Mapping[str, Any], batch_size: int = 256
) -> pd.DataFrame:
    """Forecast one panel; see `predict`. `cfg` is the run's `data` group."""
    horizon, length = forecaster.horizon, forecaster.context_length
    panel, origin = with_future(panel, horizon, cfg)
    if origin < length:
        raise DataError(
            f"{item} has {origin} rows up to its last value, fewer than the context_length of the run, {length}",
            f"give at least {length} rows",
        )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    forecaster = forecaster.to(device).eval()
    series = SeriesStore(panel).to(device)
    points, quantiles = [], []
    with torch.no_grad():
        for channel in torch.arange(len(panel.channels), device=device).split(batch_size):
            batch = series.gather(torch.full_like(channel, origin), channel, length, horizon)
            forecast = forecaster.forecast(batch)
            points.append(forecast.point.float().cpu().numpy())
            quantiles.append(forecast.quantiles.float().cpu().numpy())
    stacked = np.concatenate(quantiles).transpose(0, 2, 1).reshape(-1, len(QUANTILE_LEVELS))
    table = pd.DataFrame(
        {
            "item": item,
            "channel": np.repeat(np.asarray(panel.channels, dtype=object), horizon),
            "timestamp": panel.index[np.tile(np.arange(origin, origin + horizon), len(panel.channels))],
            "point": np.concatenate(points).ravel(),
        }
    )
    return table.join(pd.DataFrame(stacked, columns=list(QUANTILE_COLUMNS)))


def with_future(panel: Panel, horizon: int, cfg: Mapping[str, Any]) -> tuple[Panel, int]:
    """A panel that reaches `horizon` rows past its last observed target, and the row of the first forecast.

    Rows without targets at the end keep their covariates: that is how a known future is told. Holidays are known
    from the calendar.
    """
    seen = np.flatnonzero(np.isfinite(panel.values).any(axis=1))
    origin = int(seen[-1]) + 1 if len(seen) else 0
    missing = origin + horizon - len(panel)
    if missing > 0:
        panel = panel.extend(missing)
    country = holiday_country(panel, cfg)
    if country:
        covariates = panel.covariates.copy()
        column = covariates[:, panel.covariate_names.index("holiday")]
        flags = holiday_flags(panel.local_index, country)
        column[origin:] = np.where(np.isnan(column[origin:]), flags[origin:], column[origin:])
        panel = replace(panel, covariates=covariates)
    return panel, origin


def holiday_country(panel: Panel, cfg: Mapping[str, Any]) -> str:
    """Whose holidays the covariate `holiday` shows; empty where there is none, or where it came with the data."""
    if "holiday" not in panel.covariate_names:
        return ""
    kind = (DataOptions.from_config(cfg).covariates or {}).get("holiday", "")
    return panel.card.country if kind in ("", "known", "observed") else kind
