from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from time_columns import parse_index

from timevis.data.table import Table
from timevis.data.timestamps.parse_times import parse_times
from timevis.errors import DataError

DAYS = pd.date_range("2024-01-01", periods=60, freq="D", unit="us")


@settings(max_examples=50)
@given(st.dates(pd.Timestamp(2000, 1, 1).date(), pd.Timestamp(2030, 1, 1).date()), st.booleans())
def test_consecutive_days_are_read_with_day_or_month_first(start: object, day_first: bool) -> None:
    days = pd.date_range(str(start), periods=40, freq="D", unit="us")
    assert (parse_index(days.strftime("%d/%m/%Y" if day_first else "%m/%d/%Y")) == days).all()


def test_ambiguous_dates_are_read_so_that_steps_are_regular() -> None:
    months = pd.date_range("2020-01-01", periods=36, freq="MS", unit="us")
    assert (parse_index(months.strftime("%d/%m/%Y")) == months).all()


def test_dates_that_stay_ambiguous_are_an_error_that_names_the_option() -> None:
    with pytest.raises(DataError, match="day first or month first") as error:
        parse_index(DAYS[:12].strftime("%d/%m/%Y"))
    assert "data.day_first" in str(error.value.advice)
    assert (parse_index(DAYS[:12].strftime("%d/%m/%Y"), day_first=True) == DAYS[:12]).all()


def test_ambiguous_dates_after_a_time_of_day_are_an_error_too() -> None:
    text = DAYS[:12].strftime("%H:%M %d/%m/%Y")
    with pytest.raises(DataError, match="day first or month first"):
        parse_index(text)
    assert (parse_index(text, day_first=True) == DAYS[:12]).all()


@pytest.mark.parametrize("pattern", ["%Hh%M %d/%m/%Y", "%d %m %Y %H:%M", "Week %d/%m/%Y", "%d/%m-%Y", "%HZ %d.%m.%Y"])
def test_dates_of_unknown_order_are_refused_and_not_guessed_row_by_row(pattern: str) -> None:
    with pytest.raises(DataError, match=r"row 1, column 'time': the time .* is not a date or time"):
        parse_index(DAYS.strftime(pattern))


def test_dates_in_both_orders_are_an_error_that_names_both_rows() -> None:
    text = list(DAYS.strftime("%d/%m/%Y"))
    text[40] = "02/25/2024"
    with pytest.raises(DataError, match=r"day first in record|day first in row 13.*month first in row 41"):
        parse_index(text)


@pytest.mark.parametrize("day_first_part", ["first", "second"])
def test_dates_in_both_orders_are_an_error_also_if_one_order_has_no_day_above_12(day_first_part: str) -> None:
    hours = pd.date_range("2024-01-01" if day_first_part == "first" else "2024-02-20", periods=480, freq="h")
    orders = ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M")
    first, second = orders if day_first_part == "first" else orders[::-1]
    text = [*hours[:240].strftime(first), *hours[240:].strftime(second)]
    with pytest.raises(DataError, match=r"month first in row \d+ .* in row \d+ seem to have the day first") as error:
        parse_index(text)
    assert "data.day_first" in str(error.value.advice)
    assert len(parse_index(text, day_first=False)) == len(text)


def test_business_days_and_gaps_do_not_look_like_another_order() -> None:
    days = pd.bdate_range("2024-01-05", periods=100, unit="us")
    assert (parse_index(days.strftime("%d/%m/%Y")) == days).all()
    days = DAYS[:12].append(DAYS[40:])
    assert (parse_index(days.strftime("%m/%d/%Y")) == days).all()


@pytest.mark.parametrize("cell", [lambda d: d.to_pydatetime(), lambda d: d.strftime("%Y-%m-%d"), str])
@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%y", "%d.%m.%Y 00:00"])
def test_dates_with_day_and_month_swapped_by_a_spreadsheet_are_an_error_that_names_both(cell, pattern: str) -> None:
    cells = [d.strftime(pattern) if d.day > 12 else cell(d.replace(day=d.month, month=d.day)) for d in DAYS]
    with pytest.raises(DataError, match=r"the date '2024-01-01.*' in row 1 and the text '.*13.*' in row 13"):
        parse_index(cells)


def test_dates_and_text_in_the_same_order_may_be_mixed() -> None:
    cells = [d.strftime("%d/%m/%Y") if i % 3 else d.to_pydatetime() for i, d in enumerate(DAYS)]
    assert (parse_index(cells) == DAYS).all()


@pytest.mark.parametrize("pattern", ["%y-%m-%d %H:%M", "%y/%m/%d %H:%M:%S", "%y.%m.%d %H:%M", "%H:%M %y-%m-%d"])
@pytest.mark.parametrize("first", ["1998-12-20", "2023-01-01", "2011-10-01"])
def test_years_of_two_digits_may_come_first(pattern: str, first: str) -> None:
    times = pd.date_range(first, periods=1000, freq="h", unit="us")
    read = parse_times(Table(pd.DataFrame({"time": times.strftime(pattern)}), "t.csv"), ("time",))
    assert (read.index == times).all()
    assert any("year first; years of two digits as 1969 to 2068" in note for note in map(str, read.notes))
    assert (parse_index(times[::24].strftime("%y-%m-%d")) == times[::24].normalize()).all()


@pytest.mark.parametrize("pattern", ["%d/%m/%y %H:%M", "%m-%d-%y %H:%M"])
@pytest.mark.parametrize("first", ["2001-01-01", "2023-01-01", "2011-10-01"])
def test_years_of_two_digits_that_come_last_are_not_read_as_the_first(pattern: str, first: str) -> None:
    times = pd.date_range(first, periods=1000, freq="h", unit="us")
    assert (parse_index(times.strftime(pattern)) == times).all()


def test_years_of_two_digits_that_may_come_first_or_last_are_an_error() -> None:
    with pytest.raises(DataError, match="'24-01-01' may be read with the year first or last") as error:
        parse_index(DAYS[:31].strftime("%y-%m-%d"))
    assert "2020-01-31" in str(error.value.advice)
    assert parse_index(DAYS[:31].strftime("%y-%m-%d"), day_first=True)[1] == pd.Timestamp("2002-01-24")
