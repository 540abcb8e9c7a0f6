"""Parsed timestamps, and the steps that every parser of a time column shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from timevis.data.table import Table, quote_cell
from timevis.errors import DataError
from timevis.messages import message

NOT_A_TIME = "time-unreadable"


@dataclass(frozen=True)
class ParsedTimes:
    """Timestamps of the rows of a table.

    Attributes
    ----------
    index : DatetimeIndex [rows]
        Naive, or UTC if the source had a time zone; in the order of the table.
    zone : str or None
        The time zone or the only UTC offset of the source; the calendar is read in it.
    notes : list of str
        What was decided.
    local_index : DatetimeIndex [rows], optional
        If the source had a time zone: the local times, naive.
    day_first : bool, optional
        Whether dates such as 01/02/2020 were read with the day first, if there are any.
    """

    index: pd.DatetimeIndex
    zone: str | None
    notes: list[str]
    local_index: pd.DatetimeIndex | None = None
    day_first: bool | None = None


def check_time_cells(
    table: Table, column: str, is_wrong: pd.Series, code: str, text: pd.Series | None = None
) -> None:
    """Raise a DataError with the message of `code` for the first cell that is wrong, with its `text` if given."""
    if is_wrong.any():
        row = int(np.argmax(is_wrong))
        cell = f" {quote_cell(text.iloc[row])}" if text is not None else ""
        more = f"; so are {int(is_wrong.sum()) - 1} more" if is_wrong.sum() > 1 else ""
        params = {"source": table.source, **table.place(row), "column": column, "count": int(is_wrong.sum())}
        params |= {"cell": cell, "more": more}
        raise DataError(message(code, **params), message("every-row-needs-a-time"))


def check_resolution(table: Table, column: str, index: pd.DatetimeIndex) -> None:
    """Raise a DataError if the mean step between the distinct times is below 1 ms, to which times are rounded."""
    if index.max() - index.min() < (index.nunique() - 1) * pd.Timedelta(1, "ms"):
        raise DataError(
            message("steps-below-1-ms", source=table.source, column=column), message("larger-steps-of-time")
        )


def to_microseconds(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Times in microseconds, in UTC if they have a zone; rounding errors of spreadsheets are removed."""
    if index.tz is not None:
        index = index.tz_convert("UTC")
    index = index.as_unit("us")
    return index.round("ms") if (index.microsecond % 1000 != 0).any() else index


def cell_text(cell: object) -> str:
    """A cell of a time column as text, in ISO 8601 if it is a date or time."""
    if isinstance(cell, pd.Timestamp):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell).strip()
