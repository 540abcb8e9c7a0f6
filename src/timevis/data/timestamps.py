"""Timestamps out of table columns: formats, day or month first, and time zones."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.data.table import MISSING, Table, short
from timevis.errors import ConfigError, DataError

ZONED = r"(?i)\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:am|pm)?\s*(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$"
OFFSET = r"(?i)(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$"
DAY_OR_MONTH = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
PLAUSIBLE = re.compile(r"\d{4}|[A-Za-z]{3}")
PARTS = ("year", "month", "day", "hour", "minute", "second")
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
    """

    index: pd.DatetimeIndex
    zone: str | None
    notes: list[str]
    wall: pd.DatetimeIndex | None = None


def looks_like_time(column: pd.Series) -> bool:
    """Whether a column of text or times, judged by a sample of it, holds timestamps."""
    if types.is_datetime64_any_dtype(column):
        return True
    if types.is_numeric_dtype(column):
        return False
    filled = column.dropna()
    sample = filled.iloc[:: max(1, len(filled) // 20)].map(_written)
    sample = sample.str.replace("[年月]", "-", regex=True).str.replace("日", "")
    if not len(sample) or not sample.str.contains(r"\d").all():
        return False
    return bool((sample.str.match(DAY_OR_MONTH) | _parse_plain(sample, utc=True).notna()).mean() >= 0.5)


def parse_times(table: Table, names: tuple[str, ...], day_first: bool | None = None) -> Times:
    """Parse the time column, or several columns that make one time (``[date, hour]``, ``[year, month, day]``).

    Dates such as 01/02/2020 are read day first or month first as all rows together allow; where both fit, the one
    that makes the steps regular; where that does not decide either, it is an error that asks.

    Raises
    ------
    DataError
        A cell is empty, is not a time, or some times have a zone and others have none; names row and column.
    """
    label = "+".join(names)
    column = table.frame[names[0]] if len(names) == 1 else _joined(table, names)
    if types.is_datetime64_any_dtype(column):
        _refuse_first(table, label, column.isna(), "is empty")
        index = pd.DatetimeIndex(column)
        zone = str(index.tz) if index.tz is not None else None
        return Times(_settled(index), zone, [], _settled(index.tz_localize(None)) if zone else None)
    if types.is_numeric_dtype(column):
        return _from_numbers(table, label, column)
    text = column.map(_written, na_action="ignore").fillna("").astype(str).str.strip()
    _refuse_first(table, label, text.isin(MISSING), "is empty")
    text = text.str.replace("[年月]", "-", regex=True).str.replace("日", "")
    zoned = text.str.contains(ZONED)
    if zoned.any() and not zoned.all():
        odd = int(np.argmax(zoned != zoned.iloc[0]))
        raise DataError(
            f"{table.source}: {table.place(odd)}, column {label!r}: {text.iloc[odd]!r} has "
            f"{'a' if zoned.iloc[odd] else 'no'} time zone, while {text.iloc[0]!r} above has "
            f"{'one' if zoned.iloc[0] else 'none'}",
            "give all times a zone, or none",
        )
    notes: list[str] = []
    numeric = text.str.match(DAY_OR_MONTH)
    parsed = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us, UTC]" if zoned.any() else "datetime64[us]")
    if numeric.any():
        parsed[numeric] = _day_or_month(table, label, text[numeric], day_first, bool(zoned.any()), notes)
    if not numeric.all():
        parsed[~numeric] = _parse_plain(text[~numeric], utc=bool(zoned.any()))
    _refuse_first(table, label, parsed.isna(), "is not a date or time", text)
    zone = wall = None
    if zoned.any():
        wall = _settled(pd.DatetimeIndex(_parse_plain(text.str.replace(OFFSET, "", regex=True).str.strip())))
        offsets = text.str.extract(OFFSET)[0].str.upper().unique()
        if len(offsets) == 1 and offsets[0][0] in "+-":
            zone = f"UTC{offsets[0] if ':' in offsets[0] else offsets[0][:3] + ':' + (offsets[0][3:] or '00')}"
    return Times(_settled(pd.DatetimeIndex(parsed)), zone, notes, wall)


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
    return (
        cell.isoformat(sep=" ")
        if isinstance(cell, pd.Timestamp)
        else (cell.isoformat() if hasattr(cell, "isoformat") else str(cell).strip())
    )


def _refuse_first(table: Table, name: str, wrong: pd.Series, what: str, text: pd.Series | None = None) -> None:
    if wrong.any():
        at = int(np.argmax(wrong))
        cell = f" {short(text.iloc[at])}" if text is not None else ""
        more = f"; so are {int(wrong.sum()) - 1} more" if wrong.sum() > 1 else ""
        raise DataError(
            f"{table.source}: {table.place(at)}, column {name!r}: the time{cell} {what}{more}",
            "every row needs a time such as 2020-01-31 13:00 or 2020-01-31T13:00+01:00; data.time names its column",
        )


def _parse_plain(text: pd.Series, utc: bool = False) -> pd.Series:
    parsed = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=utc)
    left = parsed.isna() & text.str.contains(PLAUSIBLE)
    if left.any():
        rest = pd.to_datetime(text[left], format="mixed", errors="coerce", utc=utc)
        parsed = parsed.astype(rest.dtype) if parsed.isna().all() else parsed
        parsed[left] = rest
    return parsed


