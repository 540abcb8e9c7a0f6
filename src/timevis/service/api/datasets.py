"""Datasets: upload a file, list, look at one, delete and restore."""

from __future__ import annotations

import time
from pathlib import PurePosixPath
from typing import Any

from apiflask import APIBlueprint
from flask import Response
from sqlalchemy import func, select

from timevis.errors import DataError
from timevis.service import schemas
from timevis.service.context import context, find, page_of
from timevis.service.db.tables import Dataset, new_id
from timevis.service.problems import Problem
from timevis.service.profiling import profile
from timevis.service.security.table_limits import TableLimits
from timevis.service.series import read_series

blueprint = APIBlueprint("datasets", __name__, tag="Datasets")

DATA_OPTIONS = ("domain", "unit", "description", "time", "id", "frequency", "timezone")


def show(dataset: Dataset) -> schemas.DatasetSummary:
    return schemas.DatasetSummary.model_construct(**_summary(dataset))


def _summary(dataset: Dataset) -> dict[str, Any]:
    report = dataset.report
    return {
        **{key: getattr(dataset, key) for key in ("id", "name", "file_name", "size", "created", "deleted")},
        **{key: report[key] for key in ("rows", "frequency", "start", "end")},
        "channels": list(report["channels"]),
    }


def _detail(dataset: Dataset) -> dict[str, Any]:
    return {**_summary(dataset), "options": dataset.options, "report": dataset.report}


@blueprint.post("/upload")
@blueprint.input(schemas.UploadRequest, location="form_and_files", arg_name="upload")
@blueprint.output(schemas.DatasetDetail, status_code=201)
@blueprint.doc(
    summary="Upload a file", responses={200: "The same file was uploaded before", 422: "File, row, column"}
)
def upload_file(upload: schemas.UploadRequest) -> Any:
    """Store a file under its content hash, read it, and return the dataset with its quality report."""
    service, settings = context(), context().settings
    file_name = PurePosixPath((upload.file.filename or "").replace("\\", "/")).name[:300]
    if not file_name:
        raise Problem(
            422, "invalid-request", "the field file holds no file", "send it as multipart/form-data", "/file"
        )
    try:
        stored = service.storage.store_upload(upload.file.stream, file_name, settings.max_upload_megabytes * 2**20)
    except DataError as error:
        raise Problem(422, "invalid-data", error.message, error.advice, "/file") from None
    options = {key: value for key in DATA_OPTIONS if (value := getattr(upload, key)) is not None}
    name = upload.name or file_name.split(".")[0] or "dataset"
    with service.sessions() as session:
        same = select(Dataset).where(Dataset.content_hash == stored.content_hash, Dataset.deleted.is_(None))
        for dataset in session.scalars(same):
            if dataset.options == options and dataset.suffix == stored.suffix and upload.name in (None, dataset.name):
                return _detail(dataset), 200
    dataset = Dataset(
        id=new_id(),
        name=name,
        file_name=file_name,
        content_hash=stored.content_hash,
        suffix=stored.suffix,
        size=stored.size,
        options=options,
        created=time.time(),
    )
    dataset.report = _read(dataset, options)
    with service.sessions.begin() as session:
        session.add(dataset)
    return _detail(dataset)


def _read(dataset: Dataset, options: dict[str, Any]) -> dict[str, Any]:
    """Read the file of a dataset, write its cleaned panel, and return the quality report."""
    service, settings = context(), context().settings
    return profile(
        service.storage.upload(dataset.content_hash, dataset.suffix),
        options,
        service.storage.dataset(dataset.id),
        shown_name=dataset.file_name,
        seconds=settings.profile_seconds,
        megabytes=settings.profile_megabytes,
        limits=TableLimits(settings.max_rows, settings.max_columns, settings.max_sheets),
    )


@blueprint.get("/datasets")
@blueprint.input(schemas.DatasetQuery, location="query", arg_name="query")
@blueprint.output(schemas.DatasetPage)
def list_datasets(query: schemas.DatasetQuery) -> Any:
    """List the datasets, newest first."""
    is_deleted = Dataset.deleted.is_not(None) if query.deleted else Dataset.deleted.is_(None)
    rows = select(Dataset).where(is_deleted).order_by(Dataset.created.desc(), Dataset.id)
    if query.search:
        rows = rows.where(func.lower(Dataset.name).contains(query.search.lower(), autoescape=True))
    with context().sessions() as session:
        return page_of(session, rows, query, show)


@blueprint.get("/datasets/<dataset_id>")
@blueprint.output(schemas.DatasetDetail)
def get_dataset(dataset_id: str) -> Any:
    """Return a dataset with its statistics and its quality report."""
    with context().sessions() as session:
        return _detail(find(session, Dataset, dataset_id))


@blueprint.patch("/datasets/<dataset_id>")
@blueprint.input(schemas.DatasetChange, arg_name="change")
@blueprint.output(schemas.DatasetDetail)
def change_dataset(dataset_id: str, change: schemas.DatasetChange) -> Any:
    """Change the texts of a dataset, or how its file is read; the file is then read again."""
    values = change.model_dump(exclude_unset=True)
    name = values.pop("name", None)
    for key, value in values.items():
        if "${" in str(value):
            detail = f"{key} holds ${{, which a config would evaluate"
            raise Problem(422, "invalid-request", detail, pointer=f"/{key}")
    with context().sessions() as session:
        dataset = find(session, Dataset, dataset_id)
    merged = {key: value for key, value in {**dataset.options, **values}.items() if value is not None}
    report = dataset.report if merged == dataset.options else _read(dataset, merged)
    with context().sessions.begin() as session:
        dataset = find(session, Dataset, dataset_id)
        dataset.options, dataset.report, dataset.name = merged, report, name or dataset.name
        return _detail(dataset)


@blueprint.get("/datasets/<dataset_id>/series")
@blueprint.input(schemas.SeriesQuery, location="query", arg_name="query")
@blueprint.output(schemas.Series)
def get_series(dataset_id: str, query: schemas.SeriesQuery) -> Any:
    """Return one channel, downsampled so that the smallest and the largest value of each bin remain."""
    with context().sessions() as session:
        dataset = find(session, Dataset, dataset_id)
    channels = list(dataset.report["channels"])
    channel = query.channel if query.channel is not None else channels[0]
    if channel not in channels:
        raise Problem(422, "invalid-request", f"the dataset has no channel {channel!r}", pointer="/channel")
    folder = context().storage.dataset(dataset.id)
    series = read_series(folder, channels.index(channel), query.start, query.end, query.points)
    return {"channel": channel, **series}


@blueprint.delete("/datasets/<dataset_id>")
@blueprint.output({}, status_code=204)
def delete_dataset(dataset_id: str) -> Any:
    """Delete a dataset. Its file is kept, and the dataset can be restored."""
    with context().sessions.begin() as session:
        dataset = find(session, Dataset, dataset_id)
        dataset.deleted = dataset.deleted or time.time()
    return Response(status=204)


@blueprint.post("/datasets/<dataset_id>/restore")
@blueprint.output(schemas.DatasetDetail)
def restore_dataset(dataset_id: str) -> Any:
    """Restore a deleted dataset."""
    with context().sessions.begin() as session:
        dataset = find(session, Dataset, dataset_id)
        dataset.deleted = None
        return _detail(dataset)
