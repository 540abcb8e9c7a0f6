"""Fields of requests, and of forms, from the options that the command line checks."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, replace
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from timevis.config.options import Option, Range, options_of
from timevis.data.read_options import ReadOptions

MAX_TEXT_CHARACTERS = 1000
MAX_LIST_ITEMS = 100
MAX_WHOLE_NUMBER = 10**7
"""The largest whole number of an option that declares no bound of its own; one that counts rows needs no more."""
LARGEST_NUMBERS = {"season": 10**6, "seed": 2**32 - 1}
"""The same for options of these names."""
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
        annotation, help_text = to_pydantic(option.annotation), option.help
        if in_form and "list" in _type_names(option.annotation):
            annotation = annotated(annotation, BeforeValidator(_split_at_semicolons))
            schema = {"type": "string", "maxLength": MAX_LIST_ITEMS * (MAX_TEXT_CHARACTERS + 1)}
            annotation = annotated(annotation, WithJsonSchema(schema))
            help_text += " Semicolons separate them."
        fields[option.name] = (annotation | None, Field(default=None, description=help_text))
    return fields


def _split_at_semicolons(value: Any) -> Any:
    return [word.strip() for word in value.split(";") if word.strip()] if isinstance(value, str) else value


def option_fields(options: Sequence[Option], defaults: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Fields of a pydantic model: type, default, and a sentence of help, as on the command line."""
    fields = {}
    for option in options:
        default = defaults.get(option.name, None if option.default is MISSING else option.default)
        fields[option.name] = (
            to_pydantic(option.annotation, LARGEST_NUMBERS.get(option.name, MAX_WHOLE_NUMBER)),
            Field(default=default, description=option.help or None),
        )
    return fields


def to_pydantic(annotation: Any, largest: int = MAX_WHOLE_NUMBER) -> Any:
    """An annotation with `Range` as one with the bounds of pydantic.

    A list, a text and a whole number without a bound get one: `MAX_LIST_ITEMS`, `MAX_TEXT_CHARACTERS`, and `largest`
    (and its negative), so that no request costs more than its checks.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    plain, *metadata = arguments if origin is Annotated else (annotation,)
    bounds = next((m for m in metadata if isinstance(m, Range)), Range())
    if get_origin(plain) in (Sequence, list):
        element = to_pydantic(get_args(plain)[0], largest)
        lengths = {"min_length": bounds.minimum, "max_length": bounds.maximum or MAX_LIST_ITEMS}
        whole: dict[str, Any] = {key: int(value) for key, value in lengths.items() if value is not None}
        return annotated(list_of(element), Field(**whole))
    if plain is int and bounds.maximum is None and bounds.below is None:
        bounds = replace(bounds, maximum=largest)
        if bounds.minimum is None and bounds.above is None:
            bounds = replace(bounds, minimum=-largest)
    if plain is str:
        return annotated(plain, Field(max_length=MAX_TEXT_CHARACTERS))
    limits: dict[str, Any] = {"ge": bounds.minimum, "le": bounds.maximum, "gt": bounds.above, "lt": bounds.below}
    if given := {key: value for key, value in limits.items() if value is not None}:
        return annotated(plain, Field(**given))
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(to_pydantic(part, largest) for part in arguments)]  # noqa: UP007
    return annotation


def annotated(plain: Any, metadata: Any) -> Any:
    """``Annotated[plain, metadata]`` for a type that is made at run time, which type checkers do not accept."""
    annotated: Any = Annotated
    return annotated[plain, metadata]


def list_of(element: Any) -> Any:
    """``list[element]`` for a type that is made at run time."""
    lists: Any = list
    return lists[element]
