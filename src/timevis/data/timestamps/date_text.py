"""Parse dates written as text, after rewriting short years, weeks, quarters, intervals and Chinese dates."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd

from timevis.messages import Text

DAY_OR_MONTH = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
SHORT_YEAR = re.compile(
    r"^(\d{1,2}(?:([/.\-])\d{1,2}\2|[-/ .][A-Za-z]{3,9}[-/ .])|[A-Za-z]{3,9}[-/ .'](?=\d+$))(\d{2})(?![\d:])"
)
PERIOD = re.compile(
    r"^(?:(?P<week_year>\d{4})[- ]?W(?P<week>\d\d?)(?:-?(?P<day>[1-7]))?"
    r"|(?P<year>\d{4})[-/ ]?Q(?P<quarter>[1-4])|Q(?P<quarter2>[1-4])[-/ ](?P<year2>\d{4})"
    r"|(?P<month>\d{1,2})[./-](?P<year3>\d{4}))$"
)
INTERVAL = re.compile(r"^(\d{4}-\d\d-\d\d[^/]*?)(?:\s*/\s*|\s+(?:-|–|—|to|bis)\s+)\d{4}-\d\d-\d\d[^/]*$")
YEAR_OR_MONTH_NAME = re.compile(r"\d{4}|[A-Za-z]{3}")
UNCLEAR_ORDER = re.compile(
    r"^(?!\d{4}).*?(?<![\d:.])\d{1,2}\s?[/.\-\s]\s?\d{1,2}\s?[/.\-\s]\s?(?:\d{4}|\d{2})(?![\d:])"
)
"""A date of numbers that is not at the start of the text, or in which day and month cannot be distinguished."""
UTC_OFFSET = re.compile(
    r"(?i)(?::\d\d.*|^\d{4}-?\d\d-?\d\d(?:[T ]\d\d)?\s*)[+-]\d{1,2}(?::?\d\d)?$|\d\s*(?:Z|UTC|GMT)(?![a-z])"
)
CHINESE_TO_ISO = {
    "[年月]": "-",
    r"日\s*(?=\d)": " ",
    "日": "",
    r"[时点分](?=\d)": ":",
    "[时点]$": ":00",
    "[分秒]": "",
}
WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?[,\s]\s*)?"
TIME_OF_DAY = r"(\d{1,2}(?::\d{2}){1,2}(?:[.,]\d+)?(?:\s*[ap]\.?m\b\.?)?)"
TIME_OF_DAY_FIRST = re.compile(rf"(?i)^{WEEKDAY}{TIME_OF_DAY}[,\s]\s*{WEEKDAY}(?=\S*\d)(.+)$")
WEEKDAY_FIRST = re.compile(rf"(?i)^{WEEKDAY}(?=\d)")


def parse_unambiguous_dates(text: pd.Series, utc: bool = False) -> pd.Series:
    """Parse dates that begin with the year or name the month.

    Parameters
    ----------
    text : Series of str [rows]
    utc : bool
        Whether the text has UTC offsets; the result is then in UTC.

    Returns
    -------
    Series of datetime [rows]
        NaT for text that is not a time, or that has an offset although `utc` is False.
    """
    if not utc:
        text = text.mask(text.str.contains(UTC_OFFSET), "")
    parsed = _to_datetime(text, "ISO8601", utc)
    is_other_format = parsed.isna() & text.str.contains(YEAR_OR_MONTH_NAME) & ~text.str.contains(UNCLEAR_ORDER)
    if is_other_format.any():
        others = _to_datetime(text[is_other_format], "mixed", utc)
        parsed = parsed.astype(others.dtype) if parsed.isna().all() else parsed
        parsed[is_other_format] = others.mask(others.dt.year == 1)  # pandas gives text without a year the year 1
    return parsed


def _to_datetime(text: pd.Series, date_format: str, utc: bool) -> pd.Series:
    """Times parsed by pandas; NaT where pandas finds a time zone although `utc` is False."""
    try:
        parsed = pd.to_datetime(text, format=date_format, errors="coerce", utc=utc)
    except ValueError:  # some times have a zone and others do not
        parsed = None
    if parsed is not None and (utc or parsed.dt.tz is None):
        return parsed
    times = [pd.to_datetime(cell, format=date_format, errors="coerce") for cell in text]
    return pd.Series(pd.to_datetime([t if t.tzinfo is None else pd.NaT for t in times]), index=text.index)


def chinese_to_iso(text: pd.Series) -> pd.Series:
    """Rewrite Chinese dates and times, such as 2023年1月2日 07时30分, in ISO 8601."""
    if not text.str.contains("[年月日时点分秒]").any():
        return text
    for pattern, separator in CHINESE_TO_ISO.items():
        text = text.str.replace(pattern, separator, regex=True)
    return text


def move_date_to_start(text: pd.Series) -> pd.Series:
    """Remove the weekday from Sun 01/02/2020, and turn 13:00 01/02/2020 into 01/02/2020 13:00."""
    return text.str.replace(TIME_OF_DAY_FIRST, r"\2 \1", regex=True).str.replace(WEEKDAY_FIRST, "", regex=True)


def expand_short_years(text: pd.Series, notes: list[Text]) -> pd.Series:
    """Expand years of two digits at the end of a date (31/01/98, Jan-98) to four; POSIX: 1969 to 2068."""
    if not text.str.match(SHORT_YEAR).any():
        return text
    notes.append(Text("note-two-digit-years", "years of two digits are read as 1969 to 2068"))
    return text.str.replace(SHORT_YEAR, lambda m: f"{m[1]}{century_of(m[3])}{m[3]}", regex=True)


def century_of(year: str) -> int:
    """19 or 20, for a year of two digits: POSIX reads them as 1969 to 2068."""
    return 19 if year >= "69" else 20


def interval_starts(text: pd.Series, notes: list[Text]) -> pd.Series:
    """Replace intervals such as 2010-01-04/2010-01-10, the way pandas writes weeks, by their start."""
    is_interval = text.str.match(INTERVAL)
    if not is_interval.any():
        return text
    notes.append(
        Text("note-periods", "periods such as {cell!r} are read as their start", cell=text[is_interval].iloc[0])
    )
    return text.str.replace(INTERVAL, r"\1", regex=True)


def period_starts(text: pd.Series) -> pd.Series:
    """Replace weeks (2024-W05), quarters (2024Q1, Q1 2024) and months (01.2024) by their first day."""
    return text.str.replace(PERIOD, _first_day, regex=True) if text.str.match(PERIOD).any() else text


def _first_day(match: re.Match[str]) -> str:
    if match["week"] is None:
        month = match["month"] or 3 * int(match["quarter"] or match["quarter2"]) - 2
        return f"{match['year'] or match['year2'] or match['year3']}-{month:0>2}-01"
    try:
        return date.fromisocalendar(int(match["week_year"]), int(match["week"]), int(match["day"] or 1)).isoformat()
    except ValueError:
        return match[0]
