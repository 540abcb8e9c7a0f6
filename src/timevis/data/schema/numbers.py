"""Numbers out of table columns, with the place of whatever is not one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.readers.table import MISSING, Table, short
from timevis.errors import AmbiguousDataError, DataError

NUMBERS = (
    "write numbers like 1234.5, and leave the cell empty where there is no value, or name what stands there instead, "
    "such as 'data.cleaning.missing=[\"Bad Input\",-9999]'; data.cleaning.decimal says whether 1,250 is a thousand"
)
FLOAT32_MAX = float(np.finfo(np.float32).max)


def kind_of(column: pd.Series) -> str:
    """What a column holds: ``number``, ``boolean``, ``time``, ``text`` or ``empty``.

    A column of text of which at least half the cells are numbers is ``number``: its other cells are mistakes.
    """
    if types.is_bool_dtype(column):
        return "boolean"
    if types.is_datetime64_any_dtype(column):
        return "time"
    if types.is_numeric_dtype(column):
        return "number" if column.notna().any() else "empty"
    filled = column.dropna()
    text = filled.astype(str).str.strip()
    text = text[~text.isin(MISSING)]
    if not len(text):
        return "empty"
    if all(isinstance(x, bool) for x in filled):
        return "boolean"
    if all(hasattr(x, "isoformat") for x in filled):
        return "time"
    good = pd.to_numeric(text, errors="coerce").notna().sum()
    return "number" if 2 * good >= len(text) else "text"


def to_numbers(table: Table, name: str) -> np.ndarray:
    """A column of numbers or booleans as float64 [rows], NaN where a cell is missing.

    Raises
    ------
    DataError
        A cell is text, infinite, or too large for 32-bit floats; names file, row and column.
    """
    column = table.frame[name]
    if kind_of(column) == "boolean":
        column = column.astype("boolean")
    if types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        text = column.astype("object").where(column.notna(), "").astype(str).str.strip()
        missing = text.isin(MISSING)
        values = pd.to_numeric(text.mask(missing), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        bad = np.flatnonzero(np.isnan(values) & ~missing.to_numpy())
        if len(bad):
            more = f" ({len(bad) - 1} more cells do)" if len(bad) > 1 else ""
            where = f"{table.source}: {table.place(bad[0])}, column {name!r}"
            raise AmbiguousDataError(f"{where} holds text{more}: {short(text.iloc[bad[0]])}", NUMBERS)
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(np.abs(values) > FLOAT32_MAX)
    if len(bad):
        what = "is infinite" if np.isinf(values[bad[0]]) else f"is too large ({values[bad[0]]:g})"
        raise DataError(
            f"{table.source}: {table.place(bad[0])}, column {name!r} {what}"
            + (f" (so are {len(bad) - 1} more cells)" if len(bad) > 1 else ""),
            "leave the cell empty where there is no value, or name it in data.cleaning.missing",
        )
    return values


def check_precision(table: Table, name: str, values: np.ndarray) -> None:
    """Refuse a column whose variation 32-bit floats would round away.

    Raises
    ------
    DataError
        Fewer than 100 steps of a 32-bit float lie between the least and the greatest value.
    """
    low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    step = max(abs(low), abs(high)) * np.finfo(np.float32).eps
    if 0 < high - low < 100 * step:
        raise DataError(
            f"{table.source}: column {name!r} varies by {high - low:g} around {low:g}, too finely for 32-bit floats",
            "subtract a constant from the column, for example its first value, or take differences",
        )
