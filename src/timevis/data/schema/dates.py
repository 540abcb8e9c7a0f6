"""Times written as text, and whether 01/02/2020 is in January or in February."""

from __future__ import annotations

import logging
import re
from datetime import date

import numpy as np
import pandas as pd

from timevis.data.readers.table import Table
from timevis.errors import AmbiguousDataError, DataError

log = logging.getLogger(__name__)

DAY_OR_MONTH = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
SHORT_YEAR = re.compile(
    r"^(\d{1,2}(?:([/.\-])\d{1,2}\2|[-/ .][A-Za-z]{3,9}[-/ .])|[A-Za-z]{3,9}[-/ .'](?=\d+$))(\d{2})(?![\d:])"
)
YEAR_FIRST = re.compile(r"^(\d{2})([/.\-])(\d{2})\2(\d{2})(?![\d:])")
PERIOD = re.compile(
    r"^(?:(?P<week_year>\d{4})[- ]?W(?P<week>\d\d?)(?:-?(?P<day>[1-7]))?"
    r"|(?P<year>\d{4})[-/ ]?Q(?P<quarter>[1-4])|Q(?P<quarter2>[1-4])[-/ ](?P<year2>\d{4})"
    r"|(?P<month>\d{1,2})[./-](?P<year3>\d{4}))$"
)
INTERVAL = re.compile(r"^(\d{4}-\d\d-\d\d[^/]*?)(?:\s*/\s*|\s+(?:-|–|—|to|bis)\s+)\d{4}-\d\d-\d\d[^/]*$")
PLAUSIBLE = re.compile(r"\d{4}|[A-Za-z]{3}")
UNTOLD = re.compile(r"^(?!\d{4}).*?(?<![\d:.])\d{1,2}\s?[/.\-\s]\s?\d{1,2}\s?[/.\-\s]\s?(?:\d{4}|\d{2})(?![\d:])")
"""A date of numbers that is not at the front, or is written in a way that nothing tells its day from its month."""
ZONE_LEFT = re.compile(
    r"(?i)(?::\d\d.*|^\d{4}-?\d\d-?\d\d(?:[T ]\d\d)?\s*)[+-]\d{1,2}(?::?\d\d)?$|\d\s*(?:Z|UTC|GMT)(?![a-z])"
)
CHINESE = {"[年月]": "-", r"日\s*(?=\d)": " ", "日": "", r"[时点分](?=\d)": ":", "[时点]$": ":00", "[分秒]": ""}
WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?[,\s]\s*)?"
CLOCK = r"(\d{1,2}(?::\d{2}){1,2}(?:[.,]\d+)?(?:\s*[ap]\.?m\b\.?)?)"
CLOCK_FIRST = re.compile(rf"(?i)^{WEEKDAY}{CLOCK}[,\s]\s*{WEEKDAY}(?=\S*\d)(.+)$")
WEEKDAY_FIRST = re.compile(rf"(?i)^{WEEKDAY}(?=\d)")


def parse_plain(text: pd.Series, utc: bool = False) -> pd.Series:
    """Times that begin with the year or name the month; NaT where a text is not one, or has a zone without `utc`."""
    if not utc:
        text = text.mask(text.str.contains(ZONE_LEFT), "")
    parsed = _to_datetime(text, "ISO8601", utc)
    left = parsed.isna() & text.str.contains(PLAUSIBLE) & ~text.str.contains(UNTOLD)
    if left.any():
        rest = _to_datetime(text[left], "mixed", utc)
        parsed = parsed.astype(rest.dtype) if parsed.isna().all() else parsed
        parsed[left] = rest.mask(rest.dt.year == 1)  # a text without a year
    return parsed


