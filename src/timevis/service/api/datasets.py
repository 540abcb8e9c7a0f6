"""Datasets: upload a file, make a sample, list, look at one, change, delete and restore.

A request that reads a file is answered at once if it is read within a second, and else with the task that reads it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import IO, Any

import pandas as pd
from apiflask import APIBlueprint
from flask import Response, json
from flask import request as http_request
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timevis.data.quality.findings import data_findings
from timevis.data.sample_tables import DEFAULT_ROWS, bundled_table, synthetic_table
from timevis.errors import DataError, TimeVisError
from timevis.messages import Text
from timevis.service.api.submit import prefer_seconds, task_detail, wait_for_end
from timevis.service.context import context, delete_row, find, find_present, list_rows, restore_row
from timevis.service.db.tables import MAX_FILE_NAME_CHARACTERS, Dataset, Task, new_id
from timevis.service.problems import Problem, conflict, wrong_field
from timevis.service.schemas.datasets import (
    DATASET_CHANGE_EXAMPLE,
    SAMPLE_EXAMPLE,
    DatasetChange,
    DatasetDetail,
    DatasetPage,
    DatasetQuery,
    DatasetSummary,
    DatasetVersion,
    RowsRequest,
    SampleRequest,
    UploadRequest,
)
from timevis.service.schemas.option_fields import OptionView, option_view, read_options
from timevis.service.security.roles import EDIT_OWN, access
from timevis.service.series import NewestValues
from timevis.service.tasks.queue import INTERACTIVE, send
from timevis.service.tasks.reading import (
    APPEND,
    CHANGE,
    UPLOAD,
    Refusal,
    extendable_dataset,
    problem_of,
    request_digest,
    same_dataset,
)
from timevis.service.tasks.states import CANCELLED, COMPLETED, FINAL, READ
from timevis.utils.json_types import to_json_types

blueprint = APIBlueprint("datasets", __name__, tag="Datasets")

SORT_COLUMNS = {"created": Dataset.created, "name": Dataset.name, "size": Dataset.size}
WAIT_SECONDS = 1.0
MAX_TRIALS = 5


def _detail(dataset: Dataset, _: dict[str, Any]) -> dict[str, Any]:
    return _dataset_detail(dataset)


@blueprint.post("/upload")
@blueprint.input(UploadRequest, location="form_and_files", arg_name="upload")
@blueprint.output(DatasetDetail, status_code=201)
@blueprint.doc(
    summary="Upload a file", responses={200: "The same file was uploaded before", 422: "File, row, column"}
)
def upload_file(upload: UploadRequest) -> Any:
    """Store a file under its content hash, read it, and return the dataset with its quality report."""
    options = data_options({}, upload.model_dump(exclude_unset=True, exclude={"file", "name"}))
    request = upload_request(upload.file.stream, upload.file.filename or "", upload.name, options)
    return _read_file(request, _detail, 201)


@blueprint.get("/read-options")
@blueprint.output(list[OptionView])  # type: ignore[arg-type]  # APIFlask accepts a list of a model
@blueprint.doc(summary="Options of reading a file")
def list_read_options() -> Any:
    """List how a file can be read: fields of an upload, of a change of a dataset, and of a training request."""
    return [option_view(option, None) for option in read_options()]


@blueprint.post("/sample-data")
@blueprint.input(SampleRequest, arg_name="sample", example=SAMPLE_EXAMPLE)
@blueprint.output(DatasetDetail, status_code=201)
@blueprint.doc(summary="Make a sample dataset", responses={200: "The same sample was made before"})
def make_sample(sample: SampleRequest) -> Any:
    """Make a dataset of real bundled rows, or of synthetic ones with a gap, a duplicate row and an outlier."""
    if sample.source == "bundled":
        table, options = bundled_table(sample.domain, sample.rows)
        name = f"{sample.domain}, bundled"
    else:
        table = synthetic_table(sample.domain, sample.rows or DEFAULT_ROWS, seed=sample.seed)
        name, options = f"{sample.domain}, synthetic", {"domain": sample.domain}
    content = io.BytesIO(table.to_csv(index=False).encode())
    return _read_file(upload_request(content, f"{sample.domain}.csv", name, options), _detail, 201)


@blueprint.post("/datasets/<dataset_id>/rows")
@blueprint.input(RowsRequest, location="form_and_files", arg_name="rows")
@blueprint.output(DatasetVersion, status_code=201)
@blueprint.doc(summary="Add newer rows", responses={422: "File, row, column"})
def add_rows(dataset_id: str, rows: RowsRequest) -> Any:
    """Append newer rows to a dataset as a new version of it; forecasts of the earlier version then show the truth."""
    with context().sessions() as session:
        find_present(session, Dataset, dataset_id)
        dataset = _require_extendable(session, dataset_id)
    request = append_request(dataset, rows.file.stream, rows.file.filename or "")
    return _read_file(request, lambda version, result: {**_dataset_detail(version), "added": result["added"]}, 201)


@blueprint.get("/datasets")
@blueprint.input(DatasetQuery, location="query", arg_name="query")
@blueprint.output(DatasetPage)
def list_datasets(query: DatasetQuery) -> Any:
    """List the datasets, newest first."""
    return list_rows(
        Dataset, query, SORT_COLUMNS, lambda _, rows: [_dataset_summary(row) for row in rows], [], [Dataset.report]
    )


@blueprint.get("/datasets/<dataset_id>")
@blueprint.output(DatasetDetail)
def get_dataset(dataset_id: str) -> Any:
    """Return a dataset with its statistics and its quality report."""
    with context().sessions() as session:
        return _dataset_detail(find(session, Dataset, dataset_id))


@blueprint.patch("/datasets/<dataset_id>")
@blueprint.input(DatasetChange, arg_name="change", example=DATASET_CHANGE_EXAMPLE)
@blueprint.output(DatasetDetail)
def change_dataset(dataset_id: str, change: DatasetChange) -> Any:
    """Change the texts of a dataset, or how its file is read; the file is then read again."""
    values = change.model_dump(exclude_unset=True)
    name = values.pop("name", None)
    with context().sessions() as session:
        dataset = find_present(session, Dataset, dataset_id)
    merged = data_options(dataset.options, values)
    if merged != dataset.options:
        return _read_file(change_request(dataset, merged, name), _detail, 200)
    with context().sessions.begin() as session:
        dataset = find_present(session, Dataset, dataset_id)
        dataset.name = name or dataset.name
        return _dataset_detail(dataset)


@blueprint.delete("/datasets/<dataset_id>")
@blueprint.output({}, status_code=204)
@access(EDIT_OWN, Dataset, "dataset_id")
def delete_dataset(dataset_id: str) -> Any:
    """Delete a dataset. Its file is kept, and the dataset can be restored."""
    return delete_row(Dataset, dataset_id)


@blueprint.post("/datasets/<dataset_id>/restore")
@blueprint.output(DatasetDetail)
def restore_dataset(dataset_id: str) -> Any:
    """Restore a deleted dataset."""
    return restore_row(Dataset, dataset_id, lambda _, row: _dataset_detail(row))


def data_options(earlier: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of the config section `data`, from those so far and the fields of a request; null or [] removes a key."""
    return {key: value for key, value in {**earlier, **given}.items() if value not in (None, [])}


