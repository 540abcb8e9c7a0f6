"""Fields of requests, and of forms, from the options that the command line checks."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from timevis.config.options import Option, Range, options_of
from timevis.data.read_options import ReadOptions

MAX_TEXT_CHARACTERS = 200
MAX_LIST_ITEMS = 100
TYPE_NAMES = {bool: "bool", int: "int", float: "float", str: "text"}


class OptionView(BaseModel):
    """An option of which a form makes a field."""

    name: str
    kind: str = Field(description="What a value may be, in words.")
    type: Literal["int", "float", "bool", "choice", "text", "list"]
    nullable: bool
    default: Any
    minimum: float | None
    maximum: float | None
    choices: list[Any]
    help: str


def option_view(option: Option, default: Any) -> dict[str, Any]:
    """The fields of `OptionView`."""
    bounds, names = option.range, _type_names(option.annotation)
    kinds = [name for name in names if name != "null"]
    return {
        "name": option.name,
        "kind": option.kind,
        "type": kinds[0],
        "nullable": "null" in names,
        "default": default,
        "minimum": None if bounds is None else bounds.minimum if bounds.minimum is not None else bounds.above,
        "maximum": None if bounds is None else bounds.maximum if bounds.maximum is not None else bounds.below,
        "choices": list(option.choices),
        "help": option.help,
    }


def _type_names(annotation: Any) -> list[str]:
    """The types of the values of an option, such as ``["int", "null"]``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_names(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return [name for part in arguments for name in _type_names(part)]
    if origin in (Sequence, list):
        return ["list"]
    if annotation is type(None):
        return ["null"]
    return [TYPE_NAMES.get(annotation, "choice" if origin is typing.Literal else "text")]


def read_options() -> list[Option]:
    """The options of reading a file."""
    return options_of(ReadOptions)


def read_fields(*, in_form: bool = False) -> dict[str, Any]:
    """A field for each option of `ReadOptions`; an option that is null or absent is found from the file.

    Parameters
    ----------
    in_form : bool
        Whether the values are texts of a form: a list is then one text with semicolons between its items.
    """
    fields = {}
    for option in read_options():
        annotation, help_text = _limit_texts(to_pydantic(option.annotation)), option.help
        if in_form and "list" in _type_names(option.annotation):
            annotation = annotated(annotation, BeforeValidator(_split_at_semicolons))
            annotation = annotated(annotation, WithJsonSchema({"type": "string"}))
            help_text += " Semicolons separate them."
        fields[option.name] = (annotation | None, Field(default=None, description=help_text))
    return fields


def _split_at_semicolons(value: Any) -> Any:
    return [word.strip() for word in value.split(";") if word.strip()] if isinstance(value, str) else value


def _limit_texts(annotation: Any) -> Any:
    """The annotation with a limit for the characters of each text."""
    arguments = get_args(annotation)
    if annotation is str:
        return annotated(str, Field(max_length=MAX_TEXT_CHARACTERS))
    if get_origin(annotation) is list:
        return annotated(list_of(_limit_texts(arguments[0])), Field(max_length=MAX_LIST_ITEMS))
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.Union[tuple(map(_limit_texts, arguments))]  # noqa: UP007
    return annotation


def option_fields(options: Sequence[Option], defaults: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Fields of a pydantic model: type, default, and a sentence of help, as on the command line."""
    fields = {}
    for option in options:
        default = defaults.get(option.name, None if option.default is MISSING else option.default)
        fields[option.name] = (
            to_pydantic(option.annotation),
            Field(default=default, description=option.help or None),
        )
    return fields


def to_pydantic(annotation: Any) -> Any:
    """An annotation with `Range` as one with the bounds of pydantic."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        plain, *metadata = arguments
        bounds = next((m for m in metadata if isinstance(m, Range)), Range())
        if get_origin(plain) in (Sequence, list):
            lengths: dict[str, Any] = {"min_length": bounds.minimum, "max_length": bounds.maximum}
            whole: dict[str, Any] = {k: int(v) for k, v in lengths.items() if v is not None}
            return annotated(to_pydantic(plain), Field(**whole))
        limits: dict[str, Any] = {"ge": bounds.minimum, "le": bounds.maximum, "gt": bounds.above, "lt": bounds.below}
        return annotated(plain, Field(**{k: v for k, v in limits.items() if v is not None}))
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(to_pydantic(part) for part in arguments)]  # noqa: UP007
    if origin in (Sequence, list):
        return list_of(to_pydantic(arguments[0]))
    return annotation


def annotated(plain: Any, metadata: Any) -> Any:
    """``Annotated[plain, metadata]`` for a type that is made at run time, which type checkers do not accept."""
    annotated: Any = Annotated
    return annotated[plain, metadata]


def list_of(element: Any) -> Any:
    """``list[element]`` for a type that is made at run time."""
    lists: Any = list
    return lists[element]
