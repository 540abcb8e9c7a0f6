"""Create tasks, and show them in responses.

A task is one row and one message; a request may have an idempotency key, and wait for a quick result.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from threading import BoundedSemaphore
from typing import Any

from flask import request
from sqlalchemy import Row, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timevis.messages import Text
from timevis.service.api.commands import commands_of
from timevis.service.context import context
from timevis.service.db.tables import ACTOR, Dataset, Model, Task
from timevis.service.problems import Problem
from timevis.service.settings import WEB_THREADS
from timevis.service.tasks.following import read_log, seconds_left
from timevis.service.tasks.queue import queue_of, send
from timevis.service.tasks.states import FINAL, PREDICT, QUEUED, READ, TRAIN, can_stop, codes_of

MAX_WAIT_SECONDS = 30
POLL_SECONDS = 0.05
MICROSECOND = 1e-6
MAX_WAITING = WEB_THREADS // 4
"""Requests that wait for the end of their task at the same time; the threads of the others stay free."""
_free_places = BoundedSemaphore(MAX_WAITING)


def _known_task(kind: str, body: dict[str, Any]) -> Task | None:
    """The task that was made with the same ``Idempotency-Key``.

    Raises
    ------
    Problem
        It was made by another request.
    """
    task = _task_of_key()
    if task is not None and (task.kind, task.request, task.group_id) != (kind, body, None):
        raise _key_is_reused()
    return task


def known_retry(task_id: str) -> Task | None:
    """The retry of a task that was made with the same ``Idempotency-Key``.

    Raises
    ------
    Problem
        It was made by another request.
    """
    task = _task_of_key()
    if task is not None and task.retry_of != task_id:
        raise _key_is_reused()
    return task


def known_group(bodies: list[dict[str, Any]]) -> str | None:
    """The group that was made with the same ``Idempotency-Key``, which its first task holds.

    Raises
    ------
    Problem
        It was made by another request.
    """
    task = _task_of_key()
    if task is None:
        return None
    with context().sessions() as session:
        group = select(Task.request).where(Task.group_id == task.group_id, Task.retry_of.is_(None))
        requests = list(session.scalars(group.order_by(Task.created, Task.id)))
    if task.group_id is None or requests != bodies:
        raise _key_is_reused()
    return task.group_id


def _task_of_key() -> Task | None:
    if (stored := _stored_key()) is None:
        return None
    key = request.headers["Idempotency-Key"]
    if not re.fullmatch(r"[\x21-\x7e]{1,200}", key):
        raise Problem(
            400, "bad-request", Text("the header Idempotency-Key must be 1 to 200 printable ASCII characters")
        )
    with context().sessions() as session:
        return session.scalar(select(Task).where(Task.idempotency_key == stored))


def _stored_key() -> str | None:
    """What the row of a task stores of the header ``Idempotency-Key``; equal keys of two tokens are different."""
    key = request.headers.get("Idempotency-Key")
    return None if key is None else hashlib.sha256(f"{ACTOR.get()} {key}".encode()).hexdigest()


def _key_is_reused() -> Problem:
    key = request.headers["Idempotency-Key"]
    return Problem(
        422,
        "idempotency-key-reused",
        Text("another request was made with Idempotency-Key {key}", key=key),
        Text("use a new key for each new request"),
    )


def submit_once(
    kind: str, body: dict[str, Any], make_task: Callable[[], Task]
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The task that an earlier request with the same key and body made, or a new one."""
    known = _known_task(kind, body)
    return submit(make_task()) if known is None else accepted(known)


def submit(
    task: Task, check: Callable[[Session], None] = lambda _: None
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Store a task, send its message, and answer with 202, or with 200 if ``Prefer: wait=N`` is long enough.

    `check` raises a Problem if the task must not be stored; it is called in the transaction that stores it.
    """
    service = context()
    task.idempotency_key = _stored_key()
    try:
        with service.sessions.begin() as session:
            check(session)
            task.queue = queue_of(session, task)
            session.add(task)
    except IntegrityError:  # a request with the same key arrived at the same time
        existing = known_retry(task.retry_of) if task.retry_of else _known_task(task.kind, task.request)
        if existing is None:
            raise
        return accepted(existing)
    send(service.celery, task.id, task.queue)
    return accepted(task)


def submit_group(tasks: list[Task]) -> str:
    """Store the tasks of a group in one transaction and send their messages; returns the identifier of the group."""
    service, requests = context(), [task.request for task in tasks]
    tasks[0].idempotency_key = _stored_key()
    try:
        with service.sessions.begin() as session:
            for position, task in enumerate(tasks):
                task.queue = queue_of(session, task)
                task.created = time.time() + position * MICROSECOND  # lists show them in this order
            session.add_all(tasks)
    except IntegrityError:  # a request with the same key arrived at the same time
        existing = known_group(requests)
        if existing is None:
            raise
        return existing
    for task in tasks:
        send(service.celery, task.id, task.queue)
    return str(tasks[0].group_id)


def accepted(task: Task) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The response to a request that made a task; with ``Prefer: wait=N`` it waits, if a place is free."""
    headers = {"Location": f"{request.script_root}/api/tasks/{task.id}"}
    if seconds := prefer_seconds():
        wait_for_end(task.id, seconds)
    with context().sessions() as session:
        row = session.get_one(Task, task.id)
        return task_detail(session, row, 0), 200 if row.state in FINAL else 202, headers


def wait_for_end(task_id: str, seconds: float) -> None:
    """Wait until a task has ended, or for some seconds, if few requests wait already."""
    if not _free_places.acquire(blocking=False):
        return
    try:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with context().sessions() as session:
                if session.scalar(select(Task.state).where(Task.id == task_id)) in FINAL:
                    return
            time.sleep(POLL_SECONDS)
    finally:
        _free_places.release()


def prefer_seconds() -> float:
    """The seconds of the header ``Prefer: wait=N``; 0 without it."""
    preference = re.search(r"\bwait=(\d{1,4})\b", request.headers.get("Prefer", ""))
    return min(int(preference[1]), MAX_WAIT_SECONDS) if preference else 0.0


def task_summaries(session: Session, tasks: Sequence[Task]) -> list[dict[str, Any]]:
    """Tasks in a list, with the names of their models and data, which two queries read for all of them."""
    columns = ["id", "kind", "state", "attempt", "cancel_requested", "stop_requested", "progress"]
    columns += ["error", "advice", "retry_of", "created_by", "created", "started", "finished"]
    model_ids = {task.id: _models_of(task.request) for task in tasks}
    wanted = {model for ids in model_ids.values() for model in ids}
    columns_of_models = (Model.id, Model.name, Model.dataset_id, Model.summary["skill"]["wql"].label("skill"))
    models = {row.id: row for row in session.execute(select(*columns_of_models).where(Model.id.in_(wanted)))}
    dataset_ids = {task.id: task.dataset_id or _only_dataset(models, model_ids[task.id]) for task in tasks}
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


def _only_dataset(models: Mapping[str, Row[Any]], chosen: Sequence[str]) -> str | None:
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
        "commands": _commands_of_task(session, task),
    }


def _commands_of_task(session: Session, task: Task) -> dict[str, str] | None:
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
