"""Units that stand in a column name, such as ``power (kW)`` or ``flow [l/s]``."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_UNIT_CHARACTERS = 20
ENDING = re.compile(r"\S\s*(?:\[(?P<square>[^\[\]]+)\]|\((?P<round>[^()]+)\))\s*$")
SYMBOL_TEXT = """
W kW MW GW TW VA kVA MVA var kvar Mvar Wh kWh MWh GWh TWh J kJ MJ GJ V mV kV A mA kA Hz kHz MHz Ohm
Pa hPa kPa MPa bar mbar psi atm N kN Nm °C °F C F K % ‰ m mm cm km dm mi ft in nm m2 m² m3 m³ km2 km² ha
l L ml mL dl gal g mg µg ug kg t lb oz mol s ms µs us min h hr d day week month yr a rpm mph kmh kph kn kt
dB dBm dBA lx lm cd ppm ppb pH NTU S mS µS EUR USD GBP CNY RMB JPY CHF € $ £ ¥ ct veh vehicles cars pcs
units count persons people passengers items orders calls clicks bit byte B kB MB GB Mbit Gbit
"""
SYMBOLS = frozenset(SYMBOL_TEXT.split())
"""What counts as a unit in round brackets, which may also hold remarks such as ``(max)``."""


def units_of_names(names: Iterable[str]) -> dict[str, str]:
    """Column to unit, for the names that end with a unit in brackets; the names stay as they are."""
    units = {name: unit_of_name(name) for name in names}
    return {name: unit for name, unit in units.items() if unit}


def unit_of_name(name: str) -> str:
    """The unit at the end of a column name; empty if there is none.

    Text in square brackets is a unit unless it is a number. Text in round brackets is a unit if its parts are symbols
    of units, such as ``kWh/m²``.
    """
    ending = ENDING.search(name)
    if ending is None:
        return ""
    square, text = ending["square"], (ending["square"] or ending["round"]).strip()
    if len(text) > MAX_UNIT_CHARACTERS or not any(c.isalpha() or c in "%‰°€$£¥" for c in text):
        return ""
    if square is not None:
        return text
    parts = [part for part in re.split(r"[/·*\s^]+|per ", text) if part]
    symbols = [re.sub(r"(?<=\D)-?[123]$|^-?[123]$", "", part) or "m" for part in parts]
    are_symbols = [bool(SYMBOLS & {part, symbol}) for part, symbol in zip(parts, symbols, strict=True)]
    return text if all(are_symbols) else ""
