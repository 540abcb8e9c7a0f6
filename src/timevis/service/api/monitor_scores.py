"""What a monitor has stored: forecasts, their scores over time, the recent period in one picture, and alerts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from apiflask import APIBlueprint
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, undefer

from timevis.data.calendar import to_local_time
from timevis.data.quality.quality_report import has_time_zone
from timevis.messages import Text
from timevis.service.context import context, find, unknown_channel
from timevis.service.db.monitor_tables import Alert, Delivery, ForecastArrays, ForecastScore, Monitor, StoredForecast
from timevis.service.db.tables import Dataset
from timevis.service.db.versions import newest_version
from timevis.service.monitoring.alerts import send_again
from timevis.service.problems import Problem
from timevis.service.schemas.monitors import (
    AlertPage,
    AlertQuery,
    AlertView,
    ForecastQuery,
    MonitorPeriod,
    PeriodQuery,
    ScoreQuery,
    ScoreSeries,
    SpanQuery,
    StoredForecastDetail,
    StoredForecastPage,
)
from timevis.service.series import VersionValues
from timevis.utils.json_types import to_json_types
from timevis.utils.levels import QUANTILE_LEVELS

blueprint = APIBlueprint("monitor_scores", __name__, tag="Monitors")
period_blueprint = APIBlueprint("monitor_period", __name__, tag="Monitors")

MAX_PERIOD_ROWS = 20_000
MAX_CONTEXT_ROWS = 300
LEVELS = {"low": 0.1, "median": 0.5, "high": 0.9}


@blueprint.get("/monitors/<monitor_id>/scores")
@blueprint.input(ScoreQuery, location="query", arg_name="query")
@blueprint.output(ScoreSeries)
def list_scores(monitor_id: str, query: ScoreQuery) -> Any:
    """Return the newest score of each forecast in the order of time: of all channels, of one, or of one step."""
    with context().sessions() as session:
        find(session, Monitor, monitor_id)
        forecasts = session.scalars(
            _in_span(monitor_id, query)
            .order_by(StoredForecast.origin_row.desc(), StoredForecast.id)
            .limit(query.limit)
        ).all()[::-1]
        with_details = query.channel is not None or query.step is not None
        scores = _newest_scores(session, forecasts, with_details)
    items = []
    for forecast in forecasts:
        score = scores.get(forecast.id)
        if score is None:
            continue
        items.append(
            {
                **{"forecast": forecast.id, "origin": forecast.origin, "last_time": forecast.last_time},
                **{"model": forecast.model_id, "complete": score.complete, "targets": score.targets},
                **{"version": score.dataset_id, "metrics": _chosen(score, query)},
            }
        )
    return {"items": items}


def _chosen(score: ForecastScore, query: ScoreQuery) -> dict[str, float | None]:
    """The metrics of all channels and steps, of one channel, or of one step."""
    if query.channel is not None:
        of_channel: dict[str, float | None] = score.details["by_channel"].get(query.channel, {})
        return of_channel
    if query.step is not None:
        steps = score.details["by_step"]
        return {name: values[query.step - 1] for name, values in steps.items() if query.step <= len(values)}
    return score.metrics


def _in_span(monitor_id: str, query: SpanQuery) -> Select[Any]:
    forecasts = select(StoredForecast).where(StoredForecast.monitor_id == monitor_id)
    forecasts = forecasts.where(StoredForecast.origin >= query.start) if query.start else forecasts
    return forecasts.where(StoredForecast.origin <= query.end) if query.end else forecasts


def _newest_scores(
    session: Session, forecasts: Sequence[StoredForecast], with_details: bool
) -> dict[str, ForecastScore]:
    """The newest score of each forecast that has one."""
    ids = [forecast.id for forecast in forecasts]
    newest = dict[str, ForecastScore]()
    for start in range(0, len(ids), 500):  # databases limit the number of parameters
        query = select(ForecastScore).where(ForecastScore.forecast_id.in_(ids[start : start + 500]))
        query = query.options(undefer(ForecastScore.details)) if with_details else query
        for score in session.scalars(query.order_by(ForecastScore.created)):
            newest[score.forecast_id] = score
    return newest


@blueprint.get("/monitors/<monitor_id>/forecasts")
@blueprint.input(ForecastQuery, location="query", arg_name="query")
@blueprint.output(StoredForecastPage)
def list_forecasts(monitor_id: str, query: ForecastQuery) -> Any:
    """List the stored forecasts, the last one first."""
    with context().sessions() as session:
        find(session, Monitor, monitor_id)
        own = _in_span(monitor_id, query)
        total = session.scalar(select(func.count()).select_from(own.subquery())) or 0
        page = own.order_by(StoredForecast.origin_row.desc(), StoredForecast.id)
        rows = session.scalars(page.limit(query.per_page).offset((query.page - 1) * query.per_page)).all()
        scores = _newest_scores(session, rows, False)
    items = [_summary(row, scores.get(row.id)) for row in rows]
    return {"items": items, "total": total, "page": query.page, "per_page": query.per_page}


def _summary(row: StoredForecast, score: ForecastScore | None) -> dict[str, Any]:
    return {
        **{key: getattr(row, key) for key in ("id", "origin", "last_time", "complete", "created")},
        **{"model": row.model_id, "dataset": row.dataset_id, "metrics": score.metrics if score else None},
    }


@blueprint.get("/monitors/<monitor_id>/forecasts/<forecast_id>")
@blueprint.output(StoredForecastDetail)
def get_forecast(monitor_id: str, forecast_id: str) -> Any:
    """Return a stored forecast with the forecast of seasonal naive, and the truth as far as it is known."""
    service = context()
    with service.sessions() as session:
        find(session, Monitor, monitor_id)
        row = find(session, StoredForecast, forecast_id)
        if row.monitor_id != monitor_id:
            text = Text("the monitor has no forecast {identifier}", identifier=forecast_id)
            raise Problem(404, "not-found", text)
        values = row.values  # deferred
        score = _newest_scores(session, [row], True).get(row.id)
        newest = newest_version(session, row.dataset_id)
    arrays = ForecastArrays.from_json(values)
    truth = np.full(arrays.times.shape, np.nan)
    if newest is not None:
        truth = VersionValues.open(service.storage.fetched_dataset(newest.id), newest.report).at(
            arrays.channels, arrays.times
        )
    channels = [
        {
            **{"channel": channel, "unit": unit_of(newest, channel), "time": _iso_times(arrays.times[c], newest)},
            **{"point": arrays.point[c].tolist(), "levels": list(QUANTILE_LEVELS)},
            **{"quantiles": arrays.quantiles[c].tolist(), "naive": arrays.naive[c].tolist()},
            "truth": to_json_types(truth[c].tolist()),
        }
        for c, channel in enumerate(arrays.channels)
    ]
    return {**_summary(row, score), "channels": channels, "details": score.details if score else None}


def unit_of(dataset: Dataset | None, channel: str) -> str:
    """The unit of a channel; empty if it has none."""
    return str((dataset.report["channels"].get(channel) or {}).get("unit") or "") if dataset else ""


def _iso_times(times: np.ndarray, dataset: Dataset | None) -> list[str]:
    """Times of the data, local if they have a zone."""
    index = pd.DatetimeIndex(times.astype("datetime64[us]"))
    if dataset is not None and has_time_zone(dataset.report):
        index = to_local_time(index.tz_localize("UTC"), dataset.report["timezone"])
    return [time.isoformat() for time in index]


@blueprint.get("/alerts")
@blueprint.input(AlertQuery, location="query", arg_name="query")
@blueprint.output(AlertPage)
def list_alerts(query: AlertQuery) -> Any:
    """List the alerts of all monitors or of one, the newest first, with their deliveries."""
    given = {"monitor_id": query.monitor, "kind": query.kind}
    conditions = [getattr(Alert, name) == value for name, value in given.items() if value]
    with context().sessions() as session:
        total = session.scalar(select(func.count()).select_from(Alert).where(*conditions)) or 0
        page = select(Alert).where(*conditions).order_by(Alert.created.desc(), Alert.id)
        alerts = session.scalars(page.limit(query.per_page).offset((query.page - 1) * query.per_page)).all()
        items = _alerts(session, alerts)
    return {"items": items, "total": total, "page": query.page, "per_page": query.per_page}


@blueprint.post("/alerts/<alert_id>/send")
@blueprint.output(AlertView)
def send_alert_again(alert_id: str) -> Any:
    """Try the deliveries of an alert that were not accepted again, at once."""
    with context().sessions() as session:
        find(session, Alert, alert_id)
    send_again(context().sessions, alert_id)
    with context().sessions() as session:
        return _alerts(session, [find(session, Alert, alert_id)])[0]


def _alerts(session: Session, alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    deliveries = defaultdict[str, list[Delivery]](list)
    for delivery in session.scalars(select(Delivery).where(Delivery.alert_id.in_([alert.id for alert in alerts]))):
        deliveries[delivery.alert_id].append(delivery)
    rows = session.execute(select(Monitor.id, Monitor.name).where(Monitor.id.in_({a.monitor_id for a in alerts})))
    names = {row.id: row.name for row in rows}
    return [
        {
            **{key: getattr(alert, key) for key in ("id", "kind", "data_time", "created", "resolved")},
            **{"monitor": alert.monitor_id, "monitor_name": names[alert.monitor_id]},
            **{"text": alert.content["text"], "values": alert.content["values"]},
            "text_code": {key: alert.content[key] for key in ("code", "params")},
            "deliveries": [_delivery(delivery) for delivery in deliveries[alert.id]],
        }
        for alert in alerts
    ]


def _delivery(delivery: Delivery) -> dict[str, Any]:
    is_open = delivery.state in ("waiting", "sending")
    return {
        **{key: delivery.target[key] for key in ("kind", "address")},
        **{key: getattr(delivery, key) for key in ("state", "attempts", "error", "sent")},
        "next_attempt": delivery.next_attempt if is_open else None,
    }


@period_blueprint.get("/monitors/<monitor_id>/period")
@period_blueprint.input(PeriodQuery, location="query", arg_name="query")
@period_blueprint.output(MonitorPeriod)
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
        **{"time": _iso_times(times, dataset), "truth": to_json_types(truth.tolist()), "forecasts": listed},
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
