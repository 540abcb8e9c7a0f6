"""The versions of a dataset: each one extends an earlier one by newer rows."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.messages import Text
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


def deleted_dataset(dataset: Dataset) -> Text:
    """What an error says where a dataset is deleted."""
    return Text("deleted-dataset", "the dataset {name!r} is deleted", name=dataset.name)


def restore_first() -> Text:
    """What to do about a dataset or a model that is deleted."""
    return Text("restore-first", "restore it first")
