"""JSON tables: records, columns, or one record per line; what pandas writes with any orient."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection
from functools import partial
from typing import Any

import pandas as pd

from timevis.data.readers.table import Table, refuse_namesakes, short
from timevis.data.readers.text import to_utf8
from timevis.data.schema.timestamps import looks_like_time
from timevis.errors import DataError

SHAPES = 'write records [{"time": ..., "value": ...}, ...] or columns {"time": [...], "value": [...]}'
NESTED = {list, dict}
HALF = re.compile(r"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)")
"""Half of a character as JSON escapes it, in the group; whole ones and escaped backslashes are passed over."""


def read_json(raw: bytes, source: str, encoding: str | None = None) -> Table:
    """Read records, columns (lists, or objects keyed by row), or JSON lines.

    Rows that are keyed by times have them in a column ``time``.

    Raises
    ------
    DataError
        Not JSON (names line and column), a name stands twice in an object, or not of a shape that is a table.
    """
    raw, notes = to_utf8(raw, source, encoding)
    text = raw.decode("utf-8")
    _refuse_halves(text, source)
    decoder = json.JSONDecoder(object_pairs_hook=partial(_object, source))
    try:
        content = _decoded(decoder, text, source)
    except json.JSONDecodeError as error:
        content = _lines(decoder, text, source, error)
    keys: list[str] = []
    while isinstance(content, dict) and (key := _only_table(content)) is not None:
        content = content[key]
        keys.append(key)
    if keys:
        notes.append(f"read what stands under {', '.join(map(repr, keys))}")
    return Table(_frame(_by_column(content, notes, source), source), source, unit="record", notes=notes)


def _decoded(decoder: json.JSONDecoder, text: str, where: str) -> Any:
    try:
        return decoder.decode(text)
    except json.JSONDecodeError:
        raise
    except RecursionError as error:
        raise DataError(f"{where}: lists or objects are nested too deeply", SHAPES) from error
    except ValueError as error:  # of whole numbers, which Python reads up to some thousand digits
        raise DataError(f"{where}: a number is too long ({error})", "write numbers such as 1.5 or 2e30") from error


def _object(source: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        name, times = Counter(name for name, _ in pairs).most_common(1)[0]
        first = f"{pairs[0][0]!r}: {short(pairs[0][1])}"
        raise DataError(
            f"{source}: {times} values are named {name!r} in the object that begins with {first}",
            "give each value in an object a name of its own",
        )
    return found


def _refuse_halves(text: str, source: str) -> None:
    """Refuse an escape such as ``\\ud800`` without its other half, which no text can hold."""
    half = next(filter(None, (m[1] and m for m in HALF.finditer(text))), None) if "\\u" in text else None
    if half:
        at = half.start()
        row, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        raise DataError(
            f"{source}: row {row}, column {column}: {half[0]} is only half of a character",
            "write the whole character, or leave it out",
        )


def _only_table(content: dict[str, Any]) -> str | None:
    """The key that leads to the one table in an object, beside facts; None where it is one itself or has none."""
    if NESTED.isdisjoint(map(type, content.values())):
        return None
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
    return all(NESTED.isdisjoint(map(type, value.values())) for value in content.values())


def _by_column(content: Any, notes: list[str], source: str) -> Any:
    """Rows keyed by times, or rows in an object, as records or columns with the times; else unchanged."""
    if isinstance(content, dict) and {"columns", "data"} <= set(content) <= {"columns", "data", "index"}:
        return _from_split(**content, notes=notes, source=source)
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


def _from_split(columns: Any, data: Any, notes: list[str], source: str, index: Any = ()) -> list[Any]:
    """Records of what pandas writes with ``orient="split"``, with the index where it is more than row numbers."""
    lists = isinstance(columns, list) and isinstance(data, list) and isinstance(index, list | tuple)
    if not lists or not all(isinstance(name, str | int | float) for name in columns):
        raise DataError(f"{source}: 'columns' holds no list of names, or 'data' or 'index' no list", SHAPES)
    names = [str(name) for name in columns]
    refuse_namesakes(names, source)
    for i, row in enumerate(data, 1):
        if not isinstance(row, list) or len(row) != len(names):
            raise DataError(f"{source}: record {i} of 'data' is no list of {len(names)} values", SHAPES)
    records = [dict(zip(names, row, strict=True)) for row in data]
    times = _are_times([str(key) for key in index])
    if len(index) != len(data) or not (times or all(isinstance(key, str) for key in index)):
        return records
    name = "time" if times and "time" not in names else "index"
    notes.append(f"the index is the column {name!r}")
    return [{name: key} | record for key, record in zip(index, records, strict=True)]


def _are_rows(keys: Collection[str]) -> bool:
    return all(map(str.isdecimal, keys)) or _are_times(keys)


def _are_times(keys: Collection[str]) -> bool:
    """Whether keys are times: written out, or as numbers since 1970."""
    if all(map(str.isdecimal, keys)):
        return bool(keys) and all(9 <= len(key) <= 19 for key in keys)
    return looks_like_time(pd.Series(list(keys), dtype=object))


def _lines(decoder: json.JSONDecoder, text: str, source: str, error: json.JSONDecodeError) -> list[Any]:
    lines = [(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) < 2 or not lines[0][1].rstrip().endswith("}"):
        raise DataError(
            f"{source}: not JSON at row {error.lineno}, column {error.colno}: {error.msg}", SHAPES
        ) from error
    records = []
    for number, line in lines:
        try:
            records.append(_decoded(decoder, line.strip(), f"{source}: row {number}"))
        except json.JSONDecodeError as inner:
            raise DataError(f"{source}: row {number} is not JSON: {inner.msg}", SHAPES) from inner
    return records


def _frame(content: Any, source: str) -> pd.DataFrame:
    if isinstance(content, list):
        for i, record in enumerate(content, 1):
            if not isinstance(record, dict):
                raise DataError(f"{source}: record {i} is not an object with named values", SHAPES)
        names: dict[str, Any] = {}
        for record in content:
            names.update(record)
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
    for name, cells in columns.items():
        if not NESTED.isdisjoint(map(type, cells)):
            at = next(i for i, cell in enumerate(cells, 1) if type(cell) in NESTED)
            raise DataError(f"{source}: record {at}, column {name!r} holds a nested value", SHAPES)
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
