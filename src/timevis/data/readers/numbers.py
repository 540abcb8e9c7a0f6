"""Numbers in cells: decimal marks, groups, currencies and units."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.table import MISSING_VALUES, Table
from timevis.errors import AmbiguousDataError, DataError
from timevis.messages import Setting, Text

POINT_NUMBER = re.compile(r"(?=.*\d)[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
COMMA_NUMBER = re.compile(r"(?=.*\d)[+-]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d*)(?:,\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
CODE_TEXT = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR
ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV
WST XAF XCD XOF XPF YER ZAR ZMW ZWG RMB CNH
"""
CODES = frozenset(CODE_TEXT.split())
"""ISO 4217; written in capitals, since words such as all and top are codes too."""
CODE_OF_SIGN = {
    **dict.fromkeys(("€", "eur", "Euro", "euro", "Euros", "euros"), "EUR"),
    **dict.fromkeys(("£", "gbp"), "GBP"),
    **dict.fromkeys(("US$", "usd"), "USD"),
    **dict.fromkeys(("Fr.", "Fr", "SFr.", "sFr.", "chf"), "CHF"),
    **dict.fromkeys(("A$", "AU$"), "AUD"),
    **dict.fromkeys(("C$", "CA$"), "CAD"),
    **dict.fromkeys(("RMB", "CN¥", "元"), "CNY"),
    **dict.fromkeys(("JP¥", "円"), "JPY"),
    **dict.fromkeys(("₽", "руб.", "руб"), "RUB"),
    **dict.fromkeys(("₹", "Rs.", "Rs"), "INR"),
    **dict.fromkeys(("₩", "원"), "KRW"),
    **dict.fromkeys(("kr.", "kr", "Kr.", "Kr"), "kr"),
    **dict.fromkeys(("¥", "￥"), "¥"),
    **dict.fromkeys(("$", "＄"), "$"),
    **{"HK$": "HKD", "NZ$": "NZD", "S$": "SGD", "R$": "BRL", "NT$": "TWD", "MX$": "MXN", "₪": "ILS", "₫": "VND"},
    **{"zł": "PLN", "Kč": "CZK", "Ft": "HUF", "lei": "RON", "лв.": "BGN", "лв": "BGN", "₺": "TRY", "₴": "UAH"},
    **{"₱": "PHP", "฿": "THB", "₦": "NGN", "₸": "KZT", "₾": "GEL", "₡": "CRC", "₲": "PYG", "RM": "MYR"},
}
"""A sign that several currencies have, such as $ and kr, stands for itself."""
PERCENT, PER_MILLE = "%", "‰"
NAME_OF_PERCENT = {"%": PERCENT, "％": PERCENT, "﹪": PERCENT, "‰": PER_MILLE}
_SPELLINGS = sorted({*CODES, *CODE_OF_SIGN, *NAME_OF_PERCENT}, key=lambda spelling: (-len(spelling), spelling))
_UNIT = "|".join(map(re.escape, _SPELLINGS))
_CELL = re.compile(
    rf"(?P<first>{_UNIT})?\s*(?P<open>\()?\s*(?P<sign>[+-])?\s*(?P<before>{_UNIT})?\s*(?P<inner>[+-])?\s*"
    rf"(?P<number>[0-9.,]+(?:[eE][+-]?[0-9]+)?)\s*(?P<after>{_UNIT})?\s*(?P<close>\))?\s*(?P<trailing>-)?\s*"
    rf"(?P<last>{_UNIT})?"
)
_BEGINNING = re.compile(rf"[(\s+\u2212-]*(?:{_UNIT})?[\s(+\u2212-]*[.,]?[0-9]")


