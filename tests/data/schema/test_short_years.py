from __future__ import annotations

import pandas as pd
import pytest

from timevis.data.readers.table import Table
from timevis.data.schema.timestamps.parse_times import parse_times
from timevis.errors import DataError

DAYS = pd.date_range("2024-01-01", periods=60, freq="D", unit="us")


def parsed(values: object, **options: bool | None) -> pd.DatetimeIndex:
    return parse_times(Table(pd.DataFrame({"time": values}), "t.csv"), ("time",), **options).index


@pytest.mark.parametrize("pattern", ["%y-%m-%d %H:%M", "%y/%m/%d %H:%M:%S", "%y.%m.%d %H:%M", "%H:%M %y-%m-%d"])
@pytest.mark.parametrize("first", ["1998-12-20", "2023-01-01", "2011-10-01"])
def test_years_of_two_digits_may_come_first(pattern: str, first: str) -> None:
    times = pd.date_range(first, periods=1000, freq="h", unit="us")
    read = parse_times(Table(pd.DataFrame({"time": times.strftime(pattern)}), "t.csv"), ("time",))
    assert (read.index == times).all()
    assert any("year first; years of two digits as 1969 to 2068" in note for note in read.notes)
    assert (parsed(times[::24].strftime("%y-%m-%d")) == times[::24].normalize()).all()


@pytest.mark.parametrize("pattern", ["%d/%m/%y %H:%M", "%m-%d-%y %H:%M"])
@pytest.mark.parametrize("first", ["2001-01-01", "2023-01-01", "2011-10-01"])
def test_years_of_two_digits_that_come_last_are_not_read_as_the_first(pattern: str, first: str) -> None:
    times = pd.date_range(first, periods=1000, freq="h", unit="us")
    assert (parsed(times.strftime(pattern)) == times).all()


def test_years_of_two_digits_that_may_come_first_or_last_are_an_error() -> None:
    with pytest.raises(DataError, match="'24-01-01' may be read with the year first or last") as error:
        parsed(DAYS[:31].strftime("%y-%m-%d"))
    assert "2020-01-31" in error.value.advice
    assert parsed(DAYS[:31].strftime("%y-%m-%d"), day_first=True)[1] == pd.Timestamp("2002-01-24")


@pytest.mark.parametrize("pattern", ["%y%m%d%H%M", "%y%m%d%H%M%S"])
@pytest.mark.parametrize("first", ["2024-01-01", "2005-03-01", "2020-01-01", "1999-12-20"])
@pytest.mark.parametrize("number", [False, True])
def test_integers_may_begin_with_a_year_of_two_digits(pattern: str, first: str, number: bool) -> None:
    times = pd.date_range(first, periods=1000, freq="h", unit="us")
    text = times.strftime(pattern)
    assert (parsed(text.astype("int64") if number else text) == times).all()


def test_integers_that_may_be_dates_or_seconds_since_1970_are_an_error() -> None:
    with pytest.raises(DataError, match="2401010000 may be read as %y%m%d%H%M or as the time since 1970"):
        parsed(range(2401010000, 2401010060))
    seconds = pd.date_range("2023-12-01", periods=3000, freq="30min").as_unit("s")
    assert (parsed(seconds.asi8) == seconds.tz_localize("UTC")).all()
