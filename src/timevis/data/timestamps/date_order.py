"""Dates in texts: their parts, and whether the day or the month comes first."""

from __future__ import annotations

import logging
import re
from datetime import date

import numpy as np
import pandas as pd

from timevis.data.table import Table
from timevis.errors import AmbiguousDataError, DataError
from timevis.messages import Setting, Text

log = logging.getLogger(__name__)

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
    notes.append(Text("years of two digits are read as 1969 to 2068", code="note-two-digit-years"))
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
        Text("periods such as {cell!r} are read as their start", code="note-periods", cell=text[is_interval].iloc[0])
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


YEAR_FIRST = re.compile(r"^(\d{2})([/.\-])(\d{2})\2(\d{2})(?![\d:])")


def step_regularity(times: pd.Series) -> float:
    """How regular times are: the share of the most common step times the share of cells that contain a time.

    Steps of 28 days and more are compared in months.
    """
    steps = np.diff(np.unique(times.dropna().to_numpy()))
    days = steps / np.timedelta64(1, "D")
    rounded = np.where(days >= 28, np.round(days / 30.4), days * 1e4)
    share = np.unique(rounded, return_counts=True)[1].max() / len(rounded) if len(rounded) else 1.0
    return float(share * times.notna().mean())


def expand_leading_short_years(
    table: Table, name: str, text: pd.Series, default_day_first: bool | None, notes: list[Text]
) -> pd.Series:
    """Turn 98-01-31 into 1998-01-31 if steps are more regular with the year first than with day or month first.

    If regularity does not decide, `default_day_first`, the order of day and month in the data of the run, means that
    the year comes last.

    Raises
    ------
    AmbiguousDataError
        Regularity does not decide and `default_day_first` is None.
    """
    is_short = text.str.match(YEAR_FIRST)
    if not is_short.any():
        return text
    iso = text.str.replace(YEAR_FIRST, lambda m: f"{century_of(m[1])}{m[1]}-{m[3]}-{m[4]}", regex=True)
    year_first_regularity = step_regularity(parse_unambiguous_dates(iso[is_short]))
    if not year_first_regularity:
        return text
    year_last = expand_short_years(text[is_short], [])
    fields = year_last.str.extract(DAY_OR_MONTH)
    year_last_regularity = max(
        step_regularity(_reorder_and_parse(year_last, fields, day_first)) for day_first in (False, True)
    )
    example = text[is_short].iloc[0]
    if year_first_regularity == year_last_regularity and default_day_first is None:
        message = Text(
            "{source}: column {column!r}: dates such as {cell!r} may be read with the year first or last",
            source=table.source,
            column=name,
            cell=example,
        )
        advice = Text(
            "write them as 2020-01-31, or set {setting} to true or false if the year is last",
            setting=Setting("data.day_first"),
        )
        raise AmbiguousDataError(message, advice, "data.day_first")
    if year_first_regularity <= year_last_regularity:
        return text
    notes.append(
        Text(
            "dates such as {cell!r} are read year first; years of two digits as 1969 to 2068",
            code="note-year-first",
            cell=example,
        )
    )
    return iso


def parse_day_or_month_first(
    table: Table,
    name: str,
    text: pd.Series,
    day_first: bool | None,
    default_day_first: bool | None,
    notes: list[Text],
) -> tuple[pd.Series, bool]:
    """Parse times that begin like 01/02/2020, with years of four digits and without a UTC offset.

    Parameters
    ----------
    table : Table
    name : str
        Name of the column, for error messages.
    text : Series of str [rows]
    day_first : bool, optional
        Whether the day comes first; None infers it, from days above 12 or from the regularity of the steps.
    default_day_first : bool, optional
        Whether the day comes first if the times do not decide.
    notes : list of Text

    Returns
    -------
    Series of datetime [rows]
    day_first : bool

    Raises
    ------
    DataError
        Some dates have the day first and others the month first, or the order is ambiguous.
    """
    fields = text.str.extract(DAY_OR_MONTH)
    first, second = fields[0].astype(int), fields[2].astype(int)
    example = text.iloc[0]
    if day_first is None:
        is_day_first, is_month_first = first > 12, second > 12
        if is_day_first.any() and is_month_first.any():
            message = Text(
                "{source}: column {column!r} has the day first in {place} ({cell!r}) and the month first in "
                "{other_place} ({other!r})",
                source=table.source,
                column=name,
                place=table.row_label(is_day_first.idxmax()),
                cell=text[is_day_first].iloc[0],
                other_place=table.row_label(is_month_first.idxmax()),
                other=text[is_month_first].iloc[0],
            )
            raise DataError(message, Text("write all dates as 2020-01-31"))
        if is_day_first.any() or is_month_first.any():
            day_first = bool(is_day_first.any())
            _check_other_order(table, name, text, fields, is_day_first | is_month_first, day_first)
        else:
            day_first = _is_day_first_more_regular(table, name, text, fields, default_day_first)
    notes.append(
        Text("dates such as {cell!r} are read day first", code="note-day-first", cell=example)
        if day_first
        else Text("dates such as {cell!r} are read month first", code="note-month-first", cell=example)
    )
    return _reorder_and_parse(text, fields, day_first), day_first


