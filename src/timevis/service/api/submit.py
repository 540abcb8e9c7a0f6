"""Create tasks: one row and one message, with idempotency keys and waiting for quick results."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Any

from flask import request
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timevis.messages import Text
from timevis.service.api.views import task_detail
from timevis.service.context import context
from timevis.service.db.tables import ACTOR, Task
from timevis.service.problems import Problem
from timevis.service.settings import WEB_THREADS
from timevis.service.tasks.queue import queue_of, send
from timevis.service.tasks.states import FINAL

MAX_WAIT_SECONDS = 30
POLL_SECONDS = 0.05
MICROSECOND = 1e-6
MAX_WAITING = WEB_THREADS // 4
"""Requests that wait for the end of their task at the same time; the threads of the others stay free."""
_free_places = BoundedSemaphore(MAX_WAITING)


def known_task(kind: str, body: dict[str, Any]) -> Task | None:
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
    if (stored := stored_key()) is None:
        return None
    key = request.headers["Idempotency-Key"]
    if not re.fullmatch(r"[\x21-\x7e]{1,200}", key):
        raise Problem(
            400,
            "bad-request",
            Text("wrong-idempotency-key", "the header Idempotency-Key must be 1 to 200 printable ASCII characters"),
        )
    with context().sessions() as session:
        return session.scalar(select(Task).where(Task.idempotency_key == stored))


def stored_key() -> str | None:
    """What the row of a task stores of the header ``Idempotency-Key``; equal keys of two tokens are different."""
    key = request.headers.get("Idempotency-Key")
    return None if key is None else hashlib.sha256(f"{ACTOR.get()} {key}".encode()).hexdigest()


def _key_is_reused() -> Problem:
    key = request.headers["Idempotency-Key"]
    return Problem(
        422,
        "idempotency-key-reused",
        Text("idempotency-key-reused", "another request was made with Idempotency-Key {key}", key=key),
        Text("new-idempotency-key", "use a new key for each new request"),
    )


def submit_once(
    kind: str, body: dict[str, Any], make_task: Callable[[], Task]
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The task that an earlier request with the same key and body made, or a new one."""
    known = known_task(kind, body)
    return submit(make_task()) if known is None else accepted(known)


def submit(
    task: Task, check: Callable[[Session], None] = lambda _: None
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Store a task, send its message, and answer with 202, or with 200 if ``Prefer: wait=N`` is long enough.

    `check` raises a Problem if the task must not be stored; it is called in the transaction that stores it.
    """
    service = context()
    task.idempotency_key = stored_key()
    try:
        with service.sessions.begin() as session:
            check(session)
            task.queue = queue_of(session, task)
            session.add(task)
    except IntegrityError:  # a request with the same key arrived at the same time
        existing = known_retry(task.retry_of) if task.retry_of else known_task(task.kind, task.request)
        if existing is None:
            raise
        return accepted(existing)
    send(service.celery, task.id, task.queue)
    return accepted(task)


def submit_group(tasks: list[Task]) -> str:
    """Store the tasks of a group in one transaction and send their messages; returns the identifier of the group."""
    service, requests = context(), [task.request for task in tasks]
    tasks[0].idempotency_key = stored_key()
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
