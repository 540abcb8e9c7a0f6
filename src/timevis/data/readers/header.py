"""The header of a table and its encoding: which row has the names, and what units stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from timevis.data.table import MISSING_VALUES
from timevis.errors import AmbiguousDataError, ConfigError, DataError
from timevis.messages import Setting, Text, listed

FREQUENT_CHINESE = frozenset(
    "年月日时分秒间期小周季度流量值负荷功率电压能温湿度风速向气压雨雪水位高低大平均总合计数据编号名称单位站点区域地城市街路口车客人交通出入销售额价格产品店发用全实测预测的是一二三上下中数不在有"
)
"""Characters of which texts and headers of tables in Chinese largely consist."""
WESTERN_CHARACTERS = frozenset("äöüÄÖÜßéáíóúÉÁÍÓÚçÇôâîëËÔÎ°µ§€„“”‚‘’–—…•±·")
"""Characters that have the same byte in the encodings of Western and of Central Europe."""
EXAMPLES_OF_ENCODINGS = Text("for example utf-8, cp1252 or gb18030")
HIGH_BYTES = re.compile(rb"[\x80-\xff]+")
SAMPLE_CHARACTERS = 2**20


def to_utf8(raw: bytes, source: str, encoding: str | None = None) -> tuple[bytes, list[Text]]:
    """Re-encode a text file as UTF-8 without a byte order mark, with ``\\n`` where lines ended in ``\\r`` alone.

    Parameters
    ----------
    raw : bytes
    source : str
        Name of the file, for error messages.
    encoding : str, optional
        If None: UTF-16 if the file starts with its byte order mark, else UTF-8, else the result of `detect_encoding`.

    Returns
    -------
    bytes
    notes : list of Text
        What was decided.

    Raises
    ------
    DataError
        The encoding is unknown, or the file is not valid text in it; names the byte, the row and, if one fits, the
        likely encoding.
    """
    notes: list[Text] = []
    if encoding is None and raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
        notes.append(Text("the text is UTF-16", code="note-utf16"))
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        if encoding is None or encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
            raw.decode("utf-8")
        else:
            raw = raw.decode(encoding).removeprefix("\ufeff").encode("utf-8")
    except LookupError as error:
        message = Text("{setting} is not an encoding", setting=Setting("data.encoding", repr(encoding)))
        raise DataError(message, EXAMPLES_OF_ENCODINGS, "data.encoding") from error
    except UnicodeDecodeError as error:
        if encoding is None and (detected := detect_encoding(raw)) is not None:
            text = Text(
                "the text is not UTF-8 and is read as {encoding}; {setting} sets another",
                code="note-encoding",
                encoding=detected,
                setting=Setting("data.encoding"),
            )
            return to_utf8(raw, source, detected)[0], [text]
        row = raw[: error.start].count(b"\n") + 1
        message = Text(
            "{source}: row {row} is not {encoding} text (byte {byte} of the file is {value})",
            source=source,
            row=row,
            encoding=encoding or "UTF-8",
            byte=error.start + 1,
            value=f"0x{raw[error.start]:02x}",
        )
        raise AmbiguousDataError(message, _encoding_advice(raw, error.start), "data.encoding") from error
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    if b"\0" in raw:
        position = raw.index(b"\0")
        message = Text(
            "{source}: row {row} contains binary data (byte {byte} is zero)",
            source=source,
            row=raw[:position].count(10) + 1,
            byte=position + 1,
        )
        advice = Text(
            "the file is not a text table, or it is UTF-16 without a byte order mark: {setting}",
            setting=Setting("data.encoding", "utf-16-le"),
        )
        raise AmbiguousDataError(message, advice, "data.encoding")
    return raw, notes


def detect_encoding(raw: bytes) -> str | None:
    """The encoding of a text that is not UTF-8, if there is little doubt: ``gb18030`` or ``cp1252``; else None.

    Chinese text consists of pairs of bytes above 0x80, many of which are frequent characters. Western European text
    has single such bytes among ASCII characters; it is only accepted if Central European encodings would give the
    same.
    """
    runs = set(HIGH_BYTES.findall(raw))
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    chinese = re.findall("[\u4e00-\u9fff]", text[:SAMPLE_CHARACTERS])
    if len(chinese) >= 2 and 3 * sum(c in FREQUENT_CHINESE for c in chinese) >= len(chinese):
        return "gb18030"
    characters = {c for run in runs for c in run.decode("cp1252", errors="replace")}
    if characters and characters <= WESTERN_CHARACTERS and max(map(len, runs)) <= 2:
        return "cp1252"
    return None


def _encoding_advice(raw: bytes, position: int) -> Text:
    """Advice that names gb18030 or cp1252 if the file is valid in it and contains letters."""
    pairs = re.findall(rb"[\xb0-\xf7][\xa1-\xfe]", raw)
    is_chinese = sum(pair[0] <= 0xD7 for pair in pairs) > 0.6 * max(1, len(pairs))  # frequent characters come first
    encoding = "gb18030" if is_chinese else "cp1252"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = ""
    if re.search(r"\w", text[:4096]):
        excerpt = raw[max(0, position - 12) : position + 12].decode(encoding, errors="ignore").splitlines()
        return Text(
            "the file is valid {encoding} text ({excerpt!r}): save it as UTF-8, or set {setting}",
            encoding=encoding,
            setting=Setting("data.encoding", encoding),
            excerpt=max(excerpt, key=len).replace("\0", "").strip(),  # which PostgreSQL could not store
        )
    return Text("save the file as UTF-8, or name its encoding: {setting}", setting=Setting("data.encoding", "..."))


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


MAX_HEADER_POSITION = 50
CHECKED_ROWS = 20
ROWS_WITH_VALUE, MIN_SHARE_WITH_VALUE = 3, 0.9
"""Of the rows below a header, the first ones must have a value, and so must this share of all checked rows."""
TIME_WORDS = ("time", "date", "datetime", "timestamp", "date_time", "ds")
MAX_LISTED_UNITS = 6
TextRows = Sequence[Sequence[str]]


def find_header(rows: TextRows) -> int | None:
    """Position of the row of names, below any title rows, where it is plain; otherwise None.

    It is plain if a row of at least two names is the first one below which (nearly) every row has a value, apart from
    a row of units, and if no row above it looks like a row of values.

    Parameters
    ----------
    rows : sequence of rows
        The text of the cells of the first rows; empty cells are empty.
    """
    rows = [_without_markers(row) for row in rows]
    for i, row in enumerate(rows[:MAX_HEADER_POSITION]):
        if _looks_like_values(row):
            return None
        below = _filled_rows(rows[i + 1 :])
        if not below or sum(map(bool, row)) < 2 or not has_only_names(row):
            continue
        if not _has_value(below[0]):
            if find_unit_row(rows, i) is not None:
                below = below[1:]
            elif sum(map(bool, below[0])) <= sum(map(bool, row)) and not _has_time_word(below[0]):
                return None
        has_value = list(map(_has_value, below))
        if below and all(has_value[:ROWS_WITH_VALUE]) and sum(has_value) >= MIN_SHARE_WITH_VALUE * len(below):
            return i
    return None


def find_unit_row(rows: TextRows, header: int) -> int | None:
    """Position of a row of units, which is the first filled row below the header; None if there is none.

    It has no values and not more cells than the header, and in at least one column it stands above values.
    """
    rows = [_without_markers(row) for row in rows]
    position = next((i for i in range(header + 1, len(rows)) if any(rows[i])), None)
    if position is None or _has_value(rows[position]):
        return None
    units, below = rows[position], _filled_rows(rows[position + 1 :])
    if sum(map(bool, units)) > sum(map(bool, rows[header])):
        return None
    if _has_time_word(units) and not _has_time_word(rows[header]):
        return None
    stands_above_values = False
    for j, unit in enumerate(units):
        cells = [row[j] for row in below if j < len(row) and row[j]]
        if unit and cells and all(map(_is_value, cells)):
            stands_above_values = True
        elif _has_digit(unit) and any(map(_has_digit, cells)):
            return None  # a row of values, such as Jan-20 above Feb-20
    return position if stands_above_values else None


def check_header_position(header: int, num_rows: int, source: str) -> int:
    """The position of the row that data.header names, counted from 0.

    Raises
    ------
    ConfigError
        The file has no such row.
    """
    if header > num_rows:
        message = Text(
            "{setting}, but {source} has only {rows} rows in which a header is looked for",
            setting=Setting("data.header", header),
            source=source,
            rows=num_rows,
        )
        advice = Text(
            "{setting} is the number of the row of the column names, counted from 1", setting=Setting("data.header")
        )
        raise ConfigError(message, advice, "data.header")
    return header - 1


def units_by_name(names: Sequence[str], units: Sequence[str]) -> dict[str, str]:
    """Column to unit, for the columns that have one; the text of a unit in brackets is taken without them."""
    texts = {name: unit.strip().strip("[]()") for name, unit in zip(names, units, strict=False)}
    return {name: unit for name, unit in texts.items() if unit and unit not in MISSING_VALUES}


def header_notes(header_row: int, last_row: int, units: dict[str, str]) -> list[Text]:
    """Notes on a header that is not the first row, and on a row of units below it; rows are counted from 1."""
    notes: list[Text] = (
        [Text("the column names are in row {row}", code="note-header-row", row=header_row)] if header_row > 1 else []
    )
    if units:
        shown = listed([f"{name} ({unit})" for name, unit in units.items()], MAX_LISTED_UNITS)
        notes.append(Text("row {row} contains units: {units}", code="note-units", row=last_row, units=shown))
    return notes


def _without_markers(row: Sequence[str]) -> list[str]:
    return ["" if cell.strip() in MISSING_VALUES else cell.strip() for cell in row]


def _filled_rows(rows: TextRows) -> list[Sequence[str]]:
    return [row for row in rows if any(row)][:CHECKED_ROWS]


def _has_value(row: Sequence[str]) -> bool:
    return any(_is_value(cell) for cell in row if cell)


def _looks_like_values(row: Sequence[str]) -> bool:
    """Whether a row has values and is not a line of a title, such as ``Created: | 2024-01-01``."""
    filled = [cell for cell in row if cell]
    return len(filled) >= 2 and _has_value(filled) and (len(filled) > 2 or _has_digit(filled[0]))


def _has_time_word(row: Sequence[str]) -> bool:
    return any(cell.lower() in TIME_WORDS for cell in row)


def _has_digit(cell: str) -> bool:
    return any(c.isdigit() for c in cell)


def check_header(cells: list[str], source: str, row: int) -> None:
    """Raise a DataError if the header row contains values instead of column names."""
    if not is_header(cells):
        filled = [c for c in cells if c]
        message = Text(
            "{source}: row {row} should contain the column names, but it contains values ({cells}, ...)",
            source=source,
            row=row,
            cells=", ".join(filled[:3]),
        )
        advice = Text("put a row of names above the data, for example: time,value")
        raise DataError(message, advice)


def is_header(cells: list[str]) -> bool:
    """Whether at least one cell is a name, which is neither a number nor a time.

    If only the first cell is empty (times often have no name), distinct numbers also count as names, of sensors.
    """
    filled = [c for c in cells if c]
    are_sensor_numbers = cells[:1] == [""] and len(set(cells[1:])) == len(filled) == len(cells) - 1
    return not filled or are_sensor_numbers or not all(_is_value(c) for c in filled)


def has_only_names(cells: Sequence[str]) -> bool:
    """Whether every filled cell is a name."""
    filled = [c for c in cells if c]
    return bool(filled) and not any(map(_is_value, filled))


def fill_empty_names(names: list[str]) -> list[str]:
    """Column names without surrounding blanks; an empty name becomes ``column 3``, counted from 1."""
    return [name.strip() or f"column {i}" for i, name in enumerate(names, 1)]


def _is_value(cell: str) -> bool:
    """Whether a cell is a number, or a time: at least six digits and no letters except T and Z."""
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return sum(c.isdigit() for c in cell) >= 6 and not any(c.isalpha() and c not in "TZ" for c in cell)
    return True
