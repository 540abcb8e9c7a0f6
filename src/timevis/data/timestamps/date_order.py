"""Decide which of day, month and year comes first in dates of numbers, such as 01/02/2020 or 98-01-31."""

from __future__ import annotations

import logging
import re

import numpy as np
import pandas as pd

from timevis.data.table import Table
from timevis.data.timestamps.date_text import DAY_OR_MONTH, century_of, expand_short_years, parse_unambiguous_dates
from timevis.errors import AmbiguousDataError, DataError
from timevis.messages import Setting, Text

log = logging.getLogger(__name__)

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
            "year-order-unclear",
            "{source}: column {column!r}: dates such as {cell!r} may be read with the year first or last",
            source=table.source,
            column=name,
            cell=example,
        )
        advice = Text(
            "year-order",
            "write them as 2020-01-31, or set {setting} to true or false if the year is last",
            setting=Setting("data.day_first"),
        )
        raise AmbiguousDataError(message, advice, "data.day_first")
    if year_first_regularity <= year_last_regularity:
        return text
    notes.append(
        Text(
            "note-year-first",
            "dates such as {cell!r} are read year first; years of two digits as 1969 to 2068",
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
                "day-order-mixed",
                "{source}: column {column!r} has the day first in {place} ({cell!r}) and the month first in "
                "{other_place} ({other!r})",
                source=table.source,
                column=name,
                place=table.row_label(is_day_first.idxmax()),
                cell=text[is_day_first].iloc[0],
                other_place=table.row_label(is_month_first.idxmax()),
                other=text[is_month_first].iloc[0],
            )
            raise DataError(message, Text("write-iso-dates", "write all dates as 2020-01-31"))
        if is_day_first.any() or is_month_first.any():
            day_first = bool(is_day_first.any())
            _check_other_order(table, name, text, fields, is_day_first | is_month_first, day_first)
        else:
            day_first = _is_day_first_more_regular(table, name, text, fields, default_day_first)
    notes.append(
        Text("note-day-first", "dates such as {cell!r} are read day first", cell=example)
        if day_first
        else Text("note-month-first", "dates such as {cell!r} are read month first", cell=example)
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
            "day-and-month-swapped",
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
        advice = Text(
            "write-dates-from-source",
            "write all dates as 2020-01-31, from the source that the spreadsheet was made of",
        )
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
        orders = [Text("the-day-first", "the day first"), Text("the-month-first", "the month first")]
        first_order, other_order = orders if day_first else orders[::-1]
        message = Text(
            "day-order-changes",
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
            "write-iso-dates-or-set-order",
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
            "day-order-unclear",
            "{source}: column {column!r}: dates such as {cell!r} may be read day first or month first",
            source=table.source,
            column=name,
            cell=text.iloc[0],
        )
        advice = Text(
            "day-order",
            "write them as 2020-01-31, or set {setting} to true or false",
            setting=Setting("data.day_first"),
        )
        raise AmbiguousDataError(message, advice, "data.day_first")
    return day_first > month_first
