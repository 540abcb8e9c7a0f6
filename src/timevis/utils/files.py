"""Files: atomic writes, and JSON of typed objects."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from timevis.errors import ConfigError, RunFolderError
from timevis.messages import Text

if TYPE_CHECKING:
    from pydantic import TypeAdapter

MAX_INTEGER_DIGITS = 30
"""TimeVis writes no integers beyond 64 bits; a float cannot represent one of more than 308 digits."""


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder, which replaces `path` when the block ends without an exception.

    The permissions of the file follow the umask of the process.
    """
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    try:
        temporary.touch(mode=0o666, exist_ok=False)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.filename is None or Path(error.filename) == temporary:
            error.filename = str(path)  # the file that the user knows
        raise
    finally:
        temporary.unlink(missing_ok=True)


def require_writable(folder: Path, option: str) -> None:
    """Check that files can be written to a folder, which need not exist yet.

    Parameters
    ----------
    folder : Path
    option : str
        The option that sets the folder; the error message names it.

    Raises
    ------
    ConfigError
    """
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
        message = Text("{path} is not a writable folder", path=str(existing))
        raise ConfigError(message, choose_another(option))


def require_absent(path: Path, advice: Text) -> None:
    """Check that a file does not exist yet.

    Raises
    ------
    ConfigError
    """
    if path.exists():
        raise ConfigError(Text("{path} exists already", path=str(path)), advice)


def require_empty(folder: Path) -> None:
    """Check that the folder of --out is empty or does not exist yet.

    Raises
    ------
    RunFolderError
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = Text("{path} is not an empty folder", path=str(folder))
        raise RunFolderError(message, choose_another("--out"))


def choose_another(option: str) -> Text:
    """Advice to give another value for an option of the command line."""
    return Text("choose another {option}", option=option)


def display_path(path: Path) -> Path:
    """The path relative to the working directory if it lies inside it, else unchanged."""
    cwd = Path.cwd()
    return path.relative_to(cwd) if path.is_relative_to(cwd) else path


def absolute_if_folder(path: str, reserved_names: Collection[str] = ()) -> str:
    """The absolute path of an existing folder; any other text, and a reserved name, is returned unchanged."""
    folder = Path(path).expanduser()
    return str(folder.absolute()) if path not in reserved_names and folder.is_dir() else path


def damaged_file_error(path: Path, reason: object) -> RunFolderError:
    """The error for a file of a run that cannot be read; the reason is a `Text` or an exception."""
    reason = reason if isinstance(reason, Text) else str(reason)
    message = Text("{path} is damaged ({reason})", path=str(path), reason=reason)
    return RunFolderError(message, Text("run it again, or restore the file from a backup"))


def read_json(path: Path) -> Any:
    """Read a file that `write_json` wrote.

    Raises
    ------
    RunFolderError
        The file is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise damaged_file_error(path, error) from error


def _integer(digits: str) -> int:
    if len(digits) > MAX_INTEGER_DIGITS:
        raise ValueError(f"a whole number has {len(digits)} digits")
    return int(digits)


def read_json_object(path: Path, required: Mapping[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """Read a JSON file that contains an object with some keys, whose values have a type.

    Raises
    ------
    RunFolderError
        The file is damaged, or has been edited.
    """
    value = read_json(path)
    if not isinstance(value, dict):
        raise damaged_file_error(path, Text("it contains no JSON object"))
    for key, kind in required.items():
        if not isinstance(value.get(key), kind):
            reason = Text("{key!r} is missing or has the wrong type", key=key)
            raise damaged_file_error(path, reason)
    return value


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write strict JSON, atomically; a NaN or an infinity is an error (see `to_json_types`)."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


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
