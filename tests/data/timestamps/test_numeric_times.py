from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from time_columns import parse_index

from timevis.data.table import Table
from timevis.data.timestamps.parse_times import parse_times
from timevis.errors import DataError

HOURS = pd.date_range("2024-02-25 18:00", periods=400, freq="h", unit="us")
DAYS = pd.date_range("2024-01-01", periods=60, freq="D", unit="us")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_numbers_since_1970_are_utc(unit: str) -> None:
    index = parse_index(HOURS.as_unit(unit).asi8)
    assert (index == HOURS.tz_localize("UTC")).all()


@pytest.mark.parametrize("pattern", ["%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S"])
def test_integers_that_are_dates_and_hours_are_not_read_as_seconds_since_1970(pattern: str) -> None:
    assert (parse_index(HOURS.strftime(pattern).astype("int64")) == HOURS).all()
    assert parse_index([1900010100, 1900010200]).tz is None
    assert parse_index([1900010177, 1900013777]).tz is not None  # seconds: no hour is 77


def test_compact_dates_and_years_are_read() -> None:
    assert (parse_index([int(t) for t in DAYS.strftime("%Y%m%d")]) == DAYS).all()
    assert parse_index([1990, 1991])[1] == pd.Timestamp("1991-01-01")


@pytest.mark.parametrize("decimals", [5, 17])
def test_the_days_of_a_spreadsheet_are_dates(decimals: int) -> None:
    expected = pd.date_range("2021-01-01", periods=500, freq="15min")
    days = (expected - pd.Timestamp("1899-12-30")) / pd.Timedelta("1D")
    times = parse_times(Table(pd.DataFrame({"time": np.round(days, decimals)}), "t.csv"), ("time",))
    assert times.index.equals(expected.as_unit("us"))
    assert times.zone is None
    assert list(map(str, times.notes)) == ["times such as 44197 are read as a spreadsheet's days"]


@pytest.mark.parametrize("pattern", ["%y%m%d%H%M", "%y%m%d%H%M%S"])
@pytest.mark.parametrize("first", ["2024-01-01", "2005-03-01", "2020-01-01", "1999-12-20"])
@pytest.mark.parametrize("number", [False, True])
def test_integers_may_begin_with_a_year_of_two_digits(pattern: str, first: str, number: bool) -> None:
    times = pd.date_range(first, periods=1000, freq="h", unit="us")
    text = times.strftime(pattern)
    assert (parse_index(text.astype("int64") if number else text) == times).all()


def test_integers_that_may_be_dates_or_seconds_since_1970_are_an_error() -> None:
    with pytest.raises(DataError, match="2401010000 may be read as %y%m%d%H%M or as the time since 1970"):
        parse_index(range(2401010000, 2401010060))
    seconds = pd.date_range("2023-12-01", periods=3000, freq="30min").as_unit("s")
    assert (parse_index(seconds.asi8) == seconds.tz_localize("UTC")).all()
