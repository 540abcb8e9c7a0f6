"""Delimited text: encoding, delimiter, decimal mark and header are found, not asked for."""

from __future__ import annotations

import csv
import io
import logging
import re
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial

import pandas as pd

from timevis.data.readers.number_format import decimal_mark, either_way, read_separators, undecided, written_numbers
from timevis.data.readers.table import HEADER_AND_ROWS, MISSING, Table, all_names, is_header, named, require_header
from timevis.errors import AmbiguousDataError, DataError

log = logging.getLogger(__name__)

MARKS = {"point": ".", "comma": ","}
DELIMITERS = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma"}
"""In the order in which they are preferred where several fit: a comma may also be a decimal mark."""
HEAD_LINES = 200
USUAL_BLOCK, MOST_OF_A_BLOCK = 2**20, 2**31 - 1
"""Bytes that Arrow reads at a time, and can."""
NO_MARK = "\1"
"""A decimal mark that no number has: with it only whole numbers are parsed as numbers."""


def read_text(
    raw: bytes, source: str, encoding: str | None = None, decimal: str | None = None, usual: str | None = None
) -> Table:
    """Read delimited text, without blank lines and whatever stands above the header without a delimiter or after #.

    Parameters
    ----------
    raw : bytes
    source : str
        Name of the file, for errors.
    encoding : str, optional
    decimal : {"point", "comma"}, optional
        Found when None.
    usual : {"point", "comma"}, optional
        What it is where the file shows none.

    Raises
    ------
    DataError
        Wrong encoding (names byte and row), no delimiter, values in place of the header, a row of another length than
        the header, or commas or points in numbers that may be decimal marks or thousands separators.
    """
    raw, notes = to_utf8(raw, source, encoding)
    csv.field_size_limit(max(len(raw), csv.field_size_limit()))
    head = _head(raw)
    delimiter, skip = _delimiter(head, source)
    names, body, header_row = _header(raw, skip, delimiter)
    require_header(names, source, header_row)
    sample = [cell.strip() for row in csv.reader(head[skip + 1 :], delimiter=delimiter) for cell in row]
    _refuse_open_quote(raw, delimiter, source)
    mark = decimal or decimal_mark(sample)
    parse = partial(_parse, raw, body, named(names), delimiter, source, header_row)
    frame = parse(MARKS[mark] if mark else NO_MARK)
    if mark is None and (mark := _mark_below(frame, source, usual)):
        frame = parse(MARKS[mark])
    if mark == "comma":
        notes.append("numbers are written with a decimal comma")
    if delimiter != ",":
        notes.append(f"columns are separated by {DELIMITERS[delimiter]}")
    numbers: list[int] = []

    def row_number(position: int) -> int:
        if not numbers:
            numbers.extend(r for r, cells in _records(raw, delimiter) if r > header_row and cells)
        return numbers[position]

    written = partial(parse, NO_MARK)
    table = Table(frame, source, row_numbers=row_number, notes=notes, decimal=mark, written=written)
    read_separators(frame, mark, notes, source)
    return table


def _mark_below(frame: pd.DataFrame, source: str, usual: str | None) -> str | None:
    """The decimal mark of a table whose first rows show none, from whatever in it is no whole number."""
    columns = written_numbers(frame)
    cells = [cell for column in columns for cell in column]
    mark = decimal_mark(cells)
    if mark is None and usual and (cell := next((c for c in cells if {".", ","} & set(c)), None)):
        log.warning(
            "%s: numbers such as %s are read with a decimal %s, as in the data of the run", source, cell, usual
        )
        return usual
    if mark is None and (cell := next(filter(None, map(either_way, columns)), None)):
        raise undecided(source, cell)
    return mark


def to_utf8(raw: bytes, source: str, encoding: str | None = None) -> tuple[bytes, list[str]]:
    """Bytes as UTF-8 without a byte order mark, and what was decided.

    Raises
    ------
    DataError
        Names the byte, the row and, where one fits, the likely encoding.
    """
    notes: list[str] = []
    if encoding is None and raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
        notes.append("the text is UTF-16")
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        if encoding is None or encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
            raw.decode("utf-8")
        else:
            raw = raw.decode(encoding).removeprefix("\ufeff").encode("utf-8")
    except LookupError as error:
        raise DataError(
            f"data.cleaning.encoding={encoding!r} is not an encoding", "try utf-8, cp1252, gb18030"
        ) from error
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        raise AmbiguousDataError(
            f"{source}: row {row} is not {encoding or 'UTF-8'} text "
            f"(byte {error.start + 1} of the file is 0x{raw[error.start]:02x})",
            _likely(raw, error.start),
        ) from error
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    if b"\0" in raw:
        at = raw.index(b"\0")
        raise AmbiguousDataError(
            f"{source}: row {raw[:at].count(10) + 1} holds binary data (byte {at + 1} is zero)",
            "the file is not a text table, or is UTF-16 without a byte order mark: data.cleaning.encoding=utf-16-le",
        )
    return raw, notes


def _likely(raw: bytes, at: int) -> str:
    pairs = re.findall(rb"[\xb0-\xf7][\xa1-\xfe]", raw)
    chinese = sum(pair[0] <= 0xD7 for pair in pairs) > 0.6 * max(1, len(pairs))  # frequent characters come first
    for encoding, fits in (("gb18030", chinese), ("cp1252", not chinese)):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if fits and re.search(r"\w", text[:4096]):
            around = raw[max(0, at - 12) : at + 12].decode(encoding, errors="ignore").splitlines()
            return (
                f"it reads as {encoding} ({max(around, key=len).strip()!r}): save it as UTF-8, or say "
                f"data.cleaning.encoding={encoding}"
            )
    return "save the file as UTF-8, or name its encoding: data.cleaning.encoding=..."


