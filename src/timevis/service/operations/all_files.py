"""Fetch all files that the rows of the database name from the artefact store, or copy to it those that it lacks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from timevis.service.db.tables import Dataset, FolderCopy, Model, Sessions, Task
from timevis.service.storage import Storage
from timevis.service.tasks.states import COMPLETED, RUNNING

log = logging.getLogger(__name__)


def fetch_all(storage: Storage, sessions: Sessions) -> None:
    """Fetch every upload, dataset, run and result into the home folder."""
    if storage.store is None:
        return
    with sessions() as session:
        datasets = list(session.scalars(select(Dataset)))
        runs = {*session.scalars(select(Task.run_id)), *session.scalars(select(Model.run_id))}
        forecasts = set(session.scalars(select(Task.id).where(Task.kind == "predict", Task.state == COMPLETED)))
    for dataset in datasets:
        storage.fetched_upload(dataset.content_hash, dataset.suffix)
        storage.fetched_dataset(dataset.id)
    for run_id in filter(None, runs):
        storage.fetched_run(run_id)
    for task_id in forecasts:
        storage.fetched_result(task_id)


def share_all(storage: Storage, sessions: Sessions) -> int:
    """Copy the files of this home that have no copy yet, as after the setting of TIMEVIS_STORE; returns how many."""
    if storage.store is None:
        return 0
    count = 0
    for path in _paths(storage, sessions):
        if path.exists():
            storage.share(path)
            count += 1
    if count:
        log.info("copied %d files and folders to the artefact store", count)
    return count


def _paths(storage: Storage, sessions: Sessions) -> Iterator[Path]:
    assert storage.store is not None
    with sessions() as session:
        copied = set(session.scalars(select(FolderCopy.id)))
        datasets = list(session.scalars(select(Dataset)))
        running = set(session.scalars(select(Task.run_id).where(Task.state == RUNNING)))
        runs = set(session.scalars(select(Task.run_id).where(Task.run_id.is_not(None)))) - running
        forecasts = set(session.scalars(select(Task.id).where(Task.kind == "predict", Task.state == COMPLETED)))
    yield from (storage.dataset(dataset.id) for dataset in datasets if dataset.id not in copied)
    yield from (storage.run(run_id) for run_id in filter(None, runs) if run_id not in copied)
    files = [storage.upload(dataset.content_hash, dataset.suffix) for dataset in datasets]
    files += [storage.result(task_id) for task_id in forecasts]
    yield from (path for path in files if not storage.store.has(path))
