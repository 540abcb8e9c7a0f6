"""Monitors: watch the forecasts of a dataset, look at their scores, and choose the champion."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request
from pydantic import ValidationError
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.service.context import context, delete_row, find, find_present, list_rows, restore_row
from timevis.service.db.monitor_tables import (
    LASTING,
    TRIAL,
    Alert,
    Challenger,
    Champion,
    ForecastScore,
    Monitor,
    StoredForecast,
)
from timevis.service.db.tables import Dataset, Model, Task, new_id
from timevis.service.db.versions import later_versions, newest_version, silent_from
from timevis.service.monitoring.alerts import failing_receivers, raise_alert
from timevis.service.monitoring.champions import champion_without_request, promote
from timevis.service.monitoring.loop import next_of, queue_cycle
from timevis.service.monitoring.sending import new_secret
from timevis.service.problems import conflict, wrong_field
from timevis.service.schemas.monitors import (
    CHAMPION_EXAMPLE,
    CYCLE_EXAMPLE,
    MONITOR_CHANGE_EXAMPLE,
    MONITOR_EXAMPLE,
    ChampionChange,
    ChampionHistory,
    Cycle,
    CycleRequest,
    MonitorChange,
    MonitorDetail,
    MonitorPage,
    MonitorQuery,
    MonitorRequest,
)
from timevis.service.schemas.training import train_request
from timevis.service.security.roles import EDIT_OWN, access
from timevis.service.tasks.queue import send
from timevis.service.tasks.states import FINAL

blueprint = APIBlueprint("monitors", __name__, tag="Monitors")

SORT_COLUMNS = {"created": Monitor.created, "name": Monitor.name}
MAX_RECENT_ERRORS = 30


@blueprint.post("/monitors")
@blueprint.input(MonitorRequest, arg_name="body", example=MONITOR_EXAMPLE)
@blueprint.output(MonitorDetail, status_code=201)
def create_monitor(body: MonitorRequest) -> Any:
    """Watch a dataset: forecast, store the forecast, score it when the rows arrive, and raise alerts."""
    with context().sessions.begin() as session:
        given = find_present(session, Dataset, body.dataset, "/dataset")
        dataset = newest_version(session, given.id) or given
        model = find_present(session, Model, _champion_of(body, dataset), "/model")
        values = body.model_dump()
        monitor = Monitor(
            id=new_id(),
            name=body.name or dataset.name,
            dataset_id=dataset.id,
            model_id=model.id,
            horizon=_horizon(body.horizon, model),
            enabled=body.enabled,
            state={},
            **_settings(values, dataset, []),
        )
        _check_retraining(monitor, model)
        monitor.next_run, monitor.next_training = _times(monitor)
        monitor.silent_from = silent_from(monitor)
        session.add(monitor)
        session.flush()
        session.add(Champion(monitor_id=monitor.id, model_id=model.id, reason="first"))
        return _detail(session, monitor, with_secrets=True)


def _champion_of(body: MonitorRequest, dataset: Dataset) -> str:
    if (chosen := body.model or dataset.champion_id) is None:
        raise wrong_field(
            "/model", Text("the dataset {name!r} has no champion", name=dataset.name), Text("name a model")
        )
    return chosen


def _horizon(given: int | None, model: Model) -> int:
    longest = int(model.summary["window_set"]["horizon"])
    if given is not None and given > longest:
        raise wrong_field(
            "/horizon",
            Text("the model forecasts {rows} rows at most", rows=longest),
            Text("give a shorter horizon, or train a model with a longer one"),
        )
    return given or longest


def _settings(values: dict[str, Any], dataset: Dataset, former: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The columns of the objects in a request, checked; receivers keep their secrets."""
    settings = {key: values[key] for key in ("schedule", "bounds", "retraining") if values.get(key) is not None}
    for key in ("schedule", "retraining"):
        if key in settings:
            _check_times(settings[key], key)
    if (training := (settings.get("retraining") or {}).get("training")) is not None:
        _check_training(training, dataset)
    if values.get("receivers") is not None:
        settings["receivers"] = [_with_secret(receiver, former) for receiver in values["receivers"]]
    return settings


def _check_times(schedule: dict[str, Any], key: str) -> None:
    try:
        next_of(schedule, time.time())
    except ConfigError as error:
        pointer = f"/{key}/timezone" if error.message.code == "unknown-time-zone" else f"/{key}/cron"
        raise wrong_field(pointer, error.message, error.advice) from None


