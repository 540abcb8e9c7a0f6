from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from timevis.data.options import DataOptions
from timevis.data.schema.columns import Columns, find_columns
from timevis.data.schema.to_rows import Rows, to_rows
from timevis.data.table import Table
from timevis.data.timestamps.parse_times import parse_times
from timevis.errors import DataError

HOURS = pd.date_range("2024-01-01", periods=50, freq="h").astype(str)


def columns_of(frame: pd.DataFrame, **options: Any) -> Columns:
    return find_columns(Table(frame, "t.csv"), DataOptions(**options))[1]


def rows_of(frame: pd.DataFrame, **options: Any) -> Rows:
    return to_rows(Table(frame, "t.csv"), DataOptions(**options))[0]


@pytest.mark.parametrize("name", ["time", "Timestamp", "ds", "DATE", "gemessen am"])
def test_the_time_column_is_found_by_name_or_content(name: str) -> None:
    frame = pd.DataFrame({"x": range(50), name: HOURS, "y": range(50)})
    assert columns_of(frame).time == (name,)
    assert columns_of(frame).targets == ("x", "y")


def test_blank_rows_do_not_hide_the_time_column() -> None:
    frame = pd.DataFrame({"gemessen am": [*HOURS, *[""] * 20], "x": [*range(50), *[None] * 20]})
    assert columns_of(frame).time == ("gemessen am",)


def test_no_time_column_is_an_error_that_lists_the_columns() -> None:
    with pytest.raises(DataError, match="no time column among 'x', 'city'"):
        columns_of(pd.DataFrame({"x": range(50), "city": ["Rome"] * 50}))


def test_year_month_day_and_hour_make_a_time() -> None:
    times = pd.to_datetime(HOURS)
    frame = pd.DataFrame(
        {"year": times.year, "month": times.month, "day": times.day, "hour": times.hour, "x": range(50)}
    )
    assert columns_of(frame).time == ("year", "month", "day", "hour")


def test_year_and_month_make_a_time() -> None:
    months = pd.date_range("2000-01-01", periods=50, freq="MS")
    frame = pd.DataFrame({"Year": months.year, "Month": months.month, "x": range(50)})
    assert columns_of(frame).time == ("Year", "Month")
    assert (parse_times(Table(frame, "t.csv"), ("Year", "Month")).index == months).all()


def test_a_time_of_day_may_be_written_with_points() -> None:
    times = pd.to_datetime(HOURS)
    frame = pd.DataFrame({"Date": times.strftime("%Y-%m-%d"), "Time": times.strftime("%H.%M.%S"), "x": range(50)})
    assert columns_of(frame).time == ("Date", "Time")
    assert (parse_times(Table(frame, "t.csv"), ("Date", "Time")).index == times).all()


def test_a_date_and_a_time_of_day_are_joined_unless_the_date_has_a_time_of_day() -> None:
    times = pd.to_datetime(HOURS)
    frame = pd.DataFrame({"day": times.strftime("%Y-%m-%d"), "hour": times.hour, "x": range(50)})
    assert columns_of(frame).time == ("day", "hour")
    assert columns_of(frame.assign(hour=times.hour + 1)).time == ("day", "hour")
    assert columns_of(frame.assign(day=HOURS)).time == ("day",)


@pytest.mark.parametrize("form", ["%s", "%Y%m%d%H", "%Y-%m-%dT%H", "%d.%m.%Y %H"])
@pytest.mark.parametrize("number", [True, False])
def test_a_time_with_its_hour_is_read_from_one_column(form: str, number: bool) -> None:
    times = pd.to_datetime(HOURS)
    text = (times.as_unit("s").astype("int64") if form == "%s" else times.strftime(form)).astype(str)
    column = text.astype(int) if number and text.str.isdigit().all() else text
    frame = pd.DataFrame({"timestamp": column, "hour": times.hour, "x": range(50)})
    assert columns_of(frame).time == ("timestamp",)


