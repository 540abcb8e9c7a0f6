"""Excel workbooks: the first sheet with data, or the one asked for."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import pandas as pd

from timevis.config.validate import did_you_mean
from timevis.data.readers.table import MISSING, Table, all_names, is_header, named, require_header
from timevis.errors import ConfigError, DataError

Rows = list[Sequence[Any]]
UNSAVED = re.compile(rb'<c (?![^>]*t="str")[^>]*>\s*<f[^>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>')
"""A formula without the value that it had, as a library writes it; an empty text is a value."""


def read_workbook(raw: bytes, source: str, kind: str, sheet: str | int | None = None) -> Table:
    """Read one sheet of an XLSX or XLS workbook; formulas give the values that were saved with them.

    Raises
    ------
    ConfigError
        There is no such sheet.
    DataError
        The workbook is damaged, or no sheet holds a table.
    """
    names, rows_of = (_open_xlsx if kind == "xlsx" else _open_xls)(raw, source)
    if sheet is not None:
        chosen = names[sheet] if isinstance(sheet, int) and 0 <= sheet < len(names) else str(sheet)
        if chosen not in names:
            raise ConfigError(f"{source} has no sheet {sheet!r}", did_you_mean(sheet, names))
        rows = rows_of(chosen)
        if _header_of(rows) is None:
            raise DataError(f"{source}: sheet {chosen!r} holds no table", f"sheets: {', '.join(names)}")
    else:
        for chosen in names:
            rows = rows_of(chosen)
            if _header_of(rows) is not None:
                break
        else:
            raise DataError(f"{source}: no sheet holds a table", f"sheets: {', '.join(names)}")
    others = f" of {len(names)} ({', '.join(names)})" if len(names) > 1 else ""
    notes = [f"read sheet {chosen!r}{others}"]
    table = _table(rows, source, notes, _unsaved(raw, chosen, rows) if kind == "xlsx" else set())
    if sheet is None and others:
        table.part = f", sheet {chosen!r}{others}, data.sheet names another"
    return table


def _open_xlsx(raw: bytes, source: str) -> tuple[list[str], Callable[[str], Rows]]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(BytesIO(raw), read_only=True, data_only=True)
    except Exception as error:
        raise DataError(
            f"{source}: the workbook is damaged ({error})", "open it in a spreadsheet and save it"
        ) from error

    def rows_of(name: str) -> Rows:
        page = book[name]
        page.reset_dimensions()
        return list(page.iter_rows(values_only=True))

    return [page.title for page in book.worksheets], rows_of


def _unsaved(raw: bytes, sheet: str, rows: Rows) -> set[tuple[int, int]]:
    """Row and column of the formulas of a sheet that were never reckoned, so that their cells seem empty."""
    with zipfile.ZipFile(BytesIO(raw)) as parts:
        pages = [name for name in parts.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        if not any(UNSAVED.search(parts.read(name)) for name in pages):
            return set()
    import openpyxl

    page = openpyxl.load_workbook(BytesIO(raw), read_only=True)[sheet]
    page.reset_dimensions()
    cells = enumerate(zip(page.iter_rows(), rows, strict=False))
    return {
        (i, j)
        for i, (row, values) in cells
        for j, (cell, value) in enumerate(zip(row, values, strict=False))
        if value is None and cell.data_type == "f"
    }


def _open_xls(raw: bytes, source: str) -> tuple[list[str], Callable[[str], Rows]]:
    import xlrd

    try:
        book = xlrd.open_workbook(file_contents=raw)
    except Exception as error:
        raise DataError(
            f"{source}: the workbook is damaged or encrypted ({error})", "open it in a spreadsheet, save it as XLSX"
        ) from error

    def value(cell: xlrd.sheet.Cell) -> Any:
        if cell.ctype == xlrd.XL_CELL_DATE:
            return xlrd.xldate_as_datetime(cell.value, book.datemode)
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return bool(cell.value)
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code[cell.value]
        if cell.ctype == xlrd.XL_CELL_NUMBER and abs(cell.value) < 2**53 and cell.value.is_integer():
            return int(cell.value)
        return None if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) else cell.value

    def rows_of(name: str) -> Rows:
        page = book.sheet_by_name(name)
        return [[value(c) for c in page.row(i)] for i in range(page.nrows)]

    return book.sheet_names(), rows_of


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip() in MISSING)


def _filled(row: Sequence[Any]) -> list[str]:
    return [str(c) for c in row if not _empty(c)]


def _header_of(rows: Rows) -> int | None:
    """Position of the first row with two filled cells, or of a lone column name in the row above it.

    Not of a row of groups: one that is followed by a row of more names, and that by values.
    """
    for i, row in enumerate(rows):
        if sum(not _empty(c) for c in row) >= 2:
            names, values = [_filled(r) for r in [*rows[i + 1 : i + 3], (), ()][:2]]
            groups = all_names(_filled(row)) and all_names(names) and len(names) > len(_filled(row))
            if groups and values and not all_names(values):
                return i + 1
            above = _filled(rows[i - 1]) if i else []
            lone = len(above) == 1 and _empty(rows[i - 1][0]) and is_header(above)
            return i - 1 if lone and not is_header(_filled(row)) else i
    return None


def _table(rows: Rows, source: str, notes: list[str], unsaved: set[tuple[int, int]]) -> Table:
    at = _header_of(rows)
    assert at is not None
    header = ["" if _empty(c) else str(c) for c in rows[at]]
    require_header(header, source, at + 1)
    kept = [i for i in range(at + 1, len(rows)) if not all(map(_empty, rows[i]))]
    width = max([len(header)] + [len(rows[i]) for i in kept])
    header += [""] * (width - len(header))
    grid = [[None if j >= len(rows[i]) or _empty(rows[i][j]) else rows[i][j] for i in kept] for j in range(width)]
    used = [j for j in range(width) if header[j] or any(cell is not None for cell in grid[j])]
    frame = pd.DataFrame({j: pd.Series(grid[j], dtype=object) for j in used}).infer_objects()
    names = named(header)
    frame.columns = pd.Index([names[j] for j in used])
    filled = [j for j in used if any(cell is not None for cell in grid[j])]
    for j in used:
        lost = [i for i in kept if (i, j) in unsaved]
        if lost and len(filled) < 2:
            raise DataError(
                f"{source}: row {lost[0] + 1}, column {names[j]!r} holds a formula without a saved value "
                f"(so do {len(lost) - 1} more cells)",
                "open the workbook in a spreadsheet program and save it: it then holds the values as well",
            )
        if lost:
            notes.append(
                f"{len(lost)} cells of {names[j]!r} are formulas without saved values, and are read as empty"
            )
    return Table(frame, source, row_numbers=lambda i: kept[i] + 1, notes=notes)
