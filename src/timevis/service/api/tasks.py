"""Tasks: list, look at one, cancel, retry, and read the result."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, json
from sqlalchemy import select

from timevis.service import schemas
from timevis.service.api.submit import submit
from timevis.service.api.views import task_detail, task_summary
from timevis.service.context import context, find, page_of
from timevis.service.db.tables import Task, new_id
from timevis.service.problems import Problem
from timevis.service.tasks import states
from timevis.utils.files import to_json_types
from timevis.utils.spreadsheets import to_csv

blueprint = APIBlueprint("tasks", __name__, tag="Tasks")


@blueprint.get("/tasks")
@blueprint.input(schemas.TaskQuery, location="query", arg_name="query")
@blueprint.output(schemas.TaskPage)
def list_tasks(query: schemas.TaskQuery) -> Any:
    """List the tasks, newest first."""
    rows = select(Task).order_by(Task.created.desc(), Task.id)
    if query.state:
        rows = rows.where(Task.state == query.state)
    if query.kind:
        rows = rows.where(Task.kind == query.kind)
    with context().sessions() as session:
        return page_of(session, rows, query, task_summary)  # type: ignore[arg-type]


@blueprint.get("/tasks/<task_id>")
@blueprint.input(schemas.SinceQuery, location="query", arg_name="query")
@blueprint.output(schemas.TaskDetail)
def get_task(task_id: str, query: schemas.SinceQuery) -> Any:
    """Return a task: state, progress, result, error, and its log from the position `since` on."""
    with context().sessions() as session:
        return task_detail(session, find(session, Task, task_id), query.since)


@blueprint.get("/tasks/<task_id>/result")
@blueprint.input(schemas.FormatQuery, location="query", arg_name="query")
@blueprint.doc(responses={200: "The result", 409: "The task has not completed"})
def get_result(task_id: str, query: schemas.FormatQuery) -> Any:
    """Return the result of a completed task; a forecast as rows with quantiles, in JSON or CSV."""
    with context().sessions() as session:
        task = find(session, Task, task_id)
    if task.state != states.COMPLETED:
        advice = "wait for it" if task.state not in states.FINAL else task.advice or ""
        raise Problem(409, "no-result", f"task {task.id} has no result: it is {task.state}", advice)
    if task.kind != "predict":
        if query.format == "csv":
            raise Problem(422, "invalid-request", "only a forecast can be read as CSV", pointer="/format")
        return Response(json.dumps(task.result), mimetype="application/json")
    import pandas as pd

    table = pd.read_parquet(context().storage.result(task.id))
    if query.format == "csv":
        return Response(to_csv(table, index=False), mimetype="text/csv")
    rows = table.assign(timestamp=table["timestamp"].astype(str)).to_dict("records")
    return Response(json.dumps({**task.result, "forecast": to_json_types(rows)}), mimetype="application/json")


@blueprint.post("/tasks/<task_id>/cancel")
@blueprint.output(schemas.TaskDetail)
def cancel_task(task_id: str) -> Any:
    """Cancel a task. A queued one is cancelled at once; a running one is asked to stop, and killed if it does not."""
    with context().sessions.begin() as session:
        find(session, Task, task_id)
        states.request_cancel(session, task_id)
        return task_detail(session, find(session, Task, task_id), 0)


@blueprint.post("/tasks/<task_id>/retry")
@blueprint.output(schemas.TaskDetail, status_code=202)
def retry_task(task_id: str) -> Any:
    """Make a new task like a failed or cancelled one. A training resumes from its checkpoint."""
    with context().sessions() as session:
        task = find(session, Task, task_id)
        if task.state not in (states.FAILED, states.CANCELLED):
            raise Problem(
                409, "conflict", f"task {task.id} is {task.state}; only failed or cancelled ones can be retried"
            )
        is_same = Task.retry_of == task.id if task.run_id is None else Task.run_id == task.run_id
        is_needless = Task.state.not_in((states.FAILED, states.CANCELLED))
        other = session.scalar(select(Task).where(is_same, is_needless))
    if other is not None:
        raise Problem(409, "conflict", f"task {task.id} was retried by task {other.id}, which is {other.state}")
    copied = {name: getattr(task, name) for name in ("kind", "request", "dataset_id", "run_id", "group_id")}
    return submit(Task(id=new_id(), retry_of=task.id, **copied))
