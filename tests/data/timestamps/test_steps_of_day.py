from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from timevis.data.table import Table
from timevis.data.timestamps.parse_times import parse_times
from timevis.data.timestamps.parsed_times import ParsedTimes, count_steps_of_day
from timevis.errors import DataError

NAMES = ("SETTLEMENT_DATE", "SETTLEMENT_PERIOD")


def settlement_frame(
    first: str, days: int, freq: str = "30min", form: str = "{}"
) -> tuple[pd.DatetimeIndex, pd.DataFrame]:
    """Times of British days, and a table with the dates and periods in which the grid operator writes them."""
    begin = pd.Timestamp(first, tz="Europe/London")
    times = pd.date_range(begin, begin + pd.DateOffset(days=days), freq=freq, inclusive="left", unit="us")
    dates = pd.Series(times.strftime("%d-%b-%Y"))
    periods = [form.format(n) for n in dates.groupby(dates).cumcount() + 1]
    return times, pd.DataFrame({NAMES[0]: dates, NAMES[1]: pd.Series(periods, dtype=int if form == "{}" else str)})


def parse_settlement(frame: pd.DataFrame, timezone: str | None) -> ParsedTimes:
    return parse_times(Table(frame, "gb.csv"), NAMES, timezone=timezone)


@pytest.mark.parametrize("form", ["{}", "P{:02}"])
@pytest.mark.parametrize(("first", "periods"), [("2024-03-30", 46), ("2024-10-26", 50), ("2024-06-01", 48)])
def test_numbered_half_hours_are_read_through_a_change_of_clocks(first: str, periods: int, form: str) -> None:
    times, frame = settlement_frame(first, 3, form=form)
    assert periods in frame.groupby(NAMES[0]).size().to_list()
    times_read = parse_settlement(frame, "Europe/London")
    assert (times_read.index == times).all()
    assert times_read.local_index is not None
    assert (times_read.local_index == times.tz_localize(None)).all()


@pytest.mark.parametrize("freq", ["15min", "10min", "5min"])
def test_other_steps_of_a_day_are_read_the_same_way(freq: str) -> None:
    times, frame = settlement_frame("2024-10-26", 3, freq)
    assert (parse_settlement(frame, "Europe/London").index == times).all()


def test_the_timezone_of_numbered_steps_is_required_and_checked() -> None:
    _, frame = settlement_frame("2024-10-26", 3)
    with pytest.raises(DataError, match="'SETTLEMENT_PERIOD' numbers the steps of a day") as error:
        parse_settlement(frame, None)
    assert "data.timezone=Europe/London" in str(error.value.advice)
    with pytest.raises(DataError, match="row 97, column 'SETTLEMENT_PERIOD': 2024-10-27 has no step 49 in UTC"):
        parse_settlement(frame, "UTC")
    frame = frame.astype({NAMES[1]: float})
    frame.loc[5, NAMES[1]] = np.nan
    with pytest.raises(DataError, match="row 6, column 'SETTLEMENT_PERIOD': the time is empty"):
        parse_settlement(frame, "Europe/London")


def test_hours_are_not_numbered_steps() -> None:
    for column in (range(24), range(1, 25), [h * 100 + m for h in range(24) for m in (0, 30)], ["00:30", "01:00"]):
        assert count_steps_of_day(pd.Series(column)) == 0
