"""Which column is the time, the series' name, a target or a covariate: given, or inferred and said."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.config.validate import did_you_mean
from timevis.data.cleaning.missing_values import clear_sentinels
from timevis.data.options import DataOptions
from timevis.data.readers.table import Table, short
from timevis.data.schema.numbers import NUMBERS, kind_of
from timevis.data.schema.time_parts import CLOCK_NAMES, is_clock, is_date_only, month_numbers, numbers_steps_of_day
from timevis.data.schema.timestamps import PARTS, looks_like_time
from timevis.errors import ConfigError, DataError

TIME_NAMES = ("time", "timestamp", "datetime", "date_time", "date", "ds", "ts", "day", "month", "year", "period")
ID_NAMES = ("id", "unique_id", "item_id", "series_id", "series", "item", "sensor", "sensor_id", "station", "store")
COUNTER_NAMES = ("no", "nr", "index", "row", "rownum", "row_number", "unnamed: 0", "column 1", "id")
REPEATED = 0.01
"""From this share of rows on, times that occur again are those of several series."""
ROWS_OF_A_SERIES = 20
"""A column whose values have fewer rows each on average names no series, unless times occur again."""
MOST_PAIRED = 6
"""Columns of which pairs are tried, for advice."""
NOT_A_TARGET = {"boolean": "holds booleans", "time": "holds dates", "text": "holds text", "empty": "is empty"}


@dataclass
class Columns:
    """The part each column plays.

    Attributes
    ----------
    time : names of the columns that make the time
    id : name or None
        Of several columns that name the series together, the one that `find_columns` makes of them.
    targets, covariates : names
    covariates_known : bool for each covariate
    left_out : dict
        Name of every other column to the reason why it is not used.
    sentinels : dict
        Per column, what `clear_sentinels` found.
    notes : list of str
    """

    time: tuple[str, ...]
    id: str | None
    targets: tuple[str, ...]
    covariates: tuple[str, ...] = ()
    covariates_known: tuple[bool, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    sentinels: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_columns(table: Table, options: DataOptions) -> tuple[Table, Columns]:
    """Give every column its part, and empty the cells of targets and covariates that are `data.cleaning.missing`.

    Returns
    -------
    table
        A copy in which these cells are empty, with the column that names the series.
    columns

    Raises
    ------
    DataError
        A column that was asked for is missing (names the nearest) or not numeric, there is no time column, or no
        numeric column is left.
    """
    table = replace(table, frame=table.frame.copy(deep=False), notes=[*table.notes])
    columns = [str(c) for c in table.frame.columns]
    if (absent := absent_column(table, options)) is not None:
        raise DataError(f"{table.source} has no column {absent!r}", did_you_mean(absent, columns))
    asked = [*(options.time or ()), *(options.id or ()), *(options.target or ())]
    covariates = {k: v for k, v in (options.covariates or {}).items() if k != "holiday" or k in table.frame}
    notes: list[str] = []
    time = options.time or _find_time(table, notes)
    rest = [c for c in columns if c not in (*time, *(options.id or ()), *covariates)]
    free = [c for c in rest if c not in asked]
    id_column = _joined(table, options.id) if options.id else _find_id(table, time, free, notes)
    rest = [c for c in rest if c != id_column]
    found = Columns(
        time, id_column, (), tuple(covariates), tuple(k == "known" for k in covariates.values()), notes=notes
    )
    found.sentinels = clear_sentinels(table, [*(options.target or rest), *covariates], options.cleaning.missing)
    _check_covariates(table, covariates)
    if options.target:
        _check_targets(table, options.target)
        found.targets = options.target
        found.left_out = {c: "not asked for" for c in rest if c not in options.target}
    else:
        found.targets, found.left_out = _infer_targets(table, rest, id_column)
    return table, found


def _check_targets(table: Table, targets: tuple[str, ...]) -> None:
    for name in targets:
        kind = kind_of(table.frame[name])
        if kind != "number":
            raise DataError(
                f"{table.source}: column {name!r}{_first_text(table, name, kind)} {_holds(table, name, kind)}, "
                "so it cannot be a target",
                "data.target takes numeric columns; data.cleaning.missing names words that mean no value",
            )


def _infer_targets(table: Table, rest: list[str], series: str | None) -> tuple[tuple[str, ...], dict[str, str]]:
    """Numeric columns that neither are parts of the time nor count the rows; the others to why they are not used."""
    kinds = {c: kind_of(table.frame[c]) for c in rest}
    numeric = [c for c in rest if kinds[c] == "number"]
    parts = [c for c in numeric if c.lower().strip() in PARTS]
    if set(parts) < set(numeric):  # beside a whole time they only repeat it
        numeric = [c for c in numeric if c not in parts]
    counters = [c for c in numeric if len(numeric) > 1 and _is_counter(table.frame, c, series)]
    left_out = {c: _holds(table, c, k) for c, k in kinds.items() if k != "number"}
    left_out |= dict.fromkeys(counters, "counts the rows")
    left_out |= {c: "is part of the time" for c in parts if c not in numeric}
    targets = tuple(c for c in numeric if c not in counters)
    if not targets:
        others = "; ".join(f"{c!r} {why}{_first_text(table, c, kinds[c])}" for c, why in left_out.items())
        others = others or "there is none beside the time"
        raise DataError(f"{table.source}: no numeric column is left to forecast ({others})", NUMBERS)
    return targets, left_out


def _check_covariates(table: Table, covariates: dict[str, str]) -> None:
    if covariates.get("holiday", "known") not in ("known", "observed"):
        raise ConfigError(
            f"data.covariates.holiday={covariates['holiday']!r}, but {table.source} has a column of that name",
            "say known or observed to use the column, or rename it to have the holidays of a country",
        )
    for name in covariates:
        kind = kind_of(table.frame[name])
        if kind in ("time", "text"):
            raise DataError(
                f"{table.source}: the covariate {name!r} {_holds(table, name, kind)}",
                "covariates are numbers or booleans; data.cleaning.missing names words that mean no value",
            )


def absent_column(table: Table, options: DataOptions) -> str | None:
    """The first column that was asked for and is not there; `holiday` need not be, a calendar has it too."""
    covariates = [c for c in options.covariates or () if c != "holiday"]
    asked = (*(options.time or ()), *(options.id or ()), *(options.target or ()), *covariates)
    return next((name for name in asked if name not in table.frame), None)


def _holds(table: Table, name: str, kind: str) -> str:
    """Why a column that is no number cannot be forecast; dates may be written as text."""
    return NOT_A_TARGET["time" if kind == "text" and looks_like_time(table.frame[name]) else kind]


def _first_text(table: Table, name: str, kind: str) -> str:
    column = table.frame[name].dropna()
    return (
        f" ({table.place(int(column.index[0]))}: {short(column.iloc[0])})" if kind == "text" and len(column) else ""
    )


def _find_time(table: Table, notes: list[str]) -> tuple[str, ...]:
    frame = table.frame
    lower = {str(c).lower().strip(): str(c) for c in frame.columns}
    named = [lower[n] for n in TIME_NAMES if n in lower]
    times = [n for n in named if looks_like_time(frame[n]) or _numeric_time(frame[n])]
    parts = tuple(lower[p] for p in PARTS if p in lower and _is_part(frame[lower[p]], p))
    if parts[:2] == (lower.get("year"), lower.get("month")) and set(times) <= set(parts):
        notes.append(f"the time is made of the columns {', '.join(parts)}")
        return parts
    times += [n for n in map(str, frame.columns) if n not in named and looks_like_time(frame[n])]
    if times:  # 13.01.05 is a clock time where another column holds dates
        best = min(times, key=lambda n: (n in parts, is_clock(frame[n])))
        finer = next((n for n in times if _has_dates_of(frame[n], frame[best])), best)
        return _noted(finer, frame, notes)
    for name in named:
        if frame[name].notna().any():
            return (name,)  # named like a time: let parsing say which cell is not one
    raise DataError(
        f"{table.source}{table.part}: there is no time column among {', '.join(map(repr, frame.columns[:12]))}"
        + ("..." if len(frame.columns) > 12 else ""),
        "one column must hold times such as 2020-01-31 13:00 (data.time names it); no row may stand above the names",
    )


def _is_part(column: pd.Series, part: str) -> bool:
    return kind_of(month_numbers(column) if part == "month" else column) == "number"


def _noted(name: str, frame: pd.DataFrame, notes: list[str]) -> tuple[str, ...]:
    """The time column, and beside it the clock time where the table keeps date and clock apart."""
    clock = clock_beside(frame, name)
    notes.append(f"the time is made of the columns {name}, {clock}" if clock else f"the time column is {name!r}")
    return (name, clock) if clock else (name,)


def clock_beside(frame: pd.DataFrame, date: str, named: bool = True) -> str | None:
    """The column of clock times beside a column of dates without them; without `named`, also text of any name.

    Only where the dates of a series occur again: beside days that do not, hours are a measurement.
    """
    series = [c for c in map(str, frame.columns) if c.lower().strip() in ID_NAMES and _tells_series(frame[c])]
    if not is_date_only(frame[date]) or frame.duplicated([date, *series]).mean() <= REPEATED:
        return None
    for name in map(str, frame.columns):
        may = name.lower().strip() in CLOCK_NAMES or not (named or types.is_numeric_dtype(frame[name]))
        if may and name != date and is_clock(frame[name]):
            return name
    return None


def _has_dates_of(column: pd.Series, dates: pd.Series) -> bool:
    """Whether a column holds times of day on the days of another, which holds days alone."""
    if not is_date_only(dates) or is_date_only(column):
        return False
    seen = dates.notna() & column.notna()
    days, times = dates[seen].iloc[:50], column[seen].iloc[:50]
    if types.is_datetime64_any_dtype(times):
        return bool(len(days)) and bool((times.dt.normalize() == days).all())
    return bool(len(days)) and all(str(t).startswith(str(d)) for t, d in zip(times, days, strict=True))


def _numeric_time(column: pd.Series) -> bool:
    if not types.is_numeric_dtype(column):
        return False
    values = column.dropna()
    return bool(len(values)) and bool(values.min() >= 1700) and bool((values == values.round()).all())


def _joined(table: Table, names: tuple[str, ...]) -> str:
    """The column that names the series: of several, a new one of their texts with blanks between them."""
    table.frame[list(names)] = table.as_names(names)
    if len(names) == 1:
        return names[0]
    parts = [table.frame[n].map(_in_text, na_action="ignore").replace("", None) for n in names]
    label, joined = "+".join(names), reduce(lambda before, part: before + " " + part, parts)
    if label in table.frame or joined.nunique() < len(pd.concat(parts, axis=1).dropna().drop_duplicates()):
        raise DataError(
            f"{table.source}: data.id=[{','.join(names)}] would call two series alike",
            "put one column into the file that names them, and say it with data.id",
        )
    table.frame[label] = joined
    return label


def _in_text(cell: Any) -> str:
    """A part of a name; whole numbers without a point, as an empty cell in the column would give them."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _find_id(table: Table, time: tuple[str, ...], rest: list[str], notes: list[str]) -> str | None:
    """The column that makes repeated times unique, for a long table.

    Text under another name than an id's names series only where a time has one and a half rows on average: series
    share their times, while the weather of an hour is text as well and differs between two reports of that hour.
    Series that share no times are told apart by a column with an id's name that looks like one.
    """
    frame = table.frame
    repeated = frame.duplicated(list(time)).mean()
    named = [c for c in rest if c.lower().strip() in ID_NAMES]
    if repeated <= REPEATED:
        named = [c for c in named if _tells_series(frame[c])]
    others = [c for c in rest if c not in named] if repeated >= 1 / 3 else []
    text = [c for c in others if kind_of(frame[c]) == "text" and not _may_be_time(frame, time, c)]
    for name in named + text:
        told = pd.concat([frame[list(time)], table.as_names([name])], axis=1)
        if told[name].nunique() > 1 and told.duplicated().mean() <= REPEATED:
            table.frame[name] = told[name]
            notes.append(f"the table is long: {name!r} names the series")
            return name
    return None


