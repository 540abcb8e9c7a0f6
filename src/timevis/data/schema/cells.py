"""Which columns are numbers, and which cells stand for a missing value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.quality.quality_report import MAX_LISTED_PLACES
from timevis.data.readers.numbers import parse_number_columns
from timevis.data.table import EXAMPLE_OF_MISSING, MISSING_VALUES, Table, quote_cell
from timevis.errors import AmbiguousDataError, DataError
from timevis.messages import Setting, Text

NUMBER_ADVICE = Text(
    "write numbers like 1234.5, and leave a cell without a value empty, or name the text that marks it, such as "
    "'{missing}'; {decimal} sets whether 1,250 is 1.25 or 1250",
    missing=EXAMPLE_OF_MISSING,
    decimal=Setting("data.decimal"),
)
FLOAT32_MAX = float(np.finfo(np.float32).max)


def column_kind(column: pd.Series) -> str:
    """What a column contains: ``number``, ``boolean``, ``time``, ``text`` or ``empty``.

    A text column is ``number`` if at least half of its filled cells are numbers; the others are then errors.
    """
    if types.is_bool_dtype(column):
        return "boolean"
    if types.is_datetime64_any_dtype(column):
        return "time"
    if types.is_numeric_dtype(column):
        return "number" if column.notna().any() else "empty"
    filled = column.dropna()
    code, cells = pd.factorize(filled.astype(str))
    text = pd.Series(cells, dtype=str).str.strip()
    count = np.where(text.isin(MISSING_VALUES), 0, np.bincount(code, minlength=len(text)))
    if not count.any():
        return "empty"
    if all(isinstance(x, bool) for x in filled):
        return "boolean"
    if all(hasattr(x, "isoformat") for x in filled):
        return "time"
    is_number = pd.to_numeric(text, errors="coerce").notna()
    return "number" if 2 * count[is_number].sum() >= count.sum() else "text"


def to_numbers(table: Table, name: str) -> np.ndarray:
    """A column of numbers or booleans as float64 [rows], with NaN for missing cells.

    Raises
    ------
    DataError
        A cell is text, infinite, or too large for 32-bit floats; names file, row and column.
    """
    column = table.frame[name]
    if column_kind(column) == "boolean":
        column = column.astype("boolean")
    if types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        text = column.astype("object").where(column.notna(), "").astype(str).str.strip()
        is_missing = text.isin(MISSING_VALUES)
        values = pd.to_numeric(text.mask(is_missing), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = np.flatnonzero(np.isnan(values) & ~is_missing.to_numpy())
        if len(wrong):
            message = Text(
                "{source}: {place}, column {column!r} contains text{more}: {cell}",
                **table.cell(wrong[0], name),
                more=Text(" (as do {count} more cells)", count=len(wrong) - 1) if len(wrong) > 1 else "",
                cell=quote_cell(text.iloc[wrong[0]]),
            )
            raise AmbiguousDataError(message, NUMBER_ADVICE, "data.missing_values")
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(np.abs(values) > FLOAT32_MAX)
    if len(wrong):
        first = values[wrong[0]]
        more = Text(" (as are {count} more cells)", count=len(wrong) - 1)
        params = {**table.cell(wrong[0], name), "more": more if len(wrong) > 1 else ""}
        raise DataError(
            Text("{source}: {place}, column {column!r} is infinite{more}", **params)
            if np.isinf(first)
            else Text(
                "{source}: {place}, column {column!r} is too large ({value:g}){more}", value=float(first), **params
            ),
            Text(
                "leave the cell empty if it has no value, or name its content in {setting}",
                setting=Setting("data.missing_values"),
            ),
        )
    return values


def check_size(table: Table, name: str, numbers: np.ndarray) -> None:
    """Raise a DataError if 32-bit floats would round all numbers of a column to zero, or to a few digits."""
    largest = float(np.fmax.reduce(np.abs(numbers), initial=0))
    if 0 < largest < np.finfo(np.float32).tiny:
        message = Text(
            "{source}: column {column!r}: the largest value is {value:g}, too small for 32-bit floats",
            source=table.source,
            column=name,
            value=largest,
        )
        advice = Text(
            "multiply the column by a constant, or give it in a smaller unit, so that its values are around 1"
        )
        raise DataError(message, advice)


def check_precision(
    table: Table, name: str, values: np.ndarray, series_code: np.ndarray, series_names: tuple[str, ...]
) -> None:
    """Raise a DataError if 32-bit floats would round away how a column changes from row to row.

    That is, if for a series the median change is less than four times the median rounding error, which is about one
    step of a 32-bit float. Changes in the last digits of a 64-bit float do not count.

    Parameters
    ----------
    table : Table
    name : str
    values : float64 [rows]
        In the order of the series, and of the times in a series.
    series_code : int64 [rows]
    series_names : tuple of str
    """
    rounding = np.abs(values - values.astype(np.float32))
    for code, rows in zip(*_runs_of(series_code), strict=True):
        observed = np.flatnonzero(np.isfinite(values[rows]))
        observed_values, rounded = values[rows][observed], rounding[rows][observed]
        if not rounded.any():
            continue
        changes = np.abs(np.diff(observed_values))
        changes = changes[changes > 1e-12 * np.abs(observed_values).max()]
        if len(changes) and np.median(changes) < 4 * np.median(rounded):
            message = Text(
                "{source}: column {column!r}{series} changes by {change:g} from row to row around {value:g}, too "
                "finely for 32-bit floats",
                source=table.source,
                column=name,
                series=of_series(series_names[code]) if len(series_names) > 1 else "",
                change=float(np.median(changes)),
                value=float(np.median(observed_values)),
            )
            advice = Text(
                "subtract a constant from the column, for example its first value, or take differences; or leave it "
                "out with {setting}",
                setting=Setting("data.target"),
            )
            raise DataError(message, advice, "data.target")


def of_series(name: str) -> Text:
    """The series that an error is about, for the middle of a sentence."""
    return Text(" of series {name!r}", name=name)


def _runs_of(codes: np.ndarray) -> tuple[list[int], list[slice]]:
    """The code of each block of equal codes that follow each other, and the rows of the block."""
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    stops = np.append(starts[1:], len(codes))
    return codes[starts].tolist(), [slice(a, b) for a, b in zip(starts.tolist(), stops.tolist(), strict=True)]


def clear_missing_values(
    table: Table, names: Sequence[str], missing_values: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Empty the cells that mark a missing value, in place, and parse the remaining cells as numbers.

    Parameters
    ----------
    table : Table
    names : sequence of str
        Names of the columns.
    missing_values : sequence of str
        Content of a cell without surrounding blanks. A number also matches its other notations, such as -9999.0.

    Returns
    -------
    dict
        For each column with such cells: ``count``, ``cells`` (content to count) and the first ``places``.
    """
    cleared = {}
    for name in names:
        was_empty, counts = table.frame[name].isna(), {}
        # text first: without it, the numbers with a decimal comma can be parsed
        for missing_value in sorted(missing_values, key=_is_number):
            is_missing = _matches(table.frame[name], missing_value)
            if is_missing.any():
                counts[missing_value] = int(is_missing.sum())
                column = table.frame[[name]].mask(is_missing[:, None])
                units = parse_number_columns(column, table.decimal, table.notes, table.source)
                table.units = units | table.units
                table.frame[name] = column[name]
        if counts:
            rows = np.flatnonzero(table.frame[name].isna() & ~was_empty)
            places = [table.row_label(int(i)) for i in rows[:MAX_LISTED_PLACES]]
            cleared[name] = {"count": len(rows), "cells": counts, "places": places}
    return cleared


def _to_number(text: str) -> float:
    """The text as a number; NaN if it is none."""
    try:
        return float(text)
    except ValueError:
        return np.nan


def _is_number(text: str) -> bool:
    return not np.isnan(_to_number(text))


def _matches(column: pd.Series, missing_value: str) -> np.ndarray:
    """Which cells of a column have this content, bool [rows]; a boolean or a time never does."""
    value = _to_number(missing_value)
    if types.is_bool_dtype(column) or types.is_datetime64_any_dtype(column):
        return np.zeros(len(column), bool)
    if types.is_float_dtype(column):
        return column.to_numpy(na_value=np.nan) == column.dtype.type(value)
    if types.is_numeric_dtype(column):
        return column.to_numpy(np.float64, na_value=np.nan) == value
    text = column.astype("object").where(column.notna(), "").astype(str).str.strip()
    return ((text == missing_value) | (pd.to_numeric(text, errors="coerce") == value)).to_numpy()
