"""Tasks: list, look at one, cancel, retry, and read the result."""

from __future__ import annotations

import re
from typing import Any

from apiflask import APIBlueprint
from flask import Response, json, request
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from timevis.messages import Text
from timevis.service.api.forecasts import file_name, write_result
from timevis.service.api.submit import accepted, known_retry, submit, task_detail, task_summaries
from timevis.service.context import context, find, list_rows
from timevis.service.db.tables import Task, new_id
from timevis.service.problems import Problem, conflict, wrong_field
from timevis.service.schemas.tasks import (
    CANCEL_EXAMPLE,
    CancelledTasks,
    CancelRequest,
    FormatQuery,
    SinceQuery,
    StepQuery,
    TaskDetail,
    TaskMetrics,
    TaskPage,
    TaskQuery,
)
from timevis.service.tasks import states
from timevis.service.tasks.following import MAX_STREAMS, EventStream, TooManyStreams, events, read_history
from timevis.service.written_answers import limited_read, send_written

blueprint = APIBlueprint("tasks", __name__, tag="Tasks")
SORT_COLUMNS = {name: getattr(Task, name) for name in ("created", "started", "finished", "state", "kind")}


@blueprint.get("/tasks")
@blueprint.input(TaskQuery, location="query", arg_name="query")
@blueprint.output(TaskPage)
def list_tasks(query: TaskQuery) -> Any:
    """List the tasks, newest first."""
    given = {"state": query.state, "kind": query.kind, "dataset_id": query.dataset, "group_id": query.group}
    conditions = [getattr(Task, name) == value for name, value in given.items() if value]
    conditions += [] if query.kind else [Task.kind.not_in((states.READ, states.MONITOR))]
    return list_rows(Task, query, SORT_COLUMNS, task_summaries, conditions)


@blueprint.get("/tasks/<task_id>")
@blueprint.input(SinceQuery, location="query", arg_name="query")
@blueprint.output(TaskDetail)
def get_task(task_id: str, query: SinceQuery) -> Any:
    """Return a task: state, progress, result, error, and its log from the position `since` on."""
    with context().sessions() as session:
        return task_detail(session, find(session, Task, task_id), query.since)


@blueprint.get("/tasks/<task_id>/metrics")
@blueprint.input(StepQuery, location="query", arg_name="query")
@blueprint.output(TaskMetrics)
@blueprint.doc(summary="Metrics of a training so far")
def get_metrics(task_id: str, query: StepQuery) -> Any:
    """Return the logged steps of a training from the step `since` on, also while it runs."""
    with context().sessions() as session:
        task = find(session, Task, task_id)
    rows = read_history(context().storage, task.run_id).since(query.since).rows if task.run_id else []
    return {"state": task.state, "rows": rows}


