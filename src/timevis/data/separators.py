"""Numbers written with a decimal comma, with separators between thousands, or with a typographic minus."""

from __future__ import annotations

import re
from collections.abc import Collection

import pandas as pd
from pandas.api import types

from timevis.data.table import MISSING

POINT = re.compile(r"(?=.*\d)[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
COMMA = re.compile(r"(?=.*\d)[+-]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d*)(?:,\d+)?(?:[eE][+-]?\d+)?")
BETWEEN_THOUSANDS = r"(?<=\d)[ \u00a0\u202f'’](?=\d{3})"
SAMPLE = 50


def decimal_mark(cells: Collection[str]) -> str | None:
    """The decimal mark of numbers among other cells, ``.`` or ``,``; None where 1,250 may be one or a thousand."""
    point = [bool(POINT.fullmatch(c)) for c in cells]
    comma = [bool(COMMA.fullmatch(c)) for c in cells]
    only_point = any(p and not c for p, c in zip(point, comma, strict=True))
    only_comma = any(c and not p for p, c in zip(point, comma, strict=True))
    if only_point or only_comma:
        return "." if only_point else ","
    return None if any(p and "," in cell for p, cell in zip(point, cells, strict=True)) else "."


def read_separators(frame: pd.DataFrame, mark: str | None, notes: list[str]) -> None:
    """Turn text columns in which every cell is such a number into numbers, in place, and say so.

    Parameters
    ----------
    frame : DataFrame
    mark : {".", ","}, optional
        The decimal mark of the file, which decides where a column can be read either way; else it stays text.
    notes : list of str
    """
    for name in frame.columns:
        column = frame[name]
        if types.is_numeric_dtype(column) or types.is_datetime64_any_dtype(column):
            continue
        filled = column.dropna()
        sample = filled.iloc[:: max(1, len(filled) // SAMPLE)]
        if not len(sample) or not all(isinstance(c, str) for c in sample) or _numbers(sample, mark) is None:
            continue
        numbers = _numbers(filled, mark)
        if numbers is None:
            continue
        numbers = numbers.reindex(frame.index)
        odd = column[numbers.notna() & (pd.to_numeric(column, errors="coerce") != numbers)]
        if len(odd):
            notes.append(f"numbers such as {odd.iloc[0].strip()!r} in {name!r} are read as {numbers[odd.index[0]]}")
            frame[name] = numbers


def _numbers(text: pd.Series, mark: str | None) -> pd.Series | None:
    """Cells as numbers, without those that are missing; None if one is not a number or may be two."""
    text = text.astype(str).str.strip()
    text = text[~text.isin(MISSING)].str.replace("−", "-").str.replace(BETWEEN_THOUSANDS, "", regex=True)
    if not len(text):
        return None
    found: str | None = ","
    if mark != "," or not text.str.fullmatch(COMMA).all():
        some = text.iloc[:: max(1, len(text) // SAMPLE)]
        found = decimal_mark(list(some)) or decimal_mark(text.unique()) or mark
        if found is None or not text.str.fullmatch(COMMA if found == "," else POINT).all():
            return None
    if found == ",":
        return pd.to_numeric(text.str.replace(".", "").str.replace(",", "."))
    return pd.to_numeric(text.str.replace(",", ""))