def check_swapped_dates(table: Table, name: str, text: pd.Series, is_numeric: pd.Series) -> None:
    """Raise a DataError if a spreadsheet seems to have swapped day and month.

    A spreadsheet that reads the month first turns 01/02/2020 into a wrong date, and leaves 13/02/2020 as text.

    Parameters
    ----------
    table : Table
    name : str
        Name of the column.
    text : Series of str [rows]
    is_numeric : Series of bool [rows]
        True for text such as 13/02/2020, False for dates in ISO 8601.
    """
    fields = text[is_numeric].str.extract(DAY_OR_MONTH)
    days = text[~is_numeric].str.extract(r"^\d{4}-\d{2}-(\d{2})")[0].dropna().astype(int)
    if len(days) and (days <= 12).all() and (fields[[0, 2]].astype(int).max(axis=1) > 12).all():
        date_row, text_row = days.index[0], fields.index[0]
        message = Text(
            "{source}: column {column!r} contains the date {cell!r} in {place} and the text {other!r} in "
            "{other_place}; no date has a day above 12 and every text has one, so a spreadsheet has probably swapped "
            "day and month",
            source=table.source,
            column=name,
            cell=text[date_row],
            place=table.row_label(date_row),
            other=text[text_row],
            other_place=table.row_label(text_row),
        )
        advice = Text("write all dates as 2020-01-31, from the source that the spreadsheet was made of")
        raise DataError(message, advice)


def _check_other_order(
    table: Table, name: str, text: pd.Series, fields: pd.DataFrame, is_certain: pd.Series, day_first: bool
) -> None:
    """Raise a DataError if the dates before or after one row seem to have the other order than the dates that decide.

    That is, if no day above 12 is among them, and all times lie in half the span or less, with more regular steps,
    when these dates are read in the other order. The row is the one with the largest step before it.
    """
    times = _reorder_and_parse(text, fields, day_first)
    position = np.arange(len(times))
    change = int(times.diff().abs().fillna(pd.Timedelta(0)).to_numpy().argmax())
    for is_other in (position < change, position >= change):
        mixed = times.mask(is_other, _reorder_and_parse(text, fields, not day_first))
        if not is_other.any() or is_certain[is_other].any() or mixed.isna().any():
            continue
        is_closer = 2 * (mixed.max() - mixed.min()) <= times.max() - times.min()
        if not is_closer or step_regularity(mixed) <= step_regularity(times):
            continue
        certain, other = is_certain.idxmax(), times.index[is_other][0]
        orders = [Text("the day first"), Text("the month first")]
        first_order, other_order = orders if day_first else orders[::-1]
        message = Text(
            "{source}: column {column!r} has {order} in {place} ({cell!r}), but dates such as {other!r} in "
            "{other_place} seem to have {other_order}: the times then lie closer together, with more regular steps",
            source=table.source,
            column=name,
            order=first_order,
            place=table.row_label(certain),
            cell=text[certain],
            other=text[other],
            other_place=table.row_label(other),
            other_order=other_order,
        )
        advice = Text(
            "write all dates as 2020-01-31; if all have one order, set {setting} to true or false",
            setting=Setting("data.day_first"),
        )
        raise DataError(message, advice, "data.day_first")


def _reorder_and_parse(text: pd.Series, fields: pd.DataFrame, day_first: bool) -> pd.Series:
    """Rewrite dates in ISO 8601 from the groups of `DAY_OR_MONTH`, and parse them."""
    day, month = (fields[0], fields[2]) if day_first else (fields[2], fields[0])
    rest = text.str.replace(DAY_OR_MONTH, "", n=1, regex=True).str.strip()
    iso = fields[3] + "-" + month.str.zfill(2) + "-" + day.str.zfill(2) + (" " + rest).where(rest != "", "")
    return parse_unambiguous_dates(iso.str.replace(" T", "T"))


def _is_day_first_more_regular(
    table: Table, name: str, text: pd.Series, fields: pd.DataFrame, default_day_first: bool | None
) -> bool:
    """Whether steps are more regular with the day first; `default_day_first` if both orders are equally regular."""
    month_first, day_first = (step_regularity(_reorder_and_parse(text, fields, order)) for order in (False, True))
    if month_first == day_first and default_day_first is not None:
        order = "day" if default_day_first else "month"
        log.warning("%s: %r is read %s first, as in the data of the run", table.source, text.iloc[0], order)
        return default_day_first
    if month_first == day_first:
        message = Text(
            "{source}: column {column!r}: dates such as {cell!r} may be read day first or month first",
            source=table.source,
            column=name,
            cell=text.iloc[0],
        )
        advice = Text(
            "write them as 2020-01-31, or set {setting} to true or false", setting=Setting("data.day_first")
        )
        raise AmbiguousDataError(message, advice, "data.day_first")
    return day_first > month_first
