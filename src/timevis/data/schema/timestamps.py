"""Timestamps out of table columns: formats, day or month first, and time zones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.readers.table import MISSING, Table, short
from timevis.data.schema.dates import (
    DAY_OR_MONTH,
    date_first,
    day_or_month,
    first_days,
    full_years,
    in_signs,
    parse_plain,
    refuse_swapped,
    regularity,
    starts,
    years_first,
)
from timevis.data.schema.time_parts import (
    clock_times,
    ends_of_days,
    month_numbers,
    step_numbers,
    steps_in_a_day,
    weeks_of_years,
)
from timevis.errors import ConfigError, DataError

ZONED = (
    r"(?i)(?:\d\s*(?:am|pm)?\s*(?:Z|UTC|GMT|\+\d{2}(?::?\d{2})?)"
    r"|(?::\d{2}(?:[.,]\d+)?\s*(?:am|pm)?|T\d{2,6})\s*-\d{2}(?::?\d{2})?)$"
)
OFFSET = r"(?i)(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$"
NAMED_OFFSET = r"(?i)(?<=[\dm])\s*(?:UTC|GMT)\s*([+-])(\d{1,2})(?::?(\d{2}))?(?:\s*\([\w ]+\))?$"
END_OF_DAY = r"[ T]24:00(?::00(?:[.,]0+)?)?$"
PARTS = ("year", "month", "day", "hour", "minute", "second")
COMPACT = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""Formats of whole numbers such as 20240131, by their digits."""
SHORT_COMPACT = ((10, "%y%m%d%H%M"), (12, "%y%m%d%H%M%S"))
SPREADSHEET_DAYS = (20_000, 80_000)
"""From 1954 to 2119."""
LAST_YEAR = 9999
EPOCH_UNITS = (("s", 1e8, 1e10), ("ms", 1e11, 1e13), ("us", 1e14, 1e16), ("ns", 1e17, 1e19))


@dataclass(frozen=True)
class Times:
    """Parsed timestamps.

    Attributes
    ----------
    index : DatetimeIndex [rows]
        Naive, or UTC when the source had a time zone; in the order of the table.
    zone : str or None
        The zone or the one offset that the source wrote, which the calendar is read in.
    notes : list of str
    wall : DatetimeIndex [rows], optional
        For zoned times, what the clock on the wall showed, naive.
    day_first : bool, optional
        How dates such as 01/02/2020 were read, where there are any.
    """

    index: pd.DatetimeIndex
    zone: str | None
    notes: list[str]
    wall: pd.DatetimeIndex | None = None
    day_first: bool | None = None


