"""What responses show of a task and of a model."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from timevis.service.api.commands import commands_of
from timevis.service.context import context
from timevis.service.db.tables import Dataset, Model, Task
from timevis.service.tasks.following import read_log, seconds_left
from timevis.service.tasks.states import QUEUED


def task_summary(task: Task) -> dict[str, Any]:
    columns = ("id", "kind", "state", "attempt", "cancel_requested", "progress", "error", "advice", "retry_of")
    return {
        **{name: getattr(task, name) for name in (*columns, "created", "started", "finished")},
        "dataset": task.dataset_id,
        "group": task.group_id,
    }


def task_detail(session: Session, task: Task, since: int) -> dict[str, Any]:
    """A task with its request, its result, and its log from a position on."""
    text, position = read_log(context().storage, task, since)
    return {
        **task_summary(task),
        "request": task.request,
        "result": task.result,
        "queue_position": _queue_position(session, task),
        "seconds_left": seconds_left(task),
        "log": text,
        "log_position": position,
        "commands": commands_of(task, session.get(Dataset, task.dataset_id) if task.dataset_id else None),
    }


def _queue_position(session: Session, task: Task) -> int | None:
    if task.state != QUEUED:
        return None
    earlier = (Task.state == QUEUED, Task.queue == task.queue, Task.created <= task.created)
    return session.scalar(select(func.count()).select_from(Task).where(*earlier))


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
