"""Read delimited text (CSV, TSV and others) into a table; delimiter, decimal mark and header row are inferred."""

from __future__ import annotations

import csv
import io
import logging
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from timevis.data.read_options import DEFAULT_READ_OPTIONS, ReadOptions
from timevis.data.readers.file_checks import check_column_count
from timevis.data.readers.header import (
    check_header,
    check_header_position,
    fill_empty_names,
    find_header,
    find_unit_row,
    has_only_names,
    header_notes,
    is_header,
    to_utf8,
    units_by_name,
)
from timevis.data.readers.numbers import (
    MARK_NAMES,
    ambiguous_mark_error,
    ambiguous_number,
    find_decimal_mark,
    number_cells,
    parse_number_columns,
)
from timevis.data.table import MISSING_VALUES, Table, no_rows_error
from timevis.errors import DataError
from timevis.messages import Setting, Text

log = logging.getLogger(__name__)

DECIMAL_POINTS = {"point": ".", "comma": ","}
DELIMITER_NAMES = {
    "\t": Text("tab"),
    ";": Text("semicolon"),
    "|": Text("bar"),
    ",": MARK_NAMES["comma"],
}
"""In order of preference if several fit; the comma is last, because it may also be a decimal mark."""
MAX_HEAD_LINES = 200
LARGE_BYTES = 2**25
"""Size from which on the types of columns are inferred from the first rows, if they fit all rows."""
ARROW_BLOCK_BYTES, MAX_ARROW_BLOCK_BYTES = 2**20, 2**31 - 1
CELL = re.compile(rb"\S")
NO_DECIMAL_MARK = "\1"
"""A decimal mark that no number has: Arrow then parses only integers as numbers."""


@dataclass(frozen=True)
class Layout:
    """Where the table lies in a text file.

    Attributes
    ----------
    source : str
        Name of the file, for error messages.
    delimiter : str
    names : list of str
        Column names as the header has them.
    header_row : int
        Row of the header, counted from 1.
    row_above_body : int
        Row of the header or, below it, of the units; counted from 1.
    body_start : int
        Offset in bytes of the first row below them.
    units : dict
        Column to unit.
    """

    source: str
    delimiter: str
    names: list[str]
    header_row: int
    row_above_body: int
    body_start: int
    units: dict[str, str]


def read_csv(
    raw: bytes, source: str, options: ReadOptions = DEFAULT_READ_OPTIONS, default_decimal: str | None = None
) -> Table:
    """Read delimited text; blank lines are skipped, and so are lines of text or comments (#) above the header.

    A row of units below the header becomes the units of the table.

    Parameters
    ----------
    raw : bytes
    source : str
        Name of the file, for error messages.
    options : ReadOptions
    default_decimal : {"point", "comma"}, optional
        The decimal mark if neither the options nor the file show one.

    Raises
    ------
    DataError
        The encoding is wrong (names byte and row), no delimiter is found, the header contains values, a row has more
        or fewer cells than the header, a quote is not closed, or a comma or point may be a decimal mark or a
        thousands separator.
    """
    raw, notes = to_utf8(raw, source, options.encoding)
    csv.field_size_limit(max(len(raw), csv.field_size_limit()))
    head = _first_lines(raw)
    delimiter, lines_above = _find_delimiter(head, source)
    layout = _find_layout(raw, source, delimiter, head, lines_above, options.header)
    check_column_count(len(layout.names), source)
    check_header(layout.names, source, layout.header_row)
    sample = [cell.strip() for row in csv.reader(head[layout.row_above_body :], delimiter=delimiter) for cell in row]
    _check_quotes(raw, layout)
    shown_mark = find_decimal_mark(sample)
    mark = options.decimal or shown_mark
    parse = partial(_parse, raw, layout)
    frame = parse(DECIMAL_POINTS[mark] if mark else NO_DECIMAL_MARK)
    if mark is None and (mark := _find_mark_in_table(frame, source, default_decimal)):
        frame = parse(DECIMAL_POINTS[mark])
    if options.decimal and shown_mark and options.decimal != shown_mark:  # such a column is read with its mark
        cell = next(c for c in sample if find_decimal_mark([c]) == shown_mark)
        text = Text(
            "numbers such as {cell} have another decimal mark than {setting}, and are read with their own",
            code="note-decimal-unlike-setting",
            cell=cell,
            setting=Setting("data.decimal", options.decimal),
        )
        notes.append(text)
    elif mark == "comma":
        notes.append(Text("numbers are written with a decimal comma", code="note-decimal-comma"))
    if delimiter != ",":
        notes.append(
            Text("columns are separated by {delimiter}", code="note-delimiter", delimiter=DELIMITER_NAMES[delimiter])
        )
    notes += header_notes(layout.header_row, layout.row_above_body, layout.units)
    row_numbers: list[int] = []

    def row_number(position: int) -> int:
        if not row_numbers:
            row_numbers.extend(r for r, cells in _rows(raw, delimiter) if r > layout.row_above_body and cells)
        return row_numbers[position]

    original_text = partial(parse, NO_DECIMAL_MARK)
    table = Table(frame, source, row_number=row_number, notes=notes, decimal=mark, original_text=original_text)
    table.units = parse_number_columns(frame, mark, notes, source) | layout.units
    return table