def looks_like_time(column: pd.Series) -> bool:
    """Whether a column of text or times, judged by a sample of it, holds timestamps, be it with a row of totals."""
    if types.is_datetime64_any_dtype(column):
        return True
    if types.is_numeric_dtype(column):
        return False
    filled = column.dropna()
    sample = filled.iloc[:: max(1, len(filled) // 20)].map(_written)
    sample = sample[~sample.isin(MISSING)]
    sample = first_days(date_first(starts(in_signs(sample), [])))
    if not len(sample) or sample.str.contains(r"\d").mean() < 0.9:
        return False
    return bool((sample.str.match(DAY_OR_MONTH) | parse_plain(sample, utc=True).notna()).mean() >= 0.5)


def parse_times(
    table: Table,
    names: tuple[str, ...],
    day_first: bool | None = None,
    usual: bool | None = None,
    zone: str | None = None,
) -> Times:
    """Parse the time column, or several columns that make one time (``[date, hour]``, ``[year, month, day]``).

    Beside dates, numbers up to 48, 96, 144 or 288 are steps of a day on the clocks of `zone`.
    Months, quarters and weeks are read as their first day, other periods as their start.

    Dates such as 01/02/2020 are read day first or month first as all rows together allow; where both fit, the one
    that makes the steps regular; where that does not decide either, as is `usual`, or without it an error asks. 24:00
    is 00:00 of the next day, and so is 00:00 as the end of an interval.

    Raises
    ------
    DataError
        A cell is empty, is not a time, or is 24:00 where another is 00:00 of the next day, some times have a zone and
        others have none, or steps of a day have no `zone` or are more than its day has; names row and column.
    """
    label = "+".join(names)
    weeks = weeks_of_years(table, names) if len(names) > 1 else None
    if len(names) == 2 and weeks is None and (steps := steps_in_a_day(table.frame[names[1]])):
        return _from_steps(table, names, parse_times(table, names[:1], day_first, usual), steps, zone)
    column = weeks
    if column is None:
        column = table.frame[names[0]] if len(names) == 1 else _joined(table, names)
    if types.is_datetime64_any_dtype(column):
        return _from_datetimes(table, label, column)
    if types.is_numeric_dtype(column):
        return _from_numbers(table, label, column)
    text = column.map(_written, na_action="ignore").fillna("").astype(str).str.strip()
    _refuse_first(table, label, text.isin(MISSING), "is empty")
    _refuse_first(table, label, ~text.str.contains(r"\d"), "is not a date or time", text)
    if text.str.fullmatch(r"\d{6}|\d{9,19}").all():
        return _from_numbers(table, label, text.astype(np.int64))
    notes = [] if weeks is None else [f"weeks such as {text.iloc[0]} are read by ISO 8601, as their Monday"]
    return _from_text(table, label, in_signs(text), day_first, usual, notes)


def _from_datetimes(table: Table, label: str, column: pd.Series) -> Times:
    _refuse_first(table, label, column.isna(), "is empty")
    if (late := column.dt.year > LAST_YEAR).any():
        _refuse_first(table, label, late, "is not a date or time", column.astype(str))
    index = pd.DatetimeIndex(column)
    if index.tz is not None:
        return Times(_settled(index), str(index.tz), [], _settled(index.tz_localize(None)))
    notes: list[str] = []
    wall, ends = ends_of_days(column, notes)
    _refuse_two_midnights(table, label, column.astype(str), wall, ends)
    return Times(_settled(pd.DatetimeIndex(wall)), None, notes)


def _from_text(
    table: Table, label: str, written: pd.Series, day_first: bool | None, usual: bool | None, notes: list[str]
) -> Times:
    text = starts(written, notes).str.replace(NAMED_OFFSET, lambda m: f"{m[1]}{m[2]:0>2}:{m[3] or '00'}", regex=True)
    zoned = text.str.contains(ZONED)
    if zoned.any() and not zoned.all():
        odd = int(np.argmax(zoned != zoned.iloc[0]))
        raise DataError(
            f"{table.source}: {table.place(odd)}, column {label!r}: {written.iloc[odd]!r} has "
            f"{'a' if zoned.iloc[odd] else 'no'} time zone, while {written.iloc[0]!r} above has "
            f"{'one' if zoned.iloc[0] else 'none'}",
            "give all times a zone, or none",
        )
    plain = date_first(text.str.replace(OFFSET, "", regex=True).str.strip() if zoned.any() else text)
    if day_first is None:
        plain = years_first(table, label, plain, usual, notes)
    plain = first_days(full_years(plain, notes))
    late = plain.str.contains(END_OF_DAY)
    plain = plain.str.replace(END_OF_DAY, " 00:00", regex=True)
    numeric = plain.str.match(DAY_OR_MONTH)
    wall = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
    if numeric.any():
        refuse_swapped(table, label, plain, numeric)
        wall[numeric], day_first = day_or_month(table, label, plain[numeric], day_first, usual, notes)
    if not numeric.all():
        wall[~numeric] = parse_plain(plain[~numeric])
    wall = wall.mask(late, wall + pd.Timedelta(days=1))
    if late.any():
        notes.append("24:00 is read as 00:00 of the next day")
    wall, ends = ends_of_days(wall, notes)
    late = late | ends
    offsets = text.str.extract(OFFSET)[0].str.upper() if zoned.any() else None
    moments = wall if offsets is None else wall - _ahead(offsets)
    _refuse_first(table, label, moments.isna(), "is not a date or time", written)
    if late.any():
        _refuse_two_midnights(table, label, written, moments, late)
    if offsets is None:
        return Times(_settled(pd.DatetimeIndex(wall)), None, notes, day_first=day_first)
    zone, *others = offsets.unique()
    one = not others and zone[0] in "+-"
    zone = f"UTC{zone if ':' in zone else zone[:3] + ':' + (zone[3:] or '00')}" if one else None
    index, clock = pd.DatetimeIndex(moments, tz="UTC"), pd.DatetimeIndex(wall)
    return Times(_settled(index), zone, notes, _settled(clock), day_first)


def _from_steps(table: Table, names: tuple[str, ...], dates: Times, steps: int, zone: str | None) -> Times:
    """Times of the numbered steps of a day, with `steps` to a usual one, and more or fewer where clocks change."""
    if zone is None:
        raise DataError(
            f"{table.source}: column {names[1]!r} numbers the steps of a day, which has fewer or more of them when "
            "clocks change, and nothing says where they do",
            "say whose clock it is: data.timezone=Europe/London, for example, or UTC for one that never changes",
        )
    numbers = step_numbers(table.frame[names[1]])
    _refuse_first(table, names[1], pd.Series(np.isnan(numbers)), "is empty")
    days = (dates.index if dates.wall is None else dates.wall).normalize()
    midnight = days.tz_localize(zone, ambiguous=np.ones(len(days), bool), nonexistent="shift_forward")
    index = midnight.tz_convert("UTC") + (numbers - numbers.min()) * pd.Timedelta(days=1) / steps
    wall = index.tz_convert(zone).tz_localize(None)
    if (beyond := wall.normalize() != days).any():
        at = int(np.argmax(beyond))
        raise DataError(
            f"{table.source}: {table.place(at)}, column {names[1]!r}: {days[at]:%Y-%m-%d} has no step "
            f"{numbers[at]:g} in {zone}",
            "say the data.timezone whose clocks the steps follow, or mend the row",
        )
    notes = [*dates.notes, f"{names[1]!r} numbers the steps of a day in {zone}, {steps} of a usual one"]
    return Times(_settled(index), zone, notes, _settled(wall), dates.day_first)


def _refuse_two_midnights(table: Table, name: str, text: pd.Series, moments: pd.Series, late: pd.Series) -> None:
    both = late & moments.isin(moments[~late])
    if both.any():
        at = int(np.argmax(both))
        other = int(np.argmax(~late & (moments == moments.iloc[at])))
        raise DataError(
            f"{table.source}: {table.place(at)}, column {name!r}: {text.iloc[at]!r} is the same time as "
            f"{text.iloc[other]!r} in {table.place(other)}",
            "write midnight in one way: hours run from 0 to 23 or from 1 to 24",
        )


def _ahead(offsets: pd.Series) -> pd.Series:
    """How far clocks are ahead of UTC, from Z, UTC, GMT, +01, +0530 or -03:30; NaT where there is no such offset."""
    written = pd.Series(offsets.unique())
    midnight = parse_plain("2000-01-01T00:00" + written.str.replace("UTC|GMT", "Z", regex=True), utc=True)
    return offsets.map(dict(zip(written, pd.Timestamp("2000-01-01", tz="UTC") - midnight, strict=True)))


def check_zone(timezone: str) -> None:
    """Refuse a time zone that is not one, in a ConfigError."""
    try:
        pd.Timestamp("2020-01-01", tz="UTC").tz_convert(timezone)
    except Exception as error:
        raise ConfigError(
            f"data.timezone={timezone!r} is not a time zone", "for example Europe/Lisbon or UTC"
        ) from error


def _settled(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """In UTC when zoned, in microseconds, with the rounding errors of spreadsheets taken out."""
    if index.tz is not None:
        index = index.tz_convert("UTC")
    index = index.as_unit("us")
    return index.round("ms") if (index.microsecond % 1000 != 0).any() else index


def _written(cell: object) -> str:
    if isinstance(cell, pd.Timestamp):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell).strip()


def _refuse_first(table: Table, name: str, wrong: pd.Series, what: str, text: pd.Series | None = None) -> None:
    if wrong.any():
        at = int(np.argmax(wrong))
        cell = f" {short(text.iloc[at])}" if text is not None else ""
        more = f"; so are {int(wrong.sum()) - 1} more" if wrong.sum() > 1 else ""
        raise DataError(
            f"{table.source}: {table.place(at)}, column {name!r}: the time{cell} {what}{more}",
            "every row needs a time such as 2020-01-31 13:00 or 2020-01-31T13:00+01:00: delete rows of totals or "
            "remarks; data.time names its column",
        )


def _from_numbers(table: Table, name: str, column: pd.Series) -> Times:
    """Dates written as 20200131, and so on from years to seconds; a spreadsheet's days; seconds since 1970, in UTC.

    Spreadsheets show 44197 where a date has lost its format: days since 1899-12-30.
    """
    _refuse_first(table, name, column.isna(), "is empty")
    values = column.to_numpy(dtype=np.float64)
    low, high = values.min(), values.max()
    layout = _layout(table, name, column, low, high) if (values == np.floor(values)).all() else None
    if layout:
        written = column.astype(np.int64).astype(str)
        parsed = _compact(column, layout)
        _refuse_first(table, name, parsed.isna(), "is not a date or time", written)
        notes = [f"times such as {written.iloc[0]} are read as {layout}"]
        return Times(pd.DatetimeIndex(parsed).as_unit("us"), None, notes)
    if SPREADSHEET_DAYS[0] <= low and high < SPREADSHEET_DAYS[1]:
        index = pd.DatetimeIndex(pd.Timestamp("1899-12-30") + pd.to_timedelta(column, unit="D"))
        notes = [f"times such as {values[0]:g} are read as a spreadsheet's days"]
        return Times(_settled(index.round("s")), None, notes)
    for unit, least, most in EPOCH_UNITS:
        if least <= low and high < most:
            index = pd.DatetimeIndex(pd.to_datetime(column, unit=unit, utc=True))
            return Times(_settled(index), None, [f"times are numbers: read as {unit} since 1970, in UTC"])
    raise DataError(
        f"{table.source}: {table.place(0)}, column {name!r}: the number {values[0]:g} is not a time",
        "write times as 2020-01-31 13:00 or as seconds since 1970; data.time names another column",
    )


def _layout(table: Table, name: str, column: pd.Series, low: float, high: float) -> str | None:
    """How whole numbers from `low` to `high` write dates, such as 20200131; None where they do not."""
    digits = len(f"{high:.0f}")
    long = COMPACT.get(digits)
    if long and (len(f"{low:.0f}") != digits or not 1700 <= low // 10 ** (digits - 4) <= 2261):
        long = None
    if long and _compact(column.iloc[:: max(1, len(column) // 100)], long).notna().mean() < 0.5:
        long = None
    short = next((layout for most, layout in SHORT_COMPACT if digits in (most - 1, most)), None)
    if not short or _compact(column.iloc[:100], short).isna().any():
        return long
    year = regularity(_compact(column, short))
    other = regularity(_compact(column, long)) if long else _epoch_regularity(column, low, high)
    if year and year == other:
        raise DataError(
            f"{table.source}: column {name!r}: numbers such as {column.iloc[0]:.0f} may be read as {short} or as "
            f"{long or 'the time since 1970'}",
            "write times as 2020-01-31 13:00",
        )
    return short if year > other else long


def _compact(column: pd.Series, layout: str) -> pd.Series:
    written = column.astype(np.int64).astype(str)
    width = next((digits for digits, short in SHORT_COMPACT if short == layout), 0)  # 0501010000 has lost its first 0
    return pd.to_datetime(written.str.zfill(width), format=layout, errors="coerce")


def _epoch_regularity(column: pd.Series, low: float, high: float) -> float:
    unit = next((unit for unit, least, most in EPOCH_UNITS if least <= low and high < most), None)
    return regularity(pd.to_datetime(column, unit=unit)) if unit else 0.0


def _joined(table: Table, names: tuple[str, ...]) -> pd.Series:
    """One column of times from columns that hold its parts."""
    frame = table.frame[list(names)]
    parts = [n.lower().strip() for n in names]
    if {"year", "month"} <= set(parts) <= set(PARTS):
        frame = frame.set_axis(parts, axis=1)
        frame = frame.assign(month=month_numbers(frame["month"]))
        parsed = pd.to_datetime(frame if "day" in frame else frame.assign(day=1), errors="coerce")
        _refuse_first(table, "+".join(names), parsed.isna(), "is not a date or time")
        return parsed
    first = frame[names[0]]
    if types.is_datetime64_any_dtype(first):
        first = first.dt.strftime("%Y-%m-%d")
    text = first.map(_written).str.removesuffix("T00:00:00").str.removesuffix(" 00:00:00")
    for name in names[1:]:
        text = text + " " + clock_times(frame[name].map(_written))
    return text
