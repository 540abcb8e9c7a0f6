"""Times of a column, from texts and numbers."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.table import MISSING_VALUES, Table
from timevis.data.timestamps.date_order import (
    DAY_OR_MONTH,
    check_swapped_dates,
    chinese_to_iso,
    expand_leading_short_years,
    expand_short_years,
    interval_starts,
    move_date_to_start,
    parse_day_or_month_first,
    parse_unambiguous_dates,
    period_starts,
    step_regularity,
)
from timevis.data.timestamps.parsed_times import (
    ParsedTimes,
    cell_text,
    check_resolution,
    check_time_cells,
    count_steps_of_day,
    parse_steps_of_day,
    to_microseconds,
    zone_of_offsets,
)
from timevis.data.timestamps.time_parts import (
    PART_NAMES,
    join_years_and_weeks,
    month_numbers,
    move_midnights_to_day_end,
    standardize_times_of_day,
)
from timevis.errors import ConfigError, DataError
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
                "times such as {cell} are read as {format}",
                code="note-time-format",
                cell=text.iloc[0],
                format=date_format,
            )
        ]
        return ParsedTimes(pd.DatetimeIndex(parsed).as_unit("us"), None, notes)
    if SPREADSHEET_DAYS[0] <= low and high < SPREADSHEET_DAYS[1]:
        index = pd.DatetimeIndex(SPREADSHEET_EPOCH + pd.to_timedelta(column, unit="D"))
        notes = [
            Text(
                "times such as {cell} are read as a spreadsheet's days",
                code="note-spreadsheet-days",
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
            [Text("times are numbers: read as {unit} since 1970, in UTC", code="note-epoch", unit=unit)],
        )
    message = Text(
        "{source}: {place}, column {column!r}: the number {value:g} is not a time",
        **table.cell(0, name),
        value=float(values[0]),
    )
    advice = Text(
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
            "{source}: column {column!r}: numbers such as {value:.0f} may be read as {short} or as {long}",
            source=table.source,
            column=name,
            value=float(column.iloc[0]),
            short=short_format,
            long=long_format or Text("the time since 1970"),
        )
        raise DataError(message, Text("write times as 2020-01-31 13:00"), "data.time")
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


HAS_ZONE = (
    r"(?i)(?:\d\s*(?:am|pm)?\s*(?:Z|UTC|GMT|\+\d{2}(?::?\d{2})?)"
    r"|(?::\d{2}(?:[.,]\d+)?\s*(?:am|pm)?|T\d{2,6})\s*-\d{2}(?::?\d{2})?)$"
)
OFFSET = r"(?i)(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$"
NAMED_OFFSET = r"(?i)(?<=[\dm])\s*(?:UTC|GMT)\s*([+-])(\d{1,2})(?::?(\d{2}))?(?:\s*\([\w ]+\))?$"
END_OF_DAY = r"[ T]24:00(?::00(?:[.,]0+)?)?$"
MAX_YEAR = 9999
MAX_NUMBER = np.iinfo(np.int64).max
SAMPLE_CELLS = 20
MAX_DISTINCT_SHARE = 1 / 4
"""Of the cells of a column of text: if fewer are distinct, each distinct cell is parsed once."""


def looks_like_time(column: pd.Series) -> bool:
    """Whether a column of text or times contains timestamps, judged by a sample; a few other cells are allowed."""
    if types.is_datetime64_any_dtype(column):
        return True
    if types.is_numeric_dtype(column):
        return False
    filled = column.dropna()
    sample = filled.iloc[:: max(1, len(filled) // SAMPLE_CELLS)].map(cell_text)
    sample = sample[~sample.isin(MISSING_VALUES)]
    sample = period_starts(move_date_to_start(interval_starts(chinese_to_iso(sample), [])))
    if not len(sample) or sample.str.contains(r"\d").mean() < 0.9:
        return False
    is_time = sample.str.match(DAY_OR_MONTH) | parse_unambiguous_dates(sample, utc=True).notna()
    return bool(is_time.mean() >= 0.5)


def parse_times(
    table: Table,
    names: tuple[str, ...],
    day_first: bool | None = None,
    default_day_first: bool | None = None,
    timezone: str | None = None,
) -> ParsedTimes:
    """Parse the time column, or several columns that make one time (``[date, hour]``, ``[year, month, day]``).

    Months, quarters and weeks are read as their first day, other periods as their start. 24:00 is 00:00 of the next
    day, and so is 00:00 if it marks the end of an interval. Integers up to 48, 96, 144 or 288 in a second column
    number the steps of a day.

    Parameters
    ----------
    table : Table
    names : tuple of str
        The time column or columns.
    day_first : bool, optional
        Whether the day comes first in dates such as 01/02/2020. None infers it from all rows: from days above 12,
        else from the order with the more regular steps.
    default_day_first : bool, optional
        Whether the day comes first if the rows do not decide.
    timezone : str, optional
        Time zone of dates with numbered steps of a day.

    Raises
    ------
    DataError
        A cell is empty or is not a time, 24:00 and 00:00 of the next day both occur, only some times have a zone, the
        order of day and month is ambiguous, or numbered steps of a day have no `timezone` or exceed their day; names
        row and column.
    """
    label = "+".join(names)
    weeks = join_years_and_weeks(table, names) if len(names) > 1 else None
    if len(names) == 2 and weeks is None and (steps := count_steps_of_day(table.frame[names[1]])):
        dates = parse_times(table, names[:1], day_first, default_day_first)
        return parse_steps_of_day(table, names, dates, steps, timezone)
    column = weeks
    if column is None:
        column = table.frame[names[0]] if len(names) == 1 else _join_parts(table, names)
    if types.is_datetime64_any_dtype(column):
        return _parse_datetimes(table, label, column)
    if types.is_numeric_dtype(column):
        return parse_numeric_times(table, label, column)
    options = (day_first, default_day_first, weeks is not None)
    if isinstance(column.dtype, pd.StringDtype) and not column.isna().any():
        code, cells = pd.factorize(column)
        if len(cells) <= MAX_DISTINCT_SHARE * len(code):  # such as a long table, whose series share their times
            with contextlib.suppress(DataError):  # its error would count each cell once
                return _parse_text_cells(table, label, pd.Series(cells), *options).take(code)
    return _parse_text_cells(table, label, column, *options)


def _parse_text_cells(
    table: Table,
    label: str,
    column: pd.Series,
    day_first: bool | None,
    default_day_first: bool | None,
    are_weeks: bool,
) -> ParsedTimes:
    """Parse cells that are neither datetimes nor numbers, most of them text."""
    text = column.map(cell_text, na_action="ignore").fillna("").astype(str).str.strip()
    check_time_cells(table, label, text.isin(MISSING_VALUES), are_empty=True)
    check_time_cells(table, label, ~text.str.contains(r"\d"), text)
    if text.str.fullmatch(r"\d{6}|\d{9,19}").all():
        check_time_cells(table, label, text.map(int) > MAX_NUMBER, text)
        return parse_numeric_times(table, label, text.astype(np.int64))
    notes: list[Text] = (
        []
        if not are_weeks
        else [
            Text("weeks such as {cell} are read by ISO 8601, as their Monday", code="note-weeks", cell=text.iloc[0])
        ]
    )
    return _parse_text(table, label, chinese_to_iso(text), day_first, default_day_first, notes)


def check_timezone(timezone: str) -> None:
    """Raise a ConfigError if pandas does not know a time zone."""
    try:
        pd.Timestamp("2020-01-01", tz="UTC").tz_convert(timezone)
    except Exception as error:
        raise ConfigError(
            Text("{setting} is not a time zone", setting=Setting("data.timezone", repr(timezone))),
            Text("for example Europe/Lisbon or UTC"),
            "data.timezone",
        ) from error


def _join_parts(table: Table, names: tuple[str, ...]) -> pd.Series:
    """One column of times, as datetimes or text, from columns that contain their parts."""
    frame = table.frame[list(names)]
    parts = [n.lower().strip() for n in names]
    if {"year", "month"} <= set(parts) <= set(PART_NAMES):
        frame = frame.set_axis(parts, axis=1)
        frame = frame.assign(month=month_numbers(frame["month"]))
        parsed = pd.to_datetime(frame if "day" in frame else frame.assign(day=1), errors="coerce")
        check_time_cells(table, "+".join(names), parsed.isna())
        return parsed
    first = frame[names[0]]
    if types.is_datetime64_any_dtype(first):
        first = first.dt.strftime("%Y-%m-%d")
    text = first.map(cell_text).str.removesuffix("T00:00:00").str.removesuffix(" 00:00:00")
    for name in names[1:]:
        text = text + " " + standardize_times_of_day(frame[name].map(cell_text))
    return text


def _parse_datetimes(table: Table, label: str, column: pd.Series) -> ParsedTimes:
    check_time_cells(table, label, column.isna(), are_empty=True)
    if (is_too_late := column.dt.year > MAX_YEAR).any():
        check_time_cells(table, label, is_too_late, column.astype(str))
    index = pd.DatetimeIndex(column)
    check_resolution(table, label, index)
    if index.tz is not None:
        return ParsedTimes(to_microseconds(index), str(index.tz), [], to_microseconds(index.tz_localize(None)))
    notes: list[Text] = []
    local, is_day_end = move_midnights_to_day_end(column, notes)
    if is_day_end.any():
        _check_midnights(table, label, column.astype(str), local, is_day_end)
    return ParsedTimes(to_microseconds(pd.DatetimeIndex(local)), None, notes)


def _parse_text(
    table: Table,
    label: str,
    original: pd.Series,
    day_first: bool | None,
    default_day_first: bool | None,
    notes: list[Text],
) -> ParsedTimes:
    text = interval_starts(original, notes).str.replace(
        NAMED_OFFSET, lambda m: f"{m[1]}{m[2]:0>2}:{m[3] or '00'}", regex=True
    )
    has_zone = text.str.contains(HAS_ZONE)
    _check_zones(table, label, original, has_zone)
    local_text = text.str.replace(OFFSET, "", regex=True).str.strip() if has_zone.any() else text
    local_text = move_date_to_start(local_text)
    if day_first is None:
        local_text = expand_leading_short_years(table, label, local_text, default_day_first, notes)
    local_text = period_starts(expand_short_years(local_text, notes))
    is_day_end = local_text.str.contains(END_OF_DAY)
    local_text = local_text.str.replace(END_OF_DAY, " 00:00", regex=True)
    is_numeric = local_text.str.match(DAY_OR_MONTH)
    local = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
    if is_numeric.any():
        check_swapped_dates(table, label, local_text, is_numeric)
        local[is_numeric], day_first = parse_day_or_month_first(
            table, label, local_text[is_numeric], day_first, default_day_first, notes
        )
    if not is_numeric.all():
        local[~is_numeric] = parse_unambiguous_dates(local_text[~is_numeric]).dt.as_unit("us")
    local = local.mask(is_day_end, local + pd.Timedelta(days=1))
    if is_day_end.any():
        notes.append(Text("24:00 is read as 00:00 of the next day", code="note-midnight-24"))
    local, is_moved = move_midnights_to_day_end(local, notes)
    is_day_end = is_day_end | is_moved
    offsets = text.str.extract(OFFSET)[0].str.upper() if has_zone.any() else None
    differences = None if offsets is None else _utc_offsets(offsets)
    moments = local if differences is None else local - differences
    check_time_cells(table, label, moments.isna(), original)
    check_resolution(table, label, pd.DatetimeIndex(moments))
    if is_day_end.any():
        _check_midnights(table, label, original, moments, is_day_end)
    if offsets is None or differences is None:
        return ParsedTimes(to_microseconds(pd.DatetimeIndex(local)), None, notes, day_first=day_first)
    index, local_index = pd.DatetimeIndex(moments, tz="UTC"), pd.DatetimeIndex(local)
    is_utc = offsets.nunique() == 1 and offsets.iloc[0] in ("Z", "UTC", "GMT")
    zone = None if is_utc else zone_of_offsets(index, differences)
    return ParsedTimes(to_microseconds(index), zone, notes, to_microseconds(local_index), day_first)


def _check_zones(table: Table, label: str, text: pd.Series, has_zone: pd.Series) -> None:
    """Raise a DataError if some times have a time zone and others do not."""
    if has_zone.any() and not has_zone.all():
        row = int(np.argmax(has_zone != has_zone.iloc[0]))
        message = Text(
            "{source}: {place}, column {column!r}: only one of {cell!r} and {first!r} above has a time zone",
            **table.cell(row, label),
            cell=text.iloc[row],
            first=text.iloc[0],
        )
        raise DataError(message, Text("give all times a zone, or none"))


def _check_midnights(table: Table, name: str, text: pd.Series, moments: pd.Series, is_day_end: pd.Series) -> None:
    """Raise a DataError if the end of a day, written 24:00, is also written as 00:00 of the next day."""
    is_repeated = is_day_end & moments.isin(moments[~is_day_end])
    if is_repeated.any():
        row = int(np.argmax(is_repeated))
        other = int(np.argmax(~is_day_end & (moments == moments.iloc[row])))
        message = Text(
            "{source}: {place}, column {column!r}: {cell!r} is the same time as {other!r} in {other_place}",
            **table.cell(row, name),
            cell=text.iloc[row],
            other=text.iloc[other],
            other_place=table.row_label(other),
        )
        advice = Text("write midnight in one way: number hours from 0 to 23 or from 1 to 24")
        raise DataError(message, advice)


def _utc_offsets(offsets: pd.Series) -> pd.Series:
    """Offsets from UTC as timedeltas, from Z, UTC, GMT, +01, +0530 or -03:30; NaT for an impossible offset."""
    distinct = pd.Series(offsets.unique())
    iso = "2000-01-01T00:00" + distinct.str.replace("UTC|GMT", "Z", regex=True)
    differences = pd.Timestamp("2000-01-01", tz="UTC") - parse_unambiguous_dates(iso, utc=True)
    return offsets.map(dict(zip(distinct, differences, strict=True)))