@blueprint.get("/tasks/<task_id>/events")
@blueprint.input(SinceQuery, location="query", arg_name="query")
@blueprint.doc(summary="Events of a task", responses={200: "Events until the task ends", 503: "Too many streams"})
def get_events(task_id: str, query: SinceQuery) -> Any:
    """Return a stream of server-sent events: state, progress and log lines, until the task ends."""
    service, last = context(), request.headers.get("Last-Event-ID", "")
    with service.sessions() as session:
        find(session, Task, task_id)
    since = int(last) if re.fullmatch(r"\d{1,12}", last) else query.since
    try:
        stream = EventStream(events(service.sessions, service.storage, task_id, since))
    except TooManyStreams:
        error = Problem(
            503,
            "too-many-streams",
            Text("{maximum} event streams are open already", maximum=MAX_STREAMS),
            Text("ask for the task itself instead, or try again later"),
        )
        error.headers["Retry-After"] = "5"
        raise error from None
    response = Response(stream, mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"  # proxies pass each event on at once
    return response


@blueprint.get("/tasks/<task_id>/result")
@blueprint.input(FormatQuery, location="query", arg_name="query")
@blueprint.doc(responses={200: "The result", 409: "The task has not completed", 429: "Too many reads at once"})
@limited_read
def get_result(task_id: str, query: FormatQuery) -> Any:
    """Return the result of a completed task; a forecast as rows with quantiles, in JSON or CSV."""
    with context().sessions() as session:
        task = find(session, Task, task_id)
    if task.state != states.COMPLETED:
        advice = states.advice_of(task) if task.state in states.FINAL else Text("wait for it")
        raise Problem(
            409, "no-result", Text("the task has no result: it is {state}", state=states.name_of(task)), advice
        )
    if task.kind != "predict":
        if query.format == "csv":
            raise wrong_field("/format", Text("only a forecast can be read as CSV"))
        return Response(json.dumps(task.result), mimetype="application/json")
    with context().sessions() as session:
        path = write_result(session, task, query.format)
        data = task_summaries(session, [task])[0]["dataset_name"]
    if query.format == "csv":
        return send_written(path, "text/csv", file_name(task, data))
    return send_written(path, "application/json")


@blueprint.post("/tasks/<task_id>/cancel")
@blueprint.output(TaskDetail)
def cancel_task(task_id: str) -> Any:
    """Cancel a task. A queued one is cancelled at once; a running one is asked to stop, and killed if it does not."""
    with context().sessions.begin() as session:
        find(session, Task, task_id)
        states.request_cancel(session, task_id)
        return task_detail(session, find(session, Task, task_id), 0)


@blueprint.post("/tasks/<task_id>/stop")
@blueprint.output(TaskDetail)
@blueprint.doc(summary="Stop the search of auto", responses={409: "The task has no search that goes on"})
def stop_task(task_id: str) -> Any:
    """End the search of a training run of auto, which completes with the best combination so far, as by Ctrl-C."""
    with context().sessions.begin() as session:
        task = find(session, Task, task_id)
        if not states.can_stop(task) or not states.request_stop(session, task_id):
            raise conflict(
                Text("the task has no search for better models that goes on with a result"),
                Text("a training run without a result can be cancelled"),
            )
        return task_detail(session, find(session, Task, task_id), 0)


@blueprint.post("/tasks/cancel")
@blueprint.input(CancelRequest, arg_name="body", example=CANCEL_EXAMPLE)
@blueprint.output(CancelledTasks)
@blueprint.doc(summary="Cancel several tasks")
def cancel_tasks(body: CancelRequest) -> Any:
    """Cancel the named tasks, or all of a group, a dataset, a kind or a state, each as if it was cancelled alone."""
    given = {"group_id": body.group, "dataset_id": body.dataset, "kind": body.kind, "state": body.state}
    conditions = [getattr(Task, name) == value for name, value in given.items() if value is not None]
    chosen = Task.state.in_((states.QUEUED, states.RUNNING)) if body.tasks is None else Task.id.in_(body.tasks)
    answer: dict[str, list[str]] = {"cancelled": [], "stopping": [], "ended": []}
    with context().sessions.begin() as session:
        query = select(Task.id, Task.state).where(chosen, *conditions).order_by(Task.created.desc())
        before = {row.id: row.state for row in session.execute(query)}
        for task_id, state in before.items():  # the newest first, so that none of them starts meanwhile
            after = states.request_cancel(session, task_id)
            kind = "ended" if state in states.FINAL else "stopping" if after == states.RUNNING else "cancelled"
            answer[kind].append(task_id)
    return {**answer, "unknown": [task for task in dict.fromkeys(body.tasks or ()) if task not in before]}


@blueprint.post("/tasks/<task_id>/retry")
@blueprint.output(TaskDetail, status_code=202)
def retry_task(task_id: str) -> Any:
    """Make a new task like a failed or cancelled one. A training resumes from its checkpoint."""
    with context().sessions() as session:
        task = find(session, Task, task_id)
    copied = {
        name: getattr(task, name) for name in ("kind", "request", "dataset_id", "run_id", "group_id", "is_short")
    }
    if (known := known_retry(task.id)) is not None:
        return accepted(known)
    return submit(Task(id=new_id(), retry_of=task.id, **copied), lambda session: _require_retry(session, task))


def _require_retry(session: Session, task: Task) -> None:
    """Refuse to retry a task that goes on, that was retried already, or whose data were removed."""
    session.execute(update(Task).where(Task.id == task.id).values(attempt=Task.attempt))  # locks the row
    task = session.get_one(Task, task.id)  # as it is now
    if task.state not in (states.FAILED, states.CANCELLED):
        raise conflict(
            Text("the task is {state}; only failed or cancelled tasks can be retried", state=states.name_of(task))
        )
    if task.kind == "train" and (task.run_id is None or task.dataset_id is None):
        raise conflict(Text("the run or the dataset of the task was removed"), Text("start a new training run"))
    is_same = Task.retry_of == task.id if task.run_id is None else Task.run_id == task.run_id
    is_needless = Task.state.not_in((states.FAILED, states.CANCELLED))
    other = session.scalar(select(Task).where(is_same, is_needless))
    if other is not None:
        raise conflict(Text("the task was retried already, by a task that is {state}", state=states.name_of(other)))
