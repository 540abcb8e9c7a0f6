"""Read JSON into a table: records, columns, one record per line, or any ``orient`` of `pandas.DataFrame.to_json`."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection
from functools import partial
from typing import Any

import pandas as pd

from timevis.data.read_options import DEFAULT_READ_OPTIONS, ReadOptions
from timevis.data.readers.header import to_utf8
from timevis.data.table import Table, check_unique_names, quote_cell
from timevis.data.timestamps.parse_times import looks_like_time
from timevis.errors import DataError
from timevis.messages import Text

SHAPE_ADVICE = Text('write records [{{"time": ..., "value": ...}}, ...] or columns {{"time": [...], "value": [...]}}')
CONTAINERS = {list, dict}
SURROGATE = re.compile(r"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<unpaired>\\u[dD][89a-fA-F]..)")
"""A half of a surrogate pair without the other; whole pairs and escaped backslashes match without the group."""


def read_json(raw: bytes, source: str, options: ReadOptions = DEFAULT_READ_OPTIONS) -> Table:
    """Read records, columns (as lists, or as objects with a key for each row), or JSON lines.

    If the keys of the rows are times, they become a column ``time``.

    Parameters
    ----------
    raw : bytes
    source : str
        Name of the file, for error messages.
    options : ReadOptions

    Raises
    ------
    DataError
        The file is not JSON (names row and column), an object has two values of one name, or the JSON does not have
        the shape of a table.
    """
    raw, notes = to_utf8(raw, source, options.encoding)
    text = raw.decode("utf-8")
    _check_surrogates(text, source)
    decoder = json.JSONDecoder(object_pairs_hook=partial(_unique_keys, source))
    try:
        content = _decode(decoder, text, source)
    except json.JSONDecodeError as error:
        content = _decode_lines(decoder, text, source, error)
    path: list[str] = []
    while isinstance(content, dict) and (key := _key_of_table(content)) is not None:
        content = content[key]
        path.append(key)
    if path:
        notes.append(Text("the table is read from the key {key}", code="note-key", key=" > ".join(map(repr, path))))
    frame = _to_frame(_keys_to_column(content, notes, source), source)
    return Table(frame, source, row_noun="record", notes=notes)


def _decode(decoder: json.JSONDecoder, text: str, location: str | Text) -> Any:
    try:
        return decoder.decode(text)
    except json.JSONDecodeError:
        raise
    except RecursionError as error:
        text_of_error = Text("{location}: lists or objects are nested too deeply", location=location)
        raise DataError(text_of_error, SHAPE_ADVICE) from error
    except ValueError as error:  # Python limits the digits of an integer
        message = Text("{location}: a number is too long ({reason})", location=location, reason=str(error))
        raise DataError(message, Text("write numbers such as 1.5 or 2e30")) from error


def _decode_lines(decoder: json.JSONDecoder, text: str, source: str, error: json.JSONDecodeError) -> list[Any]:
    """Records of a file with one JSON object per line; `error` is raised if the file is not of this kind."""
    lines = [(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) < 2 or not lines[0][1].rstrip().endswith("}"):
        message = Text(
            "{source}: not JSON at row {row}, column {position}: {reason}",
            source=source,
            row=error.lineno,
            position=error.colno,
            reason=error.msg,
        )
        raise DataError(message, SHAPE_ADVICE) from error
    records = []
    for number, line in lines:
        try:
            location = Text("{source}: row {row}", source=source, row=number)
            records.append(_decode(decoder, line.strip(), location))
        except json.JSONDecodeError as line_error:
            message = Text(
                "{source}: row {row} is not JSON: {reason}", source=source, row=number, reason=line_error.msg
            )
            raise DataError(message, SHAPE_ADVICE) from line_error
    return records


def _unique_keys(source: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of the pairs; raises a DataError if a key occurs twice."""
    content = dict(pairs)
    if len(content) < len(pairs):
        name, count = Counter(name for name, _ in pairs).most_common(1)[0]
        message = Text(
            "{source}: {count} values are named {name!r} in the object that begins with {first}",
            source=source,
            count=count,
            name=name,
            first=f"{pairs[0][0]!r}: {quote_cell(pairs[0][1])}",
        )
        raise DataError(message, Text("give each value in an object a different name"))
    return content


def _check_surrogates(text: str, source: str) -> None:
    """Raise a DataError for an escape such as ``\\ud800`` without its second half, which no text can contain."""
    if "\\u" not in text:
        return
    for found in SURROGATE.finditer(text):
        if not found["unpaired"]:
            continue
        message = Text(
            "{source}: row {row}, column {column}: {escape} is only half of a character",
            source=source,
            row=text.count("\n", 0, found.start()) + 1,
            column=found.start() - text.rfind("\n", 0, found.start()),
            escape=found[0],
        )
        raise DataError(message, Text("write the whole character, or leave it out"))


def _key_of_table(content: dict[str, Any]) -> str | None:
    """The key of the only table in an object that also contains metadata; None if the object itself is the table."""
    if CONTAINERS.isdisjoint(map(type, content.values())):
        return None
    if len(content) == 1 and _has_only(content, dict) and not _is_flat(content):
        return next(iter(content))
    tables = [
        key
        for key, value in content.items()
        if (isinstance(value, list) and value and isinstance(value[0], dict))
        or (isinstance(value, dict) and len(value) > 1 and _has_only(value, list))
    ]
    tables = tables or [k for k, v in content.items() if isinstance(v, dict) and _key_of_table(v) is not None]
    lists = [key for key, value in content.items() if isinstance(value, list)]
    return tables[0] if len(tables) == 1 and set(lists) <= set(tables) else None


