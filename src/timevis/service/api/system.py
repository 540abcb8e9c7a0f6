"""Health of the service, and its counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apiflask import APIBlueprint
from flask import redirect
from sqlalchemy import func, select, text

from timevis import __version__
from timevis.service import schemas
from timevis.service.context import context
from timevis.service.db.tables import Dataset, Model, Task
from timevis.service.tasks.queue import NEEDED_QUEUES, QUEUES, live_workers

blueprint = APIBlueprint("system", __name__, tag="System")


@blueprint.get("/")
@blueprint.doc(hide=True)
def index() -> Any:
    return redirect("/api/docs")


@blueprint.get("/health")
@blueprint.output(schemas.Health)
@blueprint.doc(responses={503: "A part does not work"})
def health() -> Any:
    """Say whether the database, the broker and a worker can be used; the status is 503 if one cannot."""
    parts = {"database": _part(_database), "broker": _part(_broker), "worker": _part(_worker)}
    ready = all(part["ok"] for part in parts.values())
    return {"version": __version__, "ready": ready, **parts}, 200 if ready else 503


def _part(check: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"ok": True, "detail": check()}
    except Exception as error:
        return {"ok": False, "detail": str(error).splitlines()[0][:200] if str(error) else type(error).__name__}


def _database() -> str:
    with context().sessions() as session:
        session.execute(text("SELECT 1"))
        return session.get_bind().dialect.name


def _broker() -> str:
    with context().celery.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)
        connection.default_channel.client.ping()
        return "connected"


def _worker() -> str:
    service = context()
    with service.sessions() as session:
        workers = live_workers(session)
        waiting = set(session.scalars(select(Task.queue).where(Task.state == "queued").distinct()))
    consumed = service.canary.queues(len(workers))
    if absent := [queue for queue in QUEUES if queue in {*NEEDED_QUEUES, *waiting} and queue not in consumed]:
        names = ",".join(absent)
        raise RuntimeError(
            f"no worker consumes the queue {names}; start one with: timevis serve worker --queues {names}"
        )
    return f"queues: {', '.join(sorted(consumed))}"


@blueprint.get("/stats")
@blueprint.output(schemas.Statistics)
def statistics() -> Any:
    """Count datasets, models and tasks."""
    with context().sessions() as session:
        datasets = session.scalar(select(func.count()).select_from(Dataset).where(Dataset.deleted.is_(None)))
        models = session.scalar(select(func.count()).select_from(Model).where(Model.deleted.is_(None)))
        tasks = dict(session.execute(select(Task.state, func.count()).group_by(Task.state)).all())
        size = session.scalar(select(func.coalesce(func.sum(Dataset.size), 0)))
    return {"datasets": datasets, "models": models, "tasks": tasks, "uploaded_bytes": int(size or 0)}
