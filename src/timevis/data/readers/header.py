"""Rules for the header row of text files and workbooks: which row contains column names, and which one units."""

from __future__ import annotations

from collections.abc import Sequence

from timevis.data.table import MISSING_VALUES
from timevis.errors import ConfigError, DataError
from timevis.messages import Setting, Text, listed

MAX_HEADER_POSITION = 50
CHECKED_ROWS = 20
ROWS_WITH_VALUE, MIN_SHARE_WITH_VALUE = 3, 0.9
"""Of the rows below a header, the first ones must have a value, and so must this share of all checked rows."""
TIME_WORDS = ("time", "date", "datetime", "timestamp", "date_time", "ds")
MAX_LISTED_UNITS = 6
TextRows = Sequence[Sequence[str]]


def find_header(rows: TextRows) -> int | None:
    """Position of the row of names, below any title rows, where it is plain; otherwise None.

    It is plain if a row of at least two names is the first one below which (nearly) every row has a value, apart from
    a row of units, and if no row above it looks like a row of values.

    Parameters
    ----------
    rows : sequence of rows
        The text of the cells of the first rows; empty cells are empty.
    """
    rows = [_without_markers(row) for row in rows]
    for i, row in enumerate(rows[:MAX_HEADER_POSITION]):
        if _looks_like_values(row):
            return None
        below = _filled_rows(rows[i + 1 :])
        if not below or sum(map(bool, row)) < 2 or not has_only_names(row):
            continue
        if not _has_value(below[0]):
            if find_unit_row(rows, i) is not None:
                below = below[1:]
            elif sum(map(bool, below[0])) <= sum(map(bool, row)) and not _has_time_word(below[0]):
                return None
        has_value = list(map(_has_value, below))
        if below and all(has_value[:ROWS_WITH_VALUE]) and sum(has_value) >= MIN_SHARE_WITH_VALUE * len(below):
            return i
    return None


def find_unit_row(rows: TextRows, header: int) -> int | None:
    """Position of a row of units, which is the first filled row below the header; None if there is none.

    It has no values and not more cells than the header, and in at least one column it stands above values.
    """
    rows = [_without_markers(row) for row in rows]
    position = next((i for i in range(header + 1, len(rows)) if any(rows[i])), None)
    if position is None or _has_value(rows[position]):
        return None
    units, below = rows[position], _filled_rows(rows[position + 1 :])
    if sum(map(bool, units)) > sum(map(bool, rows[header])):
        return None
    if _has_time_word(units) and not _has_time_word(rows[header]):
        return None
    stands_above_values = False
    for j, unit in enumerate(units):
        cells = [row[j] for row in below if j < len(row) and row[j]]
        if unit and cells and all(map(_is_value, cells)):
            stands_above_values = True
        elif _has_digit(unit) and any(map(_has_digit, cells)):
            return None  # a row of values, such as Jan-20 above Feb-20
    return position if stands_above_values else None


def check_header_position(header: int, num_rows: int, source: str) -> int:
    """The position of the row that data.header names, counted from 0.

    Raises
    ------
    ConfigError
        The file has no such row.
    """
    if header > num_rows:
        message = Text(
            "no-such-header-row",
            "{setting}, but {source} has only {rows} rows in which a header is looked for",
            setting=Setting("data.header", header),
            source=source,
            rows=num_rows,
        )
        advice = Text(
            "number-of-header-row",
            "{setting} is the number of the row of the column names, counted from 1",
            setting=Setting("data.header"),
        )
        raise ConfigError(message, advice, "data.header")
    return header - 1


def units_by_name(names: Sequence[str], units: Sequence[str]) -> dict[str, str]:
    """Column to unit, for the columns that have one; the text of a unit in brackets is taken without them."""
    texts = {name: unit.strip().strip("[]()") for name, unit in zip(names, units, strict=False)}
    return {name: unit for name, unit in texts.items() if unit and unit not in MISSING_VALUES}


def header_notes(header_row: int, last_row: int, units: dict[str, str]) -> list[Text]:
    """Notes on a header that is not the first row, and on a row of units below it; rows are counted from 1."""
    notes: list[Text] = (
        [Text("note-header-row", "the column names are in row {row}", row=header_row)] if header_row > 1 else []
    )
    if units:
        shown = listed([f"{name} ({unit})" for name, unit in units.items()], MAX_LISTED_UNITS)
        notes.append(Text("note-units", "row {row} contains units: {units}", row=last_row, units=shown))
    return notes


def _without_markers(row: Sequence[str]) -> list[str]:
    return ["" if cell.strip() in MISSING_VALUES else cell.strip() for cell in row]


def _filled_rows(rows: TextRows) -> list[Sequence[str]]:
    return [row for row in rows if any(row)][:CHECKED_ROWS]


def _has_value(row: Sequence[str]) -> bool:
    return any(_is_value(cell) for cell in row if cell)


def _looks_like_values(row: Sequence[str]) -> bool:
    """Whether a row has values and is not a line of a title, such as ``Created: | 2024-01-01``."""
    filled = [cell for cell in row if cell]
    return len(filled) >= 2 and _has_value(filled) and (len(filled) > 2 or _has_digit(filled[0]))


def _has_time_word(row: Sequence[str]) -> bool:
    return any(cell.lower() in TIME_WORDS for cell in row)


def _has_digit(cell: str) -> bool:
    return any(c.isdigit() for c in cell)


def check_header(cells: list[str], source: str, row: int) -> None:
    """Raise a DataError if the header row contains values instead of column names."""
    if not is_header(cells):
        filled = [c for c in cells if c]
        message = Text(
            "header-with-values",
            "{source}: row {row} should contain the column names, but it contains values ({cells}, ...)",
            source=source,
            row=row,
            cells=", ".join(filled[:3]),
        )
        advice = Text("put-names-above", "put a row of names above the data, for example: time,value")
        raise DataError(message, advice)


def is_header(cells: list[str]) -> bool:
    """Whether at least one cell is a name, which is neither a number nor a time.

    If only the first cell is empty (times often have no name), distinct numbers also count as names, of sensors.
    """
    filled = [c for c in cells if c]
    are_sensor_numbers = cells[:1] == [""] and len(set(cells[1:])) == len(filled) == len(cells) - 1
    return not filled or are_sensor_numbers or not all(_is_value(c) for c in filled)


def has_only_names(cells: Sequence[str]) -> bool:
    """Whether every filled cell is a name."""
    filled = [c for c in cells if c]
    return bool(filled) and not any(map(_is_value, filled))


def fill_empty_names(names: list[str]) -> list[str]:
    """Column names without surrounding blanks; an empty name becomes ``column 3``, counted from 1."""
    return [name.strip() or f"column {i}" for i, name in enumerate(names, 1)]


def _is_value(cell: str) -> bool:
    """Whether a cell is a number, or a time: at least six digits and no letters except T and Z."""
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return sum(c.isdigit() for c in cell) >= 6 and not any(c.isalpha() and c not in "TZ" for c in cell)
    return True