def split_unit(cell: str) -> tuple[str, str] | None:
    """The number of a cell and its unit as it is written; None if the cell is anything else.

    The number is text as in the cell, with a minus sign in front for ``(12.30)`` and ``12.30-``; the unit is empty if
    there is none. Blanks between digits must have been removed.
    """
    found = _CELL.fullmatch(cell)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    if not (POINT_NUMBER.fullmatch(found["number"]) or COMMA_NUMBER.fullmatch(found["number"])):
        return None
    units = [found[place] for place in ("first", "before", "after", "last") if found[place]]
    signs = [found[place] for place in ("sign", "inner", "trailing", "open") if found[place]]
    if len(units) > 1 or len(signs) > 1:
        return None
    return ("-" if signs and signs != ["+"] else "") + found["number"], units[0] if units else ""


def name_of_unit(spelling: str) -> str:
    """One name for the spellings of a unit: the code of a currency, or its sign if several have it; or a percent."""
    return CODE_OF_SIGN.get(spelling, NAME_OF_PERCENT.get(spelling, spelling))


def numbers_with_units(cells: pd.Series) -> tuple[pd.Series, list[str]] | None:
    """The numbers of a column as text, without their units, and the units.

    Parameters
    ----------
    cells : Series of str
        Cells that are not missing, without blanks between digits.

    Returns
    -------
    numbers : Series of str
        Of the cells that are numbers.
    units : list of str
        As they are written where they occur first, a spelling for each unit. Beside percentages, a number without a
        percent sign has a unit of its own, the empty text, unless it is zero: 0.5 may be 50 % or 0.5 %.
        None if less than half of the cells are numbers, or no number has a unit, parentheses or a minus behind it.
    """
    code, distinct = pd.factorize(cells)
    split = [split_unit(cell) for cell in distinct]
    is_number = np.array([part is not None for part in split], bool)[code]
    if 2 * is_number.sum() < len(cells) or all(p is None or p[0] == c for p, c in zip(split, distinct, strict=True)):
        return None
    parts = [part for part in split if part is not None]
    spellings: dict[str, str] = {}
    for _, unit in parts:
        if unit:
            spellings.setdefault(name_of_unit(unit), unit)
    if spellings.keys() & {PERCENT, PER_MILLE} and any(not unit and number.strip("+-0.,") for number, unit in parts):
        spellings[""] = ""
    numbers = pd.Series([part[0] if part else "" for part in split], dtype="str").take(code).set_axis(cells.index)
    return numbers[is_number], list(spellings.values())


def check_same_units(table: Table, units: Mapping[str, str]) -> None:
    """Raise a DataError if a column of a new file has another currency than the data so far, or a percent sign.

    Parameters
    ----------
    table : Table
        Of the new file.
    units : mapping
        Column to unit in the data so far, which may be a text of the user.
    """
    for column, unit in table.units.items():
        earlier = units.get(column, unit)
        if {unit, earlier} <= set(_SPELLINGS) and name_of_unit(unit) != name_of_unit(earlier):
            message = Text(
                "{source}: the numbers of column {column!r} have the unit {unit}, but those so far have {earlier}",
                source=table.source,
                column=column,
                unit=unit,
                earlier=earlier,
            )
            raise DataError(message, Text("convert them to {unit}", unit=earlier))


def begin_with_numbers(cells: pd.Series) -> bool:
    """Whether more than half of the cells, which are text, begin with a number, perhaps after a currency."""
    code, distinct = pd.factorize(cells)
    begins = np.array([_BEGINNING.match(cell) is not None for cell in distinct], bool)
    return bool(2 * begins[code].sum() > len(cells))


INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
MARK_NAMES = {"comma": Text("comma"), "point": Text("point")}
THOUSANDS_SEPARATOR = r"(?<=\d)[ \u00a0\u2009\u202f'’](?=\d{3})"
SAMPLE_CELLS = 50


def find_decimal_mark(cells: Collection[str]) -> str | None:
    """The decimal mark of the numbers among the cells, ``point`` or ``comma``; None if both are possible."""
    is_point = [bool(POINT_NUMBER.fullmatch(c)) for c in cells]
    is_comma = [bool(COMMA_NUMBER.fullmatch(c)) for c in cells]
    only_point = any(p and not c for p, c in zip(is_point, is_comma, strict=True))
    only_comma = any(c and not p for p, c in zip(is_point, is_comma, strict=True))
    return "point" if only_point else "comma" if only_comma else None


