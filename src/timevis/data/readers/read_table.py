"""Reading a user's file into a table, whatever its format, and saying where in the file each row stood."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from timevis.data.readers.compression import content_name, unpack
from timevis.data.readers.number_format import decimal_mark, read_separators, written_numbers
from timevis.data.readers.table import HEADER_AND_ROWS, Table, refuse_namesakes
from timevis.errors import DataError, TimeVisError
from timevis.utils.formatting import join_names

FORMATS = {
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
SPOKEN = {
    "text": "a text table",
    "xlsx": "an Excel workbook (xlsx)",
    "xls": "an old (xls) or encrypted Excel workbook",
    "json": "JSON",
    "parquet": "Parquet",
    "zip": "a ZIP archive",
    "pdf": "a PDF document",
    "html": "an HTML or XML page",
    "image": "a picture",
}
MAGIC = (
    (b"PAR1", "parquet"),
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"%PDF", "pdf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
)


def read_table(
    path: str | Path,
    *,
    sheet: str | int | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    usual: str | None = None,
) -> Table:
    """Read CSV, TSV, XLSX, XLS, JSON or Parquet, also gzipped or alone in a ZIP archive.

    Parameters
    ----------
    path : path
        Its ending says the format; the content must agree.
    sheet : str or int, optional
        Of a workbook: a name, or a position counted from 0. None takes the first sheet with data.
    encoding : str, optional
        Of a text file; UTF-8, or UTF-16 with a byte order mark, when None.
    decimal : {"point", "comma"}, optional
        The decimal mark of numbers written as text; found when None.
    usual : {"point", "comma"}, optional
        What it is where the file shows none.

    Raises
    ------
    DataError
        There is no such file, it is empty, it is not what its name says, or it cannot be parsed.
    """
    path = Path(path).expanduser()
    with in_words(path):
        return _read(path, sheet, encoding, decimal, usual)


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Whatever a reader of a file raises, as a DataError that names the file."""
    try:
        yield
    except TimeVisError:
        raise
    except MemoryError as error:
        raise DataError(
            f"{path.name}: reading the file needs more memory than is free",
            "free memory, or write fewer columns or rows into a file",
        ) from error
    except PermissionError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "give its reader the right to") from error
    except Exception as error:
        raise DataError(
            f"{path.name}: the file cannot be read ({type(error).__name__}: {error})",
            "write it again, or as CSV; a file that other programs read is worth a report to TimeVis",
        ) from error


def _read(path: Path, sheet: str | int | None, encoding: str | None, decimal: str | None, usual: str | None) -> Table:
    check_file(path)
    expected = _format_of(path)
    raw = unpack(path)
    if not raw or raw.isspace():
        raise DataError(f"{path.name}: the file is empty", HEADER_AND_ROWS)
    found = _sniff(raw)
    if found != expected and not (expected == "text" and found == "json" and not _looks_json(raw)):
        advice = "rename it after its content, or save it again in the format of its name"
        if found in ("html", "pdf", "image"):  # of which no name makes a table
            advice = "save what it shows as CSV; where it shows an error or a login, download the table again"
        raise DataError(f"{path.name}: named like {SPOKEN[expected]}, but it is {SPOKEN[found]}", advice)
    if expected == "text":
        from timevis.data.readers.text import read_text

        table = read_text(raw, path.name, encoding, decimal, usual)
        if sheet is not None:
            table.notes.append("data.sheet is not used: the file is not a workbook")
        return table
    if expected == "json":
        from timevis.data.readers.json import read_json

        table = read_json(raw, path.name, encoding)
    elif expected == "parquet":
        table = _read_parquet(raw, path.name)
    else:
        from timevis.data.readers.excel import read_workbook

        table = read_workbook(raw, path.name, expected, sheet)
    table.written = table.frame.copy(deep=False).__getitem__
    shown = decimal_mark([cell for column in written_numbers(table.frame) for cell in column])
    table.decimal = decimal or shown or usual
    read_separators(table.frame, decimal or usual, table.notes, path.name)
    return table


