"""Packed files: gzip, and ZIP archives of one file."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path

from timevis.errors import DataError

JUNK = ("__MACOSX/", ".")
UNPACK = "unpack it and give one file"


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
        It is damaged, needs a password, or is not packed as its name says.
    """
    if path.suffix.lower() == ".zip":
        try:
            with _opened(path) as archive:
                return archive.read(_only_member(archive, path))
        except NotImplementedError as error:  # what zipfile raises for a compression that it does not know
            raise DataError(f"{path.name}: the archive is packed in an unknown way ({error})", UNPACK) from error
        except RuntimeError as error:
            raise DataError(f"{path.name}: the archive needs a password", UNPACK) from error
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise _damaged(path, error) from error
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            return gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise _damaged(path, error) from error
    if path.suffix.lower() == ".gz":
        raise _misnamed(path, "compressed with gzip")
    return raw


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        with path.open("rb") as file:
            packed = file.read(2) == b"PK"
        raise (_damaged(path, error) if packed else _misnamed(path, "a ZIP archive")) from error


def _only_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    files = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith(JUNK)]
    if len(files) != 1:
        names = ", ".join(m.filename for m in files[:8]) + (", ..." if len(files) > 8 else "")
        raise DataError(
            f"{path.name}: the archive holds {len(files)} files" + (f": {names}" if files else ""),
            UNPACK,
        )
    return files[0]


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path.name}: the packed file is damaged ({error})", "download or compress it again")


def _misnamed(path: Path, what: str) -> DataError:
    return DataError(f"{path.name}: named {path.suffix} but is not {what}", "rename the file after its content")
