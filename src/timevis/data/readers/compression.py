"""Compressed files: gzip, and ZIP archives that contain one file."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO

from timevis.errors import DataError
from timevis.messages import Text, listed
from timevis.utils import memory

DECOMPRESS_ADVICE = Text("decompress", "decompress it and give one file")
RENAME_ADVICE = Text("rename-file", "rename the file according to its content")
CHUNK_BYTES = 2**24
GZIP_SIGNATURE = b"\x1f\x8b"
MAX_SHARE_OF_FREE_MEMORY = 0.5
"""For the decompressed file; the table parsed from it needs memory as well."""


def decompressed_name(path: Path) -> str:
    """Name of the file inside a ``.zip`` archive, or of a file without ``.gz``.

    Raises
    ------
    DataError
        The archive is damaged or is no ZIP archive, or it does not contain exactly one file.
    """
    suffix = path.suffix.lower()
    if suffix == ".zip":
        with _open_archive(path) as archive:
            name = Path(_only_member(archive, path).filename)
        return f"{name.stem}.csv" if name.suffix.lower() in ("", ".zip") else name.name  # pandas writes such names
    return path.stem if suffix == ".gz" else path.name


def decompressed_bytes(path: Path, chunk_bytes: int = CHUNK_BYTES) -> bytes:
    """Content of a file, decompressed if it is a gzip file or a ZIP archive.

    Parameters
    ----------
    path : path
    chunk_bytes : int
        How many bytes are decompressed before their size is checked again.

    Raises
    ------
    DataError
        The file is damaged, needs a password, is not compressed as its name says, or takes more than half of the
        free memory when it is decompressed.
    """
    if not is_compressed(path):
        return path.read_bytes()
    max_bytes = int(MAX_SHARE_OF_FREE_MEMORY * memory.available_bytes())
    content = BytesIO()
    for chunk in decompressed_chunks(path, chunk_bytes):
        if content.tell() + len(chunk) > max_bytes:
            message = Text(
                "decompressed-too-large",
                "{source}: the file has {megabytes:,.1f} MB and decompresses to more than {maximum:,.1f} MB, half of "
                "the free memory",
                source=path.name,
                megabytes=path.stat().st_size / 1e6,
                maximum=max_bytes / 1e6,
            )
            advice = Text(
                "right-file-or-split",
                "check that it is the right file; if it is, free memory, or split its columns or rows into several "
                "files",
            )
            raise DataError(message, advice)
        content.write(chunk)
    return content.getvalue()


def is_compressed(path: Path) -> bool:
    """Whether a file is a gzip file or a ZIP archive by its name, or a gzip file by its first bytes."""
    if path.suffix.lower() in (".zip", ".gz"):
        return True
    with path.open("rb") as file:
        return file.read(2) == GZIP_SIGNATURE


def decompressed_chunks(path: Path, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Parts of the content of a file, decompressed one after the other, so that little of it is in memory.

    Raises
    ------
    DataError
        The file is damaged, needs a password, or is not compressed as its name says.
    """
    if path.suffix.lower() == ".zip":
        try:
            with _open_archive(path) as archive, archive.open(_only_member(archive, path)) as member:
                yield from _chunks(member, chunk_bytes)
        except NotImplementedError as error:  # raised by zipfile for an unknown compression method
            message = Text(
                "unknown-compression",
                "{source}: the archive uses an unknown compression method ({reason})",
                source=path.name,
                reason=str(error),
            )
            raise DataError(message, DECOMPRESS_ADVICE) from error
        except RuntimeError as error:
            message = Text("archive-password", "{source}: the archive needs a password", source=path.name)
            raise DataError(message, DECOMPRESS_ADVICE) from error
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise _damaged_file_error(path, error) from error
        return
    if not is_compressed(path):
        with path.open("rb") as raw:
            yield from _chunks(raw, chunk_bytes)
        return
    with path.open("rb") as raw:
        if raw.read(2) != GZIP_SIGNATURE:
            message = Text(
                "not-gzip",
                "{source}: the name ends in .gz, but the file is not compressed with gzip",
                source=path.name,
            )
            raise DataError(message, RENAME_ADVICE)
    try:
        with gzip.open(path) as file:
            yield from _chunks(file, chunk_bytes)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged_file_error(path, error) from error


def _chunks(file: IO[bytes] | gzip.GzipFile, chunk_bytes: int) -> Iterator[bytes]:
    while chunk := file.read(chunk_bytes):
        yield chunk


def _open_archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        with path.open("rb") as file:
            has_zip_signature = file.read(2) == b"PK"
        if has_zip_signature:
            raise _damaged_file_error(path, error) from error
        raise DataError(
            Text("not-zip", "{source}: the name ends in .zip, but the file is not a ZIP archive", source=path.name),
            RENAME_ADVICE,
        ) from error


def _only_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = [m for m in archive.infolist() if not m.is_dir()]
    files = [m for m in members if not _is_hidden(PurePosixPath(m.filename))]
    if len(files) != 1:
        names = listed([m.filename for m in files or members], 8)
        if not members:
            text = Text("archive-empty", "{source}: the archive contains no file", source=path.name)
        elif not files:
            text = Text(
                "archive-of-hidden-files",
                "{source}: the archive contains only hidden files: {names}",
                source=path.name,
                names=names,
            )
        else:
            text = Text(
                "archive-of-several-files",
                "{source}: the archive contains {count} files: {names}",
                source=path.name,
                count=len(files),
                names=names,
            )
        raise DataError(text, DECOMPRESS_ADVICE)
    return files[0]


def _is_hidden(member: PurePosixPath) -> bool:
    """Whether the operating system added a member to the files that the user packed."""
    return member.parts[:1] == ("__MACOSX",) or member.name.startswith(".")


def damaged_file(source: str, error: Exception) -> Text:
    return Text(
        "file-damaged", "{source}: the file is damaged or not complete ({reason})", source=source, reason=str(error)
    )


def _damaged_file_error(path: Path, error: Exception) -> DataError:
    return DataError(
        damaged_file(path.name, error), Text("download-or-compress-again", "download or compress it again")
    )
