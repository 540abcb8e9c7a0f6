"""Store and read the files of datasets, and show datasets in responses."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pandas as pd
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from timevis.data.quality.findings import data_findings
from timevis.errors import DataError
from timevis.messages import Text
from timevis.service.api.forecast_result import later_versions, newest_version
from timevis.service.context import context, find_present
from timevis.service.db.tables import MAX_FILE_NAME_LETTERS, MAX_NAME_LETTERS, Dataset, new_id
from timevis.service.monitoring.loop import follow
from timevis.service.problems import Problem, conflict, wrong_field
from timevis.service.profiling import combine, profile
from timevis.service.schemas.datasets import DatasetSummary
from timevis.service.storage import Upload
from timevis.service.table_limits import TableLimits


def extendable_dataset(session: Session, identifier: str) -> Dataset:
    """A dataset to which newer rows can be added: it is not deleted, and no other version extends it."""
    dataset = find_present(session, Dataset, identifier)
    newest = newest_version(session, identifier)
    if newest is not None and newest.id != identifier:
        raise conflict(
            Text(
                "newer-version",
                "version {version} of the dataset {name!r} is its newest: {identifier}",
                version=newest.version,
                name=dataset.name,
                identifier=newest.id,
            ),
            Text("add-to-newest", "add the rows to the newest version"),
        )
    return dataset


def data_options(earlier: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of the config section `data`, from those so far and the fields of a request; null or [] removes a key."""
    return {key: value for key, value in {**earlier, **given}.items() if value not in (None, [])}


def store_dataset(
    stream: IO[bytes], file_name: str, name: str | None, options: dict[str, Any]
) -> tuple[Dataset, bool]:
    """Store a file under its content hash, read it, and add its dataset.

    Parameters
    ----------
    stream : binary file
    file_name : str
        What the client calls the file.
    name : str, optional
        Name of the dataset; None takes that of the file.
    options : dict
        Keys of the config section `data`.

    Returns
    -------
    dataset : Dataset
    is_new : bool
        False if the same file was stored with the same options before.
    """
    service = context()
    file_name = _base_name(file_name)
    stored = _store(stream, file_name)
    with service.sessions() as session:
        same = select(Dataset).where(Dataset.content_hash == stored.content_hash, Dataset.deleted.is_(None))
        for dataset in session.scalars(same):
            if dataset.options == options and dataset.suffix == stored.suffix and name in (None, dataset.name):
                return dataset, False
    dataset = Dataset(
        id=new_id(),
        name=name or file_name.split(".")[0][:MAX_NAME_LETTERS] or "dataset",
        file_name=file_name,
        content_hash=stored.content_hash,
        suffix=stored.suffix,
        size=stored.size,
        options=options,
        created=time.time(),
    )
    dataset.report = read_dataset(dataset, options)
    with service.sessions.begin() as session:
        session.add(dataset)
    return dataset, True


def store_newer_rows(dataset: Dataset, stream: IO[bytes], file_name: str) -> tuple[Dataset, int]:
    """Append the rows of a file to those of a dataset, as a new version.

    Returns
    -------
    dataset : Dataset
        The new version.
    added : int
        Number of rows of the file.

    Raises
    ------
    Problem
        The file does not fit, or another request has extended or deleted the dataset since it was read.
    """
    service, settings = context(), context().settings
    storage = service.storage
    file_name = _base_name(file_name)
    stored = _store(stream, file_name)
    newer, target = storage.upload(stored.content_hash, stored.suffix), storage.temporary_upload(".parquet")
    earlier = storage.fetched_upload(dataset.content_hash, dataset.suffix)
    try:
        added = combine(
            earlier,
            newer,
            target,
            dataset.options,
            dataset.report,
            shown_names={newer: file_name, earlier: dataset.file_name},
            seconds=settings.profile_seconds,
            megabytes=settings.profile_megabytes,
            limits=_table_limits(),
        )
        whole = storage.store_file(target)
    except DataError as error:
        raise wrong_field("/file", error.message, error.advice) from None
    finally:
        target.unlink(missing_ok=True)
    version = Dataset(
        id=new_id(),
        name=dataset.name,
        file_name=dataset.file_name.split(".")[0][: MAX_FILE_NAME_LETTERS - len(whole.suffix)] + whole.suffix,
        content_hash=whole.content_hash,
        suffix=whole.suffix,
        size=whole.size,
        options=dataset.options,
        parent_id=dataset.id,
        created=time.time(),
    )
    version.report = read_dataset(version, dataset.options)
    try:
        with service.sessions.begin() as session:
            _lock(session, dataset.id)
            extendable_dataset(session, dataset.id)
            later = later_versions(session, dataset.id)  # deleted ones, too
            version.version = 1 + max([dataset.version, *(row.version for row in later)])
            session.add(version)
            follow(session, [dataset.id, *(row.id for row in later)], version)
    except Problem:
        storage.remove(storage.dataset(version.id))
        raise
    return version, added


