"""The versions of a dataset, each of which extends an earlier one by newer rows, and monitors that follow them."""

from __future__ import annotations

import time

from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.messages import Text
from timevis.service.db.monitor_tables import NO_ROWS, Alert, Monitor
from timevis.service.db.tables import Dataset


def newest_version(session: Session, dataset_id: str) -> Dataset | None:
    """The last one of the versions that extend a dataset by newer rows; None if the dataset was removed.

    A deleted version is passed over, and not what extends it.
    """
    present = [version for version in later_versions(session, dataset_id) if version.deleted is None]
    return present[-1] if present else session.get(Dataset, dataset_id)


def later_versions(session: Session, dataset_id: str) -> list[Dataset]:
    """The versions that extend a dataset by newer rows, also deleted ones, each after the one that it extends."""
    versions, parents = list[Dataset](), [dataset_id]
    while parents:
        extends = select(Dataset).where(Dataset.parent_id.in_(parents)).order_by(Dataset.created)
        children = session.scalars(extends).all()
        versions += children
        parents = [version.id for version in children]
    return versions


def first_version(session: Session, dataset: Dataset) -> str:
    """The identifier of the dataset whose rows a dataset extends, over all versions between them."""
    while dataset.parent_id is not None and (parent := session.get(Dataset, dataset.parent_id)) is not None:
        dataset = parent
    return dataset.id


def deleted_dataset(dataset: Dataset) -> Text:
    """What an error says where a dataset is deleted."""
    return Text("the dataset {name!r} is deleted", name=dataset.name)


def restore_first() -> Text:
    """What to do about a dataset or a model that is deleted."""
    return Text("restore it first")


def follow(session: Session, earlier: list[str], version: Dataset) -> None:
    """Let monitors of a dataset go on with a new version, in the transaction that stores it.

    Parameters
    ----------
    session : Session
    earlier : list of str
        Identifiers of the version that it extends, and of deleted ones that extended it.
    version : Dataset
    """
    for monitor in session.scalars(select(Monitor).where(Monitor.dataset_id.in_(earlier))).all():
        monitor.dataset_id = version.id
        monitor.silent_from = silent_from(monitor)
        silence = (Alert.monitor_id == monitor.id, Alert.kind == NO_ROWS, Alert.resolved.is_(None))
        for alert in session.scalars(select(Alert).where(*silence)):
            alert.resolved = time.time()


def silent_from(monitor: Monitor) -> float | None:
    """The time at which missing rows raise an alert, if none arrive from now on."""
    hours = monitor.bounds["no_rows_hours"]
    return None if hours is None else time.time() + 3600 * hours