def ambiguous_number(cells: Collection[str]) -> str | None:
    """The first number of a column whose mark may be a decimal mark or a thousands separator; None if there is none.

    It is used only if `find_decimal_mark` finds no mark. A comma (1,250) is always ambiguous. A point (1.250) is
    ambiguous only if the longest number without a mark has three digits, such as 803.
    """
    commas = [c for c in cells if "," in c and POINT_NUMBER.fullmatch(c)]
    points = [c for c in cells if "." in c and COMMA_NUMBER.fullmatch(c)]
    max_digits = max((len(c.lstrip("+-")) for c in cells if INTEGER.fullmatch(c)), default=0)
    return next(iter(commas + (points if max_digits == 3 else [])), None)


def number_cells(frame: pd.DataFrame) -> list[np.ndarray]:
    """The distinct cells of each text column that contains numbers, judged by a sample of its cells.

    Of a column whose numbers have units, only the numbers are given, without their units.
    """
    numeric = [types.is_numeric_dtype(dtype) for dtype in frame.dtypes]
    filled = [frame[name].dropna() for name, skip in zip(frame.columns, numeric, strict=True) if not skip]
    texts = [cells for cells in filled if len(cells) and types.is_string_dtype(cells)]
    numbers = []
    for cells in texts:
        sample = _sample(cells).str.strip()
        if any(POINT_NUMBER.fullmatch(c) or COMMA_NUMBER.fullmatch(c) for c in sample):
            numbers.append(cells.str.strip().unique())
        elif numbers_with_units(plain_cells(sample)) and (found := numbers_with_units(plain_cells(cells))):
            numbers.append(found[0].unique())
    return numbers