def _head(raw: bytes) -> list[str]:
    lines: list[str] = []
    for line in io.BytesIO(raw):
        lines.append(line.decode("utf-8").rstrip("\r\n"))
        if len(lines) >= HEAD_LINES:
            break
    return lines


def _delimiter(lines: list[str], source: str) -> tuple[str, int]:
    """The delimiter that cuts header and rows into equally many columns, and the number of lines above the header."""
    best, skip, score = "", 0, (False, 0, 0)
    for delimiter in DELIMITERS:
        rows = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        usual = max(set(rows), key=rows.count) if rows else 0
        if usual < 2 or rows.count(usual) <= 0.5 * len(rows):
            continue
        cut = [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
        start = next(i for i, cells in enumerate(cut) if len(cells) > 1 and not lines[i].startswith("#"))
        start += lines[start] == f"sep={delimiter}"
        if len(cut[start]) != usual:  # facts about the table may stand above it
            start = next((i for i, cells in enumerate(cut) if len(cells) == usual and all_names(cells)), start)
        fits = len(cut[start]) == usual and is_header(cut[start])
        if not best or (fits, -start, usual) > score:
            best, skip, score = delimiter, start, (fits, -start, usual)
    if not best:
        first = next((line for line in lines if line.strip()), "")[:60]
        raise DataError(
            f"{source}: found only one column ({first!r}), so there is no time column beside the values",
            "separate columns by comma, semicolon, tab or bar; there must be a column of times and one of numbers",
        )
    return best, skip


def _header(raw: bytes, skip: int, delimiter: str) -> tuple[list[str], int, int]:
    """Column names, the offset in bytes of the first record, and the row of the header."""
    start = 0
    for _ in range(skip):
        start = raw.index(b"\n", start) + 1
    end = raw.find(b"\n", start)
    while end != -1 and raw[start:end].count(b'"') % 2:
        end = raw.find(b"\n", end + 1)
    end = len(raw) if end == -1 else end
    names = next(csv.reader(io.StringIO(raw[start:end].decode("utf-8").rstrip("\r")), delimiter=delimiter))
    return names, min(end + 1, len(raw)), skip + 1


def _records(raw: bytes, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows numbered as a spreadsheet numbers them: a cell with a line break in it is still one row."""
    text = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline="")
    return enumerate(csv.reader(text, delimiter=delimiter), 1)


def _refuse_open_quote(raw: bytes, delimiter: str, source: str) -> None:
    """Refuse a quote that is never closed: all rows behind it would be a part of its cell."""
    if raw.count(b'"') % 2 == 0:
        return
    last = deque(_records(raw, delimiter), maxlen=1)[0][1]
    behind = max((cell.rstrip().count("\n") for cell in last), default=0)
    lines = [line.decode() + "\n" for line in raw.rstrip().rsplit(b"\n", behind + 1)[-behind - 1 :]]
    try:
        deque(csv.reader(lines, delimiter=delimiter, strict=True), maxlen=0)
    except csv.Error as error:
        if "unexpected end" not in str(error):
            return
        row = raw.rstrip().count(b"\n") + 1 - behind
        raise DataError(
            f"{source}: row {row}: a double quote opens a cell and is never closed",
            "close it, or delete it: what stands behind it is no table",
        ) from error


def _parse(
    raw: bytes,
    body: int,
    names: list[str],
    delimiter: str,
    source: str,
    header_row: int,
    decimal: str,
    as_text: Sequence[str] = (),
) -> pd.DataFrame:
    """The table, or only its columns `as_text`, as they are written."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    if body >= len(raw) or not raw[body:].strip():
        raise DataError(f"{source}: the table has a header but no rows", HEADER_AND_ROWS)

    def read_blocks(types: dict[str, pa.DataType], size: int | None = None) -> pa.Table:
        return arrow_csv.read_csv(
            pa.BufferReader(memoryview(raw)[body:]),
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=size),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in raw),
            convert_options=arrow_csv.ConvertOptions(
                null_values=sorted(MISSING), decimal_point=decimal, column_types=types, include_columns=list(as_text)
            ),
        )

    def read(types: dict[str, pa.DataType]) -> pa.Table:
        try:
            return read_blocks(types)
        except pa.ArrowInvalid as error:
            longest = max(map(len, io.BytesIO(raw)))
            if "straddling" not in str(error) or longest < USUAL_BLOCK:  # else a quote was opened and never closed
                raise
            return read_blocks(types, min(len(raw), MOST_OF_A_BLOCK))  # a row is longer than a usual block

    try:
        table = read(dict.fromkeys(as_text, pa.string()))
        zoned = [f.name for f in table.schema if pa.types.is_timestamp(f.type) and f.type.tz]
        if zoned:  # times with a zone stay text, so that their offsets can be seen
            table = read(dict.fromkeys(zoned, pa.string()))
    except pa.ArrowInvalid as error:
        for row, cells in _records(raw, delimiter):
            if row > header_row and cells and len(cells) != len(names):
                raise DataError(
                    f"{source}: row {row} has {len(cells)} columns, the header has {len(names)}",
                    "mend the row, or delete a total or a remark; a cell that contains the delimiter must stand in "
                    "double quotes",
                ) from error
        raise DataError(f"{source}: the table cannot be parsed ({error})") from error
    return table.to_pandas(date_as_object=False, split_blocks=True, self_destruct=True)
