"""JSON tables: records, columns, or one record per line; what pandas writes with any orient."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

from timevis.data.table import Table
from timevis.data.text_table import to_utf8
from timevis.data.timestamps import looks_like_time
from timevis.errors import DataError

SHAPES = 'write records [{"time": ..., "value": ...}, ...] or columns {"time": [...], "value": [...]}'


def read_json(raw: bytes, source: str, encoding: str | None = None) -> Table:
    """Read records, columns (lists, or objects keyed by row), or JSON lines.

    Rows that are keyed by times have them in a column ``time``.

    Raises
    ------
    DataError
        Not JSON (names line and column), or not of a shape that is a table.
    """
    raw, notes = to_utf8(raw, source, encoding)
    text = raw.decode("utf-8")
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        content = _lines(text, source, error)
    keys: list[str] = []
    while isinstance(content, dict) and (key := _only_table(content)) is not None:
        content = content[key]
        keys.append(key)
    if keys:
        notes.append(f"read what stands under {', '.join(map(repr, keys))}")
    return Table(_frame(_by_column(content, notes), source), source, unit="record", notes=notes)


def _only_table(content: dict[str, Any]) -> str | None:
    """The key that leads to the one table in an object, beside facts; None where it is one itself or has none."""
    if len(content) == 1 and _holds(content, dict) and not _is_flat(content):
        return next(iter(content))
    tables = [
        key
        for key, value in content.items()
        if (isinstance(value, list) and value and isinstance(value[0], dict))
        or (isinstance(value, dict) and len(value) > 1 and _holds(value, list))
    ]
    tables = tables or [k for k, v in content.items() if isinstance(v, dict) and _only_table(v) is not None]
    lists = [key for key, value in content.items() if isinstance(value, list)]
    return tables[0] if len(tables) == 1 and set(lists) <= set(tables) else None


def _holds(content: dict[str, Any], kind: type) -> bool:
    return all(isinstance(value, kind) for value in content.values())


def _is_flat(content: dict[str, Any]) -> bool:
    """Whether the objects in an object hold nothing but single values."""
    return not any(isinstance(cell, list | dict) for value in content.values() for cell in value.values())


def _by_column(content: Any, notes: list[str]) -> Any:
    """Rows keyed by times, or rows in an object, as records or columns with the times; else unchanged."""
    if isinstance(content, dict) and {"columns", "data"} <= set(content) <= {"columns", "data", "index"}:
        return _from_split(**content, notes=notes)
    if not isinstance(content, dict) or not content:
        return content
    if not any(isinstance(value, list | dict) for value in content.values()) and _are_times(content):
        content = {"value": content}
    if not _holds(content, dict):
        return content
    rows = next(iter(content.values()))
    if _are_rows(content) and not _are_rows(rows):
        if not _are_times(content):
            return list(content.values())
        times, content = content, list(content.values())
    elif _are_times(rows) and "time" not in content:
        times = rows
    else:
        return content
    notes.append("the keys of the rows are the column 'time'")
    cells = [int(key) if key.isdecimal() else key for key in times]
    if isinstance(content, list):
        return [{"time": time} | record for time, record in zip(cells, content, strict=True)]
    return {"time": dict(zip(times, cells, strict=True))} | content


def _from_split(columns: list[str], data: list[list[Any]], notes: list[str], index: Sequence[Any] = ()) -> list[Any]:
    """Records of what pandas writes with ``orient="split"``, with the index where it is more than row numbers."""
    records = [dict(zip(columns, row, strict=False)) for row in data]
    times = _are_times([str(key) for key in index])
    if len(index) != len(data) or not (times or all(isinstance(key, str) for key in index)):
        return records
    name = "time" if times and "time" not in columns else "index"
    notes.append(f"the index is the column {name!r}")
    return [{name: key} | record for key, record in zip(index, records, strict=True)]


def _are_rows(keys: Collection[str]) -> bool:
    return all(map(str.isdecimal, keys)) or _are_times(keys)


def _are_times(keys: Collection[str]) -> bool:
    """Whether keys are times: written out, or as numbers since 1970."""
    if all(map(str.isdecimal, keys)):
        return bool(keys) and all(9 <= len(key) <= 19 for key in keys)
    return looks_like_time(pd.Series(list(keys), dtype=object))


def _lines(text: str, source: str, error: json.JSONDecodeError) -> list[Any]:
    lines = [(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) < 2 or not lines[0][1].rstrip().endswith("}"):
        raise DataError(
            f"{source}: not JSON at row {error.lineno}, column {error.colno}: {error.msg}", SHAPES
        ) from error
    records = []
    for number, line in lines:
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError as inner:
            raise DataError(f"{source}: row {number} is not JSON: {inner.msg}", SHAPES) from inner
    return records


def _frame(content: Any, source: str) -> pd.DataFrame:
    if isinstance(content, list):
        for i, record in enumerate(content):
            if not isinstance(record, dict):
                raise DataError(f"{source}: record {i + 1} is not an object with named values", SHAPES)
            for key, value in record.items():
                if isinstance(value, list | dict):
                    raise DataError(f"{source}: record {i + 1}, column {key!r} holds a nested value", SHAPES)
        names = list(dict.fromkeys(key for record in content for key in record))
        columns = {name: [record.get(name) for record in content] for name in names}
    elif isinstance(content, dict) and content and all(isinstance(v, list | dict) for v in content.values()):
        columns = {name: _column(name, values, content, source) for name, values in content.items()}
        lengths = {k: len(v) for k, v in columns.items()}
        first, size = next(iter(lengths.items()))
        for name, length in lengths.items():
            if length != size:
                raise DataError(f"{source}: column {name!r} has {length} values, column {first!r} has {size}", SHAPES)
    else:
        raise DataError(f"{source}: the JSON is neither records nor columns", SHAPES)
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    return frame.infer_objects()


def _column(name: str, values: Any, columns: dict[str, Any], source: str) -> list[Any]:
    """The cells of a column; keyed ones in the order of the first keyed column, which has to have the same keys."""
    if isinstance(values, list):
        return values
    first, rows = next((n, v) for n, v in columns.items() if isinstance(v, dict))
    if odd := values.keys() ^ rows.keys():
        key = min(odd)
        here, there = (name, first) if key in values else (first, name)
        raise DataError(
            f"{source}: column {here!r} has a row {key!r}, column {there!r} has none",
            "give every column the same rows, with null where there is no value",
        )
    return [values[key] for key in rows]