def _find_mark_in_table(frame: pd.DataFrame, source: str, default_decimal: str | None) -> str | None:
    """The decimal mark of a table whose first rows do not show one, from all cells that are not integers."""
    columns = number_cells(frame)
    cells = [cell for column in columns for cell in column]
    mark = find_decimal_mark(cells)
    if mark is None and default_decimal and (cell := next((c for c in cells if {".", ","} & set(c)), None)):
        log.warning(
            "%s: numbers such as %s are read with a decimal %s, as in the data of the run",
            source,
            cell,
            default_decimal,
        )
        return default_decimal
    if mark is None and (cell := next(filter(None, map(ambiguous_number, columns)), None)):
        raise ambiguous_mark_error(source, cell)
    return mark


def _first_lines(raw: bytes) -> list[str]:
    lines: list[str] = []
    for line in io.BytesIO(raw):
        lines.append(line.decode("utf-8").rstrip("\r\n"))
        if len(lines) >= MAX_HEAD_LINES:
            break
    return lines


@dataclass(frozen=True)
class _Delimiter:
    """A delimiter with which most of the first lines have equally many columns.

    Attributes
    ----------
    character : str
    columns : int
        Columns of most lines, at least two.
    lines_above : int
        Lines above the header.
    header_fits : bool
        Whether the header has as many columns, all of which are names.
    """

    character: str
    columns: int
    lines_above: int
    header_fits: bool


