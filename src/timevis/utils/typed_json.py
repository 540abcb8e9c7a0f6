"""Dataclasses as JSON: the annotations of the fields say what a file may hold, and errors name the key."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from timevis.utils.files import damaged_file_error

T = TypeVar("T")
KINDS: dict[Any, tuple[str, Any]] = {
    int: ("a whole number", int),
    float: ("a number", (int, float)),
    str: ("a text", str),
    bool: ("true or false", bool),
    dict: ("an object", dict),
    list: ("a list", list),
}
"""Type of an annotation to its name in messages, and to the types of Python that fit it."""


class WrongJson(ValueError):
    """A value that does not fit its annotation; `key` is its dotted name."""

    def __init__(self, reason: str, key: str = "") -> None:
        super().__init__(f"{key} {reason}" if key else f"it {reason}")
        self.reason, self.key = reason, key

    def within(self, name: object) -> WrongJson:
        """The same error, seen from the object that holds the value under a name."""
        return WrongJson(self.reason, f"{name}.{self.key}" if self.key else str(name))


def from_json(kind: type[T], value: Any) -> T:
    """Build a dataclass from JSON types.

    Parameters
    ----------
    kind : type
        A dataclass. Its fields may be dataclasses, int, float, bool, str, None, `Literal`, ``dict[str, ...]``,
        ``list[...]``, `Any`, and unions of these.
    value : Any
        Keys that are no fields are left out; a key that is absent takes the default of its field.

    Raises
    ------
    WrongJson
        A key without a default is absent, or a value does not fit.
    """
    read: Callable[[Any], T] = _reader(kind)  # type: ignore[arg-type]  # a class is hashable
    return read(value)


def from_file(kind: type[T], content: Any, path: Path) -> T:
    """Build a dataclass from the content of a JSON file; see `from_json`.

    Raises
    ------
    RunFolderError
        The file is damaged, or has been edited; the message names the file and the key.
    """
    try:
        return from_json(kind, content)
    except WrongJson as error:
        raise damaged_file_error(path, error) from error


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """The function that checks and converts values of an annotation."""
    plain, arguments = get_origin(kind) or kind, get_args(kind)
    if kind is Any:
        return lambda value: value
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(kind)
    if plain in (typing.Union, types.UnionType):
        readers = [_reader(part) for part in arguments if part is not type(None)]
        return _union_reader(readers, type(None) in arguments)
    if plain is Literal:
        return lambda value: (
            value if value in arguments else _wrong(value, f"one of {', '.join(map(str, arguments))}")
        )
    name, expected = KINDS[plain]
    element = _reader(arguments[-1]) if arguments else None

    def read(value: Any) -> Any:
        if not isinstance(value, expected) or (isinstance(value, bool) and plain is not bool):
            _wrong(value, name)
        if element is None:
            return value
        pairs = value.items() if plain is dict else enumerate(value)
        read_pairs = ((key, _read_within(key, element, item)) for key, item in pairs)
        return dict(read_pairs) if plain is dict else [item for _, item in read_pairs]

    return read


def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in dataclasses.fields(kind)}
    required = {
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            _wrong(value, "an object")
        for name in required - value.keys():
            raise WrongJson("is missing", name)
        return kind(
            **{name: _read_within(name, read, value[name]) for name, read in readers.items() if name in value}
        )

    return read


def _union_reader(readers: list[Callable[[Any], Any]], has_none: bool) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value is None and has_none:
            return None
        for reader in readers[:-1]:
            try:
                return reader(value)
            except WrongJson:
                continue
        return readers[-1](value)

    return read


def _read_within(name: object, reader: Callable[[Any], Any], value: Any) -> Any:
    try:
        return reader(value)
    except WrongJson as error:
        raise error.within(name) from None


def _wrong(value: Any, name: str) -> typing.NoReturn:
    text = "null" if value is None else repr(value)
    raise WrongJson(f"is {text if len(text) <= 40 else type(value).__name__}, not {name}")
