"""Files of runs without the paths of the server in them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from timevis.runs.folder import RunFolder

TEXT_SUFFIXES = frozenset({".yaml", ".json", ".log", ".csv", ".html", ".md", ".txt"})
PACKAGES = Path(__file__).parents[3]
"""The folder of the package timevis."""


def path_remover(run: Path, home: Path, file_name: str | None) -> Callable[[Path, bytes], bytes]:
    """A function that receives a path and the content of a file of a run, and replaces paths of the server in it.

    Parameters
    ----------
    run, home : Path
        The folder of the run, and of the service.
    file_name : str, optional
        What the client called the file of the data.
    """
    data = RunFolder(run).config.data.get("path")
    names = {str(data): file_name or Path(str(data)).name} if data else {}
    names |= {str(run): ".", str(run.resolve()): ".", str(home): "TIMEVIS_HOME", str(home.resolve()): "TIMEVIS_HOME"}
    names |= {str(PACKAGES): ".", sys.prefix: "PYTHON", sys.base_prefix: "PYTHON", str(Path.home()): "~"}
    pairs = [(path.encode(), name.encode()) for path, name in names.items() if len(path) > 1]
    pairs.sort(key=lambda pair: -len(pair[0]))  # an inner folder before the one around it

    def remove(path: Path, content: bytes) -> bytes:
        if path.suffix in TEXT_SUFFIXES:
            for old, new in pairs:
                content = content.replace(old, new)
        return content

    return remove
