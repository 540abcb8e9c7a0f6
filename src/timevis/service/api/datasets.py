"""Datasets: upload a file, make a sample, list, look at one, change, delete and restore."""

from __future__ import annotations

import io
from typing import Any

from apiflask import APIBlueprint

from timevis.data.sources.sample_tables import DEFAULT_ROWS, bundled_table, synthetic_table
from timevis.service.api.dataset_files import (
    append_request,
    change_request,
    data_options,
    dataset_detail,
    dataset_summary,
    upload_request,
)
from timevis.service.api.listing import delete_row, list_rows, restore_row
from timevis.service.api.reading import read_file, require_extendable
from timevis.service.context import context, find, find_present
from timevis.service.db.tables import Dataset
from timevis.service.schemas import examples
from timevis.service.schemas.datasets import (
    DatasetChange,
    DatasetDetail,
    DatasetPage,
    DatasetQuery,
    DatasetVersion,
    RowsRequest,
    SampleRequest,
    UploadRequest,
)
from timevis.service.schemas.option_fields import OptionView, option_view, read_options
from timevis.service.security.roles import EDIT_OWN, access

blueprint = APIBlueprint("datasets", __name__, tag="Datasets")

SORT_COLUMNS = {"created": Dataset.created, "name": Dataset.name, "size": Dataset.size}


def _detail(dataset: Dataset, _: dict[str, Any]) -> dict[str, Any]:
    return dataset_detail(dataset)


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
    return read_file(request, _detail, 201)


@blueprint.get("/read-options")
@blueprint.output(list[OptionView])  # type: ignore[arg-type]  # APIFlask accepts a list of a model
@blueprint.doc(summary="Options of reading a file")
def list_read_options() -> Any:
    """List how a file can be read: fields of an upload, of a change of a dataset, and of a training request."""
    return [option_view(option, None) for option in read_options()]


@blueprint.post("/sample-data")
@blueprint.input(SampleRequest, arg_name="sample", example=examples.SAMPLE)
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
    return read_file(upload_request(content, f"{sample.domain}.csv", name, options), _detail, 201)


@blueprint.post("/datasets/<dataset_id>/rows")
@blueprint.input(RowsRequest, location="form_and_files", arg_name="rows")
@blueprint.output(DatasetVersion, status_code=201)
@blueprint.doc(summary="Add newer rows", responses={422: "File, row, column"})
def add_rows(dataset_id: str, rows: RowsRequest) -> Any:
    """Append newer rows to a dataset as a new version of it; forecasts of the earlier version then show the truth."""
    with context().sessions() as session:
        find_present(session, Dataset, dataset_id)
        dataset = require_extendable(session, dataset_id)
    request = append_request(dataset, rows.file.stream, rows.file.filename or "")
    return read_file(request, lambda version, result: {**dataset_detail(version), "added": result["added"]}, 201)


@blueprint.get("/datasets")
@blueprint.input(DatasetQuery, location="query", arg_name="query")
@blueprint.output(DatasetPage)
def list_datasets(query: DatasetQuery) -> Any:
    """List the datasets, newest first."""
    return list_rows(
        Dataset, query, SORT_COLUMNS, lambda _, rows: [dataset_summary(row) for row in rows], [], [Dataset.report]
    )


@blueprint.get("/datasets/<dataset_id>")
@blueprint.output(DatasetDetail)
def get_dataset(dataset_id: str) -> Any:
    """Return a dataset with its statistics and its quality report."""
    with context().sessions() as session:
        return dataset_detail(find(session, Dataset, dataset_id))


@blueprint.patch("/datasets/<dataset_id>")
@blueprint.input(DatasetChange, arg_name="change", example=examples.DATASET_CHANGE)
@blueprint.output(DatasetDetail)
def change_dataset(dataset_id: str, change: DatasetChange) -> Any:
    """Change the texts of a dataset, or how its file is read; the file is then read again."""
    values = change.model_dump(exclude_unset=True)
    name = values.pop("name", None)
    with context().sessions() as session:
        dataset = find_present(session, Dataset, dataset_id)
    merged = data_options(dataset.options, values)
    if merged != dataset.options:
        return read_file(change_request(dataset, merged, name), _detail, 200)
    with context().sessions.begin() as session:
        dataset = find_present(session, Dataset, dataset_id)
        dataset.name = name or dataset.name
        return dataset_detail(dataset)


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
    return restore_row(Dataset, dataset_id, lambda _, row: dataset_detail(row))