def upload_request(stream: IO[bytes], file_name: str, name: str | None, options: dict[str, Any]) -> dict[str, Any]:
    """Store a file under its content hash; returns the request of the task that makes a dataset of it.

    Parameters
    ----------
    stream : binary file
    file_name : str
        What the client calls the file.
    name : str, optional
        Name of the dataset; None takes the name of the file.
    options : dict
        Keys of the config section `data`.
    """
    return {"action": UPLOAD, **_stored(stream, file_name), "name": name, "options": options}


def append_request(dataset: Dataset, stream: IO[bytes], file_name: str) -> dict[str, Any]:
    """Store a file with newer rows; returns the request of the task that appends them to a dataset."""
    return {"action": APPEND, "dataset": dataset.id, **_stored(stream, file_name)}


def change_request(dataset: Dataset, options: dict[str, Any], name: str | None) -> dict[str, Any]:
    """The request of the task that reads the file of a dataset with other options."""
    request = {"action": CHANGE, "dataset": dataset.id, "file_name": dataset.file_name, "size": dataset.size}
    return {**request, "name": name, "options": options, "earlier_options": dataset.options}


def _stored(stream: IO[bytes], file_name: str) -> dict[str, Any]:
    """Write an upload to disk."""
    service = context()
    name = PurePosixPath(file_name.replace("\\", "/")).name[:MAX_FILE_NAME_CHARACTERS]
    if not name:
        raise wrong_field("/file", Text("the field file contains no file"), Text("send it as multipart/form-data"))
    try:
        stored = service.storage.store_upload(stream, name, service.settings.max_upload_megabytes * 2**20)
    except DataError as error:
        raise Problem(422, "invalid-data", error.message, error.advice, "/file") from None
    return {"file_name": name, **asdict(stored)}