def _day_or_month(
    table: Table, name: str, text: pd.Series, day_first: bool | None, utc: bool, notes: list[str]
) -> pd.Series:
    """Times that begin like 01/02/2020."""
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
            day_first = _more_regular(table, name, text, fields)
    notes.append(f"dates such as {example!r} are read {'day' if day_first else 'month'} first")
    return _assemble(text, fields, day_first, utc)


def _assemble(text: pd.Series, fields: pd.DataFrame, day_first: bool, utc: bool) -> pd.Series:
    day, month = (fields[0], fields[2]) if day_first else (fields[2], fields[0])
    year = fields[3].where(fields[3].str.len() == 4, "20" + fields[3])
    rest = text.str.replace(DAY_OR_MONTH, "", n=1, regex=True).str.strip()
    iso = year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2) + (" " + rest).where(rest != "", "")
    return _parse_plain(iso.str.replace(" T", "T"), utc=utc)


def _more_regular(table: Table, name: str, text: pd.Series, fields: pd.DataFrame) -> bool:
    """Whether reading the day first gives the more regular series."""
    shares = []
    for day_first in (False, True):
        steps = np.diff(np.unique(_assemble(text, fields, day_first, False).dropna().to_numpy()))
        days = steps.astype("timedelta64[s]").astype(float) / 86400
        near = np.where(days >= 28, np.round(days / 30.4), days * 1e4)
        shares.append(np.unique(near, return_counts=True)[1].max() / len(near) if len(near) else 1.0)
    if shares[0] == shares[1]:
        raise DataError(
            f"{table.source}: column {name!r}: dates such as {text.iloc[0]!r} may be read day first or month first",
            "write them as 2020-01-31, or say data.cleaning.day_first=true or false",
        )
    return shares[1] > shares[0]


def _from_numbers(table: Table, name: str, column: pd.Series) -> Times:
    """Years, dates written as 20200131, or seconds (or finer) since 1970, which count in UTC."""
    _refuse_first(table, name, column.isna(), "is empty")
    values = column.to_numpy(dtype=np.float64)
    low, high = values.min(), values.max()
    whole = bool((values == np.floor(values)).all())
    if whole and low >= 1700 and high <= 2261:
        return Times(
            pd.DatetimeIndex(pd.to_datetime(column.astype(int).astype(str), format="%Y")).as_unit("us"), None, []
        )
    if whole and low >= 17000101 and high <= 22611231:
        written = column.astype(int).astype(str)
        parsed = pd.to_datetime(written, format="%Y%m%d", errors="coerce")
        _refuse_first(table, name, parsed.isna(), "is not a date or time", written)
        return Times(pd.DatetimeIndex(parsed).as_unit("us"), None, [])
    for unit, least, most in EPOCH_UNITS:
        if least <= low and high < most:
            index = pd.DatetimeIndex(pd.to_datetime(column, unit=unit, utc=True))
            return Times(_settled(index), None, [f"times are numbers: read as {unit} since 1970, in UTC"])
    raise DataError(
        f"{table.source}: {table.place(0)}, column {name!r}: the number {values[0]:g} is not a time",
        "write times as 2020-01-31 13:00 or as seconds since 1970; data.time names another column",
    )


def _joined(table: Table, names: tuple[str, ...]) -> pd.Series:
    """One column of times from columns that hold its parts."""
    frame = table.frame[list(names)]
    parts = [n.lower() for n in names]
    if set(parts) <= set(PARTS) and {"year", "month", "day"} <= set(parts):
        parsed = pd.to_datetime(frame.set_axis(parts, axis=1), errors="coerce")
        _refuse_first(table, "+".join(names), parsed.isna(), "is not a date or time")
        return parsed
    first = frame[names[0]]
    if types.is_datetime64_any_dtype(first):
        first = first.dt.strftime("%Y-%m-%d")
    text = first.map(_written).str.removesuffix("T00:00:00").str.removesuffix(" 00:00:00")
    for name in names[1:]:
        rest = frame[name].map(_written)
        text = (
            text
            + " "
            + rest.where(~rest.str.fullmatch(r"\d{1,2}(\.0)?"), rest.str.split(".").str[0].str.zfill(2) + ":00")
        )
    return text
