"""Answer requests that read a file: at once if it is read within a second, and else with the task that reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, json
from flask import request as http_request
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timevis.errors import TimeVisError
from timevis.messages import Text
from timevis.service.api.submit import prefer_seconds, wait_for_end
from timevis.service.api.views import task_detail
from timevis.service.context import context
from timevis.service.db.tables import Dataset, Task, new_id
from timevis.service.problems import Problem, conflict
from timevis.service.tasks.queue import INTERACTIVE, send
from timevis.service.tasks.reading import Refusal, extendable_dataset, problem_of, request_digest, same_dataset
from timevis.service.tasks.states import CANCELLED, COMPLETED, FINAL, READ
from timevis.utils.json_types import to_json_types

WAIT_SECONDS = 1.0
MAX_TRIALS = 5


def read_file(
    request: dict[str, Any], show: Callable[[Dataset, dict[str, Any]], dict[str, Any]], status: int
) -> tuple[Any, int] | Response:
    """Queue the task that reads a file, and answer with its dataset, or with 202 and the task after a second.

    Equal requests at the same time have one task, so that a file which is sent several times is one dataset.

    Parameters
    ----------
    request : dict
        See `timevis.service.api.dataset_files`.
    show : callable
        Receives the dataset and the result of the task, and returns the body of the answer.
    status : int
        Status of an answer that made something; one that found it has status 200.
    """
    with context().sessions() as session:
        if request["action"] == "upload" and (same := same_dataset(session, request)) is not None:
            return show(same, {}), 200
    task_id, is_own = _submit(request)
    wait_for_end(task_id, prefer_seconds() or WAIT_SECONDS)
    with context().sessions() as session:
        task = session.get_one(Task, task_id)
        if task.state not in FINAL:
            body = json.dumps(to_json_types(task_detail(session, task, 0)))
            headers = {"Location": f"{http_request.script_root}/api/tasks/{task.id}"}
            return Response(body, 202, headers, mimetype="application/json")
        if task.state != COMPLETED:
            raise _problem(task)
        dataset = session.get_one(Dataset, task.result["dataset"])
        is_new = is_own and task.result.get("is_new", True)
        return show(dataset, task.result), status if is_new else 200


def require_extendable(session: Session, identifier: str) -> Dataset:
    """A dataset to which newer rows can be added."""
    try:
        return extendable_dataset(session, identifier)
    except Refusal as error:
        raise _refused(problem_of({}, error), error) from None


def _submit(request: dict[str, Any]) -> tuple[str, bool]:
    """The identifier of the task for a request, and whether this call made it."""
    service, key = context(), f"read:{request_digest(request)}"
    is_key = Task.idempotency_key == key
    for _ in range(MAX_TRIALS):
        task = Task(id=new_id(), kind=READ, queue=INTERACTIVE, request=request, idempotency_key=key)
        task.dataset_id = request.get("dataset")
        try:
            with service.sessions.begin() as session:
                session.add(task)
        except IntegrityError:
            with service.sessions.begin() as session:
                active = session.scalar(select(Task.id).where(is_key, Task.state.not_in(FINAL)))
                if active is not None:
                    return active, False
                session.execute(update(Task).where(is_key, Task.state.in_(FINAL)).values(idempotency_key=None))
        else:
            send(service.celery, task.id, task.queue)
            return task.id, True
    raise conflict(
        Text("sent-too-often", "the same file was sent many times at the same moment"),
        Text("send-again", "send it again"),
    )


def _problem(task: Task) -> Problem:
    """Why a file could not be read."""
    if task.state == CANCELLED:
        return conflict(Text("reading-cancelled", "the reading of the file was cancelled"))
    stored = task.result.get("problem") or {"status": 500, "code": "internal-error", "pointer": None}
    values = {"error": task.error, "advice": task.advice, **task.result}
    error = TimeVisError.from_json(values)
    return _refused(stored, error)


def _refused(stored: Mapping[str, Any], error: TimeVisError) -> Problem:
    return Problem(stored["status"], stored["code"], error.message, error.advice, stored["pointer"])
