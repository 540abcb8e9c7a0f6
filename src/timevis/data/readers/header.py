"""Rules for the header row of text files and workbooks: which row holds column names."""

from __future__ import annotations

from timevis.errors import DataError


def check_header(cells: list[str], source: str, row: int) -> None:
    """Raise a DataError if the header row holds values instead of column names."""
    if not is_header(cells):
        filled = [c for c in cells if c]
        raise DataError(
            f"{source}: row {row} should hold the column names, but it holds values ({', '.join(filled[:3])}, ...)",
            "put a row of names above the data, for example: time,value",
        )


def is_header(cells: list[str]) -> bool:
    """Whether at least one cell is a name, which is neither a number nor a time.

    If only the first cell is empty (times often have no name), distinct numbers also count as names, of sensors.
    """
    filled = [c for c in cells if c]
    are_sensor_numbers = cells[:1] == [""] and len(set(cells[1:])) == len(filled) == len(cells) - 1
    return not filled or are_sensor_numbers or not all(_is_value(c) for c in filled)


def has_only_names(cells: list[str]) -> bool:
    """Whether every filled cell is a name."""
    filled = [c for c in cells if c]
    return bool(filled) and not any(map(_is_value, filled))


def fill_empty_names(names: list[str]) -> list[str]:
    """Column names without surrounding blanks; an empty name becomes ``column 3``, counted from 1."""
    return [name.strip() or f"column {i}" for i, name in enumerate(names, 1)]


def _is_value(cell: str) -> bool:
    """Whether a cell is a number, or a time: at least six digits and no letters except T and Z."""
    try:
        float(cell)
    except ValueError:
        return sum(c.isdigit() for c in cell) >= 6 and not any(c.isalpha() and c not in "TZ" for c in cell)
    return True
