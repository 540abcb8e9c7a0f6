from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from timevis.data.table import Table
from timevis.data.timestamps.parse_times import parse_times
from timevis.errors import DataError

HOURS = pd.date_range("2024-02-25 18:00", periods=400, freq="h", unit="us")
BEFORE = HOURS - pd.Timedelta(hours=1)
END_OF_HOURS = {"date": BEFORE.normalize(), "hour": BEFORE.hour + 1}


@pytest.mark.parametrize(
    "columns",
    [
        END_OF_HOURS,
        END_OF_HOURS | {"date": END_OF_HOURS["date"].strftime("%d/%m/%Y")},
        END_OF_HOURS | {"hour": [f"{h}:00" for h in END_OF_HOURS["hour"]]},
        END_OF_HOURS | {"hour": [f"{h:02}:00:00" for h in END_OF_HOURS["hour"]]},
        {"date": HOURS.strftime("%Y-%m-%d"), "clock": HOURS.strftime("%H:%M")},
        {"date": HOURS.normalize(), "hour": HOURS.hour},
        {"year": HOURS.year, "month": HOURS.month, "day": HOURS.day, "hour": HOURS.hour},
    ],
)
def test_a_time_may_be_split_over_columns(columns: dict) -> None:
    table = Table(pd.DataFrame(columns), "t.csv")
    assert (parse_times(table, tuple(columns)).index == HOURS).all()


def test_24_00_is_read_as_the_next_day_and_noted() -> None:
    times = parse_times(Table(pd.DataFrame(END_OF_HOURS), "t.csv"), ("date", "hour"))
    assert list(map(str, times.notes)) == ["24:00 is read as 00:00 of the next day"]
    zoned = parse_times(
        Table(pd.DataFrame({"time": ["2024-01-31 23:00+01:00", "2024-01-31 24:00+01:00"]}), "t.csv"), ("time",)
    )
    assert zoned.index[1] == pd.Timestamp("2024-01-31 23:00", tz="UTC")


def test_hours_from_0_to_24_are_an_error_that_names_both_midnights() -> None:
    frame = pd.DataFrame({"date": ["2024-01-01"] * 25 + ["2024-01-02"] * 25, "hour": [*range(25), *range(25)]})
    with pytest.raises(DataError, match=r"row 25, column 'date\+hour': '2024-01-01 24:00' is.*02 00:00' in row 26"):
        parse_times(Table(frame, "t.csv"), ("date", "hour"))


MONDAYS = pd.date_range("2008-12-29", periods=400, freq="7D", unit="us")
ISO = MONDAYS.isocalendar()


@pytest.mark.parametrize("form", ["{}", "W{:02}", "KW {}"])
@pytest.mark.parametrize("name", ["KW", "week", "Kalenderwoche", "iso_week", "周"])
def test_a_year_and_a_column_named_week_are_an_iso_week(name: str, form: str) -> None:
    weeks = ISO["week"].astype(int).to_list() if form == "{}" else [form.format(w) for w in ISO["week"]]
    frame = pd.DataFrame({"Jahr": ISO["year"].to_list(), name: weeks})
    for rows in (400, 49):  # 48 distinct weeks are not the steps of a day
        times = parse_times(Table(frame.iloc[1:rows], "t.csv"), ("Jahr", name))
        assert (times.index == MONDAYS[1:rows]).all()
        assert list(map(str, times.notes)) == [
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
    assert "named year and month" in str(error.value.advice)


ENDS = pd.date_range("2024-10-26 00:15", "2024-10-29 00:00", freq="15min", unit="us")


def interval_ends(times: pd.DatetimeIndex) -> pd.DataFrame:
    """The date of each quarter-hour, and the time of day at its end."""
    return pd.DataFrame({"date": (times - pd.Timedelta("1s")).strftime("%d.%m.%Y"), "until": times.strftime("%H:%M")})


def test_00_00_after_later_times_of_its_date_is_the_end_of_that_date() -> None:
    frame = interval_ends(ENDS)
    times = parse_times(Table(frame, "t.csv"), ("date", "until"))
    assert (times.index == ENDS).all()
    assert "00:00 after later times of its date is read as 24:00, the end of that date" in map(str, times.notes)
    # ISO dates and Parquet give datetimes
    datetimes = pd.to_datetime(frame["date"] + " " + frame["until"], dayfirst=True)
    assert (parse_times(Table(datetimes.to_frame("time"), "t.parquet"), ("time",)).index == ENDS).all()
    repeated = slice(104, 108)  # 02:15 to 03:00, which occurs twice when clocks are set back
    with_repeated_hour = pd.concat([frame.iloc[:108], frame.iloc[repeated], frame.iloc[108:]], ignore_index=True)
    index = ENDS[:108].append(ENDS[repeated]).append(ENDS[108:])
    assert (parse_times(Table(with_repeated_hour, "t.csv"), ("date", "until")).index == index).all()


@pytest.mark.parametrize(
    "order", ["backwards", "shuffled", "by series", "interval starts", "a late row", "noons first"]
)
def test_00_00_is_otherwise_the_start_of_its_date(order: str) -> None:
    starts = pd.date_range("2024-01-01", periods=96, freq="30min", unit="us")
    times = {
        "backwards": starts[::-1],
        "shuffled": starts[np.random.default_rng(0).permutation(96)],
        "by series": starts[:48].append([starts[:48], starts[48:], starts[48:]]),
        "interval starts": starts,
        "a late row": starts[:48].append([starts[49:], starts[48:49]]),
        "noons first": starts.normalize().unique().repeat(2) + pd.to_timedelta(["12h", "0h"] * 2),
    }[order]
    frame = pd.DataFrame({"date": times.strftime("%Y-%m-%d"), "clock": times.strftime("%H:%M")})
    parsed = parse_times(Table(frame, "t.csv"), ("date", "clock"))
    assert (parsed.index == times).all()
    assert parsed.notes == []