def _tells_series(column: pd.Series) -> bool:
    """Whether few names, or few whole numbers that come in blocks or take turns, stand in a column."""
    code, names = pd.factorize(column)
    if not 2 <= len(names) <= len(column) / ROWS_OF_A_SERIES or (code < 0).any():
        return False
    if kind_of(column) != "number":
        return kind_of(column) == "text"
    if not types.is_integer_dtype(column):
        return False
    changed = np.diff(code) != 0
    again = code[len(names) :] == code[: -len(names)]
    return bool(changed.sum() == len(names) - 1 or (changed.mean() > 0.9 and again.mean() > 0.9))


def _may_be_time(frame: pd.DataFrame, time: tuple[str, ...], name: str) -> bool:
    """Whether a column beside the time may be a part of it: a clock, a month or the steps of a day."""
    return (
        name.lower().strip() in (*CLOCK_NAMES, *PARTS) or is_clock(frame[name]) or name in steps_of_day(frame, time)
    )


def steps_of_day(frame: pd.DataFrame, time: tuple[str, ...]) -> list[str]:
    """Columns that number the steps of each date, beside a time that is a date alone."""
    if len(time) > 1 or not is_date_only(frame[time[0]]):
        return []
    return [c for c in map(str, frame.columns) if c not in time and numbers_steps_of_day(frame[c], frame[time[0]])]


