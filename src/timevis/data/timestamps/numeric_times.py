"""Parse times that are numbers: 20200131, seconds since 1970, or the days of a spreadsheet."""

from __future__ import annotations

import numpy as np
import pandas as pd

from timevis.data.table import Table
from timevis.data.timestamps.date_order import step_regularity
from timevis.data.timestamps.parsed_times import ParsedTimes, check_resolution, check_time_cells, to_microseconds
from timevis.errors import DataError
from timevis.messages import Setting, Text

FORMAT_OF_DIGITS = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""Formats of integers such as 20240131, by their number of digits."""
SHORT_YEAR_FORMATS = ((10, "%y%m%d%H%M"), (12, "%y%m%d%H%M%S"))
"""Formats of integers that start with a year of two digits, with their number of digits."""
YEARS = (1700, 2261)
SPREADSHEET_EPOCH = pd.Timestamp("1899-12-30")
SPREADSHEET_DAYS = (20_000, 80_000)
"""Days since `SPREADSHEET_EPOCH`, from 1954 to 2119."""
EPOCH_UNITS = (("s", 1e8, 1e10), ("ms", 1e11, 1e13), ("us", 1e14, 1e16), ("ns", 1e17, 1e19))
"""Units of numbers since 1970, with the range of numbers that is read in them."""


def parse_numeric_times(table: Table, name: str, column: pd.Series) -> ParsedTimes:
    """Parse a column of numbers.

    Integers may be dates from years (2020) to seconds (20200131130000). Numbers from 20,000 to 80,000 are days since
    1899-12-30, which a spreadsheet shows for a date without a date format. Others are s, ms, us or ns since 1970, in
    UTC.

    Parameters
    ----------
    table : Table
    name : str
        Name of the column, for error messages.
    column : Series [rows]

    Raises
    ------
    DataError
        A cell is empty or is not a time, or the numbers can be read in two ways; names row and column.
    """
    check_time_cells(table, name, column.isna(), are_empty=True)
    values = column.to_numpy(dtype=np.float64)
    low, high = values.min(), values.max()
    date_format = _find_format(table, name, column, low, high) if (values == np.floor(values)).all() else None
    if date_format:
        text = column.astype(np.int64).astype(str)
        parsed = _parse_integers(column, date_format)
        check_time_cells(table, name, parsed.isna(), text)
        notes: list[Text] = [
            Text(
                "note-time-format", "times such as {cell} are read as {format}", cell=text.iloc[0], format=date_format
            )
        ]
        return ParsedTimes(pd.DatetimeIndex(parsed).as_unit("us"), None, notes)
    if SPREADSHEET_DAYS[0] <= low and high < SPREADSHEET_DAYS[1]:
        index = pd.DatetimeIndex(SPREADSHEET_EPOCH + pd.to_timedelta(column, unit="D"))
        notes = [
            Text(
                "note-spreadsheet-days",
                "times such as {cell} are read as a spreadsheet's days",
                cell=f"{values[0]:g}",
            )
        ]
        return ParsedTimes(to_microseconds(index.round("s")), None, notes)
    unit = _epoch_unit(low, high)
    if unit:
        index = pd.DatetimeIndex(pd.to_datetime(column, unit=unit, utc=True))
        check_resolution(table, name, index)
        return ParsedTimes(
            to_microseconds(index),
            None,
            [Text("note-epoch", "times are numbers: read as {unit} since 1970, in UTC", unit=unit)],
        )
    message = Text(
        "time-is-a-number",
        "{source}: {place}, column {column!r}: the number {value:g} is not a time",
        **table.cell(0, name),
        value=float(values[0]),
    )
    advice = Text(
        "write-times",
        "write times as 2020-01-31 13:00 or as seconds since 1970; {setting} names another column",
        setting=Setting("data.time"),
    )
    raise DataError(message, advice, "data.time")


def _find_format(table: Table, name: str, column: pd.Series, low: float, high: float) -> str | None:
    """The format in which integers from `low` to `high` are dates, such as 20200131; None if they are not dates."""
    digits = len(f"{high:.0f}")
    long_format = FORMAT_OF_DIGITS.get(digits)
    if long_format and (len(f"{low:.0f}") != digits or not YEARS[0] <= low // 10 ** (digits - 4) <= YEARS[1]):
        long_format = None
    if long_format and _parse_integers(column.iloc[:: max(1, len(column) // 100)], long_format).notna().mean() < 0.5:
        long_format = None
    short_format = next((form for width, form in SHORT_YEAR_FORMATS if digits in (width - 1, width)), None)
    if not short_format or _parse_integers(column.iloc[:100], short_format).isna().any():
        return long_format
    short_regularity = step_regularity(_parse_integers(column, short_format))
    if long_format:
        other_regularity = step_regularity(_parse_integers(column, long_format))
    else:
        other_regularity = _epoch_regularity(column, low, high)
    if short_regularity and short_regularity == other_regularity:
        message = Text(
            "number-time-unclear",
            "{source}: column {column!r}: numbers such as {value:.0f} may be read as {short} or as {long}",
            source=table.source,
            column=name,
            value=float(column.iloc[0]),
            short=short_format,
            long=long_format or Text("time-since-1970", "the time since 1970"),
        )
        raise DataError(message, Text("write-times-in-iso", "write times as 2020-01-31 13:00"), "data.time")
    return short_format if short_regularity > other_regularity else long_format


def _parse_integers(column: pd.Series, date_format: str) -> pd.Series:
    text = column.astype(np.int64).astype(str)
    width = next((digits for digits, form in SHORT_YEAR_FORMATS if form == date_format), 0)
    return pd.to_datetime(text.str.zfill(width), format=date_format, errors="coerce")  # 501010000 lost its first 0


def _epoch_unit(low: float, high: float) -> str | None:
    return next((unit for unit, least, limit in EPOCH_UNITS if least <= low and high < limit), None)


def _epoch_regularity(column: pd.Series, low: float, high: float) -> float:
    unit = _epoch_unit(low, high)
    return step_regularity(pd.to_datetime(column, unit=unit)) if unit else 0.0
