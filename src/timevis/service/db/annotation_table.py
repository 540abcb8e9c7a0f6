"""The table of annotations: what happened to a dataset at a time, such as a meter that was replaced."""

from __future__ import annotations

import time

from sqlalchemy import String
from sqlalchemy.orm import Mapped, Session, mapped_column

from timevis.service.db.tables import ACTOR, Base, Dataset, new_id

MAX_ANNOTATION_CHARACTERS = 500


class Annotation(Base):
    """A text at a time of the data, or over a range of times.

    It belongs to a dataset with all its versions: `dataset_id` is the first version, see `first_version`. `start` and
    `end` are local times of the data as ISO 8601 without an offset, so that their texts have the order of time; `end`
    is None for an annotation of one time.
    """

    __tablename__ = "annotations"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    dataset_id: Mapped[str] = mapped_column(index=True)
    start: Mapped[str]
    end: Mapped[str | None]
    text: Mapped[str] = mapped_column(String(MAX_ANNOTATION_CHARACTERS))
    created_by: Mapped[str | None] = mapped_column(String(100), default=ACTOR.get)
    created: Mapped[float] = mapped_column(default=time.time)


def first_version(session: Session, dataset: Dataset) -> str:
    """The identifier of the dataset whose rows a dataset extends, over all versions between them."""
    while dataset.parent_id is not None and (parent := session.get(Dataset, dataset.parent_id)) is not None:
        dataset = parent
    return dataset.id
