"""The table that every reader returns: columns by name, and the row numbers that error messages give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from timevis.errors import DataError
from timevis.messages import Setting, Text

EXAMPLE_OF_MISSING = Setting("data.missing_values", '["Bad Input",-9999]')
MISSING_VALUES = frozenset(
    {"", "-", "--", "?", "#N/A", "#N/A N/A", "#NA", "<NA>", "N/A", "NA", "NULL", "NaN", "NaT", "None"}
    | {"n/a", "na", "nan", "null", "none", "-nan", "-NaN", "1.#QNAN", "-1.#IND"}
)
"""Cells that always mark a missing value; `data.missing_values` names others."""


GIVE_HEADER_AND_ROWS = Text("give a row of column names, such as time,value, and below it a row for each time")


@dataclass
class Table:
    """Columns by name, the name of their file and what error messages need to find a row in it.

    Attributes
    ----------
    frame : DataFrame
        One row per record, in the order of the file; numbers, booleans, times or text.
    source : str
        Name of the file.
    row_noun : {"row", "record"}
        How error messages call a row: a spreadsheet or text file has rows, other formats have records.
    row_number : function, optional
        From the position in `frame` to the row number that a spreadsheet shows, counted from 1.
    notes : list of Text
        What the reader decided.
    decimal : {"point", "comma"}, optional
        The decimal mark of numbers written as text, if the file has such numbers.
    sheet_note : Text, optional
        If the first of several sheets was read: which one, and what the others are. Follows `source` in an error.
    original_text : function, optional
        From names of columns to the text that the file has in them, before it was parsed as numbers.
    units : dict
        Column to unit, from a row of units below the header or from the cells.
    """

    frame: pd.DataFrame
    source: str
    row_noun: str = "row"
    row_number: Callable[[int], int] | None = None
    notes: list[Text] = field(default_factory=list)
    decimal: str | None = None
    sheet_note: Text | None = None
    original_text: Callable[[list[str]], pd.DataFrame] | None = None
    units: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_unique_names([str(c) for c in self.frame.columns], self.source)
        if not len(self.frame):
            raise no_rows_error(self.source)

    def row_label(self, position: int) -> Text:
        """How error messages name the row at a position in `frame`: ``row 17`` or ``record 16``."""
        number = int(self.row_number(position) if self.row_number else position + 1)
        return row_text(number) if self.row_noun == "row" else Text("record {row}", row=number)

    def cell(self, position: int, column: str) -> dict[str, Any]:
        """Where a cell is, as parameters of a `Text`: source, place and column."""
        return {"source": self.source, "place": self.row_label(position), "column": column}

    def series_name_columns(self, columns: Sequence[str]) -> pd.DataFrame:
        """Columns that name series, as text where parsing them as numbers changed the name (01067 became 1067)."""
        names = self.frame[list(columns)]
        parsed = [c for c in columns if not isinstance(names[c].dtype, pd.StringDtype)]
        if self.original_text is None or not parsed:
            return names
        for column, text in self.original_text(parsed).items():
            text = text.where(names[column].notna())
            distinct = text.dropna().drop_duplicates()
            if (names[column].loc[distinct.index].map(str) != distinct.astype(str).str.strip()).any():
                names[column] = text
        return names


def row_text(number: int) -> Text:
    """How texts name a row by its number."""
    return Text("row {row}", row=number)


def empty_file_error(source: str) -> DataError:
    """The error for a file without any text."""
    return DataError(Text("{source}: the file is empty", source=source), GIVE_HEADER_AND_ROWS)


def no_rows_error(source: str) -> DataError:
    """The error for a table that only has column names."""
    return DataError(Text("{source}: the table has no rows", source=source), GIVE_HEADER_AND_ROWS)


def check_unique_names(names: list[str], source: str) -> None:
    """Raise a DataError if several columns have the same name."""
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        text = Text("{source}: several columns are named {column!r}", source=source, column=repeated[0])
        raise DataError(text, Text("give each column a different name"))


def quote_cell(cell: object) -> str:
    """A cell as error messages quote it: its `repr`, cut off after 40 characters."""
    text = repr(cell)
    return text if len(text) <= 42 else text[:40] + "..."