def _has_only(content: dict[str, Any], kind: type) -> bool:
    return all(isinstance(value, kind) for value in content.values())


def _is_flat(content: dict[str, Any]) -> bool:
    """Whether the objects in an object contain neither lists nor objects."""
    return all(CONTAINERS.isdisjoint(map(type, value.values())) for value in content.values())


def _keys_to_column(content: Any, notes: list[Text], source: str) -> Any:
    """Turn keys of rows into a column ``time`` if they are times, and drop them if they are row numbers."""
    if isinstance(content, dict) and {"columns", "data"} <= set(content) <= {"columns", "data", "index"}:
        return _records_of_split(**content, notes=notes, source=source)
    if not isinstance(content, dict) or not content:
        return content
    if not any(isinstance(value, list | dict) for value in content.values()) and _are_times(content):
        content = {"value": content}
    if not _has_only(content, dict):
        return content
    rows = next(iter(content.values()))
    if _are_row_keys(content) and not _are_row_keys(rows):
        if not _are_times(content):
            return list(content.values())
        times, content = content, list(content.values())
    elif _are_times(rows) and "time" not in content:
        times = rows
    else:
        return content
    notes.append(Text("the keys of the rows are the column 'time'", code="note-keys-of-rows"))
    cells = [int(key) if key.isdecimal() else key for key in times]
    if isinstance(content, list):
        return [{"time": time} | record for time, record in zip(cells, content, strict=True)]
    return {"time": dict(zip(times, cells, strict=True))} | content


def _records_of_split(columns: Any, data: Any, notes: list[Text], source: str, index: Any = ()) -> list[Any]:
    """Records of JSON with ``orient="split"``; the index becomes a column unless it contains row numbers."""
    are_lists = isinstance(columns, list) and isinstance(data, list) and isinstance(index, list | tuple)
    if not are_lists or not all(isinstance(name, str | int | float) for name in columns):
        message = Text(
            "{source}: 'columns' is not a list of names, or 'data' or 'index' is not a list", source=source
        )
        raise DataError(message, SHAPE_ADVICE)
    names = [str(name) for name in columns]
    check_unique_names(names, source)
    for i, row in enumerate(data, 1):
        if not isinstance(row, list) or len(row) != len(names):
            message = Text(
                "{source}: record {record} of 'data' is not a list of {count} values",
                source=source,
                record=i,
                count=len(names),
            )
            raise DataError(message, SHAPE_ADVICE)
    records = [dict(zip(names, row, strict=True)) for row in data]
    are_times = _are_times([str(key) for key in index])
    if len(index) != len(data) or not (are_times or all(isinstance(key, str) for key in index)):
        return records
    name = "time" if are_times and "time" not in names else "index"
    notes.append(Text("the index is the column {name!r}", code="note-index", name=name))
    return [{name: key} | record for key, record in zip(index, records, strict=True)]


def _are_row_keys(keys: Collection[str]) -> bool:
    return all(map(str.isdecimal, keys)) or _are_times(keys)


def _are_times(keys: Collection[str]) -> bool:
    """Whether keys are times as text, or numbers of seconds, ms, us or ns since 1970."""
    if all(map(str.isdecimal, keys)):
        return bool(keys) and all(9 <= len(key) <= 19 for key in keys)
    return looks_like_time(pd.Series(list(keys), dtype=object))


def _to_frame(content: Any, source: str) -> pd.DataFrame:
    if isinstance(content, list):
        for i, record in enumerate(content, 1):
            if not isinstance(record, dict):
                message = Text(
                    "{source}: record {record} is not an object with named values", source=source, record=i
                )
                raise DataError(message, SHAPE_ADVICE)
        names: dict[str, Any] = {}
        for record in content:
            names.update(record)
        columns = {name: [record.get(name) for record in content] for name in names}
    elif isinstance(content, dict) and content and all(isinstance(v, list | dict) for v in content.values()):
        columns = {name: _column_cells(name, values, content, source) for name, values in content.items()}
        lengths = {name: len(cells) for name, cells in columns.items()}
        first, expected = next(iter(lengths.items()))
        for name, length in lengths.items():
            if length != expected:
                message = Text(
                    "{source}: column {column!r} has {length} values, column {first!r} has {expected}",
                    source=source,
                    column=name,
                    length=length,
                    first=first,
                    expected=expected,
                )
                raise DataError(message, SHAPE_ADVICE)
    else:
        message = Text("{source}: the JSON is neither records nor columns", source=source)
        raise DataError(message, SHAPE_ADVICE)
    for name, cells in columns.items():
        if not CONTAINERS.isdisjoint(map(type, cells)):
            number = next(i for i, cell in enumerate(cells, 1) if type(cell) in CONTAINERS)
            message = Text(
                "{source}: record {record}, column {column!r} contains a nested value",
                source=source,
                record=number,
                column=name,
            )
            raise DataError(message, SHAPE_ADVICE)
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    return frame.infer_objects()


def _column_cells(name: str, values: Any, columns: dict[str, Any], source: str) -> list[Any]:
    """The cells of a column; if rows have keys, in the order of the first such column, which must have all keys."""
    if isinstance(values, list):
        return values
    first, rows = next((n, v) for n, v in columns.items() if isinstance(v, dict))
    if differing := values.keys() ^ rows.keys():
        key = min(differing)
        present, absent = (name, first) if key in values else (first, name)
        message = Text(
            "{source}: column {present!r} has a row {key!r}, but column {absent!r} does not",
            source=source,
            present=present,
            key=key,
            absent=absent,
        )
        advice = Text("give every column the same rows, with null where there is no value")
        raise DataError(message, advice)
    return [values[key] for key in rows]
