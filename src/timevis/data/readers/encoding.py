"""Decode a text file: find its character encoding and return UTF-8."""

from __future__ import annotations

import re

from timevis.errors import AmbiguousDataError, DataError
from timevis.messages import Setting, Text

FREQUENT_CHINESE = frozenset(
    "年月日时分秒间期小周季度流量值负荷功率电压能温湿度风速向气压雨雪水位高低大平均总合计数据编号名称单位站点区域地城市街路口车客人交通出入销售额价格产品店发用全实测预测的是一二三上下中数不在有"
)
"""Characters of which texts and headers of tables in Chinese largely consist."""
WESTERN_CHARACTERS = frozenset("äöüÄÖÜßéáíóúÉÁÍÓÚçÇôâîëËÔÎ°µ§€„“”‚‘’–—…•±·")
"""Characters that have the same byte in the encodings of Western and of Central Europe."""
EXAMPLES_OF_ENCODINGS = Text("examples-of-encodings", "for example utf-8, cp1252 or gb18030")
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
        notes.append(Text("note-utf16", "the text is UTF-16"))
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        if encoding is None or encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
            raw.decode("utf-8")
        else:
            raw = raw.decode(encoding).removeprefix("\ufeff").encode("utf-8")
    except LookupError as error:
        message = Text(
            "not-an-encoding", "{setting} is not an encoding", setting=Setting("data.encoding", repr(encoding))
        )
        raise DataError(message, EXAMPLES_OF_ENCODINGS, "data.encoding") from error
    except UnicodeDecodeError as error:
        if encoding is None and (detected := detect_encoding(raw)) is not None:
            text = Text(
                "note-encoding",
                "the text is not UTF-8 and is read as {encoding}; {setting} sets another",
                encoding=detected,
                setting=Setting("data.encoding"),
            )
            return to_utf8(raw, source, detected)[0], [text]
        row = raw[: error.start].count(b"\n") + 1
        message = Text(
            "not-in-encoding",
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
            "binary-data",
            "{source}: row {row} contains binary data (byte {byte} is zero)",
            source=source,
            row=raw[:position].count(10) + 1,
            byte=position + 1,
        )
        advice = Text(
            "not-a-text-table",
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
            "valid-in-encoding",
            "the file is valid {encoding} text ({excerpt!r}): save it as UTF-8, or set {setting}",
            encoding=encoding,
            setting=Setting("data.encoding", encoding),
            excerpt=max(excerpt, key=len).replace("\0", "").strip(),  # which PostgreSQL could not store
        )
    return Text(
        "save-as-utf8",
        "save the file as UTF-8, or name its encoding: {setting}",
        setting=Setting("data.encoding", "..."),
    )
