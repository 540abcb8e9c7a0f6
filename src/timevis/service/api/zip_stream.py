"""A folder as a zip file that is sent while it is written, so that it is never held in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

CHUNK_BYTES = 2**18


class _Buffer(io.RawIOBase):
    """Collects what the zip file writes until it is taken."""

    def __init__(self) -> None:
        self._parts = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]  # bytes, which the base class calls a buffer
        self._parts += view
        return view.nbytes

    def take(self) -> bytes:
        taken = bytes(self._parts)
        self._parts.clear()
        return taken


def stream_zip(
    folder: Path, left_out: frozenset[str], change: Callable[[Path, bytes], bytes], changed_suffixes: frozenset[str]
) -> Iterator[bytes]:
    """The parts of a zip file with all files of a folder. Links that lead out of the folder are left out.

    Parameters
    ----------
    folder : Path
    left_out : frozenset of str
        Names at the top of the folder that are not included.
    change : callable
        Receives path and content of each file with one of `changed_suffixes`, and returns what is included.
    """
    buffer, root = _Buffer(), folder.resolve()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            inner = path.relative_to(folder)
            if not path.is_file() or inner.parts[0] in left_out or not path.resolve().is_relative_to(root):
                continue
            if path.suffix in changed_suffixes:
                archive.writestr(zipfile.ZipInfo.from_file(path, str(inner)), change(path, path.read_bytes()))
                yield buffer.take()
                continue
            with path.open("rb") as source, archive.open(zipfile.ZipInfo.from_file(path, str(inner)), "w") as target:
                while chunk := source.read(CHUNK_BYTES):
                    target.write(chunk)
                    yield buffer.take()
    yield buffer.take()
