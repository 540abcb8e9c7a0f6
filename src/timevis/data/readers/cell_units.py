"""Numbers in cells of text, and their units: currencies, percent signs, the parentheses of negative amounts."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from timevis.data.table import Table
from timevis.errors import DataError
from timevis.messages import Text

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
                "other-unit-than-so-far",
                "{source}: the numbers of column {column!r} have the unit {unit}, but those so far have {earlier}",
                source=table.source,
                column=column,
                unit=unit,
                earlier=earlier,
            )
            raise DataError(message, Text("convert-unit", "convert them to {unit}", unit=earlier))


def begin_with_numbers(cells: pd.Series) -> bool:
    """Whether more than half of the cells, which are text, begin with a number, perhaps after a currency."""
    code, distinct = pd.factorize(cells)
    begins = np.array([_BEGINNING.match(cell) is not None for cell in distinct], bool)
    return bool(2 * begins[code].sum() > len(cells))
