"""Parsed timestamps, and the steps that every parser of a time column shares."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from timevis.data.table import Table, quote_cell
from timevis.errors import DataError
from timevis.messages import Setting, Text


@dataclass(frozen=True)
class ParsedTimes:
    """Timestamps of the rows of a table.

    Attributes
    ----------
    index : DatetimeIndex [rows]
        Naive, or UTC if the source had a time zone; in the order of the table.
    zone : str or None
        The time zone of the source, the only offset of its times (such as UTC+01:00), or a zone that has all of their
        offsets; the calendar is read in it.
    notes : list of Text
        What was decided.
    local_index : DatetimeIndex [rows], optional
        If the source had a time zone: the local times, naive.
    day_first : bool, optional
        Whether dates such as 01/02/2020 were read with the day first, if there are any.
    """

    index: pd.DatetimeIndex
    zone: str | None
    notes: list[Text]
    local_index: pd.DatetimeIndex | None = None
    day_first: bool | None = None

    def take(self, rows: np.ndarray) -> ParsedTimes:
        """The timestamps at positions `rows`, int64 [N]."""
        local_index = None if self.local_index is None else self.local_index.take(rows)
        return replace(self, index=self.index.take(rows), local_index=local_index)


def check_time_cells(
    table: Table, column: str, is_wrong: pd.Series, text: pd.Series | None = None, *, are_empty: bool = False
) -> None:
    """Raise a DataError for the first cell that is empty or no time, with its `text` if given."""
    if is_wrong.any():
        row, count = int(np.argmax(is_wrong)), int(is_wrong.sum())
        params = {
            **table.cell(row, column),
            "more": Text("more-wrong-times", "; so are {count} more", count=count - 1) if count > 1 else "",
        }
        raise DataError(
            Text("time-empty", "{source}: {place}, column {column!r}: the time is empty{more}", **params)
            if are_empty
            else Text(
                "time-unreadable",
                "{source}: {place}, column {column!r}: the time{cell} is not a date or time{more}",
                cell=f" {quote_cell(text.iloc[row])}" if text is not None else "",
                **params,
            ),
            Text(
                "every-row-needs-a-time",
                "every row needs a time such as 2020-01-31 13:00 or 2020-01-31T13:00+01:00: delete rows of totals or "
                "remarks; {setting} names the column",
                setting=Setting("data.time"),
            ),
            "data.time",
        )


def check_resolution(table: Table, column: str, index: pd.DatetimeIndex) -> None:
    """Raise a DataError if the mean step between the distinct times is below 1 ms, to which times are rounded."""
    if index.max() - index.min() < (index.nunique() - 1) * pd.Timedelta(1, "ms"):
        message = Text(
            "steps-below-1-ms",
            "{source}: column {column!r}: the times are less than 1 ms apart on average, but steps below 1 ms are "
            "not supported",
            source=table.source,
            column=column,
        )
        advice = Text(
            "larger-steps-of-time",
            "average the rows to steps of 1 ms or more, or write the times in a larger unit, for example each "
            "microsecond as a second",
        )
        raise DataError(message, advice)


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
