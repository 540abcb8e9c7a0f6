"""Empty the cells of a user's file that mark a missing value by a word or number, such as "Bad Input" or -9999."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.quality.quality_report import MAX_LISTED_PLACES
from timevis.data.readers.number_format import parse_number_columns
from timevis.data.table import Table


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
