"""Dataclasses from JSON: the annotations of the fields say what a file may contain."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from timevis.utils.files import damaged_file_error

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # here, because most commands read no results, and it takes 0.1 s

    return TypeAdapter(kind)


def from_json(kind: type[T], value: Any) -> T:
    """Build a dataclass from JSON types.

    Parameters
    ----------
    kind : type
        A dataclass, whose fields may be dataclasses themselves.
    value : Any
        Keys that are no fields are left out; a key that is absent takes the default of its field. Numbers and texts
        are not converted into each other.

    Raises
    ------
    pydantic.ValidationError
        A key without a default is absent, or a value does not fit the annotation of its field.
    """
    adapter: TypeAdapter[T] = _adapter(kind)  # type: ignore[arg-type]  # a class can be hashed
    return adapter.validate_json(json.dumps(value), strict=True)


def from_file(kind: type[T], content: Any, path: Path) -> T:
    """Build a dataclass from the content of a JSON file; see `from_json`.

    Raises
    ------
    RunFolderError
        The file is damaged, or has been edited; the message names the file and the key.
    """
    from pydantic import ValidationError

    try:
        return from_json(kind, content)
    except ValidationError as error:
        first = error.errors()[0]
        raise damaged_file_error(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
