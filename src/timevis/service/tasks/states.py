"""The state machine of a task. Every transition is one UPDATE that names the state it starts from.

::

    queued -> running -> completed | failed | cancelled
    queued -> cancelled
    running -> queued          the worker stopped or was lost; the next attempt resumes

A transition of a running task also names its owner and its attempt, so that a worker that was taken for lost cannot
change a task that another worker has started again. Final states never change.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Hashable, Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, defer

from timevis.errors import TimeVisError
from timevis.messages import Text
from timevis.models.catalog import declared_models
from timevis.runs.status import STATE_TEXTS
from timevis.service.db.tables import Sessions, Task, rows_changed
from timevis.service.troubleshooting import retry_when_mended, with_section

QUEUED, RUNNING = "queued", "running"
COMPLETED, FAILED, CANCELLED = "completed", "failed", "cancelled"
FINAL = (COMPLETED, FAILED, CANCELLED)
TRAIN, PREDICT, COMPARE, EXPLAIN, READ, MONITOR = "train", "predict", "compare", "explain", "read", "monitor"
STATES = (QUEUED, RUNNING, *FINAL)
CODES = ("error_code", "advice_code")


def claim(sessions: Sessions, task_id: str, owner: str) -> Task | None:
    """Start a queued task; None if it is not queued, for example because its message was delivered twice."""
    now = time.time()
    values = {"state": RUNNING, "owner": owner, "heartbeat": now, "started": now}
    values |= {"error": None, "advice": None, "result": {}}  # of the time in which it waited
    with sessions.begin() as session:
        changed = rows_changed(
            session,
            update(Task).where(Task.id == task_id, Task.state == QUEUED).values(attempt=Task.attempt + 1, **values),
        )
        return session.get(Task, task_id) if changed else None


def beat(sessions: Sessions, task: Task, progress: dict[str, Any] | None = None) -> bool:
    """Write a sign of life and the progress; False if the task no longer belongs to this attempt."""
    values: dict[str, Any] = {"heartbeat": time.time()}
    if progress is not None:
        values["progress"] = progress
    with sessions.begin() as session:
        return _change_own(session, task, **values)


def still_owns(session: Session, task: Task) -> bool:
    """Whether a running task belongs to this attempt, until the transaction of the caller ends."""
    return _change_own(session, task, heartbeat=time.time())


def finish(session: Session, task: Task, state: str, **values: Any) -> bool:
    """Enter a final state, within the transaction of the caller; False if the task belongs to another attempt."""
    assert state in FINAL
    return _change_own(session, task, state=state, finished=time.time(), **values)


def release(sessions: Sessions, task: Task, *, is_counted: bool = False, **values: Any) -> bool:
    """Return a running task to its queue, because its worker stops or cannot finish it yet.

    The attempt does not count, unless `is_counted`. `values` are further columns; the columns of `failure` say why
    the task waits.
    """
    with sessions.begin() as session:
        return _change_own(session, task, state=QUEUED, owner=None, attempt=task.attempt - (not is_counted), **values)


def request_cancel(session: Session, task_id: str) -> str:
    """Cancel a queued task at once, or ask the owner of a running task to cancel it; returns the state afterwards."""
    now = time.time()
    changed = rows_changed(
        session,
        update(Task)
        .where(Task.id == task_id, Task.state == QUEUED)
        .values(state=CANCELLED, cancel_requested=True, finished=now),
    )
    if not changed:
        session.execute(update(Task).where(Task.id == task_id, Task.state == RUNNING).values(cancel_requested=True))
    session.expire_all()
    task = session.get(Task, task_id)
    assert task is not None
    return task.state


def can_stop(task: Task) -> bool:
    """Whether a running training run can end its search for better models now, and complete with what it has.

    It must have a result already, and a member of its ensemble that is still fitted. Windows has no signal for it.
    """
    return (
        task.kind == TRAIN
        and task.state == RUNNING
        and not (task.cancel_requested or task.stop_requested)
        and sys.platform != "win32"
        and declared_models()[task.request["model"]].declaration.finishes_on_interrupt
        and is_searching(task.progress)
    )


def is_searching(progress: Mapping[str, Any]) -> bool:
    """Whether a run has a result, and fits a further member."""
    members = progress.get("members") or ()
    return progress.get("combination") is not None and any(member["state"] == RUNNING for member in members)


def request_stop(session: Session, task_id: str) -> bool:
    """Ask a running training run to end its search; False if it is not running any more."""
    running = update(Task).where(Task.id == task_id, Task.state == RUNNING)
    changed = rows_changed(session, running.values(stop_requested=True))
    session.expire_all()
    return bool(changed)


def requested_ends(sessions: Sessions, task_id: str) -> tuple[bool, bool]:
    """Whether a task is to be cancelled, and whether its search is to be stopped."""
    with sessions() as session:
        row = session.execute(select(Task.cancel_requested, Task.stop_requested).where(Task.id == task_id)).first()
        return (False, False) if row is None else (row.cancel_requested, row.stop_requested)


class UnchangedRows:
    """Finds rows that nobody has changed while this process looked at them several times.

    Times in rows are only compared for equality. A clock that jumps or that differs between machines, a database that
    was locked, and a machine that slept therefore make no row look old.
    """

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self._seen: dict[str, tuple[Hashable, int]] = {}

    def look(self, marks: Mapping[str, Hashable]) -> set[str]:
        """Look at rows, given by identifier and a value that changes; returns those unchanged for `looks` looks."""
        seen = {}
        for key, mark in marks.items():
            before, count = self._seen.get(key, (None, 0))
            seen[key] = (mark, count + 1 if mark == before else 0)
        self._seen = seen
        return {key for key, (_, count) in seen.items() if count >= self.looks}


def recover_lost(sessions: Sessions, heartbeats: UnchangedRows, max_attempts: int) -> list[str]:
    """Queue running tasks again whose owner gives no sign of life; returns their ids.

    A task that was to be cancelled is cancelled, and a task that was lost `max_attempts` times fails.
    """
    requeued = []
    with sessions.begin() as session:
        rows = select(Task).where(Task.state == RUNNING).options(defer(Task.request))  # which may hold many values
        running = {task.id: task for task in session.scalars(rows)}
        marks = {key: (task.owner, task.attempt, task.heartbeat) for key, task in running.items()}
        for task_id in heartbeats.look(marks):
            task = running[task_id]
            values: dict[str, Any] = {"state": QUEUED, "owner": None}
            if task.cancel_requested:
                values = {"state": CANCELLED, "finished": time.time()}
            elif task.attempt >= max_attempts:
                text = Text("the worker of the task was lost {count} times", code="worker-lost", count=task.attempt)
                lost = with_section(TimeVisError(text, retry_when_mended()))
                values = {"state": FAILED, "finished": time.time(), **failure(lost, task.result)}
            if _change_own(session, task, (Task.heartbeat == task.heartbeat), **values) and values["state"] == QUEUED:
                requeued.append(task.id)
    return requeued


def failure(error: TimeVisError, result: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The columns of a task that failed; the codes of its error and advice are added to its result."""
    values = error.to_json()
    codes = {key: values.pop(key) for key in CODES}
    return {**values, "result": {**(result or {}), **codes}}


def codes_of(task: Task) -> dict[str, Any]:
    """The codes of the error and the advice of a task, which are null without one."""
    return {key: (task.result or {}).get(key) for key in CODES}


def advice_of(task: Task) -> Text | None:
    """The stored advice of a task that failed."""
    coded = (task.result or {}).get("advice_code")
    return Text.from_json(task.advice, coded) if task.advice and coded else None


def name_of(task: Task) -> Text:
    """The state of a task within a sentence."""
    return STATE_TEXTS[task.state]


def _change_own(session: Session, task: Task, *conditions: Any, **values: Any) -> bool:
    """Change a running task of this owner and attempt."""
    return bool(
        rows_changed(
            session,
            update(Task)
            .where(
                Task.id == task.id,
                Task.state == RUNNING,
                Task.owner == task.owner,
                Task.attempt == task.attempt,
                *conditions,
            )
            .values(**values)
            .execution_options(synchronize_session=False),
        )
    )