def _try_delimiter(lines: list[str], delimiter: str) -> _Delimiter | None:
    """What the first lines are like with a delimiter; None if most of them are not rows of one width."""
    widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    width = max(set(widths), key=widths.count) if widths else 0
    if width < 2 or widths.count(width) <= 0.5 * len(widths):
        return None
    rows = [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
    header = next(i for i, cells in enumerate(rows) if len(cells) > 1 and not lines[i].startswith("#"))
    if lines[header] == f"sep={delimiter}":  # spreadsheet programs write the delimiter into a line of its own
        header += 1
    if len(rows[header]) != width:  # a file may have metadata above its table
        header = next((i for i, cells in enumerate(rows) if len(cells) == width and has_only_names(cells)), header)
    return _Delimiter(delimiter, width, header, len(rows[header]) == width and is_header(rows[header]))


def _find_delimiter(lines: list[str], source: str) -> tuple[str, int]:
    """The delimiter of a file, and the number of lines above its header.

    A delimiter whose header fits its rows is preferred, then the one with the fewest lines above the header, then the
    one with the most columns.
    """
    found = [candidate for name in DELIMITER_NAMES if (candidate := _try_delimiter(lines, name)) is not None]
    if not found:
        first = next((line for line in lines if line.strip()), "")[:60]
        message = Text(
            "{source}: found only one column ({column!r}), but a table needs a column of times and one of values",
            source=source,
            column=first,
        )
        advice = Text(
            "separate columns by comma, semicolon, tab or bar; there must be a column of times and one of numbers"
        )
        raise DataError(message, advice)
    best = max(found, key=lambda candidate: (candidate.header_fits, -candidate.lines_above, candidate.columns))
    return best.character, best.lines_above


def _find_layout(
    raw: bytes, source: str, delimiter: str, lines: list[str], lines_above: int, header: int | None
) -> Layout:
    rows = [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
    width = len(rows[lines_above])
    rows = [
        row if len(row) == width and not line.startswith("#") else [] for row, line in zip(rows, lines, strict=True)
    ]
    if header is not None:
        lines_above = check_header_position(header, len(lines), source)
    elif (position := find_header(rows)) is not None:
        lines_above = position
    unit_row = find_unit_row(rows, lines_above)
    start = 0
    for _ in range(lines_above):
        start = raw.index(b"\n", start) + 1
    end = _end_of_row(raw, start)
    names = next(csv.reader(io.StringIO(raw[start:end].decode("utf-8").rstrip("\r")), delimiter=delimiter), [])
    units = {} if unit_row is None else units_by_name(fill_empty_names(names), rows[unit_row])
    row_above_body = lines_above + 1
    if unit_row is not None:
        for _ in range(unit_row - lines_above):
            end = _end_of_row(raw, end + 1)
        row_above_body = unit_row + 1
    return Layout(source, delimiter, names, lines_above + 1, row_above_body, min(end + 1, len(raw)), units)


def _end_of_row(raw: bytes, start: int) -> int:
    """Position of the line break that ends the row at `start`; a quoted cell may contain others."""
    end = raw.find(b"\n", start)
    while end != -1 and raw[start:end].count(b'"') % 2:
        end = raw.find(b"\n", end + 1)
    return len(raw) if end == -1 else end


def _rows(raw: bytes, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the numbers that a spreadsheet shows: a cell with a line break in it is still one row."""
    text = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline="")
    return enumerate(csv.reader(text, delimiter=delimiter), 1)


def _check_quotes(raw: bytes, layout: Layout) -> None:
    """Raise a DataError if a quote is never closed: its cell would contain all following rows."""
    if raw.count(b'"') % 2 == 0:
        return
    last_row = deque(_rows(raw, layout.delimiter), maxlen=1)[0][1]
    line_breaks = max((cell.rstrip().count("\n") for cell in last_row), default=0)
    lines = [line.decode() + "\n" for line in raw.rstrip().rsplit(b"\n", line_breaks + 1)[-line_breaks - 1 :]]
    try:
        deque(csv.reader(lines, delimiter=layout.delimiter, strict=True), maxlen=0)
    except csv.Error as error:
        if "unexpected end" not in str(error):
            return
        row = raw.rstrip().count(b"\n") + 1 - line_breaks
        message = Text(
            "{source}: row {row}: a double quote opens a cell and is never closed", source=layout.source, row=row
        )
        advice = Text("close it, or delete it: all text after it belongs to its cell")
        raise DataError(message, advice) from error


def _parse(raw: bytes, layout: Layout, decimal_point: str, text_columns: Sequence[str] = ()) -> pd.DataFrame:
    """The rows below the header; if `text_columns` are given only these columns, as the text in the file."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    source, start = layout.source, layout.body_start
    if CELL.search(raw, start) is None:  # without a copy of a large file
        raise no_rows_error(source)

    def read_blocks(
        column_types: dict[str, pa.DataType], block_bytes: int | None = None, reader: Any = arrow_csv.read_csv
    ) -> Any:
        return reader(
            pa.BufferReader(memoryview(raw)[start:]),
            read_options=arrow_csv.ReadOptions(column_names=fill_empty_names(layout.names), block_size=block_bytes),
            parse_options=arrow_csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=b'"' in raw),
            convert_options=arrow_csv.ConvertOptions(
                null_values=sorted(MISSING_VALUES),
                decimal_point=decimal_point,
                column_types=column_types,
                include_columns=list(text_columns),
            ),
        )

    def read(column_types: dict[str, pa.DataType]) -> pa.Table:
        if len(raw) > LARGE_BYTES:  # without known types, Arrow keeps all cells as text until the last row is read
            try:
                schema = read_blocks(column_types, reader=arrow_csv.open_csv).schema
                return read_blocks({f.name: f.type for f in schema if not pa.types.is_null(f.type)} | column_types)
            except pa.ArrowInvalid:  # a later row has a cell of another type
                pass
        try:
            return read_blocks(column_types)
        except pa.ArrowInvalid as error:
            longest_line = max(map(len, io.BytesIO(raw)))
            if "straddling" not in str(error) or longest_line < ARROW_BLOCK_BYTES:
                raise
            return read_blocks(column_types, min(len(raw), MAX_ARROW_BLOCK_BYTES))  # a row is longer than a block

    try:
        table = read(dict.fromkeys(text_columns, pa.string()))
        zoned = [f.name for f in table.schema if pa.types.is_timestamp(f.type) and f.type.tz]
        if zoned:  # Arrow drops the UTC offsets of times, so these columns are read as text
            table = read(dict.fromkeys(zoned, pa.string()))
    except pa.ArrowInvalid as error:
        for row, cells in _rows(raw, layout.delimiter):
            if row > layout.row_above_body and cells and len(cells) != len(layout.names):
                message = Text(
                    "{source}: row {row} has {count} columns, the header has {expected}",
                    source=source,
                    row=row,
                    count=len(cells),
                    expected=len(layout.names),
                )
                advice = Text(
                    "correct the row, or delete it if it contains a total or a remark; put a cell that contains the "
                    "delimiter in double quotes"
                )
                raise DataError(message, advice) from error
        message = Text("{source}: the table cannot be parsed ({reason})", source=source, reason=str(error))
        raise DataError(message) from error
    frame = table.to_pandas(date_as_object=False, split_blocks=True, self_destruct=True)
    del table
    pa.default_memory_pool().release_unused()  # the blocks of a large file
    return frame
