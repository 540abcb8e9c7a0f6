"""Checks of a file before it is read: its existence, its compression and its size."""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from timevis.errors import DataError
from timevis.messages import Text, listed
from timevis.utils import machine

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MAX_WORKBOOK_BYTES = 2**30
"""Decompressed bytes of all parts of a workbook."""
MAX_WORKBOOK_CELLS = 20_000_000
"""Cells of the sheets that are read, empty ones and empty rows included."""
MAX_SHEET_ROWS = 2**20
"""Rows of a sheet, as many as spreadsheet programs allow."""
MAX_TABLE_CELLS = 1_000_000_000
"""Rows times columns of a Parquet file."""
MAX_COLUMNS = 50_000
"""Columns of a text file or a Parquet file; each costs time and memory, however short it is."""
MAX_SHARE_OF_FREE_MEMORY = 0.5
"""For the table of a Parquet file; the panel made from it needs memory as well."""
CHUNK_BYTES = 2**20
CELL_ROW_OR_TEXT = re.compile(rb"<(?:\w+:)?(?:c|row|si)[\s/>]")
"""The start of the XML of a cell, a row or a shared text of a workbook, with any prefix of its namespace."""
SPLIT_ADVICE = Text(
    "check that it is the right file; if it is, save the columns or rows that you need as CSV or Parquet"
)


def check_workbook_size(archive: zipfile.ZipFile, source: str, max_bytes: int | None = None) -> None:
    """Check the decompressed size of an XLSX workbook, first the declared one and then the real one of its sheets.

    Parameters
    ----------
    archive : ZipFile
    source : str
        Name of the file, for error messages.
    max_bytes : int, optional
        `MAX_WORKBOOK_BYTES` when None.

    Raises
    ------
    DataError
        The workbook is larger than `max_bytes`, or its sheets declare more than `MAX_WORKBOOK_CELLS` cells.
    """
    limit = MAX_WORKBOOK_BYTES if max_bytes is None else max_bytes
    text = Text("{source}: the file decompresses to more than {maximum:,.0f} MB", source=source, maximum=limit / 1e6)
    too_large = DataError(text, SPLIT_ADVICE)
    members = archive.infolist()
    declared = sum(member.file_size for member in members)
    if declared > limit:
        raise too_large
    decompressed = 0
    for member in members:
        if not member.filename.startswith("xl/"):
            continue
        cells = 0
        with archive.open(member) as part:
            while chunk := part.read(CHUNK_BYTES):
                decompressed += len(chunk)
                if decompressed > limit:
                    raise too_large
                cells += sum(1 for _ in CELL_ROW_OR_TEXT.finditer(chunk))
                if cells > MAX_WORKBOOK_CELLS:
                    raise _too_many_cells(source)


