"""A table as read from a file, before anything is known about its columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from timevis.errors import DataError

MISSING = frozenset(
    {"", "-", "--", "?", "#N/A", "#N/A N/A", "#NA", "<NA>", "N/A", "NA", "NULL", "NaN", "NaT", "None"}
    | {"n/a", "na", "nan", "null", "none", "-nan", "-NaN", "1.#QNAN", "-1.#IND"}
)
"""Cells that mean "no value"."""


ROWS_NEEDED = (
    "a few hundred rows are needed: context_length + horizon in the training part, horizon in each of the others"
)


HEADER_AND_ROWS = "give a row of column names, such as time,value, and below it a row for each time"


@dataclass
class Table:
    """Columns by name, with the file and the place in it that errors name.

    Attributes
    ----------
    frame : DataFrame
        One row per record, in the order of the file; numbers, booleans, times or text.
    source : str
        Name of the file.
    unit : {"row", "record"}
        What a place is called: a spreadsheet or text file has rows, others have records.
    row_numbers : function, optional
        From position in `frame` to the number of the row as a spreadsheet shows it, counted from 1.
    notes : list of str
        What was decided while reading.
    decimal : {"point", "comma"}, optional
        The decimal mark of numbers written as text, where there is one.
    part : str
        What of the file it is, where others might have been meant: follows `source` in an error.
    written : function, optional
        From names of columns to these columns as the file has them, row by row, before they were read as numbers.
    """

    frame: pd.DataFrame
    source: str
    unit: str = "row"
    row_numbers: Callable[[int], int] | None = None
    notes: list[str] = field(default_factory=list)
    decimal: str | None = None
    part: str = ""
    written: Callable[[list[str]], pd.DataFrame] | None = None

    def __post_init__(self) -> None:
        refuse_namesakes([str(c) for c in self.frame.columns], self.source)
        if not len(self.frame):
            raise DataError(f"{self.source}: the table has no rows", HEADER_AND_ROWS)

    def place(self, position: int) -> str:
        """Where a record stands, for errors: ``row 17`` or ``record 16``."""
        number = self.row_numbers(position) if self.row_numbers else position + 1
        return f"{self.unit} {number}"

    def as_names(self, columns: Sequence[str]) -> pd.DataFrame:
        """Columns as names of series: in the text of the file where it is lost otherwise, as in 1067 for 01067."""
        names = self.frame[list(columns)]
        read = [c for c in columns if not isinstance(names[c].dtype, pd.StringDtype)]
        if self.written is None or not read:
            return names
        for name, text in self.written(read).items():
            text = text.where(names[name].notna())
            distinct = text.dropna().drop_duplicates()
            if (names[name].loc[distinct.index].map(str) != distinct.astype(str).str.strip()).any():
                names[name] = text
        return names


def refuse_namesakes(names: list[str], source: str) -> None:
    """Refuse columns of the same name, in a DataError."""
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise DataError(f"{source}: several columns are named {twice[0]!r}", "give each column a name of its own")


def require_header(names: list[str], source: str, row: int) -> None:
    """Refuse a first row that holds values instead of column names.

    Raises
    ------
    DataError
    """
    if not is_header(names):
        filled = [n for n in names if n]
        raise DataError(
            f"{source}: row {row} should hold the column names, but holds values ({', '.join(filled[:3])}, ...)",
            "put a row of names above the data, for example: time,value",
        )


def is_header(cells: list[str]) -> bool:
    """Whether at least one cell is a name: neither a number nor a time.

    Beside an empty first cell, as stands above times that have no name, different numbers are names of sensors.
    """
    filled = [c for c in cells if c]
    numbered = cells[:1] == [""] and len(set(cells[1:])) == len(filled) == len(cells) - 1
    return not filled or numbered or not all(_is_value(c) for c in filled)


def all_names(cells: list[str]) -> bool:
    """Whether every filled cell is a name."""
    filled = [c for c in cells if c]
    return bool(filled) and not any(map(_is_value, filled))


def _is_value(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return sum(c.isdigit() for c in cell) >= 6 and not any(c.isalpha() and c not in "TZ" for c in cell)
    return True


def named(names: list[str]) -> list[str]:
    """Column names with blanks stripped; a nameless column is called after its place."""
    return [n.strip() or f"column {i}" for i, n in enumerate(names, 1)]


def short(cell: object) -> str:
    """A cell as errors quote it."""
    text = repr(cell)
    return text if len(text) <= 42 else text[:40] + "..."
