"""What responses show of a task and of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from timevis.service.api.commands import commands_of
from timevis.service.context import context
from timevis.service.db.tables import Dataset, Model, Task
from timevis.service.tasks.following import read_log, seconds_left
from timevis.service.tasks.states import PREDICT, QUEUED, READ, TRAIN, can_stop, codes_of


def task_summaries(session: Session, tasks: Sequence[Task]) -> list[dict[str, Any]]:
    """Tasks in a list, with the names of their models and data, which two queries read for all of them."""
    columns = ["id", "kind", "state", "attempt", "cancel_requested", "stop_requested", "progress"]
    columns += ["error", "advice", "retry_of", "created_by", "created", "started", "finished"]
    model_ids = {task.id: _models_of(task.request) for task in tasks}
    wanted = {model for ids in model_ids.values() for model in ids}
    columns_of_models = (Model.id, Model.name, Model.dataset_id, Model.summary["skill"]["wql"].label("skill"))
    models = {row.id: row for row in session.execute(select(*columns_of_models).where(Model.id.in_(wanted)))}
    dataset_ids = {task.id: task.dataset_id or _only(models, model_ids[task.id]) for task in tasks}
    known = set(dataset_ids.values()) - {None}
    datasets = session.execute(select(Dataset.id, Dataset.name).where(Dataset.id.in_(known)))
    names = {row.id: row.name for row in datasets}
    return [
        {
            **{name: getattr(task, name) for name in columns},
            **codes_of(task),
            "can_stop": can_stop(task),
            "name": task.request.get("name"),
            "method": task.request.get("model" if task.kind == "train" else "method"),
            "models": [models[model].name for model in model_ids[task.id] if model in models],
            "skill": _skill(task, [models[model] for model in model_ids[task.id] if model in models]),
            "dataset": task.dataset_id,
            "dataset_name": names.get(dataset_ids[task.id] or ""),
            "group": task.group_id,
        }
        for task in tasks
    ]


def _models_of(request: Mapping[str, Any]) -> list[str]:
    """Identifiers of the models that a forecast or a comparison reads."""
    items = [item["model"] for item in request.get("items") or ()]
    return list(dict.fromkeys([*(request.get("models") or ()), *items]))


def _skill(task: Task, models: Sequence[Row[Any]]) -> dict[str, Any] | None:
    """The skill of the model of a completed training, or of the only model of a forecast."""
    if task.kind == TRAIN:
        return (task.result.get("skill") or {}).get("wql")
    return models[0].skill if task.kind == PREDICT and len(models) == 1 else None


def _only(models: Mapping[str, Row[Any]], chosen: Sequence[str]) -> str | None:
    """The dataset of all chosen models; None if they have several."""
    datasets = {models[model].dataset_id for model in chosen if model in models}
    return datasets.pop() if len(datasets) == 1 else None


def task_detail(session: Session, task: Task, since: int) -> dict[str, Any]:
    """A task with its request, its result, and its log from a position on."""
    text, position = read_log(context().storage, task, since)
    return {
        **task_summaries(session, [task])[0],
        "request": task.request,
        "result": task.result,
        "queue_position": _queue_position(session, task),
        "seconds_left": seconds_left(task),
        "log": text,
        "log_position": position,
        "commands": _commands(session, task),
    }


def _commands(session: Session, task: Task) -> dict[str, str] | None:
    """What does the same as a task; None for the reading of a file."""
    if task.kind == READ:
        return None
    return commands_of(task, session.get(Dataset, task.dataset_id) if task.dataset_id else None)


def _queue_position(session: Session, task: Task) -> int | None:
    """Tasks of the queue that are started before this one, itself included: the users take turns."""
    if task.state != QUEUED:
        return None
    waiting = (Task.state == QUEUED, Task.queue == task.queue)
    own = select(func.count()).select_from(Task).where(*waiting, Task.created_by == task.created_by)
    rank = session.scalar(own.where(Task.created <= task.created)) or 1
    others = select(func.count()).where(*waiting, Task.created_by.is_distinct_from(task.created_by))
    return int(rank + sum(min(count, rank) for count in session.scalars(others.group_by(Task.created_by))))


def model_summaries(session: Session, models: Sequence[Model]) -> list[dict[str, Any]]:
    """Models in a list; one query reads which of them are preferred for a dataset."""
    columns = ("id", "name", "kind", "summary", "notes", "tags", "created_by", "created", "deleted")
    ids = [model.id for model in models]
    champions = set(session.scalars(select(Dataset.champion_id).where(Dataset.champion_id.in_(ids))))
    return [
        {
            **{name: getattr(model, name) for name in columns},
            "dataset": model.dataset_id,
            "task": model.task_id,
            "forecast": model.summary.get("forecast"),
            "champion": model.id in champions,
        }
        for model in models
    ]


def model_summary(session: Session, model: Model) -> dict[str, Any]:
    """One model as in a list."""
    return model_summaries(session, [model])[0]
