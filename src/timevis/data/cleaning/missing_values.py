"""Replace sentinel values of a user's file, such as "Bad Input" or -9999, by missing values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.cleaning.quality_report import MAX_LISTED_PLACES
from timevis.data.readers.number_format import parse_number_columns
from timevis.data.readers.table import Table


def clear_sentinels(table: Table, names: Sequence[str], sentinels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Empty the cells that hold a sentinel value, in place, and parse the remaining cells as numbers.

    Parameters
    ----------
    table : Table
    names : sequence of str
        Names of the columns.
    sentinels : sequence of str
        Content of a cell without surrounding blanks. A number also matches its other notations, such as -9999.0.

    Returns
    -------
    dict
        For each column with such cells: ``count``, ``cells`` (sentinel to count) and the first ``places``.
    """
    found = {}
    for name in names:
        was_empty, counts = table.frame[name].isna(), {}
        # text first: without it, the numbers with a decimal comma can be parsed
        for sentinel in sorted(sentinels, key=_is_number):
            is_sentinel = _matches(table.frame[name], sentinel)
            if is_sentinel.any():
                counts[sentinel] = int(is_sentinel.sum())
                column = table.frame[[name]].mask(is_sentinel[:, None])
                parse_number_columns(column, table.decimal, table.notes, table.source)
                table.frame[name] = column[name]
        if counts:
            cleared = np.flatnonzero(table.frame[name].isna() & ~was_empty)
            places = [table.row_label(int(i)) for i in cleared[:MAX_LISTED_PLACES]]
            found[name] = {"count": len(cleared), "cells": counts, "places": places}
    return found


def _to_number(sentinel: str) -> float:
    """The sentinel as a number; NaN if it is text."""
    try:
        return float(sentinel)
    except ValueError:
        return np.nan


def _is_number(sentinel: str) -> bool:
    return not np.isnan(_to_number(sentinel))


def _matches(column: pd.Series, sentinel: str) -> np.ndarray:
    """Which cells of a column hold the sentinel, bool [rows]; a boolean or a time never does."""
    value = _to_number(sentinel)
    if types.is_bool_dtype(column) or types.is_datetime64_any_dtype(column):
        return np.zeros(len(column), bool)
    if types.is_float_dtype(column):
        return column.to_numpy(na_value=np.nan) == column.dtype.type(value)
    if types.is_numeric_dtype(column):
        return column.to_numpy(np.float64, na_value=np.nan) == value
    text = column.astype("object").where(column.notna(), "").astype(str).str.strip()
    return ((text == sentinel) | (pd.to_numeric(text, errors="coerce") == value)).to_numpy()
