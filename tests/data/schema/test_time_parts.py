from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from timevis.data.readers.table import Table
from timevis.data.schema.timestamps.parse_times import parse_times
from timevis.data.schema.timestamps.parsed_times import ParsedTimes
from timevis.data.schema.timestamps.steps_of_day import count_steps_of_day
from timevis.errors import DataError

NAMES = ("SETTLEMENT_DATE", "SETTLEMENT_PERIOD")


def settlement(first: str, days: int, freq: str = "30min", form: str = "{}") -> tuple[pd.DatetimeIndex, pd.DataFrame]:
    """ParsedTimes of British days, and their dates and periods as the grid operator writes them."""
    begin = pd.Timestamp(first, tz="Europe/London")
    times = pd.date_range(begin, begin + pd.DateOffset(days=days), freq=freq, inclusive="left", unit="us")
    dates = pd.Series(times.strftime("%d-%b-%Y"))
    periods = [form.format(n) for n in dates.groupby(dates).cumcount() + 1]
    return times, pd.DataFrame({NAMES[0]: dates, NAMES[1]: pd.Series(periods, dtype=int if form == "{}" else str)})


def parsed(frame: pd.DataFrame, zone: str | None) -> ParsedTimes:
    return parse_times(Table(frame, "gb.csv"), NAMES, timezone=zone)


@pytest.mark.parametrize("form", ["{}", "P{:02}"])
@pytest.mark.parametrize(("first", "periods"), [("2024-03-30", 46), ("2024-10-26", 50), ("2024-06-01", 48)])
def test_numbered_half_hours_are_read_through_a_change_of_clocks(first: str, periods: int, form: str) -> None:
    times, frame = settlement(first, 3, form=form)
    assert periods in frame.groupby(NAMES[0]).size().to_list()
    read = parsed(frame, "Europe/London")
    assert (read.index == times).all()
    assert read.local_index is not None
    assert (read.local_index == times.tz_localize(None)).all()


@pytest.mark.parametrize("freq", ["15min", "10min", "5min"])
def test_other_steps_of_a_day_are_read_the_same_way(freq: str) -> None:
    times, frame = settlement("2024-10-26", 3, freq)
    assert (parsed(frame, "Europe/London").index == times).all()


def test_the_timezone_of_numbered_steps_is_required_and_checked() -> None:
    _, frame = settlement("2024-10-26", 3)
    with pytest.raises(DataError, match="'SETTLEMENT_PERIOD' numbers the steps of a day") as error:
        parsed(frame, None)
    assert "data.timezone=Europe/London" in error.value.advice
    with pytest.raises(DataError, match="row 97, column 'SETTLEMENT_PERIOD': 2024-10-27 has no step 49 in UTC"):
        parsed(frame, "UTC")
    frame = frame.astype({NAMES[1]: float})
    frame.loc[5, NAMES[1]] = np.nan
    with pytest.raises(DataError, match="row 6, column 'SETTLEMENT_PERIOD': the time is empty"):
        parsed(frame, "Europe/London")


def test_hours_are_not_numbered_steps() -> None:
    for column in (range(24), range(1, 25), [h * 100 + m for h in range(24) for m in (0, 30)], ["00:30", "01:00"]):
        assert count_steps_of_day(pd.Series(column)) == 0


MONDAYS = pd.date_range("2008-12-29", periods=400, freq="7D", unit="us")
ISO = MONDAYS.isocalendar()


@pytest.mark.parametrize("form", ["{}", "W{:02}", "KW {}"])
@pytest.mark.parametrize("name", ["KW", "week", "Kalenderwoche", "iso_week", "周"])
def test_a_year_and_a_column_named_week_are_an_iso_week(name: str, form: str) -> None:
    weeks = ISO["week"].astype(int).to_list() if form == "{}" else [form.format(w) for w in ISO["week"]]
    frame = pd.DataFrame({"Jahr": ISO["year"].to_list(), name: weeks})
    for rows in (400, 49):  # 48 weeks are no steps of a day
        read = parse_times(Table(frame.iloc[1:rows], "t.csv"), ("Jahr", name))
        assert (read.index == MONDAYS[1:rows]).all()
        assert read.notes == [
            f"weeks such as 2009-W{'02' if ':' in form else 2} are read by ISO 8601, as their Monday"
        ]