def _to_datetime(text: pd.Series, form: str, utc: bool) -> pd.Series:
    """Times by pandas, NaT where it finds a zone in a text that `ZONE_LEFT` does not, and is not asked for it."""
    try:
        parsed = pd.to_datetime(text, format=form, errors="coerce", utc=utc)
    except ValueError:  # some have a zone and others have none
        parsed = None
    if parsed is not None and (utc or parsed.dt.tz is None):
        return parsed
    alone = [pd.to_datetime(cell, format=form, errors="coerce") for cell in text]
    return pd.Series(pd.to_datetime([t if t.tzinfo is None else pd.NaT for t in alone]), index=text.index)


def in_signs(text: pd.Series) -> pd.Series:
    """Chinese dates and clocks, such as 2023年1月2日 07时30分, with the signs of ISO 8601."""
    if not text.str.contains("[年月日时点分秒]").any():
        return text
    for pattern, sign in CHINESE.items():
        text = text.str.replace(pattern, sign, regex=True)
    return text


def date_first(text: pd.Series) -> pd.Series:
    """Write Sun 01/02/2020 without the day of the week, and 13:00 01/02/2020 with the clock behind the date."""
    return text.str.replace(CLOCK_FIRST, r"\2 \1", regex=True).str.replace(WEEKDAY_FIRST, "", regex=True)


def full_years(text: pd.Series, notes: list[str]) -> pd.Series:
    """Write years of two digits, as in 31/01/98, 31-Jan-98 or Jan-98, with four, in the way of POSIX."""
    if not text.str.match(SHORT_YEAR).any():
        return text
    notes.append("years of two digits are read as 1969 to 2068")
    return text.str.replace(SHORT_YEAR, lambda m: f"{m[1]}{_century(m[3])}{m[3]}", regex=True)


def years_first(table: Table, name: str, text: pd.Series, usual: bool | None, notes: list[str]) -> pd.Series:
    """Write 98-01-31 as 1998-01-31 where that, and neither the day nor the month first, makes the steps regular.

    Where the order of day and month is known, as `usual`, the year is last unless that makes the steps less regular.
    """
    short = text.str.match(YEAR_FIRST)
    if not short.any():
        return text
    iso = text.str.replace(YEAR_FIRST, lambda m: f"{_century(m[1])}{m[1]}-{m[3]}-{m[4]}", regex=True)
    year = regularity(parse_plain(iso[short]))
    if not year:
        return text
    full = full_years(text[short], [])
    fields = full.str.extract(DAY_OR_MONTH)
    other = max(regularity(_assemble(full, fields, day_first)) for day_first in (False, True))
    example = text[short].iloc[0]
    if year == other and usual is None:
        raise AmbiguousDataError(
            f"{table.source}: column {name!r}: dates such as {example!r} may be read with the year first or last",
            "write them as 2020-01-31, or say data.cleaning.day_first=true or false if the year is last",
        )
    if year <= other:
        return text
    notes.append(f"dates such as {example!r} are read year first; years of two digits as 1969 to 2068")
    return iso


def regularity(times: pd.Series) -> float:
    """The share of the most common step, in months where steps are that long, times that of the cells with a time."""
    steps = np.diff(np.unique(times.dropna().to_numpy()))
    days = steps / np.timedelta64(1, "D")
    near = np.where(days >= 28, np.round(days / 30.4), days * 1e4)
    share = np.unique(near, return_counts=True)[1].max() / len(near) if len(near) else 1.0
    return float(share * times.notna().mean())


def _century(year: str) -> int:
    return 19 if year >= "69" else 20


def starts(text: pd.Series, notes: list[str]) -> pd.Series:
    """Of intervals such as 2010-01-04/2010-01-10, which is how pandas writes weeks, the start; else unchanged."""
    intervals = text.str.match(INTERVAL)
    if not intervals.any():
        return text
    notes.append(f"periods such as {text[intervals].iloc[0]!r} are read as their start")
    return text.str.replace(INTERVAL, r"\1", regex=True)


def first_days(text: pd.Series) -> pd.Series:
    """Write weeks (2024-W05), quarters (2024Q1, Q1 2024) and months (01.2024) as their first day; else unchanged."""
    return text.str.replace(PERIOD, _first_day, regex=True) if text.str.match(PERIOD).any() else text