def check_file(path: Path) -> None:
    """Refuse, in a DataError, what is no file or whose ending says no format that is read."""
    if path.is_dir():
        raise DataError(f"{path} is a folder", f"give one file; it holds {_some(path)}")
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is a pipe or a device, not a file", "write its content into a file first")
    if not path.is_file():
        beside = (
            f"; it holds {_some(path.parent, path.suffix)}"
            if path.parent.is_dir()
            else "; there is no such folder either"
        )
        raise DataError(f"there is no file {path}", f"looked in {path.parent.resolve()}{beside}")
    _format_of(path)


def _format_of(path: Path) -> str:
    ending = Path(content_name(path)).suffix.lower()
    if ending not in FORMATS:
        raise DataError(
            f"{path.name}: the ending {ending or '(none)'} says no format that TimeVis reads",
            "known endings: " + " ".join(FORMATS) + ", also in .gz, or alone in a .zip",
        )
    return FORMATS[ending]


def _sniff(raw: bytes) -> str:
    for magic, name in MAGIC:
        if raw.startswith(magic):
            if name == "zip" and _is_workbook(raw):
                return "xlsx"
            return name
    head = raw[:2048].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:1] in (b"{", b"["):
        return "json"
    if head[:5].lower() in (b"<html", b"<!doc", b"<?xml") or head[:6].lower() == b"<table":
        return "html"
    return "text"


def _is_workbook(raw: bytes) -> bool:
    try:
        return any(name.startswith("xl/") for name in zipfile.ZipFile(BytesIO(raw)).namelist())
    except zipfile.BadZipFile:
        return True  # damaged: the reader of workbooks says how


def _looks_json(raw: bytes) -> bool:
    """Whether text that begins with a bracket is JSON, not a table whose first cell begins with one."""
    head = raw[:2048].removeprefix(b"\xef\xbb\xbf").lstrip()
    return head[1:].lstrip()[:1] in (b"{", b'"', b"[", b"]", b"}") or head[1:].lstrip()[:1].isdigit()


def _some(folder: Path, ending: str = "") -> str:
    """Tables in a folder; text files, which may hold anything, only where one is asked for."""
    endings = {*FORMATS, ".gz", ".zip"}.difference({".txt"} - {ending})
    names = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in endings)
    return join_names(names, 8) or "no tables"


def _read_parquet(raw: bytes, name: str) -> Table:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        refuse_namesakes(pq.read_schema(BytesIO(raw)).names, name)
        frame = pd.read_parquet(BytesIO(raw))
    except (pa.ArrowInvalid, OSError, ValueError) as error:
        raise DataError(f"{name}: the Parquet file is damaged ({error})", "write it again") from error
    if not isinstance(frame.index, pd.RangeIndex):
        for level in [n for n in frame.index.names if n in frame.columns]:
            if not pd.Index(frame.pop(level)).equals(frame.index.get_level_values(level)):
                raise DataError(
                    f"{name}: the index {level!r} and the column of that name hold different values",
                    "rename one of them, or drop the index: frame.reset_index(drop=True)",
                )
        numbers = frame.index.name is None and pd.api.types.is_integer_dtype(frame.index)
        frame = frame.reset_index(drop=numbers)  # row numbers of a table that was filtered, shuffled or put together
    frame.columns = pd.Index([str(c) for c in frame.columns])
    for column in frame.columns[[isinstance(t, pd.CategoricalDtype) for t in frame.dtypes]]:
        frame[column] = frame[column].astype(object)
    notes = []
    for column in frame.columns[[isinstance(t, pd.PeriodDtype) for t in frame.dtypes]]:
        frame[column] = frame[column].dt.start_time
        notes.append(f"the periods of {column!r} are read as their start")
    return Table(frame, name, unit="record", notes=notes)
