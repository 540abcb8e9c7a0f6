"""Limits on the size of a table after decompression, checked before and while a file is parsed.

A file of a few megabytes may describe billions of cells. Text formats need no such limit, because their tables are
about as large as their files, whose decompressed size `compression` limits.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from timevis.errors import DataError
from timevis.messages import Text
from timevis.utils import memory

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
    "right-file-or-save-part",
    "check that it is the right file; if it is, save the columns or rows that you need as CSV or Parquet",
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
    text = Text(
        "workbook-too-large",
        "{source}: the file decompresses to more than {maximum:,.0f} MB",
        source=source,
        maximum=limit / 1e6,
    )
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
                    "sheet-too-long",
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
            "table-too-wide",
            "{source}: the table has {columns:,} columns, more than {maximum:,}",
            source=source,
            columns=columns,
            maximum=MAX_COLUMNS,
        )
        advice = Text(
            "right-file-or-long-table",
            "check that it is the right file; if it is, write a long table with one column that names the series",
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
            "table-with-too-many-cells",
            "{source}: the file has {rows:,} rows and {columns:,} columns, more than {maximum:,} cells",
            maximum=max_cells,
            **size,
        )
        raise DataError(message, SPLIT_ADVICE)
    widths = [BYTES_OF_TYPE.get(column.physical_type, TEXT_BYTES) for column in columns]
    needed = sum(max(n * width, bytes_) for n, width, bytes_ in zip(values, widths, stored, strict=True))
    limit = int(MAX_SHARE_OF_FREE_MEMORY * memory.available_bytes()) if max_bytes is None else max_bytes
    if needed > limit:
        message = Text(
            "table-needs-memory",
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
        "workbook-with-too-many-cells",
        "{source}: the file has sheets of more than {maximum:,} cells, empty ones included",
        source=source,
        maximum=MAX_WORKBOOK_CELLS,
    )
    return DataError(message, SPLIT_ADVICE)