class CellCounter:
    """Counts the cells that are read from a workbook, and stops at `MAX_WORKBOOK_CELLS`.

    A single cell in the last column of the last row makes millions of empty ones, so declared sizes do not suffice.

    Parameters
    ----------
    source : str
        Name of the file, for error messages.
    """

    def __init__(self, source: str) -> None:
        self.source, self.cells = source, 0

    def add(self, cells: int) -> None:
        """Count cells.

        Raises
        ------
        DataError
            There are more than `MAX_WORKBOOK_CELLS` now.
        """
        self.cells += cells
        if self.cells > MAX_WORKBOOK_CELLS:
            raise _too_many_cells(self.source)

    def count(self, rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """Pass the rows of a sheet on while they are counted.

        Raises
        ------
        DataError
            The sheet has more than `MAX_SHEET_ROWS` rows, or the sheets have too many cells.
        """
        for number, row in enumerate(rows):
            if number == MAX_SHEET_ROWS:
                message = Text(
                    "{source}: the file has a sheet of more than {maximum:,} rows, empty ones included",
                    source=self.source,
                    maximum=MAX_SHEET_ROWS,
                )
                raise DataError(message, SPLIT_ADVICE)
            self.add(len(row))
            yield row


def check_column_count(columns: int, source: str) -> None:
    """Check the number of columns of a table before its rows are parsed.

    Raises
    ------
    DataError
        There are more than `MAX_COLUMNS`.
    """
    if columns > MAX_COLUMNS:
        message = Text(
            "{source}: the table has {columns:,} columns, more than {maximum:,}",
            source=source,
            columns=columns,
            maximum=MAX_COLUMNS,
        )
        advice = Text(
            "check that it is the right file; if it is, write a long table with one column that names the series"
        )
        raise DataError(message, advice)


def check_parquet_size(
    metadata: pq.FileMetaData, source: str, max_bytes: int | None = None, max_cells: int = MAX_TABLE_CELLS
) -> None:
    """Check the number of cells and the memory of a Parquet file by its metadata, before a value is read.

    Parameters
    ----------
    metadata : pyarrow.parquet.FileMetaData
    source : str
        Name of the file, for error messages.
    max_bytes : int, optional
        Memory that the table may need; half of the free memory when None.
    max_cells : int

    Raises
    ------
    DataError
        The table has more than `max_cells` cells, or needs more than `max_bytes`.
    """
    check_column_count(metadata.num_columns, source)
    columns = [metadata.schema.column(j) for j in range(metadata.num_columns)]
    # lists have more values than rows, so both numbers count
    values = [metadata.num_rows] * len(columns)
    stored = [0] * len(columns)
    for group in (metadata.row_group(i) for i in range(metadata.num_row_groups)):
        for j in range(group.num_columns):
            chunk = group.column(j)
            values[j] = max(values[j], chunk.num_values)
            stored[j] += chunk.total_uncompressed_size
    size = {"source": source, "rows": metadata.num_rows, "columns": len(columns)}
    if sum(values) > max_cells:
        message = Text(
            "{source}: the file has {rows:,} rows and {columns:,} columns, more than {maximum:,} cells",
            maximum=max_cells,
            **size,
        )
        raise DataError(message, SPLIT_ADVICE)
    widths = [BYTES_OF_TYPE.get(column.physical_type, TEXT_BYTES) for column in columns]
    needed = sum(max(n * width, bytes_) for n, width, bytes_ in zip(values, widths, stored, strict=True))
    limit = int(MAX_SHARE_OF_FREE_MEMORY * machine.available_bytes()) if max_bytes is None else max_bytes
    if needed > limit:
        message = Text(
            "{source}: the file has {rows:,} rows and {columns:,} columns, which need about {megabytes:,.0f} MB of "
            "the {maximum:,.0f} MB that are free",
            megabytes=needed / 1e6,
            maximum=limit / 1e6,
            **size,
        )
        raise DataError(message, SPLIT_ADVICE)


BYTES_OF_TYPE = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 8}
TEXT_BYTES = 16
"""Bytes of a text that is stored once and referred to by each of its cells; texts of their own count as stored."""


def _too_many_cells(source: str) -> DataError:
    message = Text(
        "{source}: the file has sheets of more than {maximum:,} cells, empty ones included",
        source=source,
        maximum=MAX_WORKBOOK_CELLS,
    )
    return DataError(message, SPLIT_ADVICE)


DECOMPRESS_ADVICE = Text("decompress it and give one file")
RENAME_ADVICE = Text("rename the file according to its content")
DECOMPRESSED_CHUNK_BYTES = 2**24
GZIP_SIGNATURE = b"\x1f\x8b"
MAX_DECOMPRESSED_SHARE_OF_MEMORY = 0.5
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