def _sample(cells: pd.Series) -> pd.Series:
    return cells.iloc[:: max(1, len(cells) // SAMPLE_CELLS)]


def ambiguous_mark_error(source: str, cell: str, column: str | None = None) -> AmbiguousDataError:
    """The error that asks the user for the decimal mark."""
    message = Text(
        "{source}{column}: the {mark} in numbers such as {cell!r} may be a decimal mark or a thousands separator",
        source=source,
        column="" if column is None else Text(": column {column!r}", column=column),
        mark=MARK_NAMES["comma" if "," in cell else "point"],
        cell=cell,
    )
    advice = Text(
        "set {setting} to comma or point, or write the numbers without thousands separators",
        setting=Setting("data.decimal"),
    )
    return AmbiguousDataError(message, advice, "data.decimal")


def parse_number_columns(frame: pd.DataFrame, decimal: str | None, notes: list[Text], source: str) -> dict[str, str]:
    """Turn text columns in which every cell is a number into numbers, in place, and add a note for each.

    If the decimal mark is a comma, or numbers have a unit, a column with other text is also parsed where at least
    half of its cells are numbers, so that later checks name the other cells. A column with several units stays text.

    Parameters
    ----------
    frame : DataFrame
    decimal : {"point", "comma"}, optional
        The decimal mark of the file, for columns that do not show their own.
    notes : list of Text
    source : str
        Name of the file, for error messages.

    Returns
    -------
    dict
        Column to unit, for the numbers with a unit.

    Raises
    ------
    AmbiguousDataError
        `decimal` is None and the points of a column may be decimal marks or thousands separators. (A column with
        such commas stays text.)
    """
    units: dict[str, str] = {}
    for name, dtype in frame.dtypes.items():
        if types.is_numeric_dtype(dtype) or types.is_datetime64_any_dtype(dtype):
            continue
        column = frame[name]
        filled = column.dropna()
        sample = _sample(filled)
        if not len(sample) or not all(isinstance(c, str) for c in sample):
            continue
        plain_sample = plain_cells(sample)
        if decimal != "comma" and not _all_numbers(plain_sample) and not numbers_with_units(plain_sample):
            continue
        if not all(isinstance(c, str) for c in filled):  # the reader already parsed some cells
            continue
        whole = cells = plain_cells(filled)
        numbers = _to_numbers(cells, decimal)
        if numbers is None and (found := numbers_with_units(cells)) and len(found[1]) <= 1:
            cells, unit = found[0], "".join(found[1])
            numbers = _to_numbers(cells, decimal)
            if unit and numbers is not None:
                units[str(name)] = unit
        if numbers is None:
            if decimal == "comma":
                frame[name] = _parse_numbers_among_text(column, whole)
            if (cell := ambiguous_number(cells.unique())) and "." in cell and _all_numbers(cells):
                raise ambiguous_mark_error(source, cell, str(name))
            continue
        numbers = numbers.reindex(frame.index)
        changed = column[numbers.notna() & (pd.to_numeric(column, errors="coerce") != numbers)]
        if len(changed):
            notes.append(
                _note(str(name), changed.iloc[0].strip(), str(numbers[changed.index[0]]), units.get(str(name)))
            )
            has_text = len(cells) < len(whole)
            frame[name] = column.astype(object).mask(numbers.notna(), numbers) if has_text else numbers
    return units


def _note(column: str, cell: str, number: str, unit: str | None) -> Text:
    if unit:
        return Text(
            "numbers such as {cell!r} in {column!r} are read as {number} with the unit {unit}",
            code="note-numbers-with-unit",
            cell=cell,
            column=column,
            number=number,
            unit=unit,
        )
    return Text(
        "numbers such as {cell!r} in {column!r} are read as {number}",
        code="note-numbers",
        cell=cell,
        column=column,
        number=number,
    )


def _parse_numbers_among_text(column: pd.Series, cells: pd.Series) -> pd.Series:
    """Parse the numbers with a decimal comma if at least half of the cells are such numbers, else return the text.

    A column stays text if no cell has a comma, as its numbers may be names, or if a number has a decimal point.
    """
    is_number = cells.str.fullmatch(COMMA_NUMBER)
    has_comma = cells[is_number].str.contains(",").any()
    if is_number.mean() < 0.5 or not has_comma or cells[~is_number].str.fullmatch(POINT_NUMBER).any():
        return column
    numbers = _to_numbers(cells[is_number], "comma")
    return column.astype(object).mask(column.index.isin(cells[is_number].index), numbers)


def plain_cells(text: pd.Series) -> pd.Series:
    """Cells that are not missing, with ASCII minus signs and without spaces or apostrophes between thousands."""
    text = text.astype(str).str.strip()
    return text[~text.isin(MISSING_VALUES)].str.replace("−", "-").str.replace(THOUSANDS_SEPARATOR, "", regex=True)


def _all_numbers(cells: pd.Series) -> bool:
    return bool(len(cells)) and bool((cells.str.fullmatch(POINT_NUMBER) | cells.str.fullmatch(COMMA_NUMBER)).all())


def _to_numbers(cells: pd.Series, decimal: str | None) -> pd.Series | None:
    """Cells as numbers; None if a cell is not a number or its mark is ambiguous."""
    mark: str | None = "comma"
    if decimal != "comma" or not cells.str.fullmatch(COMMA_NUMBER).all():
        sample = cells.iloc[:: max(1, len(cells) // SAMPLE_CELLS)]
        mark = find_decimal_mark(list(sample)) or find_decimal_mark(cells.unique()) or decimal
        mark = mark or (None if ambiguous_number(cells.unique()) else "point")
        if mark is None or not cells.str.fullmatch(COMMA_NUMBER if mark == "comma" else POINT_NUMBER).all():
            return None
    if mark == "comma":
        return pd.to_numeric(cells.str.replace(".", "").str.replace(",", "."))
    return pd.to_numeric(cells.str.replace(",", ""))
