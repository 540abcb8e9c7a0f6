"""Fields of requests, and of forms, from the options that the command line checks."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, replace
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Len
from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from timevis.config.options import Option, bounds_of, options_of
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
    bounds, names = option.bounds, _type_names(option.annotation)
    kinds = [name for name in names if name != "null"]
    return {
        "name": option.name,
        "kind": option.kind,
        "type": kinds[0],
        "nullable": "null" in names,
        "default": default,
        "minimum": bounds.ge if bounds.ge is not None else bounds.gt,
        "maximum": bounds.le if bounds.le is not None else bounds.lt,
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
        annotation, help_text = limited(option.annotation), option.help
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
            limited(option.annotation, LARGEST_NUMBERS.get(option.name, MAX_WHOLE_NUMBER)),
            Field(default=default, description=option.help or None),
        )
    return fields


def limited(annotation: Any, largest: int = MAX_WHOLE_NUMBER) -> Any:
    """An annotation whose lists, texts and whole numbers have a bound, so that no request costs more than its checks.

    Where they have none of their own, it is `MAX_LIST_ITEMS`, `MAX_TEXT_CHARACTERS`, and `largest` and its negative.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(limited(part, largest) for part in arguments)]  # noqa: UP007
    plain, *metadata = arguments if origin is Annotated else (annotation,)
    if get_origin(plain) in (Sequence, list):
        lengths = next((part for part in metadata if isinstance(part, Len)), Len())
        items = list_of(limited(get_args(plain)[0], largest))
        return annotated(items, Field(min_length=lengths.min_length or None, max_length=MAX_LIST_ITEMS))
    if plain is str:
        return annotated(plain, Field(max_length=MAX_TEXT_CHARACTERS))
    bounds = bounds_of(annotation)
    if plain is int and bounds.le is None and bounds.lt is None:
        bounds = replace(bounds, le=largest)
        if bounds.ge is None and bounds.gt is None:
            bounds = replace(bounds, ge=-largest)
    return annotated(plain, bounds) if list(bounds) else annotation


def annotated(plain: Any, metadata: Any) -> Any:
    """``Annotated[plain, metadata]`` for a type that is made at run time, which type checkers do not accept."""
    annotated: Any = Annotated
    return annotated[plain, metadata]


def list_of(element: Any) -> Any:
    """``list[element]`` for a type that is made at run time."""
    lists: Any = list
    return lists[element]
