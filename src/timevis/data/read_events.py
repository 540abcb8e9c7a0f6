"""Read events in words, from a table or a list: the columns from, to and text."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from timevis.data.events import TextEvent
from timevis.data.panel import ISO_TIME
from timevis.data.readers.read_table import read_table
from timevis.errors import DataError
from timevis.messages import Text

COLUMNS = ("from", "to", "text")
MAX_CHARACTERS = 300
ISO_DATE_LENGTH = len("2024-05-07")
EXAMPLE = Text(
    "give the columns from, to and text, for example with the row 2024-05-07 07:00,2024-05-07 15:00,road works"
)


EventsGiven: TypeAlias = str | os.PathLike[str] | Sequence[Mapping[str, Any]]
"""A file in any format of a data file, or a list of mappings with the keys from, text and, if the event ends, to."""


@dataclass(frozen=True)
class _Row:
    """A row of a table or an entry of a list: the parameters of a `Text` about it, and its JSON pointer in a list."""

    place: Mapping[str, Any]
    pointer: str = ""

    def cell(self, column: str) -> dict[str, Any]:
        return {**self.place, "column": column}

    def field(self, column: str) -> str:
        return self.pointer and f"{self.pointer}/{column}"


def read_events(events: EventsGiven) -> tuple[TextEvent, ...]:
    """Read events from a file or a list.

    A date without a time in the column to includes the whole day; so does 00:00 in a workbook or a Parquet file. An
    empty cell there means that the event does not end.

    Raises
    ------
    DataError
        A column is absent or unknown, or a cell is not valid; names the file, the row and the column. The field of
        the error is the place in a list, such as ``events/0/to``.
    """
    return _read_file(events) if isinstance(events, str | os.PathLike) else _read_list(events)


def _read_list(events: Sequence[Mapping[str, Any]]) -> tuple[TextEvent, ...]:
    read = []
    for position, entry in enumerate(events):
        place = {"source": "events", "place": Text("index {index}", index=position)}
        row = _Row(place, f"events/{position}")
        for key in entry:
            if key not in COLUMNS:
                message = Text("{source}, {place}: there is no column {column!r}", **row.cell(key))
                raise DataError(message, EXAMPLE, row.field(key))
        read.append(_event(row, *(entry.get(column) for column in COLUMNS)))
    return tuple(read)


def _read_file(path: str | os.PathLike[str]) -> tuple[TextEvent, ...]:
    table = read_table(Path(path))
    names = {str(name).strip().lower(): str(name) for name in table.frame.columns}
    table = replace(table, frame=table.frame.rename(columns={name: key for key, name in names.items()}))
    for column in COLUMNS:
        if column not in table.frame.columns:
            message = Text("{source}: no column is named {column!r}", source=table.source, column=column)
            raise DataError(message, EXAMPLE)
    frame = table.frame[list(COLUMNS)].astype(object)
    if table.original_text is not None:  # whether a cell is a date or a time at midnight
        for column in ("from", "to"):
            frame[column] = table.original_text([names[column]])[names[column]]
    places = ({"source": table.source, "place": table.row_label(row)} for row in range(len(frame)))
    return tuple(_event(_Row(p), *cells) for p, cells in zip(places, frame.itertuples(index=False), strict=True))


def _event(row: _Row, first: Any, last: Any, text: Any) -> TextEvent:
    start = _time(row, "from", first)
    if start is None:
        raise DataError(
            Text("{source}, {place}, column {column!r}: the cell is empty", **row.cell("from")),
            EXAMPLE,
            row.field("from"),
        )
    end = _time(row, "to", last, is_end=True)
    if end is not None and end <= start:
        message = Text(
            "{source}, {place}, column {column!r}: the event ends at {end}, not after its start {start}",
            **row.cell("to"),
            end=str(last),
            start=str(first),
        )
        advice = Text("give a later time, or leave the cell empty if it does not end")
        raise DataError(message, advice, row.field("to"))
    words = "" if pd.isna(text) else str(text).strip()
    if not words or len(words) > MAX_CHARACTERS:
        message = Text(
            "{source}, {place}, column {column!r}: the text has {count} characters",
            **row.cell("text"),
            count=len(words),
        )
        advice = Text("give 1 to {maximum} characters", maximum=MAX_CHARACTERS)
        raise DataError(message, advice, row.field("text"))
    return TextEvent(start, end, words)


def _time(row: _Row, column: str, value: Any, is_end: bool = False) -> pd.Timestamp | None:
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
            "{source}, {place}, column {column!r}: {value!r} is not a local time in ISO 8601",
            **row.cell(column),
            value=text,
        )
        advice = Text("write it like 2024-05-07 or 2024-05-07 07:00")
        raise DataError(message, advice, row.field(column))
    return time + pd.Timedelta(days=1) if is_end and is_date else time
