"""Numbers written with a decimal comma, with separators between thousands, or with a typographic minus."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.readers.table import MISSING
from timevis.errors import AmbiguousDataError

POINT = re.compile(r"(?=.*\d)[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
COMMA = re.compile(r"(?=.*\d)[+-]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d*)(?:,\d+)?(?:[eE][+-]?\d+)?")
WHOLE = re.compile(r"[+-]?\d+")
BETWEEN_THOUSANDS = r"(?<=\d)[ \u00a0\u202f'’](?=\d{3})"
SAMPLE = 50


def decimal_mark(cells: Collection[str]) -> str | None:
    """The decimal mark that numbers among other cells show, ``point`` or ``comma``; None where they show none."""
    point = [bool(POINT.fullmatch(c)) for c in cells]
    comma = [bool(COMMA.fullmatch(c)) for c in cells]
    only_point = any(p and not c for p, c in zip(point, comma, strict=True))
    only_comma = any(c and not p for p, c in zip(point, comma, strict=True))
    return "point" if only_point else "comma" if only_comma else None


def either_way(cells: Collection[str]) -> str | None:
    """A number of a column that shows no decimal mark and may be a thousand: 1,250, or 1.250 beside 803.

    Points stand between thousands where the numbers without one have up to three digits, and some have three.
    """
    commas = [c for c in cells if "," in c and POINT.fullmatch(c)]
    points = [c for c in cells if "." in c and COMMA.fullmatch(c)]
    longest = max((len(c.lstrip("+-")) for c in cells if WHOLE.fullmatch(c)), default=0)
    return next(iter(commas + (points if longest == 3 else [])), None)


def written_numbers(frame: pd.DataFrame) -> list[np.ndarray]:
    """The distinct cells of each text column that holds numbers, judged by a sample of it."""
    filled = [frame[name].dropna() for name in frame.columns]
    texts = [cells for cells in filled if len(cells) and types.is_string_dtype(cells)]
    samples = [cells.iloc[:: max(1, len(cells) // SAMPLE)].str.strip() for cells in texts]
    number = [any(POINT.fullmatch(c) or COMMA.fullmatch(c) for c in sample) for sample in samples]
    return [cells.str.strip().unique() for cells, is_number in zip(texts, number, strict=True) if is_number]


def undecided(where: str, cell: str) -> AmbiguousDataError:
    """The error that asks for the decimal mark."""
    return AmbiguousDataError(
        f"{where}: the {'comma' if ',' in cell else 'point'} in numbers such as {cell!r} may be a decimal mark or a "
        "thousands separator",
        "say data.cleaning.decimal=comma or point, or write the numbers without separators",
    )


def read_separators(frame: pd.DataFrame, mark: str | None, notes: list[str], source: str) -> None:
    """Turn text columns in which every cell is such a number into numbers, in place, and say so.

    Beside other text, numbers with a decimal comma are read where they are most cells, so that the text is found.

    Parameters
    ----------
    frame : DataFrame
    mark : {"point", "comma"}, optional
        The decimal mark of the file, which decides where a column can be read either way.
    notes : list of str
    source : str
        Name of the file, for errors.

    Raises
    ------
    AmbiguousDataError
        Without `mark`, the points of a column may be decimal marks or stand between thousands; with such commas it
        stays text.
    """
    for name in frame.columns:
        column = frame[name]
        if types.is_numeric_dtype(column) or types.is_datetime64_any_dtype(column):
            continue
        filled = column.dropna()
        sample = filled.iloc[:: max(1, len(filled) // SAMPLE)]
        if not len(sample) or not all(isinstance(c, str) for c in sample):
            continue
        if mark != "comma" and not _all_numbers(_cells(sample)):
            continue
        if not all(isinstance(c, str) for c in filled):  # numbers beside text that were read before
            continue
        cells = _cells(filled)
        numbers = _numbers(cells, mark)
        if numbers is None:
            if mark == "comma":
                frame[name] = _numbers_beside_text(column, cells)
            if (cell := either_way(cells.unique())) and "." in cell and _all_numbers(cells):
                raise undecided(f"{source}: column {name!r}", cell)
            continue
        numbers = numbers.reindex(frame.index)
        odd = column[numbers.notna() & (pd.to_numeric(column, errors="coerce") != numbers)]
        if len(odd):
            notes.append(f"numbers such as {odd.iloc[0].strip()!r} in {name!r} are read as {numbers[odd.index[0]]}")
            frame[name] = numbers


def _numbers_beside_text(column: pd.Series, cells: pd.Series) -> pd.Series:
    """The column with its numbers with a decimal comma read, where they are at least half of its cells.

    Whole numbers alone may be names, and with numbers of another mark it stays text.
    """
    number = cells.str.fullmatch(COMMA)
    comma = cells[number].str.contains(",").any()
    if number.mean() < 0.5 or not comma or cells[~number].str.fullmatch(POINT).any():
        return column
    read = _numbers(cells[number], "comma")
    return column.astype(object).mask(column.index.isin(cells[number].index), read)


def _cells(text: pd.Series) -> pd.Series:
    """Cells that are not missing, with plain minus signs and without spaces or apostrophes between thousands."""
    text = text.astype(str).str.strip()
    return text[~text.isin(MISSING)].str.replace("−", "-").str.replace(BETWEEN_THOUSANDS, "", regex=True)


def _all_numbers(cells: pd.Series) -> bool:
    return bool(len(cells)) and bool((cells.str.fullmatch(POINT) | cells.str.fullmatch(COMMA)).all())


def _numbers(cells: pd.Series, mark: str | None) -> pd.Series | None:
    """Cells as numbers; None if one is not a number or may be two."""
    found: str | None = "comma"
    if mark != "comma" or not cells.str.fullmatch(COMMA).all():
        some = cells.iloc[:: max(1, len(cells) // SAMPLE)]
        found = decimal_mark(list(some)) or decimal_mark(cells.unique()) or mark
        found = found or (None if either_way(cells.unique()) else "point")
        if found is None or not cells.str.fullmatch(COMMA if found == "comma" else POINT).all():
            return None
    if found == "comma":
        return pd.to_numeric(cells.str.replace(".", "").str.replace(",", "."))
    return pd.to_numeric(cells.str.replace(",", ""))
