"""Requests for tasks that read the files of datasets, and what responses show of datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import IO, Any

import pandas as pd

from timevis.data.quality.findings import data_findings
from timevis.errors import DataError
from timevis.messages import Text
from timevis.service.context import context
from timevis.service.db.tables import MAX_FILE_NAME_CHARACTERS, Dataset
from timevis.service.problems import Problem, wrong_field
from timevis.service.schemas.datasets import DatasetSummary
from timevis.service.small_lines import NewestValues
from timevis.service.tasks.reading import APPEND, CHANGE, UPLOAD


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
        raise wrong_field(
            "/file",
            Text("no-file", "the field file contains no file"),
            Text("send-multipart", "send it as multipart/form-data"),
        )
    try:
        stored = service.storage.store_upload(stream, name, service.settings.max_upload_megabytes * 2**20)
    except DataError as error:
        raise Problem(422, "invalid-data", error.message, error.advice, "/file") from None
    return {"file_name": name, **asdict(stored)}


def dataset_summary(dataset: Dataset) -> DatasetSummary:
    """A dataset in a list."""
    return DatasetSummary.model_construct(**_summary(dataset))


def _summary(dataset: Dataset) -> dict[str, Any]:
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


def dataset_detail(dataset: Dataset) -> dict[str, Any]:
    """A dataset with its quality report, which is also told in findings."""
    findings = [finding.to_dict() for finding in data_findings(dataset.report)]
    channels = list(dataset.report["channels"])
    own = {"channels": channels, "options": dataset.options, "report": dataset.report, "findings": findings}
    return _summary(dataset) | own


def _local_time(text: str, timezone: str | None) -> str:
    """A time of the quality report in ISO 8601, in the zone of the data if they have one."""
    time = pd.Timestamp(text)
    return (time.tz_convert(timezone) if timezone and time.tz is not None else time).isoformat()