def _base_name(file_name: str) -> str:
    """The last part of what a client calls a file."""
    name = PurePosixPath(file_name.replace("\\", "/")).name[:MAX_FILE_NAME_LETTERS]
    if not name:
        raise wrong_field(
            "/file",
            Text("no-file", "the field file contains no file"),
            Text("send-multipart", "send it as multipart/form-data"),
        )
    return name


def _store(stream: IO[bytes], file_name: str) -> Upload:
    """Write an upload to disk."""
    service = context()
    try:
        return service.storage.store_upload(stream, file_name, service.settings.max_upload_megabytes * 2**20)
    except DataError as error:
        raise Problem(422, "invalid-data", error.message, error.advice, "/file") from None


def read_dataset(dataset: Dataset, options: dict[str, Any]) -> dict[str, Any]:
    """Read the file of a new dataset, write its cleaned panel, and return the quality report."""
    storage = context().storage
    report = _profile(dataset, options, storage.dataset(dataset.id))
    storage.share(storage.dataset(dataset.id))
    return report


def read_dataset_again(dataset: Dataset, options: dict[str, Any], name: str | None) -> Dataset:
    """Read the file of a dataset with other options, and rename it; nothing changes if it cannot be read.

    Raises
    ------
    Problem
        Another request has changed the options since `dataset` was read.
    """
    service = context()
    folder = service.storage.temporary_dataset()
    try:
        report = _profile(dataset, options, folder)
        with service.sessions.begin() as session:
            _lock(session, dataset.id)
            row = find_present(session, Dataset, dataset.id)
            if row.options != dataset.options:
                raise conflict(
                    Text(
                        "changed-at-same-time",
                        "the dataset {name!r} was changed by another request at the same time",
                        name=dataset.name,
                    ),
                    Text("look-and-change-again", "look at its present options, and send the change again"),
                )
            row.options, row.report, row.name = options, report, name or row.name
            session.flush()
            service.storage.replace_dataset(dataset.id, folder)
    finally:
        service.storage.remove(folder)
    service.storage.share(service.storage.dataset(dataset.id))
    return row


def _lock(session: Session, identifier: str) -> None:
    """Lock the row of a dataset until the transaction ends."""
    session.execute(update(Dataset).where(Dataset.id == identifier).values(size=Dataset.size))


def _profile(dataset: Dataset, options: dict[str, Any], folder: Path) -> dict[str, Any]:
    service, settings = context(), context().settings
    return profile(
        service.storage.fetched_upload(dataset.content_hash, dataset.suffix),
        options,
        folder,
        shown_name=dataset.file_name,
        seconds=settings.profile_seconds,
        megabytes=settings.profile_megabytes,
        limits=_table_limits(),
    )


def _table_limits() -> TableLimits:
    settings = context().settings
    return TableLimits(settings.max_rows, settings.max_columns, settings.max_sheets)


def dataset_summary(dataset: Dataset) -> DatasetSummary:
    """A dataset in a list."""
    return DatasetSummary.model_construct(**_summary(dataset))


def _summary(dataset: Dataset) -> dict[str, Any]:
    report = dataset.report
    return {
        **{
            key: getattr(dataset, key) for key in ("id", "name", "file_name", "size", "version", "created", "deleted")
        },
        "parent": dataset.parent_id,
        "champion": dataset.champion_id,
        **{key: report[key] for key in ("rows", "frequency")},
        **{key: _local_time(report[key], report["timezone"]) for key in ("start", "end")},
        "channels": list(report["channels"]),
    }


def dataset_detail(dataset: Dataset) -> dict[str, Any]:
    """A dataset with its quality report, which is also told in findings."""
    findings = [finding.to_dict() for finding in data_findings(dataset.report)]
    return {**_summary(dataset), "options": dataset.options, "report": dataset.report, "findings": findings}


def _local_time(text: str, timezone: str | None) -> str:
    """A time of the quality report in ISO 8601, in the zone of the data if they have one."""
    time = pd.Timestamp(text)
    return (time.tz_convert(timezone) if timezone and time.tz is not None else time).isoformat()