def _first_day(found: re.Match[str]) -> str:
    if found["week"] is None:
        month = found["month"] or 3 * int(found["quarter"] or found["quarter2"]) - 2
        return f"{found['year'] or found['year2'] or found['year3']}-{month:0>2}-01"
    try:
        return date.fromisocalendar(int(found["week_year"]), int(found["week"]), int(found["day"] or 1)).isoformat()
    except ValueError:
        return found[0]


def day_or_month(
    table: Table, name: str, text: pd.Series, day_first: bool | None, usual: bool | None, notes: list[str]
) -> tuple[pd.Series, bool]:
    """Times that begin like 01/02/2020, with years of four digits and without a time zone; whether the day is first.

    `usual` says that where it is not given as `day_first` and the times do not tell.
    """
    fields = text.str.extract(DAY_OR_MONTH)
    first, second = fields[0].astype(int), fields[2].astype(int)
    example = text.iloc[0]
    if day_first is None:
        only_day, only_month = first > 12, second > 12
        if only_day.any() and only_month.any():
            raise DataError(
                f"{table.source}: column {name!r} writes the day first in {table.place(only_day.idxmax())} "
                f"({text[only_day].iloc[0]!r}) and the month first in {table.place(only_month.idxmax())} "
                f"({text[only_month].iloc[0]!r})",
                "write all dates as 2020-01-31",
            )
        if only_day.any() or only_month.any():
            day_first = bool(only_day.any())
        else:
            day_first = _more_regular(table, name, text, fields, usual)
    notes.append(f"dates such as {example!r} are read {'day' if day_first else 'month'} first")
    return _assemble(text, fields, day_first), day_first


def refuse_swapped(table: Table, name: str, text: pd.Series, numeric: pd.Series) -> None:
    """Refuse what a spreadsheet makes of 01/02/2020 and 13/02/2020 in the wrong order: a swapped date, and text."""
    fields = text[numeric].str.extract(DAY_OR_MONTH)
    days = text[~numeric].str.extract(r"^\d{4}-\d{2}-(\d{2})")[0].dropna().astype(int)
    if len(days) and (days <= 12).all() and (fields[[0, 2]].astype(int).max(axis=1) > 12).all():
        date, other = days.index[0], fields.index[0]
        raise DataError(
            f"{table.source}: column {name!r} holds the date {text[date]!r} in {table.place(date)} and the text "
            f"{text[other]!r} in {table.place(other)}; no date has a day above 12 and every text has one, as when a "
            "spreadsheet reads the day for the month",
            "write all dates as 2020-01-31, from the source that the spreadsheet was made of",
        )


def _assemble(text: pd.Series, fields: pd.DataFrame, day_first: bool) -> pd.Series:
    day, month = (fields[0], fields[2]) if day_first else (fields[2], fields[0])
    rest = text.str.replace(DAY_OR_MONTH, "", n=1, regex=True).str.strip()
    iso = fields[3] + "-" + month.str.zfill(2) + "-" + day.str.zfill(2) + (" " + rest).where(rest != "", "")
    return parse_plain(iso.str.replace(" T", "T"))


def _more_regular(table: Table, name: str, text: pd.Series, fields: pd.DataFrame, usual: bool | None) -> bool:
    """Whether reading the day first gives the more regular series; as is `usual` where both are as regular."""
    shares = [regularity(_assemble(text, fields, day_first)) for day_first in (False, True)]
    if shares[0] == shares[1] and usual is not None:
        order = "day" if usual else "month"
        log.warning("%s: %r is read %s first, as in the data of the run", table.source, text.iloc[0], order)
        return usual
    if shares[0] == shares[1]:
        raise AmbiguousDataError(
            f"{table.source}: column {name!r}: dates such as {text.iloc[0]!r} may be read day first or month first",
            "write them as 2020-01-31, or say data.cleaning.day_first=true or false",
        )
    return shares[1] > shares[0]
