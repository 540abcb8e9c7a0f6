from __future__ import annotations

import pandas as pd
import pytest
from time_columns import parse_index

from timevis.data.table import Table
from timevis.data.timestamps.parse_times import looks_like_time, parse_times
from timevis.errors import DataError

HOURS = pd.date_range("2024-02-25 18:00", periods=400, freq="h", unit="us")


@pytest.mark.parametrize(
    "pattern",
    [
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y/%m/%d %H:%M",
        "%d.%m.%Y %H:%M",
        "%m/%d/%Y %I:%M %p",
        "%d-%b-%Y %H:%M",
        "%Y%m%dT%H%M",
        "%Y%m%d%H",
        "%Y%m%d%H%M%S",
        "%Y年%m月%d日 %H时",
        "%Y年%m月%d日%H时%M分",
        "%Y年%m月%d日 %H点%M分%S秒",
        "%Y年%m月%d日 %H:%M",
    ],
)
def test_common_formats_are_read(pattern: str) -> None:
    assert (parse_index(HOURS.strftime(pattern)) == HOURS).all()


@pytest.mark.parametrize(
    "pattern",
    [
        "%H:%M %d/%m/%Y",
        "%a %d/%m/%Y %H:%M",
        "%A, %d/%m/%Y %H:%M",
        "%H:%M:%S %d.%m.%Y",
        "%I:%M %p %d/%m/%Y",
        "%H:%M, %d-%m-%Y",
        "%H:%M %a %m/%d/%y",
        "%a., %d.%m.%Y, %H:%M",
        "%H:%M %Y-%m-%d",
        "%a, %d %b %Y %H:%M:%S",
        "%a %b %d %H:%M:%S %Y",
    ],
)
def test_a_date_may_follow_a_time_of_day_or_a_weekday(pattern: str) -> None:
    assert (parse_index(HOURS.strftime(pattern)) == HOURS).all()


@pytest.mark.parametrize(
    "pattern", ["%d/%m/%y", "%m.%d.%y", "%d-%b-%y", "%d %B %y", "%d.%m.%y %H:%M", "%d/%m/%yT%H:%M"]
)
@pytest.mark.parametrize("first", ["1969-01-01", "1974-06-01", "1997-12-01", "1999-12-01", "2068-11-01"])
def test_years_of_two_digits_are_read_as_1969_to_2068_and_noted(pattern: str, first: str) -> None:
    days = pd.date_range(first, periods=50, freq="D", unit="us")
    times = parse_times(Table(pd.DataFrame({"time": days.strftime(pattern)}), "t.csv"), ("time",))
    assert (times.index == days).all()
    assert "years of two digits are read as 1969 to 2068" in map(str, times.notes)


def test_years_of_four_digits_are_left_as_they_are() -> None:
    days = pd.date_range("2024-01-01", periods=40, freq="D", unit="us")
    times = parse_times(Table(pd.DataFrame({"time": days.strftime("%d %b %Y")}), "t.csv"), ("time",))
    assert (times.index == days).all()
    assert times.notes == []


@pytest.mark.parametrize(
    ("pattern", "freq"),
    [("%Y%m", "MS"), ("%m.%Y", "MS"), ("%b-%y", "MS"), ("%b %Y", "MS"), ("%G-W%V", "W-MON"), ("%GW%V-%u", "W-MON")],
)
def test_months_and_weeks_are_read_as_their_first_day(pattern: str, freq: str) -> None:
    days = pd.date_range("1999-03-01", periods=60, freq=freq, unit="us")
    assert (parse_index(days.strftime(pattern)) == days).all()


def test_quarters_are_read_as_their_first_day() -> None:
    days = pd.date_range("1999-01-01", periods=40, freq="QS", unit="us")
    assert (parse_index([f"{d.year}-Q{d.quarter}" for d in days]) == days).all()
    assert (parse_index([f"Q{d.quarter} {d.year}" for d in days]) == days).all()


@pytest.mark.parametrize(
    "form", ["{0:%Y-%m-%d}/{1:%Y-%m-%d}", "{0:%Y-%m-%d} - {1:%Y-%m-%d}", "{0:%Y-%m-%d %H:%M}/{1:%Y-%m-%d %H:%M}"]
)
def test_periods_are_read_as_their_start_and_noted(form: str) -> None:
    weeks = pd.date_range("2010-01-04", periods=60, freq="7D", unit="us")
    table = Table(pd.DataFrame({"time": [form.format(w, w + pd.Timedelta("6D")) for w in weeks]}), "t.csv")
    assert looks_like_time(table.frame["time"])
    times = parse_times(table, ("time",))
    assert (times.index == weeks).all()
    assert list(map(str, times.notes)) == [f"periods such as {table.frame['time'][0]!r} are read as their start"]


@pytest.mark.parametrize("cell", ["January", "2024-W54", "Jan 24 10:00"])
def test_a_time_without_a_year_or_with_an_impossible_week_is_an_error(cell: str) -> None:
    with pytest.raises(DataError, match=r"row 1, column 'time': the time .* is not a date or time"):
        parse_index([cell])
