"""Files that are whole or not there."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from timevis.errors import ConfigError, RunFolderError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def require_writable(folder: Path, option: str) -> None:
    """Refuse a folder, there or yet to be made, in which nothing can be written; `option` names another.

    Raises
    ------
    ConfigError
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise ConfigError(f"{there} is no folder that can be written to", f"choose another {option}")


def require_empty(folder: Path) -> None:
    """Refuse a folder of --out that holds files, or is one, in a RunFolderError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunFolderError(f"{folder} is not an empty folder", "choose another --out")


def display_path(path: Path) -> Path:
    """A path as people like to read and type it: from here, where it lies below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def damaged_file_error(path: Path, reason: object) -> RunFolderError:
    """What is said of a file of a run that cannot be read."""
    return RunFolderError(f"{path} is damaged ({reason})", "run it again, or take the file from a copy")


def read_json(path: Path) -> Any:
    """What `write_json` wrote.

    Raises
    ------
    RunFolderError
        The file is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise damaged_file_error(path, error) from error


def write_text(path: Path, text: str) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Strict JSON: what is not finite must be None by now."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
