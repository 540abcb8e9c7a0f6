"""What responses show of a task and of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from timevis.service.api.commands import commands_of
from timevis.service.context import context
from timevis.service.db.tables import Dataset, Model, Task
from timevis.service.tasks.states import QUEUED, RUNNING

MAX_LOG_BYTES = 64 * 1024


def task_summary(task: Task) -> dict[str, Any]:
    columns = ("id", "kind", "state", "attempt", "cancel_requested", "progress", "error", "advice", "retry_of")
    return {
        **{name: getattr(task, name) for name in (*columns, "created", "started", "finished")},
        "dataset": task.dataset_id,
        "group": task.group_id,
    }


def task_detail(session: Session, task: Task, since: int) -> dict[str, Any]:
    """A task with its request, its result, and its log from a position on."""
    storage = context().storage
    log = storage.read_log(task.run_id, since, MAX_LOG_BYTES) if task.run_id else b""
    if not log and (task.run_id is None or not since):
        log = _read(storage.task_log(task.id), since)
    return {
        **task_summary(task),
        "request": task.request,
        "result": task.result,
        "queue_position": _queue_position(session, task),
        "seconds_left": _seconds_left(task),
        "log": log.decode("utf-8", errors="replace"),
        "log_position": since + len(log),
        "commands": commands_of(task, session.get(Dataset, task.dataset_id) if task.dataset_id else None),
    }


def _read(path: Path, since: int) -> bytes:
    """The bytes of a log from a position on."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        file.seek(since)
        return file.read(MAX_LOG_BYTES)


def _queue_position(session: Session, task: Task) -> int | None:
    if task.state != QUEUED:
        return None
    earlier = (Task.state == QUEUED, Task.queue == task.queue, Task.created <= task.created)
    return session.scalar(select(func.count()).select_from(Task).where(*earlier))


def _seconds_left(task: Task) -> float | None:
    progress = task.progress
    step, total, elapsed = progress.get("step"), progress.get("steps_total"), progress.get("elapsed")
    if task.state != RUNNING or not step or not total or not elapsed:
        return None
    return round(elapsed * max(0, total - step) / step, 1)


def model_summary(model: Model, champions: frozenset[str] | None = None) -> dict[str, Any]:
    """A model in a list; `champions` are the preferred models of all datasets, which are read when None."""
    if champions is None:
        champions = champion_ids()
    columns = ("id", "name", "kind", "summary", "notes", "tags", "created", "deleted")
    return {
        **{name: getattr(model, name) for name in columns},
        "dataset": model.dataset_id,
        "task": model.task_id,
        "champion": model.id in champions,
    }


def champion_ids() -> frozenset[str]:
    """The preferred model of each dataset that has one."""
    with context().sessions() as session:
        found = session.scalars(select(Dataset.champion_id).where(Dataset.champion_id.is_not(None)))
        return frozenset(filter(None, found))
