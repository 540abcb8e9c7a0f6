"""Read a table of events in words: the columns from, to and text."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from timevis.data.events import TextEvent
from timevis.data.readers.read_table import read_table
from timevis.data.table import Table
from timevis.data.timestamps.iso_time import ISO_TIME
from timevis.errors import DataError
from timevis.messages import Text

COLUMNS = ("from", "to", "text")
MAX_CHARACTERS = 300
ISO_DATE_LENGTH = len("2024-05-07")
EXAMPLE = Text(
    "events-example",
    "give the columns from, to and text, for example with the row 2024-05-07 07:00,2024-05-07 15:00,road works",
)


def read_events(path: str | Path) -> tuple[TextEvent, ...]:
    """Read a table of events, in any format of a data file.

    A date without a time in the column to includes the whole day; so does 00:00 in a workbook or a Parquet file. An
    empty cell there means that the event does not end.

    Raises
    ------
    DataError
        The file has no such columns, or a cell is not valid; names the file, the row and the column.
    """
    table = read_table(path)
    names = {str(name).strip().lower(): str(name) for name in table.frame.columns}
    table = replace(table, frame=table.frame.rename(columns={name: key for key, name in names.items()}))
    for column in COLUMNS:
        if column not in table.frame.columns:
            message = Text(
                "events-without-column", "{source}: no column is named {column!r}", source=table.source, column=column
            )
            raise DataError(message, EXAMPLE)
    frame = table.frame[list(COLUMNS)].astype(object)
    if table.original_text is not None:  # whether a cell is a date or a time at midnight
        for column in ("from", "to"):
            frame[column] = table.original_text([names[column]])[names[column]]
    return tuple(_event(table, row, *cells) for row, cells in enumerate(frame.itertuples(index=False)))


def _event(table: Table, row: int, first: Any, last: Any, text: Any) -> TextEvent:
    start = _time(table, row, "from", first)
    if start is None:
        raise DataError(
            Text(
                "event-without-start",
                "{source}, {place}, column {column!r}: the cell is empty",
                **table.cell(row, "from"),
            ),
            EXAMPLE,
        )
    end = _time(table, row, "to", last, is_end=True)
    if end is not None and end <= start:
        message = Text(
            "event-ends-before-start",
            "{source}, {place}, column {column!r}: the event ends at {end}, not after its start {start}",
            **table.cell(row, "to"),
            end=str(last),
            start=str(first),
        )
        raise DataError(
            message, Text("event-end-later", "give a later time, or leave the cell empty if it does not end")
        )
    words = "" if pd.isna(text) else str(text).strip()
    if not words or len(words) > MAX_CHARACTERS:
        message = Text(
            "event-text-length",
            "{source}, {place}, column {column!r}: the text has {count} characters",
            **table.cell(row, "text"),
            count=len(words),
        )
        raise DataError(message, Text("event-text-lengths", "give 1 to {maximum} characters", maximum=MAX_CHARACTERS))
    return TextEvent(start, end, words)


def _time(table: Table, row: int, column: str, value: Any, is_end: bool = False) -> pd.Timestamp | None:
    """A time without a zone; None for an empty cell."""
    if pd.isna(value) or not str(value).strip():
        return None
    text, time = str(value).strip(), None
    is_date = len(text) == ISO_DATE_LENGTH
    if isinstance(value, pd.Timestamp):
        time, is_date = value, value == value.normalize()
    elif ISO_TIME.fullmatch(text) and len(text) >= ISO_DATE_LENGTH:
        with suppress(ValueError):
            time = pd.Timestamp(text)
    if time is None or time.tzinfo is not None:
        message = Text(
            "event-time-not-iso",
            "{source}, {place}, column {column!r}: {value!r} is not a local time in ISO 8601",
            **table.cell(row, column),
            value=text,
        )
        raise DataError(message, Text("write-event-time", "write it like 2024-05-07 or 2024-05-07 07:00"))
    return time + pd.Timedelta(days=1) if is_end and is_date else time
