"""Remove what was deleted long ago, and, by setting, files that nothing uses."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Delete, Update, delete, select, update
from sqlalchemy.orm import Session

from timevis.service.db.monitor_tables import (
    Alert,
    Challenger,
    Champion,
    Delivery,
    ForecastScore,
    Monitor,
    StoredForecast,
)
from timevis.service.db.tables import (
    Annotation,
    AuditEntry,
    AuditRetention,
    Dataset,
    FolderCopy,
    Model,
    Sessions,
    Share,
    Task,
    rows_changed,
)
from timevis.service.settings import Settings
from timevis.service.storage import Storage
from timevis.service.tasks.states import CANCELLED, COMPLETED, FAILED, FINAL

log = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0
ORPHAN_DAYS = 1.0
"""Files without a row are kept this long, because a request may be about to add the row."""

CYCLE_DAYS = 7.0
"""Completed tasks of monitors are kept this long; what they computed is kept with the monitor."""


def purge(sessions: Sessions, settings: Settings, now: float | None = None) -> Counter[str]:
    """Remove rows and files whose time is over; returns how many of each kind.

    A row is removed first, by a condition on its age, so that a model that is restored at the same time stays whole;
    files that then remain, because the process was killed, are removed by a later purge.
    """
    now = time.time() if now is None else now
    storage, removed = Storage.open(settings, sessions), Counter[str]()
    deleted_before = now - settings.keep_deleted_days * DAY_SECONDS
    removed["monitors"] = _purge_monitors(sessions, deleted_before)
    removed["cycles of monitors"] = _purge_cycles(sessions, now - CYCLE_DAYS * DAY_SECONDS)
    removed["models"] = _purge_models(sessions, deleted_before)
    unused_before = now - ORPHAN_DAYS * DAY_SECONDS
    removed["datasets"] = _purge_datasets(sessions, storage, deleted_before, unused_before)
    if settings.keep_unused_days is not None:
        failed_before = now - settings.keep_unused_days * DAY_SECONDS
        removed["failed runs"] = _forget_failed_runs(sessions, failed_before)
        removed["results"] = _remove(storage, _old_results(sessions, storage, failed_before))
        removed["logs"] = _remove(storage, _old_logs(sessions, storage, failed_before))
        removed["unreadable uploads"] = _remove(
            storage, _unused_uploads(sessions, storage, min(unused_before, failed_before))
        )
    with sessions.begin() as session:
        before = now - settings.keep_audit_days * DAY_SECONDS
        session.execute(update(AuditRetention).values(removable_before=before))
        removed["audit entries"] = _change(session, delete(AuditEntry).where(AuditEntry.time < before))
        removed["expired links"] = _change(session, delete(Share).where(Share.expires < now))
    removed["folders"] = _remove(storage, _orphans(sessions, storage, unused_before))
    if counts := {kind: count for kind, count in removed.items() if count}:
        log.info("removed what was deleted or unused: %s", counts)
    return removed


def _purge_monitors(sessions: Sessions, before: float) -> int:
    """Remove old deleted monitors with all that they have stored."""
    with sessions() as session:
        old = list(session.scalars(select(Monitor.id).where(Monitor.deleted < before)))
    removed = 0
    for monitor_id in old:
        alerts = select(Alert.id).where(Alert.monitor_id == monitor_id)
        with sessions.begin() as session:
            lock = update(Monitor).where(Monitor.id == monitor_id, Monitor.deleted < before)
            if not _change(session, lock.values(enabled=False)):
                continue
            _change(session, delete(Delivery).where(Delivery.alert_id.in_(alerts)))
            for table in (Alert, ForecastScore, StoredForecast, Challenger, Champion):
                _change(session, delete(table).where(table.monitor_id == monitor_id))
            removed += _change(session, delete(Monitor).where(Monitor.id == monitor_id))
    return removed


def _purge_cycles(sessions: Sessions, before: float) -> int:
    """Remove old completed tasks of monitors, but the last one of each."""
    last = select(Monitor.task_id).where(Monitor.task_id == Task.id).exists()
    old = (Task.kind == "monitor", Task.state == COMPLETED, Task.finished < before, ~last)
    with sessions.begin() as session:
        return _change(session, delete(Task).where(*old))


def _purge_models(sessions: Sessions, before: float) -> int:
    with sessions() as session:
        old = session.scalars(select(Model).where(Model.deleted < before, Model.task_id.is_not(None))).all()
    removed = 0
    for model in old:
        with sessions.begin() as session:
            if _change(session, delete(Model).where(Model.id == model.id, Model.deleted < before)):
                session.execute(update(Task).where(Task.run_id == model.run_id).values(run_id=None))
                session.execute(update(Dataset).where(Dataset.champion_id == model.id).values(champion_id=None))
                removed += 1
    return removed


def _purge_datasets(sessions: Sessions, storage: Storage, before: float, unused_before: float) -> int:
    """Remove old deleted datasets that no model and no active task uses.

    One whose file was uploaded since `unused_before` waits, because a request may be reading that file again.
    """
    is_used = select(Model.id).where(Model.dataset_id == Dataset.id).exists()
    is_active = select(Task.id).where(Task.dataset_id == Dataset.id, Task.state.not_in(FINAL)).exists()
    is_old = (Dataset.deleted < before, ~is_used, ~is_active)
    with sessions() as session:
        old = session.scalars(select(Dataset).where(*is_old)).all()
    removed = 0
    for dataset in old:
        path = storage.upload(dataset.content_hash, dataset.suffix)
        lock = update(Dataset).where(Dataset.id == dataset.id, *is_old).values(size=Dataset.size)
        with sessions.begin() as session:
            if not (_is_older(path, unused_before) and _change(session, lock)):
                continue
            session.execute(update(Task).where(Task.dataset_id == dataset.id).values(dataset_id=None))
            _leave_versions(session, dataset)
            session.execute(delete(Dataset).where(Dataset.id == dataset.id))
        removed += 1
        with sessions() as session:
            same = (Dataset.content_hash == dataset.content_hash, Dataset.suffix == dataset.suffix)
            is_shared = session.scalar(select(Dataset.id).where(*same).limit(1)) is not None
        if not is_shared and _is_older(path, unused_before):
            storage.remove(path)
    return removed


def _leave_versions(session: Session, dataset: Dataset) -> None:
    """The versions that extend a dataset extend the one before it, and keep its annotations."""
    later = session.scalars(select(Dataset.id).where(Dataset.parent_id == dataset.id).order_by(Dataset.created)).all()
    _change(session, update(Dataset).where(Dataset.id.in_(later)).values(parent_id=dataset.parent_id))
    own = Annotation.dataset_id == dataset.id  # only the first version has some
    moved = update(Annotation).where(own).values(dataset_id=later[0]) if later else delete(Annotation).where(own)
    _change(session, moved)


def _change(session: Session, statement: Delete | Update) -> int:
    """Execute a statement without a SELECT before it; returns the number of rows that it changed."""
    return rows_changed(session, statement.execution_options(synchronize_session=False))


def _forget_failed_runs(sessions: Sessions, before: float) -> int:
    """Detach old failed and cancelled tasks from their runs, unless another task of the run goes on or completed.

    It is one statement, so that a retry at the same time keeps its run; returns the number of tasks.
    """
    is_failed = Task.state.in_((FAILED, CANCELLED))
    needed = select(Task.run_id).where(~is_failed | (Task.finished >= before), Task.run_id.is_not(None))
    named = needed.distinct().subquery()  # MySQL reads the table that it changes only by such a detour
    old = (is_failed, Task.finished < before, Task.run_id.is_not(None), Task.run_id.not_in(select(named.c.run_id)))
    with sessions.begin() as session:
        return _change(session, update(Task).where(*old).values(run_id=None))


def _old_results(sessions: Sessions, storage: Storage, before: float) -> Iterable[Path]:
    with sessions() as session:
        kept = set(session.scalars(select(Task.id).where(Task.kind == "predict", Task.finished >= before)))
    return [path for path in _old(storage.home / "results", before) if path.name.partition(".")[0] not in kept]


def _old_logs(sessions: Sessions, storage: Storage, before: float) -> Iterable[Path]:
    """What the processes of old tasks printed."""
    with sessions() as session:
        kept = set(session.scalars(select(Task.id).where(Task.state.not_in(FINAL) | (Task.finished >= before))))
    logs = [path for path in _old(storage.home / "logs", before) if path.name.startswith("task-")]
    return [path for path in logs if path.stem.removeprefix("task-") not in kept]


def _unused_uploads(sessions: Sessions, storage: Storage, before: float) -> Iterable[Path]:
    with sessions() as session:
        used = {name for (name,) in session.execute(select(Dataset.content_hash + Dataset.suffix)).all()}
    return [path for path in _old(storage.home / "uploads", before) if path.name not in used]


def _orphans(sessions: Sessions, storage: Storage, before: float) -> Iterable[Path]:
    """Old folders of runs and datasets that no row names, here or in the artefact store."""
    with sessions() as session:
        named = {*session.scalars(select(Task.run_id)), *session.scalars(select(Dataset.id))}
        named |= set(session.scalars(select(Model.run_id)))
        copies = list(session.scalars(select(FolderCopy).where(FolderCopy.changed < before)))
    folders = [*_old(storage.home / "runs", before), *_old(storage.home / "datasets", before)]
    folders += [storage.home / copy.kind / copy.id for copy in copies]
    return [path for path in folders if path.name not in named]


def _old(folder: Path, before: float) -> list[Path]:
    return [path for path in folder.iterdir() if _is_older(path, before)]


def _is_older(path: Path, before: float) -> bool:
    """Whether a file or folder was not changed since a time; also if it is absent."""
    try:
        return path.lstat().st_mtime < before
    except FileNotFoundError:
        return True


def _remove(storage: Storage, paths: Iterable[Path]) -> int:
    distinct = set(paths)
    for path in distinct:
        storage.remove(path)
    return len(distinct)
