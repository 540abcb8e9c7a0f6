"""Read a file of any supported format into a table: find its format and call the reader for it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from timevis.data.read_options import DEFAULT_READ_OPTIONS, ReadOptions
from timevis.data.readers.file_checks import check_file, decompressed_bytes, format_from_name
from timevis.data.readers.json import read_json
from timevis.data.readers.numbers import find_decimal_mark, number_cells, parse_number_columns
from timevis.data.readers.parquet import read_parquet
from timevis.data.table import Table, empty_file_error
from timevis.errors import DataError, TimeVisError
from timevis.messages import Setting, Text

DESCRIPTION_OF_FORMAT = {
    "text": Text("a text table"),
    "xlsx": Text("an Excel workbook (xlsx)"),
    "xls": Text("an old (xls) or encrypted Excel workbook"),
    "json": "JSON",
    "parquet": "Parquet",
    "zip": Text("a ZIP archive"),
    "pdf": Text("a PDF document"),
    "html": Text("an HTML or XML page"),
    "image": Text("a picture"),
}
FORMAT_OF_SIGNATURE = (
    (b"PAR1", "parquet"),
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"%PDF", "pdf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
)
SIGNATURE_BYTES = 2048
UTF8_BOM = b"\xef\xbb\xbf"


def read_table(
    path: str | Path, options: ReadOptions = DEFAULT_READ_OPTIONS, default_decimal: str | None = None
) -> Table:
    """Read a CSV, TSV, XLSX, XLS, JSON or Parquet file; it may be gzipped, or the only file in a ZIP archive.

    Parameters
    ----------
    path : path
        Its suffix gives the format; the content must agree.
    options : ReadOptions
    default_decimal : {"point", "comma"}, optional
        The decimal mark if neither the options nor the file show one.

    Raises
    ------
    DataError
        The file does not exist, is empty, is not of the format that its name says, or cannot be parsed.
    """
    path = Path(path).expanduser()
    with raise_as_data_error(path):
        return _read(path, options, default_decimal)


@contextmanager
def raise_as_data_error(path: Path) -> Iterator[None]:
    """Turn every error that a reader raises within the `with` block into a DataError that names the file."""
    try:
        yield
    except TimeVisError:
        raise
    except MemoryError as error:
        message = Text("{source}: reading the file needs more memory than is free", source=path.name)
        raise DataError(message, Text("free memory, or split the columns or rows into several files")) from error
    except PermissionError as error:
        message = Text("{path} cannot be read: {reason}", path=str(path), reason=error.strerror)
        raise DataError(message, Text("change the permissions of the file")) from error
    except Exception as error:
        message = Text(
            "{source}: the file cannot be read ({kind}: {reason})",
            source=path.name,
            kind=type(error).__name__,
            reason=str(error),
        )
        advice = Text("write it again, or as CSV; if other programs can read the file, please report this to TimeVis")
        raise DataError(message, advice) from error


def _read(path: Path, options: ReadOptions, default_decimal: str | None) -> Table:
    check_file(path)
    expected = format_from_name(path)
    raw = decompressed_bytes(path)
    if not raw or raw.isspace():
        raise empty_file_error(path.name)
    _check_content(raw, path, expected)
    if expected == "text":
        from timevis.data.readers.csv import read_csv

        table = read_csv(raw, path.name, options, default_decimal)
        if options.sheet is not None:
            text = Text(
                "{setting} is not used: the file is not a workbook",
                code="note-sheet-unused",
                setting=Setting("data.sheet"),
            )
            table.notes.append(text)
        return table
    if expected == "json":
        table = read_json(raw, path.name, options)
    elif expected == "parquet":
        table = read_parquet(raw, path.name)
    else:
        from timevis.data.readers.excel import read_excel

        table = read_excel(raw, path.name, expected, options)
    if options.header is not None and expected in ("json", "parquet"):
        text = Text(
            "{setting} is not used: the file has no header row",
            code="note-header-unused",
            setting=Setting("data.header"),
        )
        table.notes.append(text)
    table.original_text = table.frame.copy(deep=False).__getitem__
    decimal = find_decimal_mark([cell for column in number_cells(table.frame) for cell in column])
    table.decimal = options.decimal or decimal or default_decimal
    units = parse_number_columns(table.frame, options.decimal or default_decimal, table.notes, path.name)
    table.units = units | table.units
    return table


def _check_content(raw: bytes, path: Path, expected: str) -> None:
    """Raise a DataError if the content of a file is not of the format that its name says."""
    content = _format_from_content(raw)
    if content == expected or (expected == "text" and content == "json" and not _looks_like_json(raw)):
        return
    advice = Text("rename it according to its content, or save it again in the format of its name")
    if content in ("html", "pdf", "image"):
        advice = Text("save its table as CSV; if it shows an error or a login page, download the table again")
    message = Text(
        "{source}: according to its name, the file is {expected}, but the content is {actual}",
        source=path.name,
        expected=DESCRIPTION_OF_FORMAT[expected],
        actual=DESCRIPTION_OF_FORMAT[content],
    )
    raise DataError(message, advice)


def _format_from_content(raw: bytes) -> str:
    for signature, name in FORMAT_OF_SIGNATURE:
        if raw.startswith(signature):
            return "xlsx" if name == "zip" and _is_workbook(raw) else name
    head = raw[:SIGNATURE_BYTES].removeprefix(UTF8_BOM).lstrip()
    if head[:1] in (b"{", b"["):
        return "json"
    if head[:5].lower() in (b"<html", b"<!doc", b"<?xml") or head[:6].lower() == b"<table":
        return "html"
    return "text"


def _is_workbook(raw: bytes) -> bool:
    try:
        return any(name.startswith("xl/") for name in zipfile.ZipFile(BytesIO(raw)).namelist())
    except zipfile.BadZipFile:
        return True  # damaged: the Excel reader reports the details


def _looks_like_json(raw: bytes) -> bool:
    """Whether text that begins with a bracket is JSON, not a table whose first cell begins with a bracket."""
    after_bracket = raw[:SIGNATURE_BYTES].removeprefix(UTF8_BOM).lstrip()[1:].lstrip()[:1]
    return after_bracket in (b"{", b'"', b"[", b"]", b"}") or after_bracket.isdigit()
