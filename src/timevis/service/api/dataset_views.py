"""What is in a dataset: its series, seasons, first rows, how a split would fall, and annotations."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from apiflask import APIBlueprint
from flask import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from timevis.data.calendar import to_local_time
from timevis.data.quality.quality_report import has_time_zone
from timevis.data.quality.statistics import MAX_ROWS, describe_seasonality
from timevis.data.split import parse_numbers
from timevis.errors import ConfigError, DataError
from timevis.messages import Text
from timevis.service.api.model_analysis import changed_at, scored_run
from timevis.service.context import context, find, find_present, unknown_channel
from timevis.service.db.tables import Annotation, Dataset, Model
from timevis.service.db.versions import first_version
from timevis.service.problems import Problem, conflict, wrong_field
from timevis.service.profiling import PREVIEW_FILE
from timevis.service.schemas.datasets import (
    ANNOTATION_CHANGE_EXAMPLE,
    ANNOTATION_EXAMPLE,
    AnnotationChange,
    AnnotationRequest,
    Annotations,
    AnnotationView,
    Preview,
    PreviewQuery,
    Seasonality,
    Series,
    SeriesListQuery,
    SeriesPage,
    SeriesQuery,
    SplitQuery,
    SplitView,
)
from timevis.service.schemas.models import ChannelQuery
from timevis.service.security.roles import EDIT_OWN, access
from timevis.service.series import (
    OUTLIERS_FILE,
    VALUES_FILE,
    StoredSeries,
    read_series,
    read_time,
    small_line,
    split_parts,
)
from timevis.service.tasks.estimate import lengths_of
from timevis.utils.files import read_json

blueprint = APIBlueprint("dataset_analysis", __name__, tag="Datasets")
series_list_blueprint = APIBlueprint("series_list", __name__, tag="Datasets")
annotations_blueprint = APIBlueprint("annotations", __name__, tag="Datasets")
CACHED_PAGES = 64
CACHED_MODELS = 8
MAX_ANNOTATIONS = 1000
"""Annotations of one dataset."""
Facts = dict[str, Any]
"""What is known of one series, apart from its line."""


@blueprint.get("/datasets/<dataset_id>/series")
@blueprint.input(SeriesQuery, location="query", arg_name="query")
@blueprint.output(Series)
@blueprint.doc(summary="A downsampled channel")
def get_series(dataset_id: str, query: SeriesQuery) -> Any:
    """Return one channel in a range, with mean, minimum and maximum of each bucket, gaps and outliers."""
    _, channel, series = _open(dataset_id, query.channel)
    return {"channel": channel, **read_series(series, query.start, query.end, query.points)}


@blueprint.get("/datasets/<dataset_id>/seasonality")
@blueprint.input(ChannelQuery, location="query", arg_name="query")
@blueprint.output(Seasonality)
@blueprint.doc(summary="Average day and week")
def get_seasonality(dataset_id: str, query: ChannelQuery) -> Any:
    """Return the average day and week of a channel, its autocorrelation and its strongest season."""
    dataset, channel, series = _open(dataset_id, query.channel)
    report = dataset.report
    seasonality = describe_seasonality(
        series.values[-MAX_ROWS:],
        series.index(slice(-MAX_ROWS, None)),
        report["frequency"],
        report["channels"][channel]["seasonality"],
    )
    return {"channel": channel, **seasonality}


@blueprint.get("/datasets/<dataset_id>/preview")
@blueprint.input(PreviewQuery, location="query", arg_name="query")
@blueprint.output(Preview)
@blueprint.doc(summary="The first rows of the file")
def get_preview(dataset_id: str, query: PreviewQuery) -> Any:
    """Return the first rows of the file, and the role of each column."""
    with context().sessions() as session:
        dataset = find(session, Dataset, dataset_id)
    preview = read_json(context().storage.fetched_dataset(dataset.id) / PREVIEW_FILE)
    roles = {**dataset.report["roles"], **dict.fromkeys(dataset.report.get("series_columns", ()), "id")}
    columns = [{"name": name, "role": roles.get(name, "unused")} for name in preview["columns"]]
    return {"columns": columns, "rows": preview["rows"][: query.rows]}


@blueprint.get("/datasets/<dataset_id>/split")
@blueprint.input(SplitQuery, location="query", arg_name="query")
@blueprint.output(SplitView)
@blueprint.doc(summary="How a split falls")
def get_split(dataset_id: str, query: SplitQuery) -> Any:
    """Return rows, times and number of windows of the training, validation and test part."""
    dataset, _, series = _open(dataset_id, None)
    try:
        spec = parse_numbers((query.train, query.val, query.test))
        lengths = lengths_of(dataset.report, spec, query.context_length, query.horizon)
        parts = split_parts(series, spec, lengths.context_length, lengths.horizon)
    except (ConfigError, DataError) as error:
        raise wrong_field("/train", error.message, error.advice) from None
    return {"horizon": lengths.horizon, "context_length": lengths.context_length, "parts": parts}


def _open(dataset_id: str, channel: str | None) -> tuple[Dataset, str, StoredSeries]:
    """A dataset, one of its channels (the first one when None) and the series of the channel."""
    with context().sessions() as session:
        dataset = find(session, Dataset, dataset_id)
    channels = list(dataset.report["channels"])
    chosen = channels[0] if channel is None else channel
    if chosen not in channels:
        raise unknown_channel("/channel", chosen, channels)
    folder = context().storage.fetched_dataset(dataset.id)
    return dataset, chosen, StoredSeries.open(folder, channels.index(chosen), dataset.report)


@series_list_blueprint.get("/datasets/<dataset_id>/series-list")
@series_list_blueprint.input(SeriesListQuery, location="query", arg_name="query")
@series_list_blueprint.output(SeriesPage)
@series_list_blueprint.doc(summary="The series of a dataset, a page at a time")
def list_series(dataset_id: str, query: SeriesListQuery) -> Any:
    """List the series of a dataset with small lines and defects, and with the errors of a model on each of them."""
    service = context()
    with service.sessions() as session:
        report = find(session, Dataset, dataset_id).report
        run_id = None if query.model is None else find(session, Model, query.model).run_id
    folder = service.storage.fetched_dataset(dataset_id)
    run = None if run_id is None else service.storage.fetched_run(run_id)
    errors = {} if run is None else _errors(run, changed_at(run))
    rows = _facts(report, np.load(folder / OUTLIERS_FILE))
    rows = [row | errors.get(row["channel"], NO_ERRORS) for row in rows]
    if query.search:
        words = query.search.casefold().split()
        rows = [row for row in rows if all(word in row["channel"].casefold() for word in words)]
    if query.sort != "position" or query.order == "desc":
        rows = _sorted(rows, query.sort, is_descending=query.order == "desc")
    first = (query.page - 1) * query.per_page
    page = rows[first : first + query.per_page]
    changed = (folder / VALUES_FILE).stat().st_mtime_ns
    lines = _lines(folder, changed, tuple(row["position"] for row in page), query.points)
    items = [{**row, "line": line} for row, line in zip(page, lines, strict=True)]
    return {"items": items, "total": len(rows), "page": query.page, "per_page": query.per_page}


def _facts(report: dict[str, Any], outliers: np.ndarray) -> list[Facts]:
    """Name, unit, counts and mean of every series of a dataset, in the order of the file."""
    channels: dict[str, dict[str, Any]] = report["channels"]
    counts = np.bincount(outliers[:, 1], minlength=len(channels)).tolist()
    return [
        {
            **{"position": position, "channel": name, "unit": facts.get("unit") or "", "outliers": counts[position]},
            **{key: facts.get(key) for key in ("observed", "missing", "mean", "min", "max")},
        }
        for position, (name, facts) in enumerate(channels.items())
    ]


NO_ERRORS = dict.fromkeys(("mae", "naive_mae", "wql", "skill"))


@lru_cache(maxsize=CACHED_MODELS)
def _errors(folder: Path, changed: int) -> dict[str, dict[str, float | None]]:
    """The errors of a run on each of its channels; `changed` is the time of its results."""
    results = scored_run(folder).results
    errors = {}
    for channel, metrics in results.by_channel.items():
        naive = results.seasonal_naive_by_channel.get(channel, {})
        wql, naive_wql = metrics.get("wql"), naive.get("wql")
        errors[channel] = {
            **{"mae": metrics.get("mae"), "naive_mae": naive.get("mae"), "wql": wql},
            "skill": None if wql is None or not naive_wql else 1 - wql / naive_wql,
        }
    return errors


def _sorted(rows: list[Facts], key: str, *, is_descending: bool) -> list[Facts]:
    """Rows in the order of a key; rows without a value come last, and equal ones stay in the order of the file."""
    known = [row for row in rows if row[key] is not None]
    known.sort(key=lambda row: row[key].casefold() if key == "channel" else row[key], reverse=is_descending)
    return known + [row for row in rows if row[key] is None]


@lru_cache(maxsize=CACHED_PAGES)
def _lines(folder: Path, changed: int, positions: tuple[int, ...], points: int) -> list[list[float | None]]:
    """The lines of some series; `changed` is the time of the stored values, so that new values are read again."""
    values = np.load(folder / VALUES_FILE, mmap_mode="r")
    return [small_line(values[position], points) for position in positions]


@annotations_blueprint.get("/datasets/<dataset_id>/annotations")
@annotations_blueprint.output(Annotations)
def list_annotations(dataset_id: str) -> Any:
    """List the annotations of a dataset with all its versions, in the order of time."""
    with context().sessions() as session:
        own = Annotation.dataset_id == first_version(session, find(session, Dataset, dataset_id))
        rows = session.scalars(select(Annotation).where(own).order_by(Annotation.start, Annotation.created)).all()
    return {"items": [_annotation_view(row) for row in rows]}


@annotations_blueprint.post("/datasets/<dataset_id>/annotations")
@annotations_blueprint.input(AnnotationRequest, arg_name="body", example=ANNOTATION_EXAMPLE)
@annotations_blueprint.output(AnnotationView, status_code=201)
def add_annotation(dataset_id: str, body: AnnotationRequest) -> Any:
    """Note what happened at a time of the data or over a range, such as a meter that was replaced."""
    with context().sessions.begin() as session:
        dataset = find_present(session, Dataset, dataset_id)
        first = first_version(session, dataset)
        own = select(func.count()).select_from(Annotation).where(Annotation.dataset_id == first)
        if (session.scalar(own) or 0) >= MAX_ANNOTATIONS:
            raise conflict(
                Text("the dataset has {count:,} annotations", count=MAX_ANNOTATIONS),
                Text("delete some of them first"),
            )
        row = Annotation(dataset_id=first, text=body.text.strip())
        _set_annotation_times(row, dataset, body.start, body.end)
        session.add(row)
        session.flush()
        return _annotation_view(row)


@annotations_blueprint.patch("/datasets/<dataset_id>/annotations/<annotation_id>")
@annotations_blueprint.input(AnnotationChange, arg_name="change", example=ANNOTATION_CHANGE_EXAMPLE)
@annotations_blueprint.output(AnnotationView)
def change_annotation(dataset_id: str, annotation_id: str, change: AnnotationChange) -> Any:
    """Change the text or the times of an annotation."""
    values = change.model_dump(exclude_unset=True)
    with context().sessions.begin() as session:
        dataset = find_present(session, Dataset, dataset_id)
        row = _find_annotation(session, dataset, annotation_id)
        row.text = values.get("text", row.text).strip()
        _set_annotation_times(row, dataset, values.get("start", row.start), values.get("end", row.end))
        return _annotation_view(row)


@annotations_blueprint.delete("/datasets/<dataset_id>/annotations/<annotation_id>")
@annotations_blueprint.output({}, status_code=204)
@access(EDIT_OWN, Annotation, "annotation_id")
def delete_annotation(dataset_id: str, annotation_id: str) -> Any:
    """Delete an annotation."""
    with context().sessions.begin() as session:
        session.delete(_find_annotation(session, find_present(session, Dataset, dataset_id), annotation_id))
    return Response(status=204)


def _find_annotation(session: Session, dataset: Dataset, annotation_id: str) -> Annotation:
    row = find(session, Annotation, annotation_id)
    if row.dataset_id != first_version(session, dataset):
        text = Text("the dataset has no annotation {identifier}", identifier=annotation_id)
        raise Problem(404, "not-found", text)
    return row


def _set_annotation_times(row: Annotation, dataset: Dataset, start: str, end: str | None) -> None:
    row.start = _local(dataset, start, "/start")
    row.end = None if end is None else _local(dataset, end, "/end")
    if row.end is not None and row.end < row.start:
        raise wrong_field("/end", Text("the end is before the start"))


def _local(dataset: Dataset, text: str, pointer: str) -> str:
    """A time as a local time of the data, ISO 8601 with seconds and without an offset."""
    time = read_time(text, pointer)
    if time.tz is not None:
        if has_time_zone(dataset.report):
            time = to_local_time(pd.DatetimeIndex([time.tz_convert("UTC")]), dataset.report["timezone"])[0]
        time = time.tz_localize(None)
    return time.isoformat(timespec="seconds")


def _annotation_view(row: Annotation) -> dict[str, Any]:
    return {key: getattr(row, key) for key in ("id", "start", "end", "text", "created", "created_by")}
