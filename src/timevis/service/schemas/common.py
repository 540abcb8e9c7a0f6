"""Types that several resources share: identifiers, pages of lists, and errors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticKnownError

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Id = Annotated[
    str, Field(max_length=32, pattern=r"^[0-9a-f]{32}$", description="An identifier that the service gave.")
]
Number = float | None
SearchText = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
ChannelName = Annotated[str, Field(max_length=300)]
MAX_CHANNELS = 10_000
"""Names in one list of a request; as many as the columns of the largest table of an upload, by default."""
ChannelNames = Annotated[list[ChannelName], Field(max_length=MAX_CHANNELS)]
Season = Annotated[int, Field(ge=1, le=10**6)]
DataTime = Annotated[str, Field(min_length=4, max_length=40, pattern=r"^[0-9T:.+\- Z]+$")]

EXAMPLE_DATASET = "3f2a9c0d5b6e47a8b1c2d3e4f5a60718"
EXAMPLE_MODELS = ("9b1c2d3e4f5a607183f2a9c0d5b6e47a", "0718a9c0d5b6e47a8b1c2d3e4f5a3f2a")
"""Identifiers in the examples of requests, which the documentation of the API shows."""

PRINTED_TEXT = r"^[^\x00]*[^\x00\s][^\x00]*$"
"""The pattern of a text that is not blank and that the database can store."""


def at_most(maximum: int) -> BeforeValidator:
    """A limit of the entries of an object, checked before its entries are; pydantic checks its own one after them."""

    def check(value: Any) -> Any:
        if isinstance(value, dict) and len(value) > maximum:
            raise PydanticKnownError(
                "too_long", {"field_type": "Dictionary", "max_length": maximum, "actual_length": len(value)}
            )
        return value

    return BeforeValidator(check)


class StrictModel(BaseModel):
    """A request: unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Commands(BaseModel):
    """What does the same on the command line, in Python and with curl."""

    cli: str
    python: str
    curl: str


class PageQuery(BaseModel):
    """A page of a list."""

    page: Annotated[int, Field(ge=1, le=10**6)] = 1
    per_page: Annotated[int, Field(ge=1, le=200)] = 50


class Page(BaseModel):
    """A page of a list; subclasses have its `items`."""

    total: int
    page: int
    per_page: int


class ListQuery(PageQuery):
    """A page of a sorted list."""

    sort: str = "created"
    order: Literal["asc", "desc"] = "desc"


class DeletableQuery(ListQuery):
    """A page of a sorted list of rows that have a name and can be deleted."""

    search: SearchText | None = Field(None, description="Part of the name.")
    deleted: bool = Field(False, description="List the deleted ones.")


class TextCode(BaseModel):
    """A text by its code, with the numbers and names in it.

    GET /api/messages lists the codes; the code of any other text is its English template.
    """

    code: str
    params: dict[str, Any]


class CodedText(TextCode):
    """A sentence in English, with its code."""

    text: str


class WrongField(TextCode):
    """A field of the request, and what is wrong with it."""

    pointer: str = Field(description="JSON pointer of the field.")
    detail: str


class ProblemDetails(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    code: str = Field(description="The kind of the problem.")
    detail: str
    detail_code: TextCode
    advice: str | None = None
    advice_code: TextCode | None = Field(None, description="The advice by its code, if it has one.")
    errors: list[WrongField] | None = None