def test_hours_are_a_measurement_if_each_series_has_one_row_per_day() -> None:
    days = pd.date_range("2024-01-01", periods=50, unit="us")
    frame = pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "hours": [0, 5, 24, 9, 12] * 10, "x": range(50)})
    assert columns_of(frame, target=("x",)).time == ("date",)
    long = pd.concat([frame.assign(store=store) for store in (1, 2)], ignore_index=True)
    assert (columns_of(long, target=("x",)).time, columns_of(long).id) == (("date",), "store")


QUARTERS = pd.date_range("2024-01-01", periods=960, freq="15min", unit="us")
CLOCKS = {
    "an interval": ("time", [f"{t:%H:%M}-{t + pd.Timedelta('15min'):%H:%M}" for t in QUARTERS]),
    "a spaced interval": ("Time", [f"{t:%H:%M} - {t + pd.Timedelta('15min'):%H:%M}" for t in QUARTERS]),
    "a.m.": ("time", [f"{t:%I:%M} {'a.m.' if t.hour < 12 else 'p.m.'}" for t in QUARTERS]),
    "French": ("heure", list(QUARTERS.strftime("%Hh%M"))),
    "numbers": ("HrMn", list(QUARTERS.hour * 100 + QUARTERS.minute)),
}


@pytest.mark.parametrize(("name", "clock"), CLOCKS.values(), ids=CLOCKS)
def test_a_time_of_day_may_be_written_in_many_ways(name: str, clock: list[object]) -> None:
    frame = pd.DataFrame({"Date": QUARTERS.strftime("%d/%m/%Y"), name: clock, "x": range(960)})
    assert (columns_of(frame).time, columns_of(frame).id) == (("Date", name), None)
    assert (rows_of(frame).grid.index == QUARTERS).all()
    assert (parse_times(Table(frame, "t.csv"), ("Date", name)).index == QUARTERS).all()


@pytest.mark.parametrize(("name", "form"), [("heure", "%Hh"), ("time", "%I %p"), ("HrMn", "%H00")])
def test_a_time_of_day_may_be_written_without_minutes(name: str, form: str) -> None:
    times = QUARTERS[::4]
    frame = pd.DataFrame({"date": times.strftime("%Y-%m-%d"), name: times.strftime(form), "x": range(240)})
    frame = frame.astype({name: int}) if name == "HrMn" else frame
    assert (rows_of(frame).grid.index == times).all()


def test_hour_endings_are_read_as_hours_from_1_to_24() -> None:
    times = QUARTERS[::4]
    clock = [f"HE{h + 1:02}" for h in times.hour]
    frame = pd.DataFrame({"Date": times.strftime("%Y-%m-%d"), "HourEnding": clock, "x": range(240)})
    assert (rows_of(frame).grid.index == times + pd.Timedelta("1h")).all()


def test_months_may_be_written_as_names() -> None:
    months = pd.date_range("2000-01-01", periods=60, freq="MS")
    for form in ("%b", "%B"):
        frame = pd.DataFrame({"Year": months.year, "Month": months.strftime(form), "x": range(60)})
        assert (rows_of(frame).grid.index == months).all()


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d/%m/%Y"])
def test_of_two_columns_with_the_same_dates_the_one_with_hours_is_the_time(form: str) -> None:
    times = pd.to_datetime(HOURS)
    frame = pd.DataFrame({"date": times.strftime(form), "ts": times.strftime(f"{form} %H:%M"), "x": range(50)})
    assert columns_of(frame).time == ("ts",)
    assert set(columns_of(frame).left_out) == {"date"}
    assert columns_of(frame.assign(date=times.normalize(), ts=times)).time == ("ts",)
    # other days are another matter
    assert columns_of(frame.assign(ts=(times + pd.Timedelta("3D")).strftime(f"{form} %H:%M"))).time == ("date",)