def test_a_week_that_a_year_does_not_have_is_an_error_with_its_row() -> None:
    frame = pd.DataFrame({"Jahr": [2010, 2010, 2011], "KW": [52, 53, 1]})
    with pytest.raises(DataError, match=r"row 2, column 'Jahr\+KW': the time '2010-W53' is not a date or time"):
        parse_times(Table(frame, "t.csv"), ("Jahr", "KW"))


@pytest.mark.parametrize(
    "columns",
    [
        {"Jahr": [2010] * 20, "Monat": range(1, 21)},
        {"Jahr": [2010] * 20, "Stunde": [f"{h}:00" for h in range(20)]},
        {"Jahr": ["2010"] * 48, "Tag": range(1, 49)},
        {"Jahr": [2010.0] * 20, "Monat": [1] * 20, "Tag": range(1, 21)},
        {"Nr": range(1, 21), "Jahr": [2010] * 20},
    ],
)
def test_a_year_and_small_numbers_are_not_read_as_hours_of_its_first_day(columns: dict) -> None:
    with pytest.raises(DataError, match=r"row 1, column '.*': the year 2010 with .* is not a date or time") as error:
        parse_times(Table(pd.DataFrame(columns), "t.csv"), tuple(columns))
    assert "named year and month" in error.value.advice


ENDS = pd.date_range("2024-10-26 00:15", "2024-10-29 00:00", freq="15min", unit="us")


def ended(times: pd.DatetimeIndex) -> pd.DataFrame:
    """The date of each quarter of an hour, and the clock at its end."""
    return pd.DataFrame({"date": (times - pd.Timedelta("1s")).strftime("%d.%m.%Y"), "until": times.strftime("%H:%M")})


def test_00_00_after_later_times_of_its_date_is_the_end_of_that_date() -> None:
    frame = ended(ENDS)
    read = parse_times(Table(frame, "t.csv"), ("date", "until"))
    assert (read.index == ENDS).all()
    assert "00:00 after later times of its date is read as 24:00, the end of that date" in read.notes
    stamps = pd.to_datetime(frame["date"] + " " + frame["until"], dayfirst=True)  # as of ISO dates, and in Parquet
    assert (parse_times(Table(stamps.to_frame("time"), "t.parquet"), ("time",)).index == ENDS).all()
    hour = slice(104, 108)  # from 02:15 to 03:00, once more when clocks are set back
    again = pd.concat([frame.iloc[:108], frame.iloc[hour], frame.iloc[108:]], ignore_index=True)
    index = ENDS[:108].append(ENDS[hour]).append(ENDS[108:])
    assert (parse_times(Table(again, "t.csv"), ("date", "until")).index == index).all()


@pytest.mark.parametrize("order", ["backwards", "shuffled", "by series", "beginnings", "a late row", "noons first"])
def test_00_00_is_otherwise_the_start_of_its_date(order: str) -> None:
    begins = pd.date_range("2024-01-01", periods=96, freq="30min", unit="us")
    times = {
        "backwards": begins[::-1],
        "shuffled": begins[np.random.default_rng(0).permutation(96)],
        "by series": begins[:48].append([begins[:48], begins[48:], begins[48:]]),
        "beginnings": begins,
        "a late row": begins[:48].append([begins[49:], begins[48:49]]),
        "noons first": begins.normalize().unique().repeat(2) + pd.to_timedelta(["12h", "0h"] * 2),
    }[order]
    frame = pd.DataFrame({"date": times.strftime("%Y-%m-%d"), "clock": times.strftime("%H:%M")})
    read = parse_times(Table(frame, "t.csv"), ("date", "clock"))
    assert (read.index == times).all()
    assert read.notes == []