def _dataset_summary(dataset: Dataset) -> DatasetSummary:
    """A dataset in a list."""
    return DatasetSummary.model_construct(**_dataset_values(dataset))


def _dataset_values(dataset: Dataset) -> dict[str, Any]:
    summary = dataset.summary
    return {
        **{key: getattr(dataset, key) for key in ("id", "name", "file_name", "size", "version")},
        **{key: getattr(dataset, key) for key in ("created_by", "created", "deleted")},
        "parent": dataset.parent_id,
        "champion": dataset.champion_id,
        **{key: summary[key] for key in ("rows", "frequency", "channel_count", "first_channels")},
        **{key: _local_time(summary[key], summary["timezone"]) for key in ("start", "end")},
        "line": NewestValues(**summary["line"]) if summary.get("line") else None,
    }


def _dataset_detail(dataset: Dataset) -> dict[str, Any]:
    """A dataset with its quality report, which is also told in findings."""
    findings = [finding.to_dict() for finding in data_findings(dataset.report)]
    channels = list(dataset.report["channels"])
    own = {"channels": channels, "options": dataset.options, "report": dataset.report, "findings": findings}
    return _dataset_values(dataset) | own


def _local_time(text: str, timezone: str | None) -> str:
    """A time of the quality report in ISO 8601, in the zone of the data if they have one."""
    time = pd.Timestamp(text)
    return (time.tz_convert(timezone) if timezone and time.tz is not None else time).isoformat()


def _read_file(
    request: dict[str, Any], show: Callable[[Dataset, dict[str, Any]], dict[str, Any]], status: int
) -> tuple[Any, int] | Response:
    """Queue the task that reads a file, and answer with its dataset, or with 202 and the task after a second.

    Equal requests at the same time have one task, so that a file which is sent several times is one dataset.

    Parameters
    ----------
    request : dict
        See `upload_request`, `append_request` and `change_request`.
    show : callable
        Receives the dataset and the result of the task, and returns the body of the answer.
    status : int
        Status of an answer that made something; one that found it has status 200.
    """
    with context().sessions() as session:
        if request["action"] == "upload" and (same := same_dataset(session, request)) is not None:
            return show(same, {}), 200
    task_id, is_own = _reading_task(request)
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


def _require_extendable(session: Session, identifier: str) -> Dataset:
    """A dataset to which newer rows can be added."""
    try:
        return extendable_dataset(session, identifier)
    except Refusal as error:
        raise _refused(problem_of({}, error), error) from None


def _reading_task(request: dict[str, Any]) -> tuple[str, bool]:
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
    raise conflict(Text("the same file was sent many times at the same moment"), Text("send it again"))


def _problem(task: Task) -> Problem:
    """Why a file could not be read."""
    if task.state == CANCELLED:
        return conflict(Text("the reading of the file was cancelled"))
    stored = task.result.get("problem") or {"status": 500, "code": "internal-error", "pointer": None}
    values = {"error": task.error, "advice": task.advice, **task.result}
    error = TimeVisError.from_json(values)
    return _refused(stored, error)


def _refused(stored: Mapping[str, Any], error: TimeVisError) -> Problem:
    return Problem(stored["status"], stored["code"], error.message, error.advice, stored["pointer"])
