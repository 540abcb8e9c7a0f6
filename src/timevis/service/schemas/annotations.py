"""Annotations of datasets."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from timevis.messages import Text
from timevis.service.db.annotation_table import MAX_ANNOTATION_CHARACTERS
from timevis.service.schemas.common import PRINTED_TEXT, DataTime, Id, StrictModel

AnnotationText = Annotated[str, Field(min_length=1, max_length=MAX_ANNOTATION_CHARACTERS, pattern=PRINTED_TEXT)]


class AnnotationRequest(StrictModel):
    """What happened at a time of the data, or over a range of times."""

    start: DataTime = Field(description="A time of the data, ISO 8601; a local one if it has no offset.")
    end: DataTime | None = Field(None, description="The end of a range; null: one time.")
    text: AnnotationText


class AnnotationChange(StrictModel):
    """What is left out stays as it is; an `end` of null makes it an annotation of one time."""

    start: DataTime | None = None
    end: DataTime | None = None
    text: AnnotationText | None = None

    @model_validator(mode="after")
    def _no_null(self) -> AnnotationChange:
        if any(name in self.model_fields_set and getattr(self, name) is None for name in ("start", "text")):
            raise ValueError(Text("start-and-text-needed", "an annotation needs a start and a text"))
        return self


class AnnotationView(BaseModel):
    id: Id
    start: str = Field(description="A local time of the data, without an offset.")
    end: str | None
    text: str
    created: float
    created_by: str | None


class Annotations(BaseModel):
    items: list[AnnotationView] = Field(description="In the order of time.")
