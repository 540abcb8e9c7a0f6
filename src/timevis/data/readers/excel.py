"""Read one sheet of an Excel workbook into a table."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import pandas as pd

from timevis.config.suggestions import did_you_mean
from timevis.data.read_options import DEFAULT_READ_OPTIONS, ReadOptions
from timevis.data.readers.file_checks import CellCounter, check_workbook_size
from timevis.data.readers.header import (
    check_header,
    check_header_position,
    fill_empty_names,
    find_header,
    find_unit_row,
    has_only_names,
    header_notes,
    is_header,
    units_by_name,
)
from timevis.data.table import MISSING_VALUES, Table
from timevis.errors import ConfigError, DataError
from timevis.messages import Setting, Text

SheetRows = list[Sequence[Any]]
HEAD_ROWS = 200
"""Rows in which the header and a row of units are looked for."""
FORMULA_WITHOUT_VALUE = re.compile(
    rb'<c (?![^<>]*t="str")[^<>]*>\s*<f[^<>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>'
)
"""The XML of a formula as libraries write it, without its value; an empty string counts as a value."""


def read_excel(raw: bytes, source: str, file_format: str, options: ReadOptions = DEFAULT_READ_OPTIONS) -> Table:
    """Read one sheet of an XLSX or XLS workbook; for a formula, the value that was saved with it is read.

    Parameters
    ----------
    raw : bytes
    source : str
        Name of the file, for error messages.
    file_format : {"xlsx", "xls"}
    options : ReadOptions
        A row of units below the header becomes the units of the table.

    Raises
    ------
    ConfigError
        The workbook has no such sheet, or the sheet no such row.
    DataError
        The workbook is damaged or too large, no sheet contains a table, or a column consists of formulas without
        saved values.
    """
    names, read_rows = (_open_xlsx if file_format == "xlsx" else _open_xls)(raw, source)
    sheets = Text("sheets: {sheets}", sheets=names)
    sheet = options.sheet
    if sheet is not None:
        chosen = names[sheet] if isinstance(sheet, int) and 0 <= sheet < len(names) else str(sheet)
        if chosen not in names:
            message = Text("{source} has no sheet {sheet!r}", source=source, sheet=sheet)
            raise ConfigError(message, did_you_mean(sheet, names), "data.sheet")
        rows = read_rows(chosen)
        if _find_header(rows) is None:
            message = Text("{source}: sheet {sheet!r} contains no table", source=source, sheet=chosen)
            raise DataError(message, sheets, "data.sheet")
    else:
        for chosen in names:
            rows = read_rows(chosen)
            if _find_header(rows) is not None:
                break
        else:
            raise DataError(Text("{source}: no sheet contains a table", source=source), sheets)
    others = Text(" of {count} ({sheets})", count=len(names), sheets=names) if len(names) > 1 else ""
    notes: list[Text] = [Text("read sheet {sheet!r}{others}", code="note-sheet", sheet=chosen, others=others)]
    formulas = _formulas_without_value(raw, chosen, rows) if file_format == "xlsx" else set()
    table = _to_table(rows, source, notes, formulas, options.header)
    if sheet is None and others:
        table.sheet_note = Text(
            ", sheet {sheet!r}{others}, {setting} selects another one",
            sheet=chosen,
            others=others,
            setting=Setting("data.sheet"),
        )
    return table


def _damaged_workbook_error(source: str, error: Exception) -> DataError:
    message = Text("{source}: the workbook is damaged or encrypted ({reason})", source=source, reason=str(error))
    return DataError(message, Text("open it in a spreadsheet program and save it as XLSX"))


def _open_xlsx(raw: bytes, source: str) -> tuple[list[str], Callable[[str], SheetRows]]:
    import openpyxl

    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            check_workbook_size(archive, source)
        book = openpyxl.load_workbook(BytesIO(raw), read_only=True, data_only=True)
    except DataError:
        raise
    except Exception as error:
        raise _damaged_workbook_error(source, error) from error
    counter = CellCounter(source)

    def read_rows(name: str) -> SheetRows:
        worksheet = book[name]
        worksheet.reset_dimensions()
        return list(counter.count(worksheet.iter_rows(values_only=True)))

    return [worksheet.title for worksheet in book.worksheets], read_rows


def _open_xls(raw: bytes, source: str) -> tuple[list[str], Callable[[str], SheetRows]]:
    import xlrd

    try:
        book = xlrd.open_workbook(file_contents=raw)
    except Exception as error:
        raise _damaged_workbook_error(source, error) from error

    counter = CellCounter(source)

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

    def read_rows(name: str) -> SheetRows:
        worksheet = book.sheet_by_name(name)
        counter.add(worksheet.nrows * worksheet.ncols)
        return [[value(c) for c in worksheet.row(i)] for i in range(worksheet.nrows)]

    return book.sheet_names(), read_rows


def _formulas_without_value(raw: bytes, sheet: str, rows: SheetRows) -> set[tuple[int, int]]:
    """Row and column of the formulas of a sheet that have no saved value, so that their cells look empty."""
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        members = [n for n in archive.namelist() if n.startswith("xl/worksheets/") and n.endswith(".xml")]
        if not any(FORMULA_WITHOUT_VALUE.search(archive.read(name)) for name in members):
            return set()
    import openpyxl

    worksheet = openpyxl.load_workbook(BytesIO(raw), read_only=True)[sheet]
    worksheet.reset_dimensions()
    return {
        (i, j)
        for i, (row, values) in enumerate(zip(worksheet.iter_rows(), rows, strict=False))
        for j, (cell, value) in enumerate(zip(row, values, strict=False))
        if value is None and cell.data_type == "f"
    }


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip() in MISSING_VALUES)


def _filled_cells(row: Sequence[Any]) -> list[str]:
    return [str(c) for c in row if not _is_empty(c)]


def _text_rows(rows: SheetRows) -> list[list[str]]:
    return [["" if _is_empty(c) else str(c) for c in row] for row in rows[:HEAD_ROWS]]


def _find_header(rows: SheetRows) -> int | None:
    """Position of the header: `find_header`, else the first row with two filled cells; None if there is none.

    A row of group names above the header is skipped: the row below it has more names, and the next one has values.
    If the first such row contains values, the header is the row above it, in which only one column has a name.
    """
    if (position := find_header(_text_rows(rows))) is not None:
        return position
    first = next((i for i, row in enumerate(rows) if len(_filled_cells(row)) >= 2), None)
    if first is None:
        return None
    cells = _filled_cells(rows[first])
    names, values = [_filled_cells(row) for row in [*rows[first + 1 : first + 3], (), ()][:2]]
    has_more_names_below = has_only_names(names) and len(names) > len(cells)
    if has_only_names(cells) and has_more_names_below and values and not has_only_names(values):
        return first + 1
    if first > 0 and not is_header(cells):
        above = _filled_cells(rows[first - 1])
        if len(above) == 1 and is_header(above) and _is_empty(rows[first - 1][0]):
            return first - 1
    return first


def _to_table(
    rows: SheetRows, source: str, notes: list[Text], formulas: set[tuple[int, int]], header_row: int | None
) -> Table:
    header_position = (
        _find_header(rows) if header_row is None else check_header_position(header_row, len(rows), source)
    )
    assert header_position is not None
    head = _text_rows(rows)
    unit_row = find_unit_row(head, header_position)
    first_row = header_position if unit_row is None else unit_row
    header = ["" if _is_empty(c) else str(c) for c in rows[header_position]]
    check_header(header, source, header_position + 1)
    filled_rows = [i for i in range(first_row + 1, len(rows)) if not all(map(_is_empty, rows[i]))]
    width = max([len(header)] + [len(rows[i]) for i in filled_rows])
    header += [""] * (width - len(header))
    columns = [
        [None if j >= len(rows[i]) or _is_empty(rows[i][j]) else rows[i][j] for i in filled_rows]
        for j in range(width)
    ]
    has_value = [any(cell is not None for cell in column) for column in columns]
    used = [j for j in range(width) if header[j] or has_value[j]]
    frame = pd.DataFrame({j: pd.Series(columns[j], dtype=object) for j in used}).infer_objects()
    names = fill_empty_names(header)
    units = {} if unit_row is None else units_by_name(names, head[unit_row])
    notes += header_notes(header_position + 1, first_row + 1, units)
    frame.columns = pd.Index([names[j] for j in used])
    for j in used:
        rows_without_value = [i for i in filled_rows if (i, j) in formulas]
        if rows_without_value and sum(has_value) < 2:
            message = Text(
                "{source}: row {row}, column {column!r} contains a formula without a saved value, and {count} more "
                "cells do",
                source=source,
                row=rows_without_value[0] + 1,
                column=names[j],
                count=len(rows_without_value) - 1,
            )
            advice = Text("open the workbook in a spreadsheet program and save it: the values are then saved as well")
            raise DataError(message, advice)
        if rows_without_value:
            text = Text(
                "{count} cells of {column!r} are formulas without saved values and are read as empty",
                code="note-formulas",
                count=len(rows_without_value),
                column=names[j],
            )
            notes.append(text)
    return Table(frame, source, row_number=lambda i: filled_rows[i] + 1, notes=notes, units=units)
