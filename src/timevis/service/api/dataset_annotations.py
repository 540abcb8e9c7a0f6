"""Annotations of datasets: add, list, change and delete what happened at a time of the data."""

from __future__ import annotations

from typing import Any

import pandas as pd
from apiflask import APIBlueprint
from flask import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from timevis.data.calendar import to_local_time
from timevis.data.quality.quality_report import has_time_zone
from timevis.messages import Text
from timevis.service.context import context, find, find_present
from timevis.service.db.annotation_table import Annotation, first_version
from timevis.service.db.tables import Dataset
from timevis.service.problems import Problem, conflict, wrong_field
from timevis.service.schemas import examples
from timevis.service.schemas.annotations import AnnotationChange, AnnotationRequest, Annotations, AnnotationView
from timevis.service.security.roles import EDIT_OWN, access
from timevis.service.series import read_time

blueprint = APIBlueprint("annotations", __name__, tag="Datasets")

MAX_ANNOTATIONS = 1000
"""Annotations of one dataset."""


@blueprint.get("/datasets/<dataset_id>/annotations")
@blueprint.output(Annotations)
def list_annotations(dataset_id: str) -> Any:
    """List the annotations of a dataset with all its versions, in the order of time."""
    with context().sessions() as session:
        own = Annotation.dataset_id == first_version(session, find(session, Dataset, dataset_id))
        rows = session.scalars(select(Annotation).where(own).order_by(Annotation.start, Annotation.created)).all()
    return {"items": [_view(row) for row in rows]}


@blueprint.post("/datasets/<dataset_id>/annotations")
@blueprint.input(AnnotationRequest, arg_name="body", example=examples.ANNOTATION)
@blueprint.output(AnnotationView, status_code=201)
def add_annotation(dataset_id: str, body: AnnotationRequest) -> Any:
    """Note what happened at a time of the data or over a range, such as a meter that was replaced."""
    with context().sessions.begin() as session:
        dataset = find_present(session, Dataset, dataset_id)
        first = first_version(session, dataset)
        own = select(func.count()).select_from(Annotation).where(Annotation.dataset_id == first)
        if (session.scalar(own) or 0) >= MAX_ANNOTATIONS:
            raise conflict(
                Text("many-annotations", "the dataset has {count:,} annotations", count=MAX_ANNOTATIONS),
                Text("delete-annotations", "delete some of them first"),
            )
        row = Annotation(dataset_id=first, text=body.text.strip())
        _set_times(row, dataset, body.start, body.end)
        session.add(row)
        session.flush()
        return _view(row)


@blueprint.patch("/datasets/<dataset_id>/annotations/<annotation_id>")
@blueprint.input(AnnotationChange, arg_name="change", example=examples.ANNOTATION_CHANGE)
@blueprint.output(AnnotationView)
def change_annotation(dataset_id: str, annotation_id: str, change: AnnotationChange) -> Any:
    """Change the text or the times of an annotation."""
    values = change.model_dump(exclude_unset=True)
    with context().sessions.begin() as session:
        dataset = find_present(session, Dataset, dataset_id)
        row = _find(session, dataset, annotation_id)
        row.text = values.get("text", row.text).strip()
        _set_times(row, dataset, values.get("start", row.start), values.get("end", row.end))
        return _view(row)


@blueprint.delete("/datasets/<dataset_id>/annotations/<annotation_id>")
@blueprint.output({}, status_code=204)
@access(EDIT_OWN, Annotation, "annotation_id")
def delete_annotation(dataset_id: str, annotation_id: str) -> Any:
    """Delete an annotation."""
    with context().sessions.begin() as session:
        session.delete(_find(session, find_present(session, Dataset, dataset_id), annotation_id))
    return Response(status=204)


def _find(session: Session, dataset: Dataset, annotation_id: str) -> Annotation:
    row = find(session, Annotation, annotation_id)
    if row.dataset_id != first_version(session, dataset):
        text = Text("annotation-of-other", "the dataset has no annotation {identifier}", identifier=annotation_id)
        raise Problem(404, "not-found", text)
    return row


def _set_times(row: Annotation, dataset: Dataset, start: str, end: str | None) -> None:
    row.start = _local(dataset, start, "/start")
    row.end = None if end is None else _local(dataset, end, "/end")
    if row.end is not None and row.end < row.start:
        raise wrong_field("/end", Text("end-before-start", "the end is before the start"))


def _local(dataset: Dataset, text: str, pointer: str) -> str:
    """A time as a local time of the data, ISO 8601 with seconds and without an offset."""
    time = read_time(text, pointer)
    if time.tz is not None:
        if has_time_zone(dataset.report):
            time = to_local_time(pd.DatetimeIndex([time.tz_convert("UTC")]), dataset.report["timezone"])[0]
        time = time.tz_localize(None)
    return time.isoformat(timespec="seconds")


def _view(row: Annotation) -> dict[str, Any]:
    return {key: getattr(row, key) for key in ("id", "start", "end", "text", "created", "created_by")}
