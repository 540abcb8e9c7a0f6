from __future__ import annotations

import pandas as pd
import pytest
from time_columns import parse_index

from timevis.data.table import Table
from timevis.data.timestamps.parse_times import parse_times
from timevis.errors import DataError

HOURS = pd.date_range("2024-02-25 18:00", periods=400, freq="h", unit="us")


def test_zoned_times_become_utc_and_a_single_offset_is_the_zone_of_the_calendar() -> None:
    times = parse_times(Table(pd.DataFrame({"time": HOURS.strftime("%Y-%m-%dT%H:%M+02:00")}), "t.csv"), ("time",))
    assert (times.index == HOURS.tz_localize("UTC") - pd.Timedelta(hours=2)).all()
    assert times.zone == "UTC+02:00"
    assert times.local_index is not None
    assert (times.local_index == HOURS).all()


@pytest.mark.parametrize("pattern", ["%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%d.%m.%Y %H:%M:%S"])
@pytest.mark.parametrize(("offset", "hours"), [("+01:00", 1), ("-0330", -3.5), (" +02", 2), ("Z", 0), (" UTC", 0)])
def test_zoned_times_are_read_day_or_month_first_as_naive_ones_are(pattern: str, offset: str, hours: float) -> None:
    days = pd.date_range("2023-01-01", periods=400, freq="D", unit="us")
    times = parse_times(Table(pd.DataFrame({"time": days.strftime(pattern) + offset}), "t.csv"), ("time",))
    assert times.local_index is not None
    assert (times.local_index == days).all()
    assert (times.index == days.tz_localize("UTC") - pd.Timedelta(hours=hours)).all()


@pytest.mark.parametrize("pattern", ["%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%a %b %d %Y %H:%M:%S"])
@pytest.mark.parametrize(
    ("offset", "hours"),
    [
        (" UTC+1", 1),
        (" GMT+0200 (Eastern European Standard Time)", 2),
        (" UTC+01:00", 1),
        (" GMT-5", -5),
        (" GMT+0100", 1),
        ("GMT-03:30", -3.5),
    ],
)
def test_an_offset_may_follow_utc_or_gmt(pattern: str, offset: str, hours: float) -> None:
    assert (
        parse_index(HOURS.strftime(pattern) + offset) == HOURS.tz_localize("UTC") - pd.Timedelta(hours=hours)
    ).all()


@pytest.mark.parametrize(
    "cell", ["2024-01-01 00:00 -5", "2024-01-01 00:00 +1:00", "2024-01-01 00-05", "2024-01-01 00:00 UTC 1"]
)
def test_an_offset_that_cannot_be_read_is_an_error_with_its_row(cell: str) -> None:
    with pytest.raises(DataError, match=r"row 2, column 'time': the time '.*' is not a date") as error:
        parse_index(["2024-01-01 01:00", cell])
    assert cell in str(error.value)


def test_an_impossible_offset_is_an_error_with_its_row() -> None:
    text = [f"{t}+01:00" for t in HOURS]
    text[2] = f"{HOURS[2]}+99:00"
    with pytest.raises(DataError, match=r"row 3, column 'time'.*99:00' is not a date"):
        parse_index(text)


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Europe/London", "America/New_York", "Australia/Sydney", "Africa/Casablanca"]
)
def test_offsets_that_change_with_daylight_saving_give_the_zone_with_these_offsets(zone: str) -> None:
    hours = pd.date_range("2024-01-01", "2024-12-31", freq="h", tz=zone, unit="us")
    times = parse_times(Table(pd.DataFrame({"time": [str(t) for t in hours[::-1]]}), "t.csv"), ("time",))
    assert (times.index == hours[::-1].tz_convert("UTC")).all()
    assert times.zone == zone


def test_offsets_of_no_zone_give_no_zone() -> None:
    text = [f"{t}{'+01:00' if t.day % 2 else '+02:00'}" for t in HOURS]
    assert parse_times(Table(pd.DataFrame({"time": text}), "t.csv"), ("time",)).zone is None


def test_mixing_naive_and_zoned_times_is_an_error_that_names_the_row() -> None:
    text = [str(t) for t in HOURS]
    text[7] += "+00:00"
    with pytest.raises(DataError, match=r"row 8, column 'time'.*has a time zone"):
        parse_index(text)


@pytest.mark.parametrize("cell", ["2010-01-11/10-01-17", "Jan 3 2020 5:00-3", "2010-01-04/2010-01-10/2010-01-17"])
@pytest.mark.parametrize("first", ["2010-01-04", "Jan 4 2010"])
def test_text_in_which_pandas_finds_a_zone_is_an_error_with_its_row(first: str, cell: str) -> None:
    for cells, row in (([first, cell], 2), ([cell], 1)):
        with pytest.raises(DataError, match=rf"row {row}, column 'time': the time '{cell}' is not a date or time\n"):
            parse_index(cells)


@pytest.mark.parametrize("cell", ["20240131T130000Z", "20240131T1300Z", "2024-01-31T13Z", "20240131T1400+01:00"])
def test_compact_times_may_have_a_zone(cell: str) -> None:
    assert parse_index([cell])[0] == pd.Timestamp("2024-01-31T13:00Z")