def _check_training(training: dict[str, Any], dataset: Dataset) -> None:
    try:
        train_request().model_validate({**training, "dataset": dataset.id})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        text = Text("{place}: {reason}", place=place, reason=first["msg"])
        raise wrong_field(
            "/retraining/training", text, Text("its fields are those of the request of a training run")
        ) from None


def _check_retraining(monitor: Monitor, champion: Model, pointer: str = "/retraining/training") -> None:
    """Refuse retraining if neither the monitor nor the task of the champion says what is trained."""
    retraining = monitor.retraining
    is_retrained = retraining["on_drift"] or retraining["cron"] is not None
    has_request = retraining["training"] is not None or champion.task_id is not None
    if is_retrained and not has_request:
        error = champion_without_request()
        raise wrong_field(pointer, error.message, error.advice)


def _with_secret(receiver: dict[str, Any], former: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if receiver["kind"] != "webhook" or receiver["secret"] is not None:
        return receiver
    known = [r["secret"] for r in former if (r["kind"], r["address"]) == ("webhook", receiver["address"])]
    return receiver | {"secret": known[0] if known else new_secret()}


def _times(monitor: Monitor) -> tuple[float | None, float | None]:
    now = time.time()
    return next_of(monitor.schedule, now), next_of(monitor.retraining, now)


@blueprint.get("/monitors")
@blueprint.input(MonitorQuery, location="query", arg_name="query")
@blueprint.output(MonitorPage)
def list_monitors(query: MonitorQuery) -> Any:
    """List the monitors, newest first."""
    conditions: list[ColumnElement[bool]] = []
    if query.dataset is not None:
        with context().sessions() as session:
            versions = [query.dataset, *(row.id for row in later_versions(session, query.dataset))]
        conditions.append(Monitor.dataset_id.in_(versions))
    return list_rows(Monitor, query, SORT_COLUMNS, _summaries, conditions)


@blueprint.get("/monitors/<monitor_id>")
@blueprint.output(MonitorDetail)
def get_monitor(monitor_id: str) -> Any:
    """Return a monitor with its settings, the pooled scores of its recent forecasts, and drift."""
    with context().sessions() as session:
        return _detail(session, find(session, Monitor, monitor_id))


@blueprint.patch("/monitors/<monitor_id>")
@blueprint.input(MonitorChange, arg_name="change", example=MONITOR_CHANGE_EXAMPLE)
@blueprint.output(MonitorDetail)
def change_monitor(monitor_id: str, change: MonitorChange) -> Any:
    """Change the settings of a monitor."""
    values = change.model_dump(exclude_none=True, exclude={"schedule", "bounds", "retraining", "receivers"})
    with context().sessions.begin() as session:
        monitor = find_present(session, Monitor, monitor_id)
        if change.horizon is not None:
            _horizon(change.horizon, find(session, Model, monitor.model_id))
        dataset = session.get_one(Dataset, monitor.dataset_id)
        values |= _settings(change.model_dump(), dataset, monitor.receivers)
        for name, value in values.items():
            setattr(monitor, name, value)
        if "retraining" in values:
            _check_retraining(monitor, session.get_one(Model, monitor.model_id))
        monitor.next_run, monitor.next_training = _times(monitor)
        if "bounds" in values or "enabled" in values:
            monitor.silent_from = silent_from(monitor)
        return _detail(session, monitor, with_secrets="receivers" in values)


@blueprint.delete("/monitors/<monitor_id>")
@blueprint.output({}, status_code=204)
@access(EDIT_OWN, Monitor, "monitor_id")
def delete_monitor(monitor_id: str) -> Any:
    """Delete a monitor. Its forecasts and scores are kept, and it can be restored."""
    return delete_row(Monitor, monitor_id)


@blueprint.post("/monitors/<monitor_id>/restore")
@blueprint.output(MonitorDetail)
def restore_monitor(monitor_id: str) -> Any:
    """Restore a deleted monitor."""
    return restore_row(Monitor, monitor_id, _detail)


@blueprint.post("/monitors/<monitor_id>/run")
@blueprint.input(CycleRequest, arg_name="body", example=CYCLE_EXAMPLE)
@blueprint.output(Cycle, status_code=202)
def run_monitor(monitor_id: str, body: CycleRequest) -> Any:
    """Score what can be scored, forecast, and train a challenger if asked to, without waiting for the schedule."""
    service = context()
    with service.sessions.begin() as session:
        monitor = find_present(session, Monitor, monitor_id)
        last = session.get(Task, monitor.task_id) if monitor.task_id else None
        if last is not None and last.state not in FINAL:
            raise conflict(
                Text("the cycle {task} of the monitor has not ended", code="cycle-is-active", task=last.id),
                Text("wait until it has ended"),
            )
        cause = "hand" if body.train else None
        task = queue_cycle(session, monitor, time.time(), rows=False, forecast=body.forecast, training=cause)
        if task is None:
            raise conflict(Text("another request has started a cycle of the monitor"))
    send(service.celery, task.id, task.queue)
    return {"task": task.id}, 202, {"Location": f"{request.script_root}/api/tasks/{task.id}"}


@blueprint.get("/monitors/<monitor_id>/champions")
@blueprint.output(ChampionHistory)
def list_champions(monitor_id: str) -> Any:
    """Return the present champion, the former ones, and the challengers."""
    with context().sessions() as session:
        monitor = find(session, Monitor, monitor_id)
        own = select(Champion).where(Champion.monitor_id == monitor.id)
        champions = session.scalars(own.order_by(Champion.created.desc(), Champion.id)).all()
        query = select(Challenger, Task.state).outerjoin(Task, Task.id == Challenger.task_id)
        query = query.where(Challenger.monitor_id == monitor.id).order_by(Challenger.created.desc(), Challenger.id)
        challengers = session.execute(query).all()
        names = _names(session, Model, [champion.model_id for champion in champions])
        spans = _spans(session, monitor)
    ends = [None, *(champion.created for champion in champions)]
    return {
        "champions": [
            {
                "model": champion.model_id,
                "model_name": names.get(champion.model_id),
                "since": champion.created,
                "until": end,
                **{key: getattr(champion, key) for key in ("reason", "comparison", "created_by")},
                **dict(zip(("first_origin", "last_origin"), spans.get(champion.id, (None, None)), strict=True)),
            }
            for champion, end in zip(champions, ends, strict=False)
        ],
        "challengers": [
            {
                **{key: getattr(row, key) for key in ("id", "cause", "state", "comparison", "created")},
                **{"task": row.task_id, "task_state": state, "model": row.model_id},
            }
            for row, state in challengers
        ],
    }


def _spans(session: Session, monitor: Monitor) -> dict[str, tuple[str, str]]:
    """The first and the last origin of the forecasts of each champion."""
    columns = (StoredForecast.champion_id, func.min(StoredForecast.origin), func.max(StoredForecast.origin))
    own = select(*columns).where(StoredForecast.monitor_id == monitor.id).group_by(StoredForecast.champion_id)
    return {champion: (first, last) for champion, first, last in session.execute(own)}


@blueprint.post("/monitors/<monitor_id>/champion")
@blueprint.input(ChampionChange, arg_name="change", example=CHAMPION_EXAMPLE)
@blueprint.output(MonitorDetail)
def choose_champion(monitor_id: str, change: ChampionChange) -> Any:
    """Make a model the champion by hand; the former one stays in the history."""
    service = context()
    with service.sessions() as session:
        monitor = find_present(session, Monitor, monitor_id)
        model = find_present(session, Model, change.model, "/model")
        if int(model.summary["window_set"]["horizon"]) < monitor.horizon:
            raise wrong_field(
                "/model",
                Text("its horizon is shorter than {rows} rows", rows=monitor.horizon),
                Text("train it with a horizon of at least {rows} rows", rows=monitor.horizon),
            )
        _check_retraining(monitor, model, "/model")
        own = (Challenger.monitor_id == monitor.id, Challenger.model_id == model.id, Challenger.state != "promoted")
        challenger = session.scalar(select(Challenger).where(*own))
    if monitor.model_id != model.id:
        comparison = challenger.comparison if challenger and "p" in (challenger.comparison or {}) else None
        made = promote(
            *(service.sessions, monitor.id, monitor.model_id, model, "hand", comparison),
            challenger_id=challenger.id if challenger else None,
        )
        if not made:
            raise conflict(Text("the champion was changed at the same time"))
    with service.sessions() as session:
        return _detail(session, find(session, Monitor, monitor_id))


@blueprint.post("/monitors/<monitor_id>/trial-alert")
@blueprint.output({}, status_code=204)
def send_trial_alert(monitor_id: str) -> Any:
    """Send an alert to all receivers, as a trial."""
    with context().sessions.begin() as session:
        monitor = find_present(session, Monitor, monitor_id)
        text = Text("this is a trial of the alerts of the monitor {name!r}", name=monitor.name)
        raise_alert(session, monitor, TRIAL, new_id(), text)
    return Response(status=204)


def _names(session: Session, table: type[Dataset] | type[Model], ids: Sequence[str]) -> dict[str, str]:
    rows = session.execute(select(table.id, table.name).where(table.id.in_(set(ids))))
    return {row.id: row.name for row in rows}


def _summaries(session: Session, monitors: Sequence[Monitor]) -> list[dict[str, Any]]:
    """Monitors in a list, with the names of their data and models, and the number of open alerts."""
    ids = [monitor.id for monitor in monitors]
    is_open = (Alert.monitor_id.in_(ids), Alert.kind.in_(LASTING), Alert.resolved.is_(None))
    counts = session.execute(select(Alert.monitor_id, func.count()).where(*is_open).group_by(Alert.monitor_id))
    alerts = {row[0]: row[1] for row in counts}
    tasks = session.execute(
        select(Task.id, Task.state).where(Task.id.in_([m.task_id for m in monitors if m.task_id]))
    )
    states = {row.id: row.state for row in tasks}
    datasets = _names(session, Dataset, [monitor.dataset_id for monitor in monitors])
    models = _names(session, Model, [monitor.model_id for monitor in monitors])
    last, recent = _last_forecasts(session, ids), _recent_errors(session, ids)
    columns = ("id", "name", "horizon", "schedule", "enabled", "next_run", "created", "created_by", "deleted")
    return [
        {
            **{key: getattr(monitor, key) for key in columns},
            **{"dataset": monitor.dataset_id, "dataset_name": datasets.get(monitor.dataset_id)},
            **{"model": monitor.model_id, "model_name": models.get(monitor.model_id)},
            **{"task": monitor.task_id, "task_state": states.get(monitor.task_id or "")},
            "open_alerts": alerts.get(monitor.id, 0),
            "recent_relative_wql": recent[monitor.id],
            **dict(zip(("last_forecast", "last_origin"), last.get(monitor.id, (None, None)), strict=True)),
            **_recent(monitor),
        }
        for monitor in monitors
    ]


def _last_forecasts(session: Session, ids: Sequence[str]) -> dict[str, tuple[float, str]]:
    """When the last forecast of each monitor was made, and its first time."""
    columns = (StoredForecast.monitor_id, func.max(StoredForecast.created), func.max(StoredForecast.origin))
    query = select(*columns).where(StoredForecast.monitor_id.in_(ids)).group_by(StoredForecast.monitor_id)
    return {monitor: (made, origin) for monitor, made, origin in session.execute(query)}


def _recent_errors(session: Session, ids: Sequence[str]) -> dict[str, list[float | None]]:
    """The relative WQL of the last complete forecasts of each monitor, in the order of time."""
    newest_first = func.row_number().over(
        partition_by=StoredForecast.monitor_id, order_by=StoredForecast.origin_row.desc()
    )
    ranked = (
        select(StoredForecast.id, newest_first.label("rank"))
        .where(StoredForecast.monitor_id.in_(ids), StoredForecast.complete)
        .subquery()
    )
    query = (
        select(ForecastScore.monitor_id, ForecastScore.metrics)
        .join(ranked, ranked.c.id == ForecastScore.forecast_id)
        .where(ForecastScore.complete, ranked.c.rank <= MAX_RECENT_ERRORS)
        .order_by(ranked.c.rank.desc())
    )
    errors = defaultdict[str, list[float | None]](list)
    for monitor, metrics in session.execute(query):
        errors[monitor].append(metrics.get("relative_wql"))
    return errors


def _recent(monitor: Monitor) -> dict[str, Any]:
    metrics, drift = (monitor.state.get("summary") or {}).get("metrics", {}), monitor.state.get("drift") or []
    return {
        "forecasts": monitor.state.get("forecasts", 0),
        **{key: metrics.get(key) for key in ("relative_wql", "coverage_80")},
        "is_drift": any(measured["is_drift"] for measured in drift) if drift else None,
    }


def _detail(session: Session, monitor: Monitor, with_secrets: bool = False) -> dict[str, Any]:
    return {
        **_summaries(session, [monitor])[0],
        **{key: getattr(monitor, key) for key in ("bounds", "retraining", "next_training")},
        "receivers": [
            {name: value for name, value in receiver.items() if with_secrets or name != "secret"}
            for receiver in monitor.receivers
        ],
        "failing_receivers": failing_receivers(session, monitor),
        "state": monitor.state,
    }
