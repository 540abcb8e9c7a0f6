"""Limits on rows, columns and sheets of an uploaded table, checked before the file is parsed where that is cheap."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from timevis.data.readers.file_checks import decompressed_chunks, decompressed_name, is_compressed
from timevis.errors import DataError
from timevis.messages import Text

DELIMITERS = (b",", b";", b"\t", b"|")
TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
FIRST_LINES = 5
SHEET_PART = r"xl/worksheets/[^/]+\.xml"


def smaller_file() -> Text:
    """What to do about a file that is too large, or that takes too long to read."""
    return Text("upload a smaller file")


def _larger_limit(variable: str) -> Text:
    return Text("upload a smaller table, or set {variable} to a larger number", variable=variable)


@dataclass(frozen=True)
class TableLimits:
    """The largest table that an upload may hold; `megabytes` is the size of its decompressed file."""

    rows: int
    columns: int
    sheets: int
    megabytes: int

    def check(self, rows: int = 0, columns: int = 0, sheets: int = 0) -> None:
        """Compare a table with the limits.

        Raises
        ------
        DataError
        """
        if rows > self.rows:
            text = Text("the table has more than {maximum:,} rows: {count:,}", maximum=self.rows, count=rows)
            raise DataError(text, _larger_limit("TIMEVIS_MAX_ROWS"))
        if columns > self.columns:
            text = Text("the table has more than {maximum:,} columns: {count:,}", maximum=self.columns, count=columns)
            raise DataError(text, _larger_limit("TIMEVIS_MAX_COLUMNS"))
        if sheets > self.sheets:
            text = Text("the table has more than {maximum:,} sheets: {count:,}", maximum=self.sheets, count=sheets)
            raise DataError(text, _larger_limit("TIMEVIS_MAX_SHEETS"))

    def check_file(self, path: Path) -> None:
        """Compare a file with the limits before it is parsed.

        Raises
        ------
        DataError
        """
        suffix = Path(decompressed_name(path)).suffix.lower()
        if suffix in TEXT_SUFFIXES:
            self._check_text(path)
        elif is_compressed(path):
            size = 0
            for chunk in decompressed_chunks(path):
                size += len(chunk)
                self._check_size(path, size)
        if suffix == ".xlsx" and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                self._check_size(path, sum(member.file_size for member in archive.infolist()))
                self.check(sheets=sum(bool(re.fullmatch(SHEET_PART, name)) for name in archive.namelist()))
        elif suffix == ".parquet":
            self._check_parquet(path)

    def _check_text(self, path: Path) -> None:
        """Count the lines of a table of text, and the fields of its first lines, in parts of the file."""
        rows = size = 0
        start, is_packed = b"", is_compressed(path)
        for chunk in decompressed_chunks(path):
            rows, size = rows + chunk.count(b"\n"), size + len(chunk)
            if start.count(b"\n") < FIRST_LINES:
                start += chunk
            if is_packed:
                self._check_size(path, size)
            self.check(rows=rows)
        self.check(columns=_columns(start))

    def _check_size(self, path: Path, size: int) -> None:
        if size > self.megabytes * 2**20:
            text = Text("{source} decompresses to more than {maximum:,} MB", source=path.name, maximum=self.megabytes)
            raise DataError(text, _larger_limit("TIMEVIS_MAX_UNPACKED_MEGABYTES"))

    def _check_parquet(self, path: Path) -> None:
        try:
            metadata = pq.read_metadata(path)
        except (pa.ArrowException, OSError):  # the reader says what is wrong with the file
            return
        self.check(rows=metadata.num_rows, columns=metadata.num_columns)


def _columns(raw: bytes) -> int:
    """The largest number of fields in one of the first lines, by its most frequent delimiter."""
    most, start = 0, 0
    for _ in range(FIRST_LINES):
        end = raw.find(b"\n", start)
        line = raw[start : end if end >= 0 else len(raw)]
        most = max(most, *(line.count(delimiter) + 1 for delimiter in DELIMITERS))
        if end < 0:
            break
        start = end + 1
    return most
