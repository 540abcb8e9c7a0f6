"""Packed files: gzip, and ZIP archives of one file."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO

from timevis.errors import DataError
from timevis.utils import memory

UNPACK = "unpack it and give one file"
PIECE = 2**24
MOST_UNPACKED = 0.5
"""Of the memory that is free: the table needs some as well."""


def content_name(path: Path) -> str:
    """Name of what a file holds: that of the one file of a ZIP archive, else its own, without ``.gz``.

    Raises
    ------
    DataError
        An archive is damaged or none, or holds no file or several.
    """
    ending = path.suffix.lower()
    if ending == ".zip":
        with _opened(path) as archive:
            name = Path(_only_member(archive, path).filename)
        return f"{name.stem}.csv" if name.suffix.lower() in ("", ".zip") else name.name  # pandas writes such names
    return path.stem if ending == ".gz" else path.name


def unpack(path: Path) -> bytes:
    """What a file holds.

    Raises
    ------
    DataError
        It is damaged, needs a password, is not packed as its name says, or does not fit into memory unpacked.
    """
    if path.suffix.lower() == ".zip":
        try:
            with _opened(path) as archive, archive.open(_only_member(archive, path)) as member:
                return _content(member, path)
        except NotImplementedError as error:  # what zipfile raises for a compression that it does not know
            raise DataError(f"{path.name}: the archive is packed in an unknown way ({error})", UNPACK) from error
        except RuntimeError as error:
            raise DataError(f"{path.name}: the archive needs a password", UNPACK) from error
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise _damaged(path, error) from error
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            with gzip.open(BytesIO(raw)) as file:
                return _content(file, path)
        except (OSError, EOFError, zlib.error) as error:
            raise _damaged(path, error) from error
    if path.suffix.lower() == ".gz":
        raise _misnamed(path, "compressed with gzip")
    return raw


def _content(packed: IO[bytes] | gzip.GzipFile, path: Path) -> bytes:
    """What unpacking gives, in pieces, as a small file may unpack to more than there is memory."""
    most = int(MOST_UNPACKED * memory.available_bytes())
    content = BytesIO()
    while piece := packed.read(PIECE):
        if content.tell() + len(piece) > most:
            raise DataError(
                f"{path.name}: {_megabytes(path.stat().st_size)} unpack to more than {_megabytes(most)}, half of the "
                "memory that is free",
                "is it the right file? if so, free memory, or write fewer columns or rows into a file",
            )
        content.write(piece)
    return content.getvalue()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        with path.open("rb") as file:
            packed = file.read(2) == b"PK"
        raise (_damaged(path, error) if packed else _misnamed(path, "a ZIP archive")) from error


def _only_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = [m for m in archive.infolist() if not m.is_dir()]
    files = [m for m in members if not _hidden(PurePosixPath(m.filename))]
    if len(files) != 1:
        what = "only hidden files" if members and not files else f"{len(files)} files"
        listed = [m.filename for m in files or members]
        names = ", ".join(listed[:8]) + (", ..." if len(listed) > 8 else "")
        raise DataError(f"{path.name}: the archive holds {what}" + (f": {names}" if names else ""), UNPACK)
    return files[0]


def _hidden(member: PurePosixPath) -> bool:
    """Whether it is what systems add beside the files that a user packs."""
    return member.parts[:1] == ("__MACOSX",) or member.name.startswith(".")


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path.name}: the packed file is damaged ({error})", "download or compress it again")


def _misnamed(path: Path, what: str) -> DataError:
    return DataError(f"{path.name}: named {path.suffix} but is not {what}", "rename the file after its content")
