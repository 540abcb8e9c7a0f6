"""The recent period of a monitor in one picture: the truth, and for each time the newest forecast of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from apiflask import APIBlueprint
from sqlalchemy import select
from sqlalchemy.orm import undefer

from timevis.service.api.monitor_scores import iso_times, unit_of
from timevis.service.context import context, find, unknown_channel
from timevis.service.db.monitor_tables import Monitor, StoredForecast
from timevis.service.db.versions import newest_version
from timevis.service.monitoring.arrays import ForecastArrays, VersionValues
from timevis.service.schemas.monitors import MonitorPeriod, PeriodQuery
from timevis.utils.json_types import to_json_types
from timevis.utils.levels import QUANTILE_LEVELS

blueprint = APIBlueprint("monitor_period", __name__, tag="Monitors")

MAX_PERIOD_ROWS = 20_000
MAX_CONTEXT_ROWS = 300
LEVELS = {"low": 0.1, "median": 0.5, "high": 0.9}


@blueprint.get("/monitors/<monitor_id>/period")
@blueprint.input(PeriodQuery, location="query", arg_name="query")
@blueprint.output(MonitorPeriod)
def get_period(monitor_id: str, query: PeriodQuery) -> Any:
    """Return the truth of a channel over the last forecasts, with the newest forecast of each time."""
    service = context()
    with service.sessions() as session:
        monitor = find(session, Monitor, monitor_id)
        own = select(StoredForecast).where(StoredForecast.monitor_id == monitor.id)
        own = own.options(undefer(StoredForecast.values)).order_by(StoredForecast.origin_row.desc())
        count = min(query.forecasts, max(1, MAX_PERIOD_ROWS // monitor.horizon))
        rows = session.scalars(own.limit(count)).all()[::-1]
        dataset = newest_version(session, monitor.dataset_id)
    arrays = [ForecastArrays.from_json(row.values) for row in rows]
    version = None
    if dataset is not None:
        version = VersionValues.open(service.storage.fetched_dataset(dataset.id), dataset.report)
    channels = arrays[-1].channels if arrays else version.channels if version else ()
    channel = query.channel or next(iter(channels), "")
    if channels and channel not in channels:
        raise unknown_channel("/channel", channel, channels)
    times, forecast = _newest_forecasts(arrays, channel)
    if version is not None:
        times, forecast = _with_context(times, forecast, np.asarray(version.times), 2 * monitor.horizon)
    truth = np.full(len(times), np.nan)
    if version is not None:
        truth = version.at([channel], times[None])[0]
    listed = [{key: getattr(row, key) for key in ("id", "origin", "last_time")} for row in rows]
    return {
        **{"channel": channel, "channels": list(channels), "unit": unit_of(dataset, channel)},
        **{"time": iso_times(times, dataset), "truth": to_json_types(truth.tolist()), "forecasts": listed},
        **{name: to_json_types(values.tolist()) for name, values in zip(LEVELS, forecast, strict=True)},
    }


def _newest_forecasts(forecasts: Sequence[ForecastArrays], channel: str) -> tuple[np.ndarray, np.ndarray]:
    """Times, int64 [T], and the last one of the forecasts of each time at `LEVELS`, float64 [3, T]."""
    positions = [int(np.argmin(np.abs(np.array(QUANTILE_LEVELS) - level))) for level in LEVELS.values()]
    newest = dict[int, np.ndarray]()
    for arrays in forecasts:
        if channel in arrays.channels:
            c = arrays.channels.index(channel)
            newest.update(zip(arrays.times[c].tolist(), arrays.quantiles[c][positions].T.astype(float), strict=True))
    times = np.array(sorted(newest), np.int64)
    return times, np.array([newest[time] for time in times.tolist()], float).reshape(-1, len(LEVELS)).T


def _with_context(
    times: np.ndarray, forecast: np.ndarray, known: np.ndarray, rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Also the known times between the forecasts, and some before them, for which there is no forecast."""
    first = int(known.searchsorted(times[0])) if len(times) else len(known)
    every = np.union1d(times, known[max(0, first - min(rows, MAX_CONTEXT_ROWS)) :])
    values = np.full((len(forecast), len(every)), np.nan)
    values[:, every.searchsorted(times)] = forecast
    return every, values
