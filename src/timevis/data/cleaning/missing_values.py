"""Words and values, such as Bad Input or -9999, that mean "no value" in a user's file."""

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
    """Empty the cells of columns that are one of the sentinels, in place, and read what is left as numbers.

    Parameters
    ----------
    table : Table
    names : sequence of str
        The columns.
    sentinels : sequence of str
        Text as the cell has it, blanks around it aside; a number stands for every way to write it.

    Returns
    -------
    dict
        Per column with such cells: ``count``, ``cells`` (how many were which sentinel) and the first ``places``.
    """
    found = {}
    for name in names:
        before, cells = table.frame[name].isna(), {}
        for sentinel in sorted(sentinels, key=_has_value):  # a number with a decimal comma is one when words are gone
            hits = _equal(table.frame[name], sentinel)
            if hits.any():
                cells[sentinel] = int(hits.sum())
                part = table.frame[[name]].mask(hits[:, None])
                parse_number_columns(part, table.decimal, table.notes, table.source)
                table.frame[name] = part[name]
        if cells:
            at = np.flatnonzero(table.frame[name].isna() & ~before)
            places = [table.row_label(int(i)) for i in at[:MAX_LISTED_PLACES]]
            found[name] = {"count": len(at), "cells": cells, "places": places}
    return found


def _value(sentinel: str) -> float:
    """The number that a sentinel is; NaN for a word."""
    try:
        return float(sentinel)
    except ValueError:
        return np.nan


def _has_value(sentinel: str) -> bool:
    return not np.isnan(_value(sentinel))


def _equal(column: pd.Series, sentinel: str) -> np.ndarray:
    """Which cells of a column, bool [rows], are the sentinel; booleans and times are none."""
    value = _value(sentinel)
    if types.is_bool_dtype(column) or types.is_datetime64_any_dtype(column):
        return np.zeros(len(column), bool)
    if types.is_float_dtype(column):
        return column.to_numpy(na_value=np.nan) == column.dtype.type(value)
    if types.is_numeric_dtype(column):
        return column.to_numpy(np.float64, na_value=np.nan) == value
    text = column.astype("object").where(column.notna(), "").astype(str).str.strip()
    return ((text == sentinel) | (pd.to_numeric(text, errors="coerce") == value)).to_numpy()