def decompressed_bytes(path: Path, chunk_bytes: int = DECOMPRESSED_CHUNK_BYTES) -> bytes:
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
    max_bytes = int(MAX_DECOMPRESSED_SHARE_OF_MEMORY * machine.available_bytes())
    content = BytesIO()
    for chunk in decompressed_chunks(path, chunk_bytes):
        if content.tell() + len(chunk) > max_bytes:
            message = Text(
                "{source}: the file has {megabytes:,.1f} MB and decompresses to more than {maximum:,.1f} MB, half of "
                "the free memory",
                source=path.name,
                megabytes=path.stat().st_size / 1e6,
                maximum=max_bytes / 1e6,
            )
            advice = Text(
                "check that it is the right file; if it is, free memory, or split its columns or rows into several "
                "files"
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


def decompressed_chunks(path: Path, chunk_bytes: int = DECOMPRESSED_CHUNK_BYTES) -> Iterator[bytes]:
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
                "{source}: the archive uses an unknown compression method ({reason})",
                source=path.name,
                reason=str(error),
            )
            raise DataError(message, DECOMPRESS_ADVICE) from error
        except RuntimeError as error:
            message = Text("{source}: the archive needs a password", source=path.name)
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
                "{source}: the name ends in .gz, but the file is not compressed with gzip", source=path.name
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
            Text("{source}: the name ends in .zip, but the file is not a ZIP archive", source=path.name),
            RENAME_ADVICE,
        ) from error


def _only_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = [m for m in archive.infolist() if not m.is_dir()]
    files = [m for m in members if not _is_hidden(PurePosixPath(m.filename))]
    if len(files) != 1:
        names = listed([m.filename for m in files or members], 8)
        if not members:
            text = Text("{source}: the archive contains no file", source=path.name)
        elif not files:
            text = Text("{source}: the archive contains only hidden files: {names}", source=path.name, names=names)
        else:
            text = Text(
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
    return Text("{source}: the file is damaged or not complete ({reason})", source=source, reason=str(error))


def _damaged_file_error(path: Path, error: Exception) -> DataError:
    return DataError(damaged_file(path.name, error), Text("download or compress it again"))


FORMAT_OF_SUFFIX = {
    ".csv": "text",
    ".tsv": "text",
    ".txt": "text",
    ".dat": "text",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def check_file(path: Path) -> None:
    """Raise a DataError if a path is not a file, or if no supported format has its suffix."""
    if path.is_dir():
        advice = Text("give one file; the folder contains {tables}", tables=_list_tables(path))
        raise DataError(Text("{path} is a folder", path=str(path)), advice, "data.path")
    if path.exists() and not path.is_file():
        message = Text("{path} is a pipe or a device, not a file", path=str(path))
        raise DataError(message, Text("write its content into a file first"), "data.path")
    if not path.is_file():
        folder = str(path.parent.resolve())
        raise DataError(
            Text("there is no file {path}", path=str(path)),
            Text(
                "TimeVis looked in {folder}, which contains {tables}",
                folder=folder,
                tables=_list_tables(path.parent, path.suffix),
            )
            if path.parent.is_dir()
            else Text("TimeVis looked in {folder}, which does not exist either", folder=folder),
            "data.path",
        )
    format_from_name(path)


def format_from_name(path: Path) -> str:
    """The format that the suffix of a file names, without the suffix of its compression."""
    suffix = Path(decompressed_name(path)).suffix.lower()
    if suffix not in FORMAT_OF_SUFFIX:
        raise DataError(
            Text("{source}: TimeVis does not read files with the suffix {suffix}", source=path.name, suffix=suffix)
            if suffix
            else Text("{source}: the name of the file has no suffix", source=path.name),
            Text(
                "supported suffixes: {suffixes}, also in .gz, or as the only file in a .zip",
                suffixes=" ".join(FORMAT_OF_SUFFIX),
            ),
        )
    return FORMAT_OF_SUFFIX[suffix]


def _list_tables(folder: Path, suffix: str = "") -> list[str | Text]:
    """Names of the tables in a folder; text files, which may contain anything, only if a .txt file was asked for."""
    suffixes = {*FORMAT_OF_SUFFIX, ".gz", ".zip"}.difference({".txt"} - {suffix})
    names = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in suffixes)
    return listed(names, 8) or [Text("no tables")]