def series_candidate(table: Table, time: tuple[str, ...]) -> str:
    """The column that would make repeated times unique, or two as ``[a,b]``, for advice on `data.id`; or nothing."""
    frame, steps = table.frame, steps_of_day(table.frame, time)
    may = [
        c
        for c in map(str, frame.columns)
        if c not in (*time, *steps)
        and not types.is_float_dtype(frame[c])
        and 1 < frame[c].nunique() <= len(frame) // 3
        and (types.is_numeric_dtype(frame[c]) or not is_clock(frame[c]))
        and c.lower().strip() not in (*CLOCK_NAMES, *PARTS)
    ]
    for names in (*combinations(may, 1), *combinations(may[:MOST_PAIRED], 2)):
        if not frame.duplicated([*time, *names]).any():
            return names[0] if len(names) == 1 else f"[{','.join(names)}]"
    return ""


def _is_counter(frame: pd.DataFrame, name: str, series: str | None) -> bool:
    """Whether a column numbers the rows, or those of each series: upwards, or shuffled but without a gap."""
    column = frame[name]
    if name.lower().strip() not in COUNTER_NAMES or not types.is_numeric_dtype(column) or len(column) < 3:
        return False
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    code = np.zeros(len(frame), np.int64) if series is None else frame[series].factorize()[0]
    if not (values == np.round(values)).all():
        return False

    def steps(order: np.ndarray) -> np.ndarray:
        return np.diff(values[order])[np.diff(code[order]) == 0]

    upwards, by_size = steps(np.argsort(code, kind="stable")), steps(np.lexsort((values, code)))
    return bool((upwards > 0).all() or (by_size == 1).all())
